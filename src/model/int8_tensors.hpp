// Matrices as 8-bit integers in a file of weights (`convert --dtype int8`); private to the library.
//
// A matrix NAME of [rows, columns] is stored as "NAME.int8" (I8, the same shape, -127 .. 127) and "NAME.scale" (F32,
// [rows]): an element is its integer times the scale of its row. Tensors of another rank stay as they are.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

inline constexpr std::string_view k_int8_suffix = ".int8", k_scale_suffix = ".scale";
/// What config.json says of such a directory in its field quantization_config, so that others refuse it by name.
inline constexpr std::string_view k_int8_description = R"({"format":"seqguard_int8"})";

inline bool is_int8_matrix(const TensorInfo& info) { return is_floating_point(info.dtype) && info.shape.size() == 2; }

/// The scale of each row of a matrix: its largest magnitude becomes 127.
std::vector<float> int8_scales(const TensorSource& source, std::string_view name);

/// The same tensors with matrices of float, which are computed as they are read: no copy is held but the scales. The
/// source itself where none are stored as integers.
/// @throws Error bad_checkpoint: integers without scales, scales without integers, shapes that do not fit, a scale that
/// is negative or not finite.
std::unique_ptr<TensorSource> with_float_matrices(std::unique_ptr<TensorSource> stored);

}  // namespace v0
}  // namespace seqguard
