// Which views are combined, and how: data, stored in detector.json.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/detection/detector.hpp"

namespace seqguard {

/// Name of the view whose number comes from outside: the mean next-event surprise of the encoder.
inline constexpr std::string_view k_next_view = "next";

/// One view of a recipe.
struct ViewSpec {
  std::string name;  ///< of make_detector(), or k_next_view
  Sidedness sidedness = Sidedness::upper;
  double weight = 1;
  DetectorOptions options = {};
};

/// From the calibrated levels A_i with weights w_i to one number.
enum class Combiner {
  power_mean,    ///< T = 3 log(sum w_i exp(A_i / 3) / sum w_i), each A_i at most log(n + 1) + 4
  weighted_sum,  ///< T = sum w_i A_i / sum w_i (Fisher)
};

struct Recipe {
  std::string name;
  Combiner combiner = Combiner::power_mean;
  std::vector<ViewSpec> views;

  /// One view for each way in which behaviour can be odd; `next` where an encoder gives it.
  static Recipe broad(bool with_next);
  /// System-call traces, and logs with few templates and a very low false-positive target.
  static Recipe traces(bool with_next);
  /// "default" or "traces". @throws Error invalid_argument.
  static Recipe preset(std::string_view name, bool with_next);
  /// One detector alone, with its own sidedness.
  static Recipe single(std::string_view view, const DetectorOptions& options = {});

  /// Index of `next`, or views.size().
  std::size_t next_view() const noexcept;
  /// @throws Error invalid_argument: no views, an unknown or repeated name, a weight that is not positive.
  void check() const;
};

}  // namespace seqguard
