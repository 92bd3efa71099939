#include "seqguard/training/objective.hpp"

#include <algorithm>
#include <cmath>

#include "seqguard/events/vocabulary.hpp"

namespace seqguard {

void ChunkTargets::clear(std::size_t decoders) {
  rows.clear();
  columns.resize(decoders);
  for (std::vector<std::int32_t>& column : columns) column.clear();
}

void ChunkTargets::add(const EncoderBatch& batch, std::size_t row, std::size_t source) {
  rows.push_back(static_cast<std::uint32_t>(row));
  for (std::size_t c = 0; c < columns.size(); ++c) columns[c].push_back(batch.target(c, source));
}

PredictionTargets ChunkTargets::finish() {
  flat.clear();
  for (const std::vector<std::int32_t>& column : columns) flat.insert(flat.end(), column.begin(), column.end());
  return {rows, flat};
}

void NextEvent::corrupt(EncoderBatch& batch, ChunkTargets& targets, std::size_t first, std::size_t count,
                        Random& random) const {
  for (std::size_t t = first; t + 1 < first + count; ++t) targets.add(batch, t, t + 1);
  for (std::size_t t = first; t < first + count; ++t)
    if (random.uniform() < unk_rate_) batch.set_primary(t, k_unk_id);
}

MaskedEvents::MaskedEvents(const std::vector<std::uint64_t>& counts, const MaskedEventsOptions& options)
    : options_(options) {
  double total = 0;
  for (std::size_t v = 0; v < counts.size(); ++v) {
    if (v >= k_reserved_ids) total += std::sqrt(static_cast<double>(counts[v]));
    cumulative_.push_back(total);
  }
}

std::int32_t MaskedEvents::draw_value(Random& random) const {
  const std::size_t values = cumulative_.size() - k_reserved_ids;
  if (values == 0) return k_unk_id;
  if (random.uniform() < 0.5 || cumulative_.back() <= 0)
    return static_cast<std::int32_t>(k_reserved_ids + random.below(values));
  const auto at = std::upper_bound(cumulative_.begin() + k_reserved_ids, cumulative_.end() - 1,
                                   random.uniform() * cumulative_.back());
  return static_cast<std::int32_t>(at - cumulative_.begin());
}

void MaskedEvents::replace(EncoderBatch& batch, std::size_t first, std::size_t count, std::size_t t,
                           Random& random) const {
  if (random.uniform() < options_.copied)
    batch.copy_token(t, first + random.below(count));
  else
    batch.set_primary(t, draw_value(random));
}

void MaskedEvents::corrupt(EncoderBatch& batch, ChunkTargets& targets, std::size_t first, std::size_t count,
                           Random& random) const {
  // Marks carry nothing to predict; an event outside the vocabulary has no candidate that could be right.
  const auto is_event = [&](std::size_t t) { return batch.target(0, t) >= k_reserved_ids; };
  const bool masks = random.uniform() >= options_.replaced_only;
  const bool blocks = random.uniform() < options_.block;
  const double mask_rate =
      masks ? options_.mask_low + (options_.mask_high - options_.mask_low) * random.uniform() : 0.0;
  const double replace_rate = options_.replace_high * random.uniform();

  std::size_t block_left = 0;
  std::size_t added = 0;
  for (std::size_t t = first; t < first + count; ++t) {
    const double choice = random.uniform();
    if (block_left > 0) --block_left;
    if (!is_event(t)) continue;
    if (blocks && block_left == 0 && choice < mask_rate / 4) block_left = 4;
    const bool hidden = blocks ? block_left > 0 : choice < mask_rate;
    const bool replaced = !hidden && random.uniform() < replace_rate;
    const bool predicted = hidden || replaced || random.uniform() < options_.kept_targets;
    if (predicted) {
      targets.add(batch, t, t);
      ++added;
    }
    if (hidden) batch.hide(t);
    if (replaced) replace(batch, first, count, t, random);
  }
  if (added > 0) return;
  // A short window may have drawn nothing: one event of it is hidden.
  const std::size_t start = random.below(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t t = first + (start + i) % count;
    if (!is_event(t)) continue;
    targets.add(batch, t, t);
    batch.hide(t);
    return;
  }
}

}  // namespace seqguard
