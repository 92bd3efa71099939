#include <algorithm>
#include <string>
#include <vector>

#include "seqguard/sequence_scorer/explanation.hpp"
#include "sequence_scorer/number_words.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::string edit_words(const Edit& edit) {
  const std::string at = std::to_string(edit.position);
  switch (edit.operation) {
    case EditOperation::replace:
      return "\"" + edit.after + "\" in the place of event " + at + ", \"" + edit.before + "\"";
    case EditOperation::remove:
      return "no event " + at + ", \"" + edit.before + "\"";
    case EditOperation::insert:
      return "\"" + edit.after + "\" before event " + at;
    case EditOperation::set_time:
      return "another time of event " + at;
  }
  return "";
}

}  // namespace

std::vector<std::string> Explanation::sentences() const {
  constexpr double k_least_share = 0.05;
  constexpr std::size_t k_most_views = 4, k_most_edits = 3;
  std::vector<std::string> lines;
  for (const ViewReason& view : views)
    if (lines.size() < k_most_views && view.share >= k_least_share)
      lines.push_back(percent_words(view.share) + " " + view.view + ": " + view.words);
  // What comes again and again is told even where other views speak louder: people believe it at once.
  constexpr double k_rare = 0.02;
  for (std::size_t v = 0; v < views.size(); ++v)
    if (views[v].view == "squeeze" && views[v].p_value < k_rare &&
        (v >= k_most_views || views[v].share < k_least_share))
      lines.push_back(views[v].words);
  if (even_pace) lines.push_back(even_pace->words);
  for (const SuspiciousEvent& event : events) lines.push_back(event.words);
  if (stretch) lines.push_back(stretch->words);
  if (!edits.empty()) {
    std::string text = "with";
    for (std::size_t e = 0; e < std::min(k_most_edits, edits.size()); ++e)
      text += (e > 0 ? ", with " : " ") + edit_words(edits[e]);
    if (edits.size() > k_most_edits) text += " and " + count_words(edits.size() - k_most_edits, "more edit");
    lines.push_back(text + " the score would be " + short_number(score_repaired) + ", p " + short_number(p_repaired));
  }
  return lines;
}

}  // namespace v0
}  // namespace seqguard
