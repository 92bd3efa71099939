// Which views are combined, and how: data, stored in detector.json.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/detection/detector.hpp"

namespace seqguard {

/// Name of the view whose number comes from outside: the mean next-event surprise of the encoder. Events of several
/// predicted columns give a further one for each of them: "next:COLUMN".
inline constexpr std::string_view k_next_view = "next";
bool is_next_view(std::string_view name) noexcept;

/// One view of a recipe.
struct ViewSpec {
  std::string name;  ///< of make_detector(), or one of is_next_view()
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

  /// One view for each way in which behaviour can be odd; `next` where an encoder gives it, and the same for each of
  /// several predicted columns: a bot may choose likely pages at unlikely times.
  static Recipe broad(bool with_next, std::span<const std::string> columns = {});
  /// System-call traces, and logs with few templates and a very low false-positive target.
  static Recipe traces(bool with_next);
  /// "default" or "traces". @throws Error invalid_argument.
  static Recipe preset(std::string_view name, bool with_next, std::span<const std::string> columns = {});
  /// One detector alone, with its own sidedness.
  static Recipe single(std::string_view view, const DetectorOptions& options = {});

  /// Number of views that is_next_view(); their numbers are given in the order of the views.
  std::size_t next_views() const noexcept;
  /// @throws Error invalid_argument: no views, an unknown or repeated name, a weight that is not positive.
  void check() const;
};

}  // namespace seqguard
