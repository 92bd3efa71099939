// Values of an order column for new rows between others.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// `count` increasing plain numbers above `low` and below `high`, evenly between them, with as few digits behind the
/// point as make room: 15 between 10 and 20, 1.5 between 1 and 2. Without `low` or `high` the next whole numbers.
/// Nothing where there is no number between, where one of the two is none, or where more than 18 digits behind the
/// point or numbers beyond 2^62 were needed.
std::optional<std::vector<std::string>> numbers_between(std::optional<std::string_view> low,
                                                        std::optional<std::string_view> high, std::size_t count);

}  // namespace v0
}  // namespace seqguard
