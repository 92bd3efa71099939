#include <algorithm>
#include <string>
#include <vector>

#include "seqguard/sequence_scorer/explanation.hpp"
#include "sequence_scorer/number_words.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// What the sequence would have in the place of what it has.
std::string edit_words(const Edit& edit) {
  const std::string at = std::to_string(edit.position);
  const std::string events =
      edit.count > 1 ? "events " + at + " to " + std::to_string(edit.position + edit.count - 1) : "event " + at;
  switch (edit.operation) {
    case EditOperation::replace:
      return "\"" + edit.after + "\" in the place of event " + at + ", \"" + edit.before + "\"";
    case EditOperation::remove:
      return "without " + events + ", \"" + edit.before + "\"" + (edit.count > 1 ? " and so on" : "");
    case EditOperation::insert:
      return "\"" + edit.after + "\" before event " + at;
    case EditOperation::set_time:
      return events + " " + duration_words(static_cast<double>(edit.shift_ms < 0 ? -edit.shift_ms : edit.shift_ms)) +
             (edit.shift_ms < 0 ? " earlier" : " later");
  }
  return "";
}

/// The first edits of a script, and how many there are besides.
std::string script_words(const std::vector<Edit>& edits, bool only_reported) {
  constexpr std::size_t k_most_edits = 3;
  std::string text;
  std::size_t count = 0;
  for (const Edit& edit : edits) {
    if (edit.only_reported != only_reported) continue;
    if (count++ < k_most_edits) text += (count > 1 ? "; " : "") + edit_words(edit);
  }
  return text + (count > k_most_edits ? " and " + count_words(count - k_most_edits, "more edit") : "");
}

}  // namespace

std::vector<std::string> Explanation::sentences() const {
  constexpr double k_least_share = 0.05;
  constexpr std::size_t k_most_views = 4;
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
  if (label && !label->events.empty() && label->events.front().second > 0)
    lines.push_back("most like \"" + label->name + "\" (" + percent_words(label->probability) + ") by event " +
                    std::to_string(label->events.front().first) + ": log odds " +
                    short_number(label->events.front().second) + " lower without it");
  if (stretch) lines.push_back(stretch->words);
  if (const std::string made = script_words(edits, false); !made.empty())
    lines.push_back("nearer to what it should be: " + made + " (score " + short_number(score_repaired) + ", p " +
                    short_number(p_repaired) + ")");
  if (const std::string reported = script_words(edits, true); !reported.empty())
    lines.push_back("not certain enough to be changed: " + reported);
  return lines;
}

}  // namespace v0
}  // namespace seqguard
