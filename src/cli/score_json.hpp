// The line of a judged sequence, member by member.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/json_writer.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

/// Where it stands, how it was judged and, of a model that has learned from labels, the probabilities.
void write_score(const Dataset& data, std::size_t s, const Score& score, std::span<const std::string> classes,
                 JsonWriter& json);
/// "damage": what a repair would see in an abnormal sequence, as a reason beside the verdict.
void write_signs(const SequenceScorer& scorer, const EventsView& events, SequenceScorer::Scratch& scratch,
                 JsonWriter& json);
/// "events": the score of each, with `count` expected values.
void write_events(const SequenceScorer& scorer, const EventsView& events, const Score& score, std::size_t count,
                  SequenceScorer::Scratch& scratch, JsonWriter& json);

}  // namespace seqguard::cli
