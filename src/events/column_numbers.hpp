// The values of a column as small numbers, so that what is counted or looked up is so once for each value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "seqguard/events/dataset.hpp"

namespace seqguard {
inline namespace v0 {

/// Values are numbered 0, 1, .. by their first appearance. A data set keeps equal texts once: their addresses tell them
/// apart, and no text is read (hashing texts for each question took 40 % of the time from a file to encoded sequences).
struct ColumnNumbers {
  std::vector<std::uint32_t> of_event;  ///< of each event of the data set
  std::vector<std::string_view> texts;  ///< the values of a categorical column, by number
  std::vector<float> floats;            ///< of a numeric one; all that is missing is one value
  std::size_t distinct() const noexcept { return texts.size() + floats.size(); }
};

ColumnNumbers number_values(const Dataset& data, std::size_t column);

}  // namespace v0
}  // namespace seqguard
