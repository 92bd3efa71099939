// Which views are combined, and how: data, stored in detector.json. A view is one number that is made of a sequence, by
// a detector or from outside. (The types EventsView, ColumnView, MatrixView are something else: data that are
// borrowed.)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "seqguard/detection/detector.hpp"
#include "seqguard/detection/recipe_preset.hpp"

namespace seqguard {
inline namespace v0 {

/// The given view that an encoder's mean next-event surprise is; surprise_views() names all that an encoder gives.
inline constexpr std::string_view k_next_view = "next";
/// The given view that the gate of the repair is (FitOptions::gate_view): SequenceRepairer::gate_gain().
inline constexpr std::string_view k_gate_view = "gate";

/// One view of a recipe: a number per sequence.
struct ViewSpec {
  std::string name;  ///< of make_detector(); of a given view, any other
  Sidedness sidedness = Sidedness::upper;
  double weight = 1;
  DetectorOptions options = {};
  bool given = false;  ///< the number comes from outside (GivenView) instead of from make_detector()
};

/// From the calibrated levels A_i with weights w_i to one number.
enum class Combiner {
  power_mean,    ///< T = 3 log(sum w_i exp(A_i / 3) / sum w_i), each A_i at most log(n + 1) + 4
  weighted_sum,  ///< T = sum w_i A_i / sum w_i (Fisher)
  /// Of the A_i, each at most log(n + 1) + 8: S_1 their weighted mean, S_2 their power mean, S_3 the largest A_i + log
  /// w_i. Each is calibrated on the normals (TailRule::cautious), B_k, and T = 3/4 * 3 log(sum exp(B_k / 3) / 3). One
  /// clear view wins by S_3, weak agreement of many by S_1; what is usual of either is known from the normals, however
  /// much the views depend on each other. With fewer than 100 normals T = S_2.
  adaptive,
};

struct Recipe {
  std::string name;
  Combiner combiner = Combiner::power_mean;
  std::vector<ViewSpec> views;

  /// One view for each way in which behaviour can be odd, and all that are `given`: with the surprise of each of
  /// several columns, a bot that chooses likely pages at unlikely times is found. The views of NumberProfile::views()
  /// are upper; `numbers` weighs 2, and those of the columns together as much as two columns, so that many columns do
  /// not drown what the events say.
  static Recipe broad(const std::vector<std::string>& given = {});
  /// System-call traces, and logs with few templates and a very low false-positive target. Of `given`, only k_next_view
  /// is used.
  static Recipe traces(const std::vector<std::string>& given = {});
  static Recipe preset(RecipePreset preset, const std::vector<std::string>& given = {});
  /// One detector alone, with its own sidedness.
  static Recipe single(std::string_view detector, const DetectorOptions& options = {});

  /// Names of the given views, in the order of the recipe.
  std::vector<std::string> given() const;
  /// The recipe without its given views.
  Recipe computed() const;
  /// @throws Error invalid_argument: no views, an unknown or repeated name, a given view with the name of a detector, a
  /// weight that is not positive.
  void check() const;
};

}  // namespace v0
}  // namespace seqguard
