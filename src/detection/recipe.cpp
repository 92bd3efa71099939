#include "seqguard/detection/recipe.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/detection/number_profile.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// A given view is told from the others by its name, on disk too: its calibration stands beside "combined".
void check_given_name(const std::string& name, const std::string& where) {
  const auto detectors = detector_names();
  if (name.empty() || name == "combined" || std::find(detectors.begin(), detectors.end(), name) != detectors.end())
    fail(ErrorCode::invalid_argument, where, "name of a given view", "another than a detector's and \"combined\"",
         name);
}

ViewSpec given_view(const std::string& name, std::size_t number_columns) {
  ViewSpec view{name, Sidedness::nine_to_one, 1.0, {}, true};
  constexpr double k_columns = 2;
  const bool of_column = name.starts_with(k_numbers_of) || name.starts_with(k_nearest_of);
  if (of_column) view.weight = std::min(1.0, k_columns / static_cast<double>(number_columns));
  if (name == k_numbers_view) view.weight = 2;
  if (of_column || name == k_numbers_view) view.sidedness = Sidedness::upper;
  return view;
}

}  // namespace

Recipe Recipe::broad(const std::vector<std::string>& given) {
  constexpr auto upper = Sidedness::upper, two_sided = Sidedness::two_sided, nine_to_one = Sidedness::nine_to_one;
  Recipe recipe{"default", Combiner::adaptive, {}};
  recipe.views = {{"ngram", nine_to_one, 1.0}, {"types", upper, 1.0},      {"crowd", upper, 1.0},
                  {"logcount", upper, 1.0},    {"pairset", upper, 1.0},    {"bigrams", upper, 1.0},
                  {"unseen", upper, 1.0},      {"length", two_sided, 0.5}, {"repeats", two_sided, 0.5},
                  {"same", two_sided, 0.5},    {"squeeze", two_sided, 0.5}};
  const auto columns = static_cast<std::size_t>(std::count_if(
      given.begin(), given.end(), [](const std::string& name) { return name.starts_with(k_numbers_of); }));
  for (const std::string& name : given) recipe.views.push_back(given_view(name, columns));
  return recipe;
}

Recipe Recipe::traces(const std::vector<std::string>& given) {
  Recipe recipe{"traces", Combiner::weighted_sum, {}};
  const bool with_next = std::find(given.begin(), given.end(), k_next_view) != given.end();
  const DetectorOptions nearest{.neighbours = {.count = 1}};
  recipe.views = {{"ngram", Sidedness::two_sided, with_next ? 0.5 : 1.5},
                  {"typeset", Sidedness::upper, 1.5, nearest},
                  {"bigrams", Sidedness::upper, 0.5}};
  if (with_next) recipe.views.push_back({std::string(k_next_view), Sidedness::two_sided, 1.0, {}, true});
  return recipe;
}

std::string_view to_string(RecipePreset preset) noexcept {
  switch (preset) {
    case RecipePreset::standard:
      return "default";
    case RecipePreset::traces:
      return "traces";
  }
  return "unknown";
}

RecipePreset recipe_preset_from_string(std::string_view name) {
  for (const RecipePreset preset : {RecipePreset::standard, RecipePreset::traces})
    if (name == to_string(preset)) return preset;
  fail(ErrorCode::invalid_argument, "recipe", "unknown preset", "default or traces", name);
}

Recipe Recipe::preset(RecipePreset preset, const std::vector<std::string>& given) {
  switch (preset) {
    case RecipePreset::standard:
      break;
    case RecipePreset::traces:
      return traces(given);
  }
  return broad(given);
}

Recipe Recipe::single(std::string_view detector, const DetectorOptions& options) {
  const Sidedness sidedness = make_detector(detector, options)->sidedness();
  return {std::string(detector), Combiner::weighted_sum, {{std::string(detector), sidedness, 1.0, options}}};
}

std::vector<std::string> Recipe::given() const {
  std::vector<std::string> names;
  for (const ViewSpec& view : views)
    if (view.given) names.push_back(view.name);
  return names;
}

Recipe Recipe::computed() const {
  Recipe result = *this;
  std::erase_if(result.views, [](const ViewSpec& view) { return view.given; });
  return result;
}

void Recipe::check() const {
  const std::string where = "recipe " + name;
  if (views.empty()) fail(ErrorCode::invalid_argument, where, "no views");
  constexpr std::size_t k_max_views = 10'000;  // one for each column of the widest table that is read
  if (views.size() > k_max_views)
    fail(ErrorCode::invalid_argument, where, "views", "at most " + std::to_string(k_max_views),
         std::to_string(views.size()));
  std::set<std::string_view> names;
  for (auto view = views.begin(); view != views.end(); ++view) {
    if (view->given)
      check_given_name(view->name, where);
    else
      make_detector(view->name, view->options);
    if (!(view->weight > 0) || !std::isfinite(view->weight)) {
      fail(ErrorCode::invalid_argument, where, "weight of " + view->name, "a positive number",
           std::to_string(view->weight));
    }
    if (!names.insert(view->name).second) {
      fail(ErrorCode::invalid_argument, where, "view " + view->name + " stands there twice");
    }
  }
}

}  // namespace v0
}  // namespace seqguard
