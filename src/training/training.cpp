// The header code of training, instantiated once with the library's flags.
#include "seqguard/training/classification.hpp"
#include "seqguard/training/early_stopping.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/objective.hpp"
#include "seqguard/training/optimizer.hpp"
#include "seqguard/training/schedule.hpp"
#include "seqguard/training/trainer.hpp"

namespace seqguard {
inline namespace v0 {

std::vector<std::uint64_t> primary_counts(const EventSchema& schema) {
  const Vocabulary& vocabulary = schema.primary_column().vocabulary;
  std::vector<std::uint64_t> counts(vocabulary.size());
  for (TypeId type = 0; type < vocabulary.kept(); ++type) counts[type + k_reserved_ids] = vocabulary.count(type);
  return counts;
}

template class EventPrediction<float>;
template class EventPrediction<double>;
template class NextEvent<float>;
template class NextEvent<double>;
template class MaskedEvents<float>;
template class MaskedEvents<double>;
template double label_loss(const KernelTable<float>&, HeadLoss, std::span<float>, std::span<const float>,
                           std::span<const float>, double);
template double label_loss(const KernelTable<double>&, HeadLoss, std::span<double>, std::span<const double>,
                           std::span<const double>, double);
template class SequenceClassification<float>;
template class SequenceClassification<double>;
template const Objective<float>& objective_of(std::span<const ObjectiveShare<float>>, std::uint64_t);
template double learning_rate(const Schedule&, std::size_t, std::size_t);
template struct EarlyStopping<float>;
template struct EarlyStopping<double>;
template class Optimizer<float>;
template class Optimizer<double>;
template class Trainer<float>;

}  // namespace v0
}  // namespace seqguard
