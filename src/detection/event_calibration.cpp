#include "seqguard/detection/event_calibration.hpp"

#include <utility>

#include "seqguard/core/random.hpp"
#include "seqguard/detection/features.hpp"

namespace seqguard {
inline namespace v0 {

double share_of_repeats(const Normals& normals) {
  double repeats = 0, events = 0;
  FeatureExtractor extractor;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    const SequenceFeatures& features = extractor.extract(normals.sequence(i));
    repeats += normals.copies(i) * static_cast<double>(features.events.size() - features.types.size());
    events += normals.copies(i) * static_cast<double>(features.events.size());
  }
  return events > 0 ? repeats / events : 0;
}

TailCalibration calibrate_events(std::span<const double> scores, std::size_t most, std::uint64_t seed) {
  if (scores.size() <= most) return TailCalibration(scores, TailRule::cautious);
  constexpr std::uint64_t k_stream = 0xE7E27;
  Random random(seed, k_stream);
  std::vector<double> sample(scores.begin(), scores.end());
  for (std::size_t i = 0; i < most; ++i) std::swap(sample[i], sample[i + random.below(sample.size() - i)]);
  sample.resize(most);
  return TailCalibration(sample, TailRule::cautious);
}

}  // namespace v0
}  // namespace seqguard
