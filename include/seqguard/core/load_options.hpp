// What is chosen once, when a model is loaded or fitted: instruction set, who multiplies matrices, in which arithmetic,
// and how files come into memory.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "seqguard/core/isa.hpp"

namespace seqguard {
inline namespace v0 {

/// Who multiplies matrices. See cmake/dependencies.cmake for what each needs.
enum class MatmulBackend {
  automatic,  ///< own: the measurement stands in src/kernels/matmul.cpp
  own,        ///< the tables of kernels/matmul_kernels.hpp: every instruction set
  onednn,     ///< oneDNN, AVX-512 only (below, its rows depend on their place)
  eigen,      ///< portable second opinion
};
/// "automatic", "own", "onednn", "eigen".
std::string_view to_string(MatmulBackend backend) noexcept;
/// @throws Error invalid_argument for an unknown name.
MatmulBackend matmul_backend_from_string(std::string_view name);

/// Arithmetic of the matrix products of a model that scores or encodes. Everything else (LayerNorm, softmax, residuals)
/// is single precision under each of them, and so is all training.
enum class Precision {
  fp32,  ///< single precision
  bf16,  ///< weights and activations rounded to bfloat16, sums in single precision: backend `own`, Isa::avx512_bf16
  int8,  ///< both as 8-bit integers, with a scale for each output and each token; attention as in bf16. Where bf16 is.
};
/// "fp32", "bf16", "int8".
std::string_view to_string(Precision precision) noexcept;
/// "auto" is fp32: exact single precision is what is promised where nothing else is asked for.
/// @throws Error invalid_argument for an unknown name.
Precision precision_from_string(std::string_view name);
/// Those that the instruction set offers, fp32 first.
std::span<const Precision> offered_precisions(Isa isa) noexcept;
/// @throws Error unsupported if it is not among them.
void require_offered(Precision precision, Isa isa);
/// @throws Error unsupported for all but fp32, in which models are fitted, fine-tuned and recalibrated.
void require_training_precision(Precision precision);

/// How the bytes of a file come into memory. Every check is the same.
enum class FileAccess {
  read,  ///< copied by the system; nothing that happens to the file later can do harm
  map,   ///< memory-mapped: a file that is shortened while it is open ends the process (SIGBUS); replace it by rename
};

/// How a model is brought into memory and computes. Results are bit-identical for the same instruction set, backend and
/// precision; access does not change them.
struct LoadOptions {
  std::optional<Isa> isa;  ///< empty: default_isa()
  MatmulBackend matmul = MatmulBackend::automatic;
  Precision precision = Precision::fp32;
  FileAccess access = FileAccess::read;  ///< of the weights
};

}  // namespace v0
}  // namespace seqguard
