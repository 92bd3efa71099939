#include "seqguard/repair/repeats_rule.hpp"

#include <algorithm>

namespace seqguard {
inline namespace v0 {
namespace {

/// Repetitions no farther than this from the one before are a stutter: the first of them stays. Of those farther apart
/// one may as well be a foreign event that happens to be known. ML-100k, users it was not fitted on, 15 % of the events
/// replaced by popular items, 1,637 pairs of which one is wrong: the later one in 54 %, the one with the smaller
/// P(keep) in 74 % (5 %: 58, 77; uniform items 52, 76).
constexpr std::size_t k_stutter = 8;

/// Pairs of type and position, by type, then position.
class ByType {
 public:
  ByType(const EncodedEvents& events, std::vector<std::uint64_t>& buffer) : pairs_(buffer) {
    pairs_.clear();
    for (std::size_t i = 0; i < events.n; ++i) pairs_.push_back((std::uint64_t{events.types[i]} << 32) | i);
    std::sort(pairs_.begin(), pairs_.end());
  }

  /// Leaves the positions, ascending, of all events but one of each type, and says whether `keep` can change which:
  /// the first, or where `keep` is given, of those behind no stutter the one with the largest of it.
  bool leave_repeats(std::span<const float> keep) {
    bool has_far = false;
    std::size_t found = 0;
    for (std::size_t begin = 0, end; begin < pairs_.size(); begin = end) {
      std::size_t stays = position(begin);
      for (end = begin + 1; end < pairs_.size() && type(end) == type(begin); ++end) {
        if (position(end) - position(end - 1) <= k_stutter) continue;
        has_far = true;
        if (!keep.empty() && keep[position(end)] > keep[stays]) stays = position(end);
      }
      for (std::size_t k = begin; k < end; ++k)
        if (const std::size_t at = position(k); at != stays) pairs_[found++] = at;
    }
    pairs_.resize(found);
    std::sort(pairs_.begin(), pairs_.end());
    return has_far;
  }

 private:
  std::size_t type(std::size_t k) const { return pairs_[k] >> 32; }
  std::size_t position(std::size_t k) const { return pairs_[k] & 0xFFFF'FFFFu; }

  std::vector<std::uint64_t>& pairs_;
};

}  // namespace

void RepeatsRule::fit(std::span<const EncodedEvents* const> normals) {
  *this = {};
  std::vector<std::uint64_t> buffer;
  for (const EncodedEvents* events : normals) {
    ByType(*events, buffer).leave_repeats({});
    events_ += events->n;
    repeats_ += buffer.size();
    sequences_ += events->n > 0 ? 1 : 0;
    sequences_with_repeats_ += buffer.empty() ? 0 : 1;
  }
}

bool RepeatsRule::holds() const noexcept { return repeats_ * 20 < events_; }

bool RepeatsRule::strike(const EncodedEvents& events, std::span<const float> keep, std::vector<std::uint64_t>& buffer,
                         std::vector<EventEdit>& out) const {
  if (!holds()) return false;
  const bool has_far = ByType(events, buffer).leave_repeats(keep);
  const std::size_t first = out.size();
  for (const std::uint64_t position : buffer) {
    if (out.size() > first && out.back().position + out.back().count == position)
      ++out.back().count;
    else
      out.push_back({EditOperation::remove, static_cast<std::size_t>(position)});
  }
  return has_far;
}

void RepeatsRule::save(ProfileWriter& writer) const {
  writer.write("repeats", std::vector<std::uint64_t>{events_, repeats_, sequences_, sequences_with_repeats_});
}

void RepeatsRule::load(const ProfileReader& reader) {
  const auto counts = reader.u64("repeats");
  reader.require_size("repeats", counts.size(), 4);
  reader.require(counts[1] <= counts[0] && counts[2] <= counts[0] && counts[3] <= counts[2] && counts[3] <= counts[1],
                 "repeats", "parts above the whole");
  events_ = counts[0];
  repeats_ = counts[1];
  sequences_ = counts[2];
  sequences_with_repeats_ = counts[3];
}

}  // namespace v0
}  // namespace seqguard
