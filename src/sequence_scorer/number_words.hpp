// Numbers as people read them; private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// "12", "0.35", "1.2e-05": three digits that count.
std::string short_number(double value);
/// "38 %", "4.2 %", "0.013 %".
std::string percent_words(double share);
/// "1 event", "40 events".
std::string count_words(std::size_t count, std::string_view noun);
/// "350 ms", "9 s", "6 min", "2.5 h", "3 days".
std::string duration_words(double ms);

}  // namespace v0
}  // namespace seqguard
