// A sequence as features from which labels are learned: counts, the encoder's opinion, and what every view says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/training/feature_classifier.hpp"

namespace seqguard {
inline namespace v0 {

/// The blocks of a row. Counts are log(1 + count), a block scaled to length 1; dense numbers are in every row.
///   [unigrams]  counts of event types; known types share slots by their number, so that they collide only beyond it
///   [bigrams]   counts of neighbours, both ends included; slots by a hash
///   [columns]   counts of the values of the other categorical columns and of the buckets of time gaps; by a hash
///   [dense]     log(1 + events), log(1 + distinct types);
///               mean, standard deviation and largest of the encoder's last hidden states (Surprise::hidden);
///               of the surprise of each predicted column: mean, 90 % quantile, largest;
///               of each numeric column: mean, standard deviation, smallest, largest, share missing;
///               the raw score of each view, and where labels of events were learned, what they say
struct LabelFeatures {
  std::size_t unigrams = 1024, bigrams = 2048, columns = 1024;  ///< slots; of() gives more unigrams to more types
  std::size_t dense = 0;

  /// For sequences of this schema, an encoder of this width and so many views.
  static LabelFeatures of(const EventSchema& schema, std::size_t hidden_size, std::size_t views);
  std::size_t size() const noexcept { return unigrams + bigrams + columns + dense; }
};

std::size_t count_numeric_columns(const EventSchema& schema);

/// Buffers of one thread.
struct LabelFeatureScratch {
  std::vector<std::uint64_t> keys;
  std::vector<float> surprises;
};

/// Appends the row of a sequence. `surprise` is that of the causal pass, summarised; `views` the raw scores of all
/// views but that of the labels, and what else the dense features end with. Numbers that are not known (NaN) become 0.
/// @throws Error invalid_argument: other numbers of dense features than `features` has.
void append_label_features(const LabelFeatures& features, const EventSchema& schema, const EncodedEvents& events,
                           const Surprise& surprise, std::span<const double> views, LabelFeatureScratch& scratch,
                           SparseRows<float>& out);

}  // namespace v0
}  // namespace seqguard
