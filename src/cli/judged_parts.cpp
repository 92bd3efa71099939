#include "cli/judged_parts.hpp"

#include <algorithm>
#include <numeric>

namespace seqguard::cli {

ScoreLines::ScoreLines(Output& output, const InputOptions& input, std::size_t parts) : output_(output) {
  if (parts > 1) waiting_.emplace(input.temp, parts, RowSpill::Limits{.most_in_memory = input.memory / 16});
}

void ScoreLines::write(std::uint64_t line, std::string_view text) {
  if (!waiting_) return output_.write(text);
  row_.line = line;
  row_.fields.assign(1, text);
  waiting_->add(part_, row_);
}

void ScoreLines::finish() {
  if (!waiting_) return;
  waiting_->finish();
  std::vector<std::size_t> all(waiting_->groups());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto lines = waiting_->rows(all, {});
  while (lines->next(row_)) output_.write(row_.fields[0]);
}

void Judged::add(const Dataset& data, const std::vector<Summary>& of_part, std::size_t most) {
  summaries_.insert(summaries_.end(), of_part.begin(), of_part.end());
  std::vector<std::size_t> order(of_part.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return of_part[a].value > of_part[b].value; });
  order.resize(std::min(most, order.size()));
  for (const std::size_t s : order) {
    const DataSequence& sequence = data.sequences()[s];
    worst_.push_back({of_part[s].value, {std::string(sequence.key), sequence.line}});
  }
  std::stable_sort(worst_.begin(), worst_.end(), [](const Worst& a, const Worst& b) {
    return a.value != b.value ? a.value > b.value : a.name.line < b.name.line;
  });
  worst_.resize(std::min(most, worst_.size()));
}

std::size_t Judged::flagged() const {
  return static_cast<std::size_t>(
      std::count_if(summaries_.begin(), summaries_.end(), [](const Summary& s) { return s.is_anomaly; }));
}

std::vector<SequenceName> Judged::worst(std::size_t count) const {
  std::vector<SequenceName> names;
  for (std::size_t i = 0; i < std::min(count, worst_.size()); ++i) names.push_back(worst_[i].name);
  return names;
}

}  // namespace seqguard::cli
