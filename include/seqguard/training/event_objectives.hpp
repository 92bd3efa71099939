// Pre-training on sequences of events: the next event from those before it, hidden events from both sides.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/vocabulary.hpp"
#include "seqguard/model/prediction.hpp"
#include "seqguard/training/objective.hpp"

namespace seqguard {
inline namespace v0 {

/// The surprise of the events that a subclass asks for, all predicted columns weighted and added.
template <class Real>
class EventPrediction : public Objective<Real> {
 public:
  double loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets, const LossGradient<Real>* gradient,
              Workspace& workspace) const override;

 protected:
  /// Asks for what token `source` of the batch holds at this moment, from the hidden state of token `row`.
  static void ask(const EncoderBatch& batch, ChunkTargets& targets, std::size_t row, std::size_t source);
};

/// h_t predicts event t + 1 under the causal mask. A share of the inputs becomes UNK, so that UNK has an embedding.
template <class Real>
class NextEvent final : public EventPrediction<Real> {
 public:
  explicit NextEvent(double unk_rate = 0.002) : unk_rate_(unk_rate) {}
  AttentionMask mask() const noexcept override { return AttentionMask::causal; }
  void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random& random) const override;

 private:
  double unk_rate_;
};

/// Rates of MaskedEvents, from reference measurements on item sequences.
struct MaskedEventsOptions {
  double mask_low = 0.15, mask_high = 0.3;  ///< mask rate of a window, uniform in between
  double replaced_only = 0.3;               ///< windows without a mask, with replaced events only
  double replace_high = 0.2;                ///< rate of replaced events, uniform in (0, replace_high)
  double block = 0.5;                       ///< masked windows that hide blocks of 4 instead of single positions
  double copied = 0.25;                     ///< replaced events that are copies of another event of the window
  double kept_targets = 0.1;                ///< untouched events that are predicted as well
};

/// Hidden and replaced events are predicted from both sides. New values come half from the square roots of the counts,
/// half uniformly.
template <class Real>
class MaskedEvents final : public EventPrediction<Real> {
 public:
  /// counts[v] of the primary column's vocabulary, reserved ids included (their counts are ignored).
  explicit MaskedEvents(std::span<const std::uint64_t> counts, const MaskedEventsOptions& options = {});
  void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random& random) const override;

 private:
  std::int32_t draw_value(Random& random) const;
  void replace(EncoderBatch& batch, std::size_t first, std::size_t count, std::size_t t, Random& random) const;

  MaskedEventsOptions options_;
  std::vector<double> cumulative_;  // of the square roots of the counts
};

/// How often each value of the primary column occurs in the data of a schema, by the encoder's ids.
std::vector<std::uint64_t> primary_counts(const EventSchema& schema);

// --- bodies ----------------------------------------------------------------------------------------------------------

template <class Real>
void EventPrediction<Real>::ask(const EncoderBatch& batch, ChunkTargets& targets, std::size_t row, std::size_t source) {
  targets.rows.push_back(static_cast<std::uint32_t>(row));
  for (std::size_t c = 0; c < targets.columns.size(); ++c) targets.columns[c].push_back(batch.target(c, source));
}

template <class Real>
double EventPrediction<Real>::loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets,
                                   const LossGradient<Real>* gradient, Workspace& workspace) const {
  const Model<Real>& model = encoded.model;
  const std::size_t rows = targets.rows.size(), columns = targets.columns.size();
  const std::span<std::int32_t> answers = workspace.activations.allocate<std::int32_t>(columns * rows);
  for (std::size_t c = 0; c < columns; ++c) std::copy_n(targets.columns[c].begin(), rows, answers.begin() + c * rows);
  const PredictionTargets what{targets.rows, answers};
  auto cache = PredictionCache<Real>::allocate(workspace.activations, model.config(), rows, columns);
  prediction_forward<Real>(model, cache, encoded.hidden, what, workspace.scratch);
  const auto weight = [&](std::size_t i) { return i < rows ? 1.0 : k_secondary_weight; };
  double loss = 0;
  for (std::size_t i = 0; i < columns * rows; ++i) loss += weight(i) * static_cast<double>(cache.losses[i]);
  if (gradient == nullptr) return loss;
  const std::span<Real> factors = workspace.activations.allocate<Real>(columns * rows);
  for (std::size_t i = 0; i < columns * rows; ++i)
    factors[i] = answers[i] < 0 ? Real(0) : static_cast<Real>(weight(i) * gradient->factor);
  prediction_backward<Real>(model, gradient->d_hidden, gradient->d_p, factors, cache, what, workspace.scratch);
  return loss;
}

