#include "sequence_scorer/expected_values.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace seqguard {
inline namespace v0 {

std::vector<std::vector<ExpectedValue>> expected_values(const EncodedEvents& events,
                                                        std::span<const std::size_t> positions, std::size_t count,
                                                        SequenceScorer::Scratch::Buffers& buffers) {
  const BehaviourModel& model = *buffers.model;
  std::vector<std::vector<ExpectedValue>> result(positions.size());
  std::vector<std::int32_t> ids(model.schema.primary_column().vocabulary.kept());
  std::iota(ids.begin(), ids.end(), k_reserved_ids);
  count = std::min(count, ids.size());
  const auto keep_most_probable = [&](std::size_t k, std::span<float> log_p) {
    const auto at = [&](std::int32_t id) { return log_p[static_cast<std::size_t>(id)]; };
    model.events.rules.exclude_repeats(events.ids[model.schema.primary], positions[k] + 1, log_p);
    std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(),
                      [&](std::int32_t a, std::int32_t b) { return at(a) != at(b) ? at(a) > at(b) : a < b; });
    for (std::size_t i = 0; i < count; ++i) result[k].push_back({ids[i], std::exp(static_cast<double>(at(ids[i])))});
  };
  masked_distributions(model.encoder, model.schema, events, positions, buffers.surprise, buffers.log_probability,
                       keep_most_probable);
  return result;
}

}  // namespace v0
}  // namespace seqguard
