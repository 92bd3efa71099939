// What belongs at an event that is hidden or wrong, and what is missing in a gap: label tables name the value, heads on
// the encoder predict it. Whether an event is wrong, or something is missing, is a matter of
// training/classification.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "seqguard/core/error.hpp"
#include "seqguard/model/gap_prediction.hpp"
#include "seqguard/model/prediction.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/objective.hpp"

namespace seqguard {
inline namespace v0 {

/// Asks about the tokens of a sequence for which TrainingChunk::labels[table] has an id of the primary column; NaN: not
/// asked.
void ask_labelled(const TrainingChunk& chunk, std::size_t table, std::size_t sequence, ChunkTargets& targets);

/// The right value of events, by the masked-LM head.
template <class Real>
class EventValues final : public EventPrediction<Real> {
 public:
  /// @throws Error invalid_argument: a model that predicts more columns than the primary one.
  EventValues(const ModelSpec& spec, std::size_t table) : table_(table) {
    if (spec.features.predicted && (!spec.features.categorical.empty() || spec.features.time_gap_buckets > 0))
      fail(ErrorCode::invalid_argument, "training", "labelled values are those of the primary column alone");
  }
  void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random&) const override {
    ask_labelled(chunk, table_, sequence, targets);
  }

 private:
  std::size_t table_;
};

/// The event that is missing behind a token, by a gap head and the decoder of the masked-LM head.
template <class Real>
class MissingValues final : public Objective<Real> {
 public:
  /// @throws Error invalid_argument: `head` is no gap head, or embeddings are not as wide as hidden states.
  MissingValues(const ModelSpec& spec, std::size_t head, std::size_t table) : head_(head), table_(table) {
    if (head >= spec.heads.size() || spec.heads[head].kind != Head::gap_classification ||
        spec.config.embedding_width() != spec.config.hidden_size)
      fail(ErrorCode::invalid_argument, "training",
           "missing events are predicted by a gap head on states that are as "
           "wide as embeddings");
  }
  void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random&) const override {
    ask_labelled(chunk, table_, sequence, targets);
  }
  double loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets, const LossGradient<Real>* gradient,
              Workspace& workspace) const override;

 private:
  std::size_t head_, table_;
};

// --- bodies ----------------------------------------------------------------------------------------------------------

template <class Real>
double MissingValues<Real>::loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets,
                                 const LossGradient<Real>* gradient, Workspace& workspace) const {
  const Model<Real>& model = encoded.model;
  const std::span<const std::uint32_t> rows = targets.rows;
  const std::span<const std::int32_t> answers = targets.columns.front();
  auto cache = GapPredictionCache<Real>::allocate(workspace.activations, model.config(), rows.size());
  gap_prediction_forward<Real>(model, head_, cache, encoded.hidden, rows, answers, workspace.scratch);
  double loss = 0;
  for (const Real of_row : cache.losses) loss += static_cast<double>(of_row);
  if (gradient == nullptr) return loss;
  const std::span<Real> factors = workspace.activations.allocate<Real>(rows.size());
  std::fill(factors.begin(), factors.end(), static_cast<Real>(gradient->factor));
  gap_prediction_backward<Real>(model, head_, gradient->d_hidden, gradient->d_p, factors, cache, rows, answers,
                                workspace.scratch);
  return loss;
}

extern template class EventValues<float>;
extern template class EventValues<double>;
extern template class MissingValues<float>;
extern template class MissingValues<double>;

}  // namespace v0
}  // namespace seqguard
