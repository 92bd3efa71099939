#include "seqguard/detection/label_features.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "detection/dense_writer.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder_batch.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Stand before the first and after the last event in its bigrams; no type has such a number.
constexpr std::uint64_t k_begin = std::uint64_t{1} << 40, k_end = k_begin + 1;

/// Counts the keys (slots of a block) and appends log(1 + count) of each, scaled to length 1.
void append_counts(std::vector<std::uint64_t>& keys, std::size_t first_column, SparseRows<float>& out) {
  std::sort(keys.begin(), keys.end());
  const std::size_t begin = out.column.size();
  double squares = 0;
  for (std::size_t i = 0; i < keys.size();) {
    const std::size_t same =
        static_cast<std::size_t>(std::upper_bound(keys.begin() + static_cast<std::ptrdiff_t>(i), keys.end(), keys[i]) -
                                 keys.begin()) -
        i;
    const double value = std::log1p(static_cast<double>(same));
    squares += value * value;
    out.append(static_cast<std::uint32_t>(first_column + keys[i]), static_cast<float>(value));
    i += same;
  }
  const double norm = squares > 0 ? std::sqrt(squares) : 1;
  for (std::size_t i = begin; i < out.value.size(); ++i) out.value[i] = static_cast<float>(out.value[i] / norm);
}

constexpr std::size_t k_per_surprise = 3, k_per_number = 5;
/// 4 MB of weights a network.
constexpr std::size_t k_most_unigrams = 16'384;

/// Mean, 90 % quantile and largest of the surprises of a column.
void add_surprises(std::span<const float> surprises, std::vector<float>& buffer, DenseWriter& dense) {
  buffer.assign(surprises.begin(), surprises.end());
  double sum = 0;
  for (const float value : buffer) sum += static_cast<double>(value);
  const auto high = buffer.begin() + static_cast<std::ptrdiff_t>(9 * (buffer.size() - 1) / 10);
  std::nth_element(buffer.begin(), high, buffer.end());
  dense.add(sum / static_cast<double>(buffer.size()));
  dense.add(static_cast<double>(*high));
  dense.add(static_cast<double>(*std::max_element(high, buffer.end())));
}

/// Mean, standard deviation, smallest, largest of the numbers that there are, and the share of those that are missing.
void add_numbers(std::span<const float> values, std::span<const std::uint8_t> missing, DenseWriter& dense) {
  double sum = 0, squares = 0, n = 0;
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (missing[i] != 0) continue;
    const auto value = static_cast<double>(values[i]);
    sum += value;
    squares += value * value;
    least = std::min(least, value);
    most = std::max(most, value);
    ++n;
  }
  const double mean = n > 0 ? sum / n : 0;
  dense.add(mean);
  dense.add(n > 0 ? std::sqrt(std::max(0.0, squares / n - mean * mean)) : 0);
  dense.add(least);
  dense.add(most);
  dense.add(1 - n / static_cast<double>(values.size()));
}

}  // namespace

std::size_t count_numeric_columns(const EventSchema& schema) {
  return static_cast<std::size_t>(std::count_if(schema.columns.begin(), schema.columns.end(),
                                                [](const auto& column) { return column.kind == ColumnKind::numeric; }));
}

LabelFeatures LabelFeatures::of(const EventSchema& schema, std::size_t hidden_size, std::size_t views) {
  LabelFeatures features;
  // A slot for each known type and a few for new ones, within what the networks can hold.
  features.unigrams = std::clamp(schema.primary_column().vocabulary.types() + 64, features.unigrams, k_most_unigrams);
  features.dense = 2 + 3 * hidden_size + k_per_surprise * predicted_columns(schema).size() +
                   k_per_number * count_numeric_columns(schema) + views;
  return features;
}

void append_label_features(const LabelFeatures& features, const EventSchema& schema, const EncodedEvents& events,
                           const Surprise& surprise, std::span<const double> views, LabelFeatureScratch& scratch,
                           SparseRows<float>& out) {
  std::vector<std::uint64_t>& keys = scratch.keys;
  keys.assign(events.types.begin(), events.types.end());
  std::sort(keys.begin(), keys.end());
  const auto distinct = static_cast<double>(std::unique(keys.begin(), keys.end()) - keys.begin());
  keys.clear();
  for (const TypeId type : events.types) keys.push_back((is_unseen(type) ? mix64(type) : type) % features.unigrams);
  append_counts(keys, 0, out);
  keys.clear();
  const std::size_t n = events.n;
  for (std::size_t i = 0; i <= n; ++i) {
    const std::uint64_t before = i == 0 ? k_begin : events.types[i - 1], after = i == n ? k_end : events.types[i];
    keys.push_back(random_bits(before, after, 0) % features.bigrams);
  }
  append_counts(keys, features.unigrams, out);
  keys.clear();
  const auto add_ids = [&](const std::vector<std::int32_t>& ids, std::uint64_t column) {
    for (std::size_t i = 1; i + 1 < ids.size(); ++i)
      keys.push_back(random_bits(column, static_cast<std::uint64_t>(ids[i]), 0) % features.columns);
  };
  for (std::size_t c = 0; c < events.ids.size(); ++c)
    if (c != schema.primary) add_ids(events.ids[c], c);
  add_ids(events.gaps, events.ids.size());
  append_counts(keys, features.unigrams + features.bigrams, out);

  DenseWriter dense(features, out);
  dense.add(std::log1p(static_cast<double>(n)));
  dense.add(std::log1p(distinct));
  for (const float value : surprise.hidden) dense.add(static_cast<double>(value));
  for (std::size_t first = 0; first < surprise.columns.size(); first += n)
    add_surprises(surprise.columns.subspan(first, n), scratch.surprises, dense);
  for (std::size_t c = 0; c < events.values.size(); ++c)
    if (!events.values[c].empty())
      add_numbers(std::span(events.values[c]).subspan(1, n), std::span(events.missing[c]).subspan(1, n), dense);
  for (const double view : views) dense.add(view);
  dense.end_row();
}

}  // namespace v0
}  // namespace seqguard
