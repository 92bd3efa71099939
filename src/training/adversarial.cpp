#include "seqguard/training/adversarial.hpp"

#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

void check_adversarial(const AdversarialOptions& options) {
  for (const double value : {options.epsilon, options.step_size, options.weight})
    if (!(value > 0 && std::isfinite(value)))
      fail(ErrorCode::invalid_argument, "adversarial training", "epsilon, step_size and weight", "numbers above 0",
           std::to_string(value));
}

template void move_embeddings(MatrixView<float>, MatrixView<const float>, Offsets, const AdversarialOptions&);
template void move_embeddings(MatrixView<double>, MatrixView<const double>, Offsets, const AdversarialOptions&);

}  // namespace v0
}  // namespace seqguard
