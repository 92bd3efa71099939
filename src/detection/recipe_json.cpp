#include "detection/recipe_json.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::array<std::pair<Sidedness, std::string_view>, 3> k_sidedness{
    {{Sidedness::upper, "upper"}, {Sidedness::two_sided, "two_sided"}, {Sidedness::nine_to_one, "nine_to_one"}}};
constexpr std::array<std::pair<Combiner, std::string_view>, 3> k_combiners{
    {{Combiner::power_mean, "power_mean"}, {Combiner::weighted_sum, "weighted_sum"}, {Combiner::adaptive, "adaptive"}}};

template <class Table, class Value>
std::string name_of(const Table& table, Value value) {
  for (const auto& [entry, name] : table) {
    if (entry == value) return std::string(name);
  }
  fail(ErrorCode::invalid_argument, "recipe", "a value without a name");
}

template <class Table>
auto value_of(const Table& table, const JsonValue& name) {
  std::string known;
  for (const auto& [value, entry] : table) {
    if (name.text() == entry) return value;
    known.append(known.empty() ? "" : ", ").append(entry);
  }
  name.refuse(known);
}

/// seqguard 0.1.0 wrote the surprise of an encoder with the settings of a detector, and told it by its name.
bool is_given_at_0_1_0(std::string_view name) {
  return name == k_next_view || name.starts_with(std::string(k_next_view) + ":");
}

DetectorOptions read_options(const JsonValue& view) {
  const JsonValue neighbours = view.at("neighbours");
  neighbours.allow_only({"count", "share"}, ErrorCode::bad_checkpoint);
  DetectorOptions options;
  options.order = view.at("order").natural();
  options.neighbours = {neighbours.at("count").natural(), neighbours.at("share").number()};
  return options;
}

ViewSpec read_view(const JsonValue& json) {
  ViewSpec view;
  if (const auto given = json.member("given")) {
    json.allow_only({"name", "sidedness", "weight", "given"}, ErrorCode::bad_checkpoint);
    if (!given->equals(true)) given->refuse("true");
    view.given = true;
  } else {
    json.allow_only({"name", "sidedness", "weight", "neighbours", "order"}, ErrorCode::bad_checkpoint);
    view.options = read_options(json);
  }
  view.name = json.at("name").text();
  view.given = view.given || is_given_at_0_1_0(view.name);
  view.sidedness = value_of(k_sidedness, json.at("sidedness"));
  view.weight = json.at("weight").number();
  return view;
}

}  // namespace

void write_recipe(JsonWriter& json, const Recipe& recipe) {
  json.begin_object().field("combiner", name_of(k_combiners, recipe.combiner)).field("name", recipe.name);
  json.key("views").begin_array();
  for (const ViewSpec& view : recipe.views) {
    json.begin_object();
    if (view.given) json.field("given", true);
    json.field("name", view.name);
    if (!view.given) {
      const Neighbours& neighbours = view.options.neighbours;
      json.key("neighbours").begin_object().field("count", neighbours.count).exact_field("share", neighbours.share);
      json.end_object().field("order", view.options.order);
    }
    json.field("sidedness", name_of(k_sidedness, view.sidedness)).exact_field("weight", view.weight).end_object();
  }
  json.end_array().end_object();
}

Recipe read_recipe(const JsonValue& json) {
  json.allow_only({"name", "combiner", "views"}, ErrorCode::bad_checkpoint);
  Recipe recipe;
  recipe.name = json.at("name").text();
  recipe.combiner = value_of(k_combiners, json.at("combiner"));
  json.at("views").demand(JsonValue::Kind::array).for_each([&](JsonValue view) {
    recipe.views.push_back(read_view(view));
  });
  try {
    recipe.check();
  } catch (const Error& error) {
    fail(ErrorCode::bad_checkpoint, json.where(), error.what());
  }
  return recipe;
}

}  // namespace v0
}  // namespace seqguard
