// A repair as a whole: times, repetitions, the tagger's edits, and the gate that says which sequences may be touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "seqguard/events/edit_script.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/schema.hpp"
#include "seqguard/model/detail/profile_io.hpp"
#include "seqguard/repair/decode_edits.hpp"
#include "seqguard/repair/edit_tagger.hpp"
#include "seqguard/repair/gap_model.hpp"
#include "seqguard/repair/repair_gate.hpp"
#include "seqguard/repair/repeats_rule.hpp"
#include "seqguard/repair/time_repair.hpp"

namespace seqguard {
inline namespace v0 {

/// Buffers of one thread.
struct RepairScratch {
  TaggerScratch tagger;
  DecodeScratch decode;
  EditTags tags;
  TimeRepair times;
  std::vector<std::uint64_t> repeats;
  std::vector<float> keep;           ///< P(keep) of each event, where repetitions stand far apart
  std::vector<EventEdit> rules;      ///< what was done before the tagger
  std::vector<std::size_t> origins;  ///< of `prepared`
  EncodedEvents prepared;            ///< the sequence after that
  std::vector<ProposedEdit> proposed;
};

/// How a sequence came through.
struct RepairedSequence {
  bool has_gate = false;             ///< false: too few held-out normals for the promise; nothing was done
  double largest_gain = -1;          ///< of the tagger's first round; -1: it did not read the sequence
  bool times_are_estimates = false;  ///< a stretch of times was moved (TimeRepair::is_estimate)
};

/// Least probability of a value that is written where k_many_values or more could stand: likelier right than wrong. Of
/// fewer, the gain alone decides.
inline constexpr double k_sure_value = 0.5;

/// What a repair may do.
struct RepairLimits {
  double max_false_edits = 0.01;            ///< RepairGate::decide()
  std::size_t rounds = 4;                   ///< passes of the tagger at most
  std::optional<double> least_probability;  ///< DecodeOptions; empty: usual_least_probability()
};
double usual_least_probability(const EventSchema& schema) noexcept;

/// Immutable; const functions may be called from any number of threads at once, each with its own scratch. `schema` is
/// that of the events throughout.
struct SequenceRepairer {
  EditTagger tagger;
  GapModel gaps;  ///< learned nothing: the schema has no times
  RepeatsRule repeats;
  RepairGate gate;
  double threshold = 0.1;  ///< least gain of an edit

  /// largest_gain() of the tagger's first round, after times and repetitions where `decision` says so: what a gate
  /// compares. Allocates nothing once warm, unless times or repetitions are to be repaired.
  double first_gain(const EncodedEvents& events, const EventSchema& schema, const GateDecision& decision,
                    RepairScratch& scratch) const;

  /// What a normal puts into RepairGate::gains: the largest first_gain() under any decision about times and
  /// repetitions. Which of them are repaired depends on the share that is promised later; the promise holds for each.
  double gate_gain(const EncodedEvents& events, const EventSchema& schema, RepairScratch& scratch) const;

  /// The script for a sequence of n >= 1 events, in the order of edit_precedes(); empty: it stays as it is. Inserted
  /// events have a time between their neighbours', where those are known.
  RepairedSequence repair(const EncodedEvents& events, const EventSchema& schema, const RepairLimits& limits,
                          RepairScratch& scratch, std::vector<ProposedEdit>& out) const;

  /// All but the tagger.
  void save(ProfileWriter& writer) const;
  static SequenceRepairer load(EditTagger tagger, const SafetensorsFile& file);

 private:
  const EncodedEvents& prepare(const EncodedEvents& events, const EventSchema& schema, const GateDecision& decision,
                               RepairScratch& scratch) const;
  void strike_repeats(const EncodedEvents& events, RepairScratch& scratch) const;
};

}  // namespace v0
}  // namespace seqguard
