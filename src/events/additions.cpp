#include "events/additions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "seqguard/events/events_view.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::int64_t k_last_time = std::numeric_limits<std::int64_t>::max();

std::int64_t later(std::int64_t time_ms, std::int64_t by_ms) {
  return time_ms > k_last_time - by_ms ? k_last_time : time_ms + by_ms;
}

/// A time before; never the one that stands for none.
std::int64_t earlier(std::int64_t time_ms, std::int64_t by_ms) {
  return time_ms < k_no_time + 1 + by_ms ? k_no_time + 1 : time_ms - by_ms;
}

/// Merges, and keeps the account of the time put in.
class Merger {
 public:
  Merger(Draft& draft, const DamageManner& manner, Random& random, std::size_t added)
      : draft_(draft), manner_(manner), random_(random) {
    result_.reserve(draft.size() + added);
  }

  /// Event i of the draft, behind the additions [first, last) before it; i may be the end.
  void merge(std::size_t i, const Addition* first, const Addition* last) {
    const bool is_timed = i < draft_.size() && draft_[i].time_ms != k_no_time;
    if (is_timed && moved_ms_ > 0) draft_[i].time_ms = later(draft_[i].time_ms, moved_ms_);
    if (first != last) {
      const std::size_t begin = result_.size();
      for (const Addition* addition = first; addition != last; ++addition) result_.push_back(addition->event);
      if (!manner_.random_persistent) keep_persistent(begin, i);
      const std::int64_t time_put_in = give_times(begin, i);
      if (is_timed && manner_.moves_rest) {
        draft_[i].time_ms = later(draft_[i].time_ms, time_put_in);
        moved_ms_ = later(moved_ms_, time_put_in);
      }
    }
    if (i < draft_.size()) result_.push_back(draft_[i]);
  }

  Draft take() { return std::move(result_); }

 private:
  /// The events from `begin` on, which stand before event i of the draft, continue what was there.
  void keep_persistent(std::size_t begin, std::size_t i) {
    const EventPlace place = begin > 0 ? result_[begin - 1].persistent : draft_[i].persistent;
    for (std::size_t k = begin; k < result_.size(); ++k) result_[k].persistent = place;
  }

  std::int64_t draw_gap() { return static_cast<std::int64_t>(manner_.pace_ms * std::exp(.7 * random_.normal())); }

  /// Times for the events from `begin` on, which stand before event i of the draft. Returns the time that they take.
  std::int64_t give_times(std::size_t begin, std::size_t i) {
    const std::int64_t before = begin > 0 ? result_[begin - 1].time_ms : k_no_time;
    const std::int64_t behind = i < draft_.size() ? draft_[i].time_ms : k_no_time;
    if (before == k_no_time && behind == k_no_time) return 0;
    if (!manner_.has_pace && before != k_no_time && behind > before) return spread_times(begin, before, behind);
    std::vector<std::int64_t> gaps(result_.size() - begin);
    for (std::int64_t& gap : gaps) gap = draw_gap();
    const std::int64_t total = std::accumulate(gaps.begin(), gaps.end(), std::int64_t{0});
    // Before the first event: so early that nothing behind has to move.
    std::int64_t time = before != k_no_time ? before : earlier(behind, total + draw_gap());
    for (std::size_t k = begin; k < result_.size(); ++k) {
      time = later(time, gaps[k - begin]);
      const bool passes = !manner_.moves_rest && behind != k_no_time && time > behind;
      result_[k].time_ms = passes ? std::max(behind, before) : time;
    }
    return before != k_no_time ? total : 0;
  }

  std::int64_t spread_times(std::size_t begin, std::int64_t before, std::int64_t behind) {
    // The difference of two int64 can overflow; as unsigned it is exact.
    const std::uint64_t room = static_cast<std::uint64_t>(behind) - static_cast<std::uint64_t>(before);
    std::vector<std::uint64_t> offsets(result_.size() - begin);
    for (std::uint64_t& offset : offsets) offset = random_.below(room);
    std::sort(offsets.begin(), offsets.end());
    for (std::size_t k = begin; k < result_.size(); ++k)
      result_[k].time_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(before) + offsets[k - begin]);
    return static_cast<std::int64_t>(std::min<std::uint64_t>(offsets.back(), k_last_time));
  }

  Draft& draft_;
  const DamageManner& manner_;
  Random& random_;
  Draft result_;
  std::int64_t moved_ms_ = 0;
};

}  // namespace

DamageManner::DamageManner(Random& random)
    : has_pace(random.uniform() < .7),
      moves_rest(random.uniform() < .5),
      random_persistent(random.uniform() < .2),
      pace_ms(50 * std::pow(400, random.uniform())) {}

void put_in(std::vector<Addition>& added, const DamageManner& manner, Random& random, Draft& draft) {
  std::stable_sort(added.begin(), added.end(),
                   [](const Addition& a, const Addition& b) { return a.before < b.before; });
  Merger merger(draft, manner, random, added.size());
  const Addition *next = added.data(), *const end = next + added.size();
  for (std::size_t i = 0; i <= draft.size(); ++i) {
    const Addition* const first = next;
    while (next != end && next->before == i) ++next;
    merger.merge(i, first, next);
  }
  draft = merger.take();
}

}  // namespace v0
}  // namespace seqguard
