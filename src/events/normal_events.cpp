#include "events/normal_events.hpp"

#include <algorithm>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Places kept of each value: what stands beside it varies little more than so many show, and 50,000 values take 26 MB.
constexpr std::size_t k_places = 64;

}  // namespace

NormalEvents::NormalEvents(const EventSchema& schema, std::span<const EncodedEvents* const> normals) {
  std::size_t events = 0;
  for (const EncodedEvents* normal : normals) {
    if (normal->n == 0) continue;
    normals_.push_back(normal);
    ends_.push_back(events += normal->n);
  }
  if (normals_.empty()) fail(ErrorCode::invalid_argument, "normals", "no sequence has an event to draw from");
  collect_places(schema.primary_column().vocabulary.kept());
}

/// Of each type a uniform sample of its places (reservoir).
void NormalEvents::collect_places(std::size_t types) {
  std::vector<std::size_t> seen(types, 0);
  for (const EncodedEvents* normal : normals_)
    for (const TypeId type : normal->types)
      if (type < types) ++seen[type];
  std::vector<std::size_t> begins(types);
  std::size_t end = 0;
  for (std::size_t type = 0; type < types; ++type) {
    begins[type] = end;
    if (seen[type] == 0) continue;
    place_ends_.push_back(end += std::min(seen[type], k_places));
  }
  places_.resize(end);
  std::fill(seen.begin(), seen.end(), 0);
  Random random(0, 0x91ACE);
  for (std::size_t s = 0; s < normals_.size(); ++s) {
    for (std::size_t i = 0; i < normals_[s]->n; ++i) {
      const TypeId type = normals_[s]->types[i];
      if (type >= types) continue;
      const std::size_t k = seen[type] < k_places ? seen[type] : random.below(seen[type] + 1);
      ++seen[type];
      if (k < k_places) places_[begins[type] + k] = {static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(i)};
    }
  }
}

EventPlace NormalEvents::any(Random& random) const {
  const std::size_t event = random.below(ends_.back());
  const auto s = static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), event) - ends_.begin());
  return {normals_[s], event - (ends_[s] - normals_[s]->n)};
}

EventPlace NormalEvents::of_random_type(Random& random) const {
  if (place_ends_.empty()) return any(random);
  const std::size_t k = random.below(place_ends_.size());
  const std::size_t begin = k == 0 ? 0 : place_ends_[k - 1];
  const auto [s, i] = places_[begin + random.below(place_ends_[k] - begin)];
  return {normals_[s], i};
}

const EncodedEvents& NormalEvents::another(const EncodedEvents& than, Random& random) const {
  const std::size_t s = random.below(normals_.size());
  return *normals_[normals_[s] == &than ? (s + 1) % normals_.size() : s];
}

}  // namespace v0
}  // namespace seqguard
