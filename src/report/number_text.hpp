// Numbers as people read them, on a terminal and on a page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// "1,234,567".
std::string with_commas(std::size_t number);
/// A number with so many decimals.
std::string fixed(double number, int decimals);
/// "12.3 %"; where one digit behind the point tells too little, two that count: "0.25 %", "0.0012 %".
std::string percent(double share);
/// "1 bad row", "1,234 bad rows": `noun` in its singular.
std::string counted(std::size_t number, std::string_view noun);
/// "0.123", "2e-05".
std::string p_value_text(double p);
/// "12,345", "12.3", "0.00123": three digits that count, whole numbers whole.
std::string tidy(double number);
/// "250 ms", "9 s", "6 min", "2.5 h", "3 days".
std::string seconds_text(double seconds);
/// "2024-03-13", UTC.
std::string date_text(std::int64_t time_ms);

}  // namespace v0
}  // namespace seqguard
