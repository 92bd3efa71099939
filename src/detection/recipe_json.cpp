#include "detection/recipe_json.hpp"

#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<Sidedness, std::string_view>, 3> k_sidedness{
    {{Sidedness::upper, "upper"}, {Sidedness::two_sided, "two_sided"}, {Sidedness::nine_to_one, "nine_to_one"}}};
constexpr std::array<std::pair<Combiner, std::string_view>, 2> k_combiners{
    {{Combiner::power_mean, "power_mean"}, {Combiner::weighted_sum, "weighted_sum"}}};

template <class Table, class Value>
std::string name_of(const Table& table, Value value) {
  for (const auto& [entry, name] : table) {
    if (entry == value) return std::string(name);
  }
  fail(ErrorCode::invalid_argument, "recipe", "a value without a name");
}

template <class Table>
auto value_of(const Table& table, const std::string& name, const std::string& where) {
  std::string known;
  for (const auto& [value, entry] : table) {
    if (entry == name) return value;
    known.append(known.empty() ? "" : ", ").append(entry);
  }
  fail(ErrorCode::bad_checkpoint, where, "unknown name", known, name);
}

/// The object's fields are exactly `fields`.
void require_fields(const Json& json, std::initializer_list<std::string_view> fields, const std::string& where) {
  if (!json.is_object()) fail(ErrorCode::bad_checkpoint, where, "wrong type", "an object", json.type_name());
  for (const std::string_view field : fields) {
    if (!json.contains(field)) fail(ErrorCode::bad_checkpoint, where, "no field " + std::string(field));
  }
  for (const auto& [key, value] : json.items()) {
    bool known = false;
    for (const std::string_view field : fields) known = known || field == key;
    if (!known) fail(ErrorCode::bad_checkpoint, where, "unknown field " + key);
  }
}

/// An integer that is not negative; the library's own conversion takes every number.
std::size_t natural(const Json& object, const char* field, const std::string& where) {
  const Json& value = object.at(field);
  if (!value.is_number_unsigned())
    fail(ErrorCode::bad_checkpoint, where + "." + field, "wrong value", "an integer, 0 or more",
         value.is_structured() ? value.type_name() : value.dump().substr(0, 100));
  return value.get<std::size_t>();
}

/// seqguard 0.1.0 wrote the surprise of an encoder with the settings of a detector, and told it by its name.
bool is_given_at_0_1_0(std::string_view name) {
  return name == k_next_view || name.starts_with(std::string(k_next_view) + ":");
}

DetectorOptions options_from_json(const Json& view, const std::string& where) {
  const Json& neighbours = view.at("neighbours");
  require_fields(neighbours, {"count", "share"}, where + ".neighbours");
  DetectorOptions options;
  options.order = natural(view, "order", where);
  options.neighbours = {natural(neighbours, "count", where + ".neighbours"), neighbours.at("share").get<double>()};
  return options;
}

ViewSpec view_from_json(const Json& json, const std::string& where) {
  ViewSpec view;
  view.given = json.is_object() && json.contains("given");
  if (view.given) {
    require_fields(json, {"name", "sidedness", "weight", "given"}, where);
    if (json.at("given") != true)
      fail(ErrorCode::bad_checkpoint, where + ".given", "wrong value", "true", json.at("given").dump().substr(0, 100));
  } else {
    require_fields(json, {"name", "sidedness", "weight", "neighbours", "order"}, where);
    view.options = options_from_json(json, where);
  }
  view.name = json.at("name").get<std::string>();
  view.given = view.given || is_given_at_0_1_0(view.name);
  view.sidedness = value_of(k_sidedness, json.at("sidedness").get<std::string>(), where + ".sidedness");
  view.weight = json.at("weight").get<double>();
  return view;
}

}  // namespace

Json recipe_to_json(const Recipe& recipe) {
  Json views = Json::array();
  for (const ViewSpec& view : recipe.views) {
    Json json = {{"name", view.name}, {"sidedness", name_of(k_sidedness, view.sidedness)}, {"weight", view.weight}};
    if (view.given) {
      json["given"] = true;
    } else {
      const Neighbours& neighbours = view.options.neighbours;
      json["neighbours"] = {{"count", neighbours.count}, {"share", neighbours.share}};
      json["order"] = view.options.order;
    }
    views.push_back(std::move(json));
  }
  return {{"name", recipe.name}, {"combiner", name_of(k_combiners, recipe.combiner)}, {"views", std::move(views)}};
}

Recipe recipe_from_json(const Json& json, const std::string& where) {
  try {
    require_fields(json, {"name", "combiner", "views"}, where);
    Recipe recipe;
    recipe.name = json.at("name").get<std::string>();
    recipe.combiner = value_of(k_combiners, json.at("combiner").get<std::string>(), where + ".combiner");
    const Json& views = json.at("views");
    if (!views.is_array())
      fail(ErrorCode::bad_checkpoint, where + ".views", "wrong type", "an array", views.type_name());
    for (std::size_t v = 0; v < views.size(); ++v) {
      recipe.views.push_back(view_from_json(views[v], where + ".views[" + std::to_string(v) + "]"));
    }
    recipe.check();
    return recipe;
  } catch (const Json::exception& error) {
    fail(ErrorCode::bad_checkpoint, where, error.what());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::bad_checkpoint) throw;
    fail(ErrorCode::bad_checkpoint, where, error.what());
  }
}

}  // namespace seqguard
