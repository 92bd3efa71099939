// Where a training gets its examples from: what is learned from in which order, and how examples become the input of an
// encoder call. Events: training/event_source.hpp; texts: training/text_source.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/model/encoder_batch.hpp"

namespace seqguard {
inline namespace v0 {

/// Streams of random numbers of one training, apart from each other.
enum TrainingStream : std::uint64_t {
  k_order_stream = 1,
  k_crop_stream,
  k_corrupt_stream,
  k_dropout_stream,
  k_validation_stream
};

/// Tokens [begin, begin + size) of a sequence of the source.
struct Example {
  std::uint32_t sequence = 0, begin = 0, size = 0;
  std::uint64_t draw = 0;  ///< of a source whose sequences have random forms: which of them
  bool operator==(const Example&) const = default;
};

/// A few examples that go through the network together: input and, where the source has them, labels.
struct TrainingChunk {
  EncoderBatch batch;
  std::vector<std::vector<float>> labels;  ///< by LabelTable of the source: a row for each sequence or token

  void clear() noexcept {
    batch.clear();
    for (std::vector<float>& table : labels) table.clear();
  }
};

/// Const members may be called from any number of threads at once.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  /// The examples of an epoch, in the order in which they are learned from. A pure function of the epoch's number: with
  /// it and the number of the next example, a stopped training goes on with the same ones.
  virtual void epoch(std::uint64_t number, std::vector<Example>& out) const = 0;
  /// Examples that are never learned from, always the same, for validation; may be empty.
  virtual std::span<const Example> held_out() const noexcept = 0;
  /// An empty chunk, laid out for this source.
  virtual TrainingChunk make_chunk() const = 0;
  /// Appends an example as the next sequence of a chunk.
  virtual void append(const Example& example, TrainingChunk& chunk) const = 0;
};

}  // namespace v0
}  // namespace seqguard
