// Windows of event sequences: fresh crops in every epoch, the same windows in every validation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/encode.hpp"
#include "seqguard/training/batch_source.hpp"
#include "seqguard/training/labels.hpp"

namespace seqguard {
inline namespace v0 {

/// Schema, sequences and labels are borrowed.
class EventSource final : public BatchSource {
 public:
  /// `window`: positions of a crop at most, marks included. `labels`: of the sequences to learn from, then of those
  /// that are held out; may be empty. A crop has the labels of its sequence, or those of its own positions.
  /// @throws Error invalid_argument: as check_labels().
  EventSource(const EventSchema& schema, std::span<const EncodedEvents* const> train,
              std::span<const EncodedEvents* const> held_out, std::size_t window, std::uint64_t seed,
              std::span<const LabelTable> labels = {});

  void epoch(std::uint64_t number, std::vector<Example>& out) const override;
  std::span<const Example> held_out() const noexcept override { return held_out_; }
  TrainingChunk make_chunk() const override;
  void append(const Example& example, TrainingChunk& chunk) const override;

 private:
  const EventSchema& schema_;
  std::vector<const EncodedEvents*> sequences_;  // those to learn from, then the others
  std::size_t train_;                            // how many are to learn from
  std::size_t window_;
  std::uint64_t seed_;
  std::span<const LabelTable> labels_;
  std::vector<Example> held_out_;
};

}  // namespace v0
}  // namespace seqguard
