// The header code of training, instantiated once with the library's flags.
#include "seqguard/training/asked_batch.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/early_stopping.hpp"
#include "seqguard/training/edit_objectives.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/frozen_hidden_states.hpp"
#include "seqguard/training/label_loss.hpp"
#include "seqguard/training/objective.hpp"
#include "seqguard/training/optimizer.hpp"
#include "seqguard/training/schedule.hpp"
#include "seqguard/training/trainer.hpp"
#include "seqguard/training/weight_average.hpp"

namespace seqguard {
inline namespace v0 {

std::vector<std::uint64_t> primary_counts(const EventSchema& schema) {
  const Vocabulary& vocabulary = schema.primary_column().vocabulary;
  std::vector<std::uint64_t> counts(vocabulary.size());
  for (TypeId type = 0; type < vocabulary.kept(); ++type) counts[type + k_reserved_ids] = vocabulary.count(type);
  return counts;
}

void ask_labelled(const TrainingChunk& chunk, std::size_t table, std::size_t sequence, ChunkTargets& targets) {
  const std::span<const float> ids = chunk.labels[table];
  targets.columns.resize(1);
  for (std::size_t t = chunk.batch.offsets()[sequence]; t < chunk.batch.offsets()[sequence + 1]; ++t) {
    if (std::isnan(ids[t])) continue;
    targets.rows.push_back(static_cast<std::uint32_t>(t));
    targets.columns.front().push_back(static_cast<std::int32_t>(ids[t]));
  }
}

template class EventPrediction<float>;
template class EventPrediction<double>;
template class NextEvent<float>;
template class NextEvent<double>;
template class MaskedEvents<float>;
template class MaskedEvents<double>;
template class EventValues<float>;
template class EventValues<double>;
template class MissingValues<float>;
template class MissingValues<double>;
template class Classification<float>;
template class Classification<double>;
template std::size_t task_of(std::span<const TrainingTask<float>>, std::uint64_t);
template std::size_t task_of(std::span<const TrainingTask<double>>, std::uint64_t);
template void check_tasks(std::span<const TrainingTask<float>>);
template void check_tasks(std::span<const TrainingTask<double>>);
template class FrozenHiddenStates<float>;
template class FrozenHiddenStates<double>;
template class AskedBatch<float>;
template class AskedBatch<double>;
template double learning_rate(const Schedule&, std::size_t, std::size_t);
template struct EarlyStopping<float>;
template struct EarlyStopping<double>;
template class Optimizer<float>;
template class Optimizer<double>;
template struct WeightAverage<float>;
template struct WeightAverage<double>;
template class Trainer<float>;
template class Trainer<double>;

}  // namespace v0
}  // namespace seqguard
