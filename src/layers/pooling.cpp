#include "seqguard/layers/pooling.hpp"

namespace seqguard {
inline namespace v0 {

std::string_view to_string(Pooling pooling) noexcept {
  switch (pooling) {
    case Pooling::cls:
      return "cls";
    case Pooling::max:
      return "max";
    case Pooling::mean:
      return "mean";
    case Pooling::mean_sqrt:
      return "mean_sqrt_len_tokens";
    case Pooling::weighted_mean:
      return "weightedmean";
    case Pooling::last:
      return "lasttoken";
  }
  return "unknown";
}

}  // namespace v0
}  // namespace seqguard
