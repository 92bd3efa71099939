// Files of scores: a JSON object a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/json_tree.hpp"
#include "seqguard/core/function_ref.hpp"

namespace seqguard {
inline namespace v0 {

inline constexpr std::size_t k_max_scores_bytes = std::size_t{4} << 30;

/// Hands each line that is not blank to f(its object, "name:line"). @throws Error bad_format: a line that is no JSON.
void for_each_json_line(std::string_view text, const std::string& name,
                        FunctionRef<void(const JsonValue& line, const std::string& where)> f);

/// Its `score`, between -1e300 and 1e300: differences of two of them are numbers. @throws Error bad_format.
double score_of(const JsonValue& line);

}  // namespace v0
}  // namespace seqguard
