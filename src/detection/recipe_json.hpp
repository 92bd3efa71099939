// A recipe as it stands in detector.json; private to the library.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "seqguard/detection/recipe.hpp"

namespace seqguard {

/// {"name", "combiner": "power_mean" | "weighted_sum", "views": [{"name", "sidedness": "upper" | "two_sided" |
/// "nine_to_one", "weight", "neighbours": {"count", "share"}, "order"}]}; of a given view {"name", "sidedness",
/// "weight", "given": true}.
nlohmann::json recipe_to_json(const Recipe& recipe);

/// `where` names file and place in messages. @throws Error bad_checkpoint for a missing, unknown or mistyped field, or
/// a recipe that does not check().
Recipe recipe_from_json(const nlohmann::json& json, const std::string& where);

}  // namespace seqguard
