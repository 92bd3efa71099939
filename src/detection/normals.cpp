#include "seqguard/detection/normals.hpp"

#include <algorithm>
#include <numeric>

#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
std::uint64_t content_hash(TypeSequence events) noexcept {
  std::uint64_t hash = mix64(events.size());
  for (const TypeId event : events) hash = mix64(hash ^ event);
  return hash;
}

Normals::Normals(std::span<const TypeSequence> sequences, std::vector<std::uint32_t>* distinct) {
  std::vector<std::uint32_t> order(sequences.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto compare = [&](std::uint32_t a, std::uint32_t b) {
    return std::lexicographical_compare_three_way(sequences[a].begin(), sequences[a].end(), sequences[b].begin(),
                                                  sequences[b].end());
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return compare(a, b) < 0; });
  if (distinct != nullptr) distinct->resize(sequences.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || compare(order[i - 1], order[i]) != 0) {
      append(sequences[order[i]], 1);
    } else {
      ++copies_.back();
      ++total_;
    }
    if (distinct != nullptr) (*distinct)[order[i]] = static_cast<std::uint32_t>(size() - 1);
  }
  collect_types();
  alphabet_ = known_types_.size();
}

void Normals::append(TypeSequence sequence, std::uint32_t copies) {
  events_.insert(events_.end(), sequence.begin(), sequence.end());
  offsets_.push_back(events_.size());
  copies_.push_back(copies);
  total_ += copies;
}

void Normals::collect_types() {
  known_types_ = events_;
  std::sort(known_types_.begin(), known_types_.end());
  known_types_.erase(std::unique(known_types_.begin(), known_types_.end()), known_types_.end());
  known_types_.shrink_to_fit();
}

std::size_t Normals::longest() const noexcept {
  std::size_t longest = 0;
  for (std::size_t i = 0; i < size(); ++i) longest = std::max(longest, sequence(i).size());
  return longest;
}

Normals Normals::with_copies(std::span<const std::uint32_t> copies) const {
  Normals result;
  for (std::size_t i = 0; i < size(); ++i) {
    if (copies[i] > 0) result.append(sequence(i), copies[i]);
  }
  result.collect_types();
  result.alphabet_ = alphabet_;
  return result;
}

Normals Normals::thinned(double share) const {
  std::vector<std::uint64_t> hashes(size());
  for (std::size_t i = 0; i < size(); ++i) hashes[i] = content_hash(sequence(i));
  const auto kept = static_cast<std::size_t>(share * static_cast<double>(size()));
  std::vector<std::uint64_t> sorted = hashes;
  std::sort(sorted.begin(), sorted.end());
  Normals result;
  for (std::size_t i = 0; i < size(); ++i) {
    if (kept == size() || hashes[i] < sorted[kept]) result.append(sequence(i), copies_[i]);
  }
  result.known_types_ = known_types_;
  result.alphabet_ = alphabet_;
  return result;
}

}  // namespace v0
}  // namespace seqguard
