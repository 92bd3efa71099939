#include "seqguard/detection/recipe.hpp"

#include <nlohmann/json.hpp>

#include "core/strict_json.hpp"
#include "detection/recipe_json.hpp"
#include "fuzz/targets.hpp"

void seqguard::fuzz_recipe(std::string_view input) {
  const auto document = parse_strict_json(input, "detector.json", ErrorCode::bad_format);
  const auto written = recipe_to_json(recipe_from_json(document, "detector.json"));
  keep(recipe_to_json(recipe_from_json(written, "written")) == written, "a written recipe reads as it was");
}
