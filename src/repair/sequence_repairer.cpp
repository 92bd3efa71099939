#include "seqguard/repair/sequence_repairer.hpp"

#include <algorithm>
#include <utility>

#include "repair/compose_script.hpp"

namespace seqguard {
inline namespace v0 {

double usual_least_probability(const EventSchema& schema) noexcept {
  return schema.primary_column().vocabulary.kept() >= k_many_values ? k_sure_value : 0;
}

/// The sequence without what the rules find: itself, if that is nothing.
const EncodedEvents& SequenceRepairer::prepare(const EncodedEvents& events, const EventSchema& schema,
                                               const GateDecision& decision, RepairScratch& scratch) const {
  scratch.rules.clear();
  scratch.times.is_estimate = false;
  if (decision.repairs_times && schema.time) {
    repair_times(gaps, events, scratch.times, {.most_disordered = 1});  // the gate knows how many normals it touches
    scratch.rules.insert(scratch.rules.end(), scratch.times.edits.begin(), scratch.times.edits.end());
  }
  if (decision.strikes_repeats) strike_repeats(events, scratch);
  if (scratch.rules.empty()) return events;
  apply_script(scratch.rules, events, schema, scratch.prepared, scratch.origins);
  return scratch.prepared;
}

/// Which of two equal events far apart is the wrong one, the tagger says.
void SequenceRepairer::strike_repeats(const EncodedEvents& events, RepairScratch& scratch) const {
  const std::size_t first = scratch.rules.size();
  if (!repeats.strike(events, {}, scratch.repeats, scratch.rules)) return;
  tagger.tag(events, repeats.holds(), scratch.tagger, scratch.tags);
  scratch.keep.clear();
  for (const EventTags& event : scratch.tags.events) scratch.keep.push_back(event.keep);
  scratch.rules.resize(first);
  repeats.strike(events, scratch.keep, scratch.repeats, scratch.rules);
}

double SequenceRepairer::first_gain(const EncodedEvents& events, const EventSchema& schema,
                                    const GateDecision& decision, RepairScratch& scratch) const {
  tagger.tag(prepare(events, schema, decision, scratch), repeats.holds(), scratch.tagger, scratch.tags);
  return largest_gain(scratch.tags);
}

double SequenceRepairer::gate_gain(const EncodedEvents& events, const EventSchema& schema,
                                   RepairScratch& scratch) const {
  double gain = first_gain(events, schema, {true, true, true}, scratch);
  if (scratch.rules.empty()) return gain;  // so it is under every decision
  for (const auto& [times, repetitions] : {std::pair(false, false), {false, true}, {true, false}})
    gain = std::max(gain, first_gain(events, schema, {true, times, repetitions}, scratch));
  return gain;
}

RepairedSequence SequenceRepairer::repair(const EncodedEvents& events, const EventSchema& schema,
                                          const RepairLimits& limits, RepairScratch& scratch,
                                          std::vector<ProposedEdit>& out) const {
  out.clear();
  const GateDecision decision = gate.decide(limits.max_false_edits);
  RepairedSequence result;
  result.has_gate = decision.exists;
  if (!decision.exists) return result;
  result.largest_gain = first_gain(events, schema, decision, scratch);
  result.times_are_estimates = scratch.times.is_estimate;
  const bool ruled = !scratch.rules.empty();
  const EncodedEvents& prepared = ruled ? scratch.prepared : events;
  scratch.proposed.clear();
  if (result.largest_gain > decision.gain) {
    const double least = limits.least_probability.value_or(usual_least_probability(schema));
    decode_edits(tagger, prepared, schema, scratch.tags, {threshold, limits.rounds, least, repeats.holds()},
                 scratch.tagger, scratch.decode, scratch.proposed);
    set_inserted_times(prepared, gaps, scratch.proposed);
  }
  if (ruled)
    compose_scripts(scratch.rules, events.n, scratch.origins, scratch.proposed, out);
  else
    out.assign(scratch.proposed.begin(), scratch.proposed.end());
  return result;
}

void SequenceRepairer::save(ProfileWriter& writer) const {
  writer.scope("gaps");
  gaps.save(writer);
  writer.scope("repeats");
  repeats.save(writer);
  writer.scope("gate");
  gate.save(writer);
  writer.scope("edits");
  writer.write("threshold", std::vector<double>{threshold});
}

SequenceRepairer SequenceRepairer::load(EditTagger tagger, const SafetensorsFile& file) {
  SequenceRepairer repairer{std::move(tagger), {}, {}, {}};
  repairer.gaps.load({file, "gaps"});
  repairer.repeats.load({file, "repeats"});
  repairer.gate.load({file, "gate"});
  const ProfileReader reader(file, "edits");
  const std::vector<double> threshold = reader.f64("threshold");
  reader.require_size("threshold", threshold.size(), 1);
  reader.require(threshold[0] >= -1 && threshold[0] <= 1, "threshold", "not between -1 and 1");
  repairer.threshold = threshold[0];
  return repairer;
}

}  // namespace v0
}  // namespace seqguard
