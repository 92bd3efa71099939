#include "seqguard/layers/stochastic_depth.hpp"

#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {

bool StochasticDepth::leaves_out(std::size_t sequence) const {
  return Random(key, first_token + offsets[sequence]).uniform() < static_cast<double>(rate);
}

template void stochastic_depth_apply(MatrixView<float>, const StochasticDepth&);
template void stochastic_depth_apply(MatrixView<double>, const StochasticDepth&);

}  // namespace v0
}  // namespace seqguard
