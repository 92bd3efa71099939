// A recipe as it stands in detector.json; private to the library.
#pragma once

#include "core/json_tree.hpp"
#include "core/json_writer.hpp"
#include "seqguard/detection/recipe.hpp"

namespace seqguard {
inline namespace v0 {

/// {"combiner": "power_mean" | "weighted_sum" | "adaptive", "name", "views": [{"name", "neighbours": {"count",
/// "share"}, "order", "sidedness": "upper" | "two_sided" | "nine_to_one", "weight"}]}; of a given view {"given": true,
/// "name", "sidedness", "weight"}.
void write_recipe(JsonWriter& json, const Recipe& recipe);

/// @throws Error with the code of the tree: a missing, unknown or mistyped field; bad_checkpoint: a recipe that does
/// not check().
Recipe read_recipe(const JsonValue& json);

}  // namespace v0
}  // namespace seqguard
