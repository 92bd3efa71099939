// An event as features from which labels of events are learned: what it is, how surprising, what the edit tagger says
// of it, and how it stands among its neighbours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/detection/label_features.hpp"
#include "seqguard/repair/edit_tagger.hpp"

namespace seqguard {
inline namespace v0 {

/// What is known of the L >= 1 events of a sequence, borrowed.
struct EventSigns {
  std::span<const float> surprise;  ///< [C, L] Surprise::columns of the causal pass
  const EditTags* tags = nullptr;   ///< null: the model has no repair
  std::span<const double> views;    ///< raw scores of the sequence by all views but that of the labels
};

/// Buffers of one thread; they grow with the longest sequence.
struct EventFeatureScratch {
  std::vector<std::uint32_t> order;         ///< events by value, then place
  std::vector<std::size_t> before, behind;  ///< [L] distance to the same value; 0: there is none
  std::vector<std::size_t> same;            ///< [L] events of the same value
  std::vector<float> gaps;                  ///< [L + 1] before each event; the first and the last are 0
  std::vector<float> total, ascending;      ///< [L] surprise of all columns; sorted numbers
  std::vector<std::uint64_t> keys;

  void reserve(const EventSchema& schema, std::size_t max_events);
};

/// The blocks of a row, in LabelFeatures' slots (a neighbourhood reaches three events to each side):
///   [unigrams]  1 for the type of the event
///   [bigrams]   1 for the event and the one before it, and for it and the one behind it
///   [columns]   1 for its value in each other categorical column and for the bucket of its time gap
///   [dense]     of each predicted column: its surprise, that of the event before and behind, mean of the
///   neighbourhood;
///               share of the sequence's events that are less surprising; median, 90 % quantile and largest of them;
///               with a tagger: log odds of remove, replace, and of missing events before and behind, means of these
///               probabilities in the neighbourhood, log(1 + sum) over the sequence;
///               1 / distance to the same value before and behind, share of the events with that value;
///               with times: x = sign(g) log(1 + 10 |g|) of the gaps g before and behind in seconds, x less its median
///               in the sequence, mean and log(.01 + deviation) in the neighbourhood, whether time runs backwards;
///               of each numeric column: the number, whether it is missing, difference to the event before;
///               place i / L, log(1 + i), log(1 + L - i);
///               the raw score of each view
/// Not among them, since they were no help on the simulated shop (300 labelled users, tagger present): the encoder's
/// hidden state of each event under the full mask (AUROC of events .978 with, .984 without), and surprise of both sides
/// (.975, .975).
LabelFeatures event_label_features(const EventSchema& schema, std::size_t views, bool has_tags);

/// Appends a row for each event. Numbers that are not known (NaN) become 0. Allocates nothing once the buffers are
/// warm. @throws Error invalid_argument: other numbers of dense features than `features` has.
void append_event_features(const LabelFeatures& features, const EventSchema& schema, const EncodedEvents& events,
                           const EventSigns& signs, EventFeatureScratch& scratch, SparseRows<float>& out);

}  // namespace v0
}  // namespace seqguard
