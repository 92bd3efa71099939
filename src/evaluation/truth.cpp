#include "seqguard/evaluation/truth.hpp"

#include <string_view>

#include "seqguard/events/label_rows.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

bool means_normal(std::string_view kind) { return kind.empty() || kind == "0" || kind == "normal" || kind == "none"; }

}  // namespace

Truth read_truth(const std::string& path, const Dataset& data) {
  const LabelRows labels = read_label_rows(path, data, "kind");
  Truth truth{std::vector<std::string>(data.sequences().size()),
              std::vector<std::uint8_t>(labels.of_events ? data.events() : 0)};
  for (const LabelRow& row : labels.rows) {
    if (means_normal(row.text)) continue;
    if (truth.kinds[row.sequence].empty()) truth.kinds[row.sequence] = row.text;
    if (row.event) truth.events[*row.event] = 1;
  }
  return truth;
}

}  // namespace v0
}  // namespace seqguard