template <class Real>
void NextEvent<Real>::corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random& random) const {
  EncoderBatch& batch = chunk.batch;
  const std::size_t first = batch.offsets()[sequence], end = batch.offsets()[sequence + 1];
  for (std::size_t t = first; t + 1 < end; ++t) this->ask(batch, targets, t, t + 1);
  for (std::size_t t = first; t < end; ++t)
    if (random.uniform() < unk_rate_) batch.set_primary(t, k_unk_id);
}

template <class Real>
MaskedEvents<Real>::MaskedEvents(std::span<const std::uint64_t> counts, const MaskedEventsOptions& options)
    : options_(options) {
  double total = 0;
  for (std::size_t v = 0; v < counts.size(); ++v) {
    if (v >= k_reserved_ids) total += std::sqrt(static_cast<double>(counts[v]));
    cumulative_.push_back(total);
  }
}

template <class Real>
std::int32_t MaskedEvents<Real>::draw_value(Random& random) const {
  const std::size_t values = cumulative_.size() - k_reserved_ids;
  if (values == 0) return k_unk_id;
  if (random.uniform() < 0.5 || cumulative_.back() <= 0)
    return static_cast<std::int32_t>(k_reserved_ids + random.below(values));
  const auto at = std::upper_bound(cumulative_.begin() + k_reserved_ids, cumulative_.end() - 1,
                                   random.uniform() * cumulative_.back());
  return static_cast<std::int32_t>(at - cumulative_.begin());
}

template <class Real>
void MaskedEvents<Real>::replace(EncoderBatch& batch, std::size_t first, std::size_t count, std::size_t t,
                                 Random& random) const {
  if (random.uniform() < options_.copied)
    batch.copy_token(t, first + random.below(count));
  else
    batch.set_primary(t, draw_value(random));
}

template <class Real>
void MaskedEvents<Real>::corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence,
                                 Random& random) const {
  EncoderBatch& batch = chunk.batch;
  const std::size_t first = batch.offsets()[sequence], count = batch.offsets()[sequence + 1] - first;
  // Marks carry nothing to predict; an event outside the vocabulary has no candidate that could be right.
  const auto is_event = [&](std::size_t t) { return batch.target(0, t) >= k_reserved_ids; };
  const bool masks = random.uniform() >= options_.replaced_only;
  const bool blocks = random.uniform() < options_.block;
  const double mask_rate =
      masks ? options_.mask_low + (options_.mask_high - options_.mask_low) * random.uniform() : 0.0;
  const double replace_rate = options_.replace_high * random.uniform();

  const std::size_t asked_before = targets.rows.size();
  std::size_t block_left = 0;
  for (std::size_t t = first; t < first + count; ++t) {
    const double choice = random.uniform();
    if (block_left > 0) --block_left;
    if (!is_event(t)) continue;
    if (blocks && block_left == 0 && choice < mask_rate / 4) block_left = 4;
    const bool hidden = blocks ? block_left > 0 : choice < mask_rate;
    const bool replaced = !hidden && random.uniform() < replace_rate;
    if (hidden || replaced || random.uniform() < options_.kept_targets) this->ask(batch, targets, t, t);
    if (hidden) batch.hide(t);
    if (replaced) replace(batch, first, count, t, random);
  }
  if (targets.rows.size() > asked_before) return;
  // A short window may have drawn nothing: one event of it is hidden.
  const std::size_t start = random.below(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t t = first + (start + i) % count;
    if (!is_event(t)) continue;
    this->ask(batch, targets, t, t);
    batch.hide(t);
    return;
  }
}

extern template class EventPrediction<float>;
extern template class EventPrediction<double>;
extern template class NextEvent<float>;
extern template class NextEvent<double>;
extern template class MaskedEvents<float>;
extern template class MaskedEvents<double>;

}  // namespace v0
}  // namespace seqguard
