// The JSON header of a safetensors file; private to the library.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Bytes [begin, end) of the data buffer.
struct TensorExtent {
  std::size_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  TensorMap tensors;
  std::vector<TensorExtent> extents;  ///< by TensorInfo::place
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Parses the header and checks each tensor, and that all of them cover [0, data_bytes) without hole or overlap.
/// `path` is for messages. @throws Error bad_checkpoint.
SafetensorsHeader parse_safetensors_header(std::string_view text, std::size_t data_bytes, const std::string& path,
                                           const TensorLimits& limits);

/// A tensor to be written; name and shape are borrowed.
struct TensorToPlace {
  std::string_view name;
  Dtype dtype = Dtype::f32;
  const std::vector<std::size_t>* shape = nullptr;
};

/// Puts the tensors in the order of the reference writer (element size, descending, then name) and gives the start of a
/// file that holds them in this order: length of the header, header padded to 8 bytes.
std::string place_tensors(std::vector<TensorToPlace>& tensors,
                          const std::map<std::string, std::string, std::less<>>& metadata);

}  // namespace v0
}  // namespace seqguard
