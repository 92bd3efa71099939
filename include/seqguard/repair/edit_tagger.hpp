// The edit tagger: a network that says of every event whether it belongs where it is, of every gap whether an event is
// missing, and what would be right (reference/repair.md, section 3). It learns from damaged normals
// (training/damaged_source.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/repeats.hpp"
#include "seqguard/events/schema.hpp"
#include "seqguard/events/windows.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/event_encoder.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/workspace.hpp"

namespace seqguard {
inline namespace v0 {

/// What stands for a value that was not looked for.
inline constexpr std::int32_t k_no_value = -1;

/// What the tagger says of an event; the three probabilities are 1 together.
struct EventTags {
  float keep = 1, remove = 0, replace = 0;
  std::int32_t value = k_no_value;  ///< encoder id that is most probable in its place, its own left out; looked for
                                    ///< only where `replace` exceeds `keep`, or comes closest to it in the call
  float value_probability = 0;
};

/// What it says of a gap.
struct GapTags {
  float missing = 0;  ///< probability that at least one event is missing
  std::int32_t value =
      k_no_value;  ///< the first missing one, most probably; looked for only above a half, or where it is largest
  float value_probability = 0;
};

struct EditTags {
  std::vector<EventTags> events;  ///< [n]
  std::vector<GapTags> gaps;      ///< [n + 1] before event i; the last one behind all
};

/// Buffers of one thread; warm after the longest sequence.
struct TaggerScratch {
  RepeatScratch repeats;
  EncodedEvents input;
  std::vector<Window> windows;
  EncoderBatch batch;
  Workspace workspace;
  std::vector<std::uint32_t> rows;     ///< tokens of a chunk whose value is looked for
  std::vector<std::size_t> positions;  ///< of each such row in the sequence
  std::vector<float> log_p;            ///< [V]

  void ask(std::size_t token, std::size_t position) {
    rows.push_back(static_cast<std::uint32_t>(token));
    positions.push_back(position);
  }
};

/// Immutable; const members may be called from any number of threads at once, each with its own scratch.
class EditTagger {
 public:
  /// The network of a tagger of sequences of a schema that with_repeats() made.
  static ModelSpec spec(const EventSchema& schema, const EventEncoderShape& shape);
  /// Its inputs, for sequences of `schema`, as they come.
  static ModelFeatures features(const EventSchema& schema);
  /// Heads of spec(): tags of events, and gaps.
  static constexpr std::size_t k_tag_head = 1, k_gap_head = 2;

  /// `schema`: of the events as they come; `encoder`: of spec() of its with_repeats(), whose window is what the encoder
  /// has positions for. @throws Error bad_checkpoint: an encoder of another shape.
  EditTagger(const EventSchema& schema, Model<float> encoder);

  /// Tags `events`, encoded by the schema of the constructor; n >= 1. With `excludes_present`, values that the sequence
  /// holds already are not proposed. The bits do not depend on what else is tagged. Allocates nothing once warm.
  void tag(const EncodedEvents& events, bool excludes_present, TaggerScratch& scratch, EditTags& out) const;

  const Model<float>& encoder() const noexcept { return encoder_; }
  const EventSchema& schema() const noexcept { return schema_; }  ///< with_repeats()

 private:
  /// Windows [first, first + count) of the scratch in one call.
  void tag_chunk(const EncodedEvents& events, std::size_t first, std::size_t count, bool excludes_present,
                 TaggerScratch& scratch, EditTags& out) const;
  /// Tags of the events and gaps that the windows of a call own, and the rows whose values are looked for.
  void read_tags(const EncodedEvents& events, std::size_t first, std::size_t count, MatrixView<const float> tags,
                 TaggerScratch& scratch, EditTags& out) const;
  void read_gaps(std::size_t positions, std::size_t first, std::size_t count, MatrixView<const float> gaps,
                 TaggerScratch& scratch, EditTags& out) const;
  void find_values(const EncodedEvents& events, MatrixView<const float> hidden, std::size_t of_events,
                   bool excludes_present, TaggerScratch& scratch, EditTags& out) const;

  EventSchema schema_;
  Model<float> encoder_;
};

}  // namespace v0
}  // namespace seqguard
