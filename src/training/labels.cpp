#include "seqguard/training/labels.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

std::span<const float> LabelTable::rows(std::size_t sequence, std::size_t begin, std::size_t size) const {
  const std::span<const float> all = values;
  if (!of_tokens()) return all.subspan(sequence * outputs, outputs);
  return all.subspan((first_rows[sequence] + begin) * outputs, size * outputs);
}

void append_labels(std::span<const LabelTable> labels, const Example& example, TrainingChunk& chunk) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> rows = labels[i].rows(example.sequence, example.begin, example.size);
    chunk.labels[i].insert(chunk.labels[i].end(), rows.begin(), rows.end());
  }
}

bool is_known(HeadLoss loss, std::span<const float> row) noexcept {
  const auto known = [](float label) { return !std::isnan(label); };
  return loss == HeadLoss::softmax ? std::all_of(row.begin(), row.end(), known)
                                   : std::any_of(row.begin(), row.end(), known);
}

void check_labels(const LabelTable& labels, std::size_t sequences, std::size_t learned, std::string_view what) {
  const auto require = [&](bool holds, std::string_view property, const std::string& expected, std::size_t found) {
    if (!holds) fail(ErrorCode::invalid_argument, what, property, expected, std::to_string(found));
  };
  require(labels.outputs > 0, "numbers of a label", "at least 1", labels.outputs);
  const auto& first = labels.first_rows;
  if (labels.of_tokens())
    require(first.size() == sequences + 1, "sequences with labels of tokens", std::to_string(sequences),
            first.size() - 1);
  const std::size_t rows = labels.of_tokens() ? first.back() : sequences;
  require(labels.values.size() == rows * labels.outputs, "number of labels", std::to_string(rows * labels.outputs),
          labels.values.size());
  const std::size_t known_rows = labels.of_tokens() ? first[learned] : learned;
  const auto end = labels.values.begin() + static_cast<std::ptrdiff_t>(known_rows * labels.outputs);
  if (std::none_of(labels.values.begin(), end, [](float label) { return !std::isnan(label); }))
    fail(ErrorCode::invalid_argument, what, "no label of the sequences to learn from is known");
}

}  // namespace v0
}  // namespace seqguard
