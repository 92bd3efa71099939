#include "seqguard/detection/recipe.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {

bool is_next_view(std::string_view name) noexcept {
  return name == k_next_view || (name.starts_with(k_next_view) && name[k_next_view.size()] == ':');
}

Recipe Recipe::broad(bool with_next, std::span<const std::string> columns) {
  constexpr auto upper = Sidedness::upper, two_sided = Sidedness::two_sided, nine_to_one = Sidedness::nine_to_one;
  Recipe recipe{"default", Combiner::power_mean, {}};
  recipe.views = {{"ngram", nine_to_one, 1.0}, {"types", upper, 1.0},       {"logcount", upper, 1.0},
                  {"pairset", upper, 1.0},     {"bigrams", upper, 1.0},     {"unseen", upper, 1.0},
                  {"length", two_sided, 0.5},  {"repeats", two_sided, 0.5}, {"same", two_sided, 0.5},
                  {"squeeze", two_sided, 0.5}};
  if (with_next) recipe.views.push_back({std::string(k_next_view), nine_to_one, 1.0});
  if (with_next && columns.size() > 1)
    for (const std::string& column : columns)
      recipe.views.push_back({std::string(k_next_view) + ":" + column, nine_to_one, 1.0});
  return recipe;
}

Recipe Recipe::traces(bool with_next) {
  Recipe recipe{"traces", Combiner::weighted_sum, {}};
  const DetectorOptions nearest{.neighbours = {.count = 1}};
  recipe.views = {{"ngram", Sidedness::two_sided, with_next ? 0.5 : 1.5},
                  {"typeset", Sidedness::upper, 1.5, nearest},
                  {"bigrams", Sidedness::upper, 0.5}};
  if (with_next) recipe.views.push_back({std::string(k_next_view), Sidedness::two_sided, 1.0});
  return recipe;
}

Recipe Recipe::preset(std::string_view name, bool with_next, std::span<const std::string> columns) {
  if (name == "default") return broad(with_next, columns);
  if (name == "traces") return traces(with_next);
  fail(ErrorCode::invalid_argument, "recipe", "unknown preset", "default or traces", name);
}

Recipe Recipe::single(std::string_view view, const DetectorOptions& options) {
  const Sidedness sidedness = is_next_view(view) ? Sidedness::nine_to_one : make_detector(view, options)->sidedness();
  return {std::string(view), Combiner::weighted_sum, {{std::string(view), sidedness, 1.0, options}}};
}

std::size_t Recipe::next_views() const noexcept {
  const auto count = std::count_if(views.begin(), views.end(), [](const ViewSpec& v) { return is_next_view(v.name); });
  return static_cast<std::size_t>(count);
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
    if (!is_next_view(view->name)) make_detector(view->name, view->options);
    if (!(view->weight > 0) || !std::isfinite(view->weight)) {
      fail(ErrorCode::invalid_argument, where, "weight of " + view->name, "a positive number",
           std::to_string(view->weight));
    }
    if (!names.insert(view->name).second) {
      fail(ErrorCode::invalid_argument, where, "view " + view->name + " stands there twice");
    }
  }
}

}  // namespace seqguard
