#include "seqguard/core/random.hpp"

#include <cmath>
#include <numbers>

namespace seqguard {
inline namespace v0 {

double Random::normal() noexcept {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace v0
}  // namespace seqguard
