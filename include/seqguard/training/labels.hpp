// What is known about the sequences of a source: the numbers that a classification head is to give.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "seqguard/model/model_spec.hpp"
#include "seqguard/training/batch_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Labels of one head. A row is what one row of its logits is compared with: for a softmax the probabilities of the
/// classes (1 and zeros where one is certain), for a binary head a probability for each label, for a regression the
/// numbers. NaN: unknown.
struct LabelTable {
  std::size_t outputs = 0;    ///< numbers of a row
  std::vector<float> values;  ///< [rows, outputs]
  /// Of labels of tokens: the first row of each sequence, and behind the last one the number of all rows; a sequence
  /// has a row for each of its tokens, marks and frame included. Empty: a row for each sequence.
  std::vector<std::size_t> first_rows;

  bool of_tokens() const noexcept { return !first_rows.empty(); }
  /// The rows of tokens [begin, begin + size) of a sequence, or its only row.
  std::span<const float> rows(std::size_t sequence, std::size_t begin, std::size_t size) const;
};

/// Appends the rows of an example to TrainingChunk::labels, table by table.
void append_labels(std::span<const LabelTable> labels, const Example& example, TrainingChunk& chunk);

/// Whether a row says anything: for a softmax all of it must be known, otherwise any number.
bool is_known(HeadLoss loss, std::span<const float> row) noexcept;

/// @throws Error invalid_argument, naming `what`: not a whole number of rows; not `sequences` rows, or sequences of
/// first_rows; the first `learned` sequences do not know a single label.
void check_labels(const LabelTable& labels, std::size_t sequences, std::size_t learned, std::string_view what);

}  // namespace v0
}  // namespace seqguard
