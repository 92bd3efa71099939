// The judge of every numeric test: found against expected, with a bound for each element.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "seqguard/core/function_ref.hpp"

namespace seqguard {

/// Spacing of floats at 1: an operation rounds with a relative error of at most half of it.
constexpr double k_eps = std::numeric_limits<float>::epsilon();
/// Results below this may be flushed to zero by the exponential (kernels/simd.inl.hpp).
constexpr double k_tiny = 2e-38;

/// Empty if all of `found` is within bound(i) of `expected`; otherwise what is wrong, with the worst index and `repro`
/// (one line that names kernel, case and sizes). Wrong are: different sizes; a NaN or infinity on one side only or of
/// another sign; an error above its bound; zeros in more than half of the places where a normal number was expected.
inline std::string mismatch(const std::string& repro, std::span<const float> found, std::span<const double> expected,
                            FunctionRef<double(std::size_t)> bound) {
  std::ostringstream message;
  message.precision(9);
  if (found.size() != expected.size()) {
    message << repro << ": " << expected.size() << " elements expected, found " << found.size();
    return message.str();
  }
  std::size_t nonzero = 0, zeroed = 0, worst = 0;
  double worst_share = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double f = found[i], e = expected[i];
    if (std::isnormal(static_cast<float>(e))) {
      ++nonzero;
      if (f == 0) ++zeroed;
    }
    double share;
    if (std::isnan(e) || std::isnan(f))
      share = std::isnan(e) == std::isnan(f) ? 0 : std::numeric_limits<double>::infinity();
    else if (std::isinf(e) || std::isinf(f) || std::isinf(static_cast<float>(e)))
      share = f == static_cast<double>(static_cast<float>(e)) ? 0 : std::numeric_limits<double>::infinity();
    else
      share = std::abs(f - e) == 0 ? 0 : std::abs(f - e) / bound(i);
    if (!(share <= worst_share)) {
      worst_share = std::isnan(share) ? std::numeric_limits<double>::infinity() : share;
      worst = i;
    }
  }
  if (worst_share > 1) {
    message << repro << ": worst at [" << worst << "]: expected " << expected[worst] << ", found " << found[worst]
            << ", bound " << bound(worst) << " exceeded " << worst_share << " times";
  } else if (nonzero > 0 && 2 * zeroed > nonzero) {
    message << repro << ": " << zeroed << " of " << nonzero << " non-zero results are 0";
  }
  return message.str();
}

/// An array of floats between sentinels, `offset` floats beyond a 64-byte boundary.
class GuardedFloats {
 public:
  explicit GuardedFloats(std::size_t size, std::size_t offset = 1, float value = 0)
      : storage_(size + 2 * k_margin + 16 + offset, k_sentinel), size_(size) {
    first_ = k_margin + offset;
    while (reinterpret_cast<std::uintptr_t>(storage_.data() + first_ - offset) % 64 != 0) ++first_;
    for (std::size_t i = 0; i < size; ++i) data()[i] = value;
  }
  GuardedFloats(const std::vector<double>& values, std::size_t offset) : GuardedFloats(values.size(), offset) {
    for (std::size_t i = 0; i < size_; ++i) data()[i] = static_cast<float>(values[i]);
  }
  GuardedFloats(const GuardedFloats&) = delete;
  GuardedFloats& operator=(const GuardedFloats&) = delete;

  float* data() { return storage_.data() + first_; }
  std::span<const float> view() { return {data(), size_}; }
  /// Nothing around the array was written.
  bool intact() const {
    for (std::size_t i = 0; i < storage_.size(); ++i)
      if ((i < first_ || i >= first_ + size_) && storage_[i] != k_sentinel) return false;
    return true;
  }

 private:
  static constexpr std::size_t k_margin = 32;
  static constexpr float k_sentinel = -7.25e11F;
  std::vector<float> storage_;
  std::size_t size_, first_ = 0;
};

}  // namespace seqguard
