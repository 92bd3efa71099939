// Sequences with self-made errors, fresh in every epoch, and labels that say what would put them right: what an edit
// tagger learns from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/damage.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/repeats.hpp"
#include "seqguard/events/schema.hpp"
#include "seqguard/training/batch_source.hpp"

namespace seqguard {
inline namespace v0 {

/// TrainingChunk::labels of a DamagedSource, a row for each token; NaN: nothing to learn there.
enum EditTable : std::size_t {
  k_tag_table,            ///< [N, 3] keep, remove, replace, one of them 1; unknown at marks and hidden events
  k_value_table,          ///< [N] id of what belongs at a replaced, a hidden or (5 %) a right event
  k_gap_table,            ///< [N] 1 if an event is missing behind the token, else 0; unknown behind the end mark
  k_missing_value_table,  ///< [N] id of the first event that is missing there
  k_edit_tables
};

/// Sequences, schema and damage are borrowed.
class DamagedSource final : public BatchSource {
 public:
  /// `schema`: made by with_repeats(), whose window cuts the sequences. `train` and `held_out` are encoded by the
  /// schema that `damage` knows.
  DamagedSource(const EventSchema& schema, const Damage& damage, std::span<const EncodedEvents* const> train,
                std::span<const EncodedEvents* const> held_out, std::uint64_t seed);

  void epoch(std::uint64_t number, std::vector<Example>& out) const override;
  std::span<const Example> held_out() const noexcept override { return held_out_; }
  TrainingChunk make_chunk() const override;
  void append(const Example& example, TrainingChunk& chunk) const override;

 private:
  /// A damaged sequence as the tagger reads it, with what is asked about it.
  struct Lesson {
    DamagedEvents damaged;
    std::vector<std::uint8_t> hidden;  ///< [n]
    std::vector<std::uint8_t> asked;   ///< [n] 1: its value is asked although it is right
    RepeatScratch repeats;
    EncodedEvents input;
  };
  void make_lesson(std::size_t sequence, std::uint64_t draw, Lesson& out) const;
  void add_examples(std::size_t sequence, std::uint64_t draw, std::vector<Example>& out) const;

  const EventSchema& schema_;
  const Damage& damage_;
  std::vector<const EncodedEvents*> sequences_;  // those to learn from, then the others
  std::size_t train_;                            // how many are to learn from
  std::uint64_t seed_;
  std::vector<Example> held_out_;
};

}  // namespace v0
}  // namespace seqguard
