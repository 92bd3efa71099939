#include "seqguard/training/outlier_guard.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The lower one of the two in the middle.
double median(std::vector<double> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>((numbers.size() - 1) / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

}  // namespace

void check_outliers(const OutlierOptions& options) {
  if (!(options.factor == 0 || (std::isfinite(options.factor) && options.factor > 1)))
    fail(ErrorCode::invalid_argument, "outlier guard", "factor", "0, or a number above 1",
         std::to_string(options.factor));
  if (options.at_least == 0 || options.at_least > options.window)
    fail(ErrorCode::invalid_argument, "outlier guard", "norms that are needed",
         "1 to the window's " + std::to_string(options.window), std::to_string(options.at_least));
}

bool OutlierGuard::rejects(double norm, const OutlierOptions& options) {
  if (options.factor == 0) return false;
  const bool rejected = norms.size() >= options.at_least && norm > options.factor * median(norms);
  if (norms.size() < options.window)
    norms.push_back(norm);
  else
    norms[seen % options.window] = norm;
  ++seen;
  if (rejected) ++skipped;
  return rejected;
}

}  // namespace v0
}  // namespace seqguard
