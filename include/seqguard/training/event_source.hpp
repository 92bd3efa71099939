// Windows of event sequences: fresh crops in every epoch, the same windows in every validation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/encode.hpp"
#include "seqguard/training/batch_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Without labels. Schema and sequences are borrowed.
class EventSource final : public BatchSource {
 public:
  /// `window`: positions of a crop at most, marks included.
  EventSource(const EventSchema& schema, std::span<const EncodedEvents* const> train,
              std::span<const EncodedEvents* const> held_out, std::size_t window, std::uint64_t seed);

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
  std::vector<Example> held_out_;
};

}  // namespace v0
}  // namespace seqguard
