#include "seqguard/core/load_options.hpp"

#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

std::string_view to_string(MatmulBackend backend) noexcept {
  switch (backend) {
    case MatmulBackend::automatic:
      return "automatic";
    case MatmulBackend::own:
      return "own";
    case MatmulBackend::onednn:
      return "onednn";
    case MatmulBackend::eigen:
      return "eigen";
  }
  return "unknown";
}

MatmulBackend matmul_backend_from_string(std::string_view name) {
  for (const MatmulBackend backend :
       {MatmulBackend::automatic, MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen})
    if (to_string(backend) == name) return backend;
  fail(ErrorCode::invalid_argument, "matrix product", "unknown backend", "automatic, own, onednn or eigen", name);
}

std::string_view to_string(Precision precision) noexcept {
  switch (precision) {
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  return "unknown";
}

Precision precision_from_string(std::string_view name) {
  if (name == "auto") return Precision::fp32;
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8})
    if (to_string(precision) == name) return precision;
  fail(ErrorCode::invalid_argument, "precision (--precision)", "unknown name", "auto, fp32, bf16 or int8", name);
}

std::span<const Precision> offered_precisions(Isa isa) noexcept {
  static constexpr Precision offered[] = {Precision::fp32, Precision::bf16, Precision::int8};
  return std::span<const Precision>(offered).first(isa >= Isa::avx512_bf16 ? 3 : 1);
}

void require_offered(Precision precision, Isa isa) {
  std::string names;
  for (const Precision offered : offered_precisions(isa)) {
    if (offered == precision) return;
    names += (names.empty() ? "" : ", ") + std::string(to_string(offered));
  }
  fail(ErrorCode::unsupported, "precision (--precision)",
       "not offered for the instruction set " + std::string(to_string(isa)), names, to_string(precision));
}

void require_training_precision(Precision precision) {
  if (precision != Precision::fp32)
    fail(ErrorCode::unsupported, "precision (--precision)", "models are trained and calibrated in single precision",
         "fp32", to_string(precision));
}

}  // namespace v0
}  // namespace seqguard
