// The recipes that come with the library; recipe.hpp says what is in them.
#pragma once

#include <string_view>

namespace seqguard {
inline namespace v0 {

enum class RecipePreset {
  standard,  ///< Recipe::broad
  traces,    ///< Recipe::traces
};
/// "default", "traces".
std::string_view to_string(RecipePreset preset) noexcept;
/// @throws Error invalid_argument for an unknown name.
RecipePreset recipe_preset_from_string(std::string_view name);

}  // namespace v0
}  // namespace seqguard
