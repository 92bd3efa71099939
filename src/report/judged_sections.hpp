// What the exploration page and the page of the most abnormal sequences share.
#pragma once

#include "report/page.hpp"
#include "seqguard/report/exploration_report.hpp"

namespace seqguard {
inline namespace v0 {

/// "12 of 1,000 sequences are judged abnormal, 1.2 %; ..".
std::string judged_words(const JudgedData& judged);
void write_judged_figures(Page& page, const JudgedData& judged);
/// Where there is a map.
void write_maps(Page& page, const JudgedData& judged);
void write_worst(Page& page, const JudgedData& judged);
/// "Made by seqguard; ..".
std::string footer_text(const std::string& numbers);

}  // namespace v0
}  // namespace seqguard
