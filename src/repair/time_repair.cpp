#include "seqguard/repair/time_repair.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_most_stretches = 100'000;  // about .3 s
constexpr double k_open_end = 3, k_move_over_sort = 2;
/// Medians are at most 2^60: no sum of a time and a shift overflows.
constexpr std::int64_t k_farthest = std::int64_t{1} << 61;

/// 100 ms 2^(k/2), k = 1 .. 39.
std::array<std::int64_t, 39> make_gaps() {
  std::array<std::int64_t, 39> gaps;
  for (std::size_t k = 0; k < gaps.size(); ++k) gaps[k] = std::llround(100 * std::exp2(static_cast<double>(k + 1) / 2));
  return gaps;
}

/// The gap before an event, and what normals say about it.
struct GapAt {
  std::int64_t gap_ms = 0, median_ms = 0;
  GapModel::LogProbabilities row;

  double log_probability(std::int64_t gap) const { return GapModel::log_probability(row, gap); }
};

/// The stretch [first, last) of the known times gets later by `shift_ms`.
struct Move {
  std::size_t first = 0, last = 0;
  std::int64_t shift_ms = 0;
  double likelihood = -std::numeric_limits<double>::infinity();
};

class TimeRepairer {
 public:
  TimeRepairer(const GapModel& model, const EncodedEvents& events)
      : model_(model), events_(events), gaps_(make_gaps()) {
    for (std::size_t i = 0; i < events.n; ++i) {
      if (events.time_ms[i] == k_no_time) continue;
      known_.push_back(i);
      times_.push_back(events.time_ms[i]);
    }
  }

  void repair(TimeRepair& out) {
    for (const std::int64_t time : times_)
      if (time < -k_farthest || time > k_farthest) {
        out.is_complete = false;
        return;
      }
    const double before = likelihood(times_);
    std::vector<std::int64_t> sorted = times_;
    std::sort(sorted.begin(), sorted.end());
    const double sort_likelihood = likelihood(sorted);
    const Move move = best_move(before, out.is_complete);
    const bool moves = move.likelihood > sort_likelihood + k_move_over_sort;
    out.gain = (moves ? move.likelihood : sort_likelihood) - before;
    out.is_estimate = moves;
    if (moves)
      out.edits.push_back(shift(known_[move.first], known_[move.last - 1] + 1, move.shift_ms));
    else
      for (std::size_t k = 0; k < sorted.size(); ++k)
        if (sorted[k] != times_[k]) out.edits.push_back(shift(known_[k], known_[k] + 1, sorted[k] - times_[k]));
  }

 private:
  static EventEdit shift(std::size_t first, std::size_t last, std::int64_t by_ms) {
    EventEdit edit{EditOperation::set_time, first};
    edit.count = last - first;
    edit.shift_ms = by_ms;
    return edit;
  }

  TypeId type(std::size_t k) const { return events_.types[known_[k]]; }
  GapAt gap_at(std::size_t k) const {
    return {times_[k] - times_[k - 1], model_.median_ms(type(k - 1), type(k)),
            model_.log_probabilities(type(k - 1), type(k))};
  }

  double likelihood(const std::vector<std::int64_t>& times) const {
    double sum = 0;
    for (std::size_t k = 1; k < times.size(); ++k)
      sum += GapModel::log_probability(model_.log_probabilities(type(k - 1), type(k)), times[k] - times[k - 1]);
    return sum;
  }

  /// Where times fall, the farthest falls first.
  std::vector<std::size_t> falls() const {
    std::vector<std::size_t> result;
    for (std::size_t k = 1; k < times_.size(); ++k)
      if (times_[k] < times_[k - 1]) result.push_back(k);
    std::stable_sort(result.begin(), result.end(), [&](std::size_t x, std::size_t y) {
      return times_[x] - times_[x - 1] < times_[y] - times_[y - 1];
    });
    return result;
  }

  Move best_move(double before, bool& is_complete) {
    std::size_t left = k_most_stretches;
    const std::size_t n = times_.size();
    Move best;
    for (const std::size_t j : falls()) {
      const GapAt fall = gap_at(j);
      const double rest = before - fall.log_probability(fall.gap_ms);
      // Short stretches first, of both sides.
      for (std::size_t length = 1; length < n; ++length) {
        for (const bool later : {true, false}) {
          if (length > (later ? n - j : j)) continue;
          if (left-- == 0) {
            is_complete = false;
            return best;
          }
          const std::size_t end = later ? j + length : j - length;  // the other gap that changes
          Move move = later ? Move{j, end} : Move{end, j};
          try_shifts(fall, end, rest, move);
          if (!later) move.shift_ms = -move.shift_ms;
          if (move.likelihood > best.likelihood) best = move;
        }
      }
    }
    return best;
  }

  /// The fallen gap grows by the shift and the one at `end` shrinks by it, whichever side of the fall moves.
  void try_shifts(const GapAt& fall, std::size_t end, double rest, Move& best) const {
    const bool is_open = end == 0 || end == times_.size();
    const GapAt other = is_open ? GapAt{} : gap_at(end);
    if (!is_open) rest -= other.log_probability(other.gap_ms);
    const auto attempt = [&](std::int64_t by_ms) {
      if (by_ms <= 0) return;
      const double likelihood = rest + fall.log_probability(fall.gap_ms + by_ms) +
                                (is_open ? -k_open_end : other.log_probability(other.gap_ms - by_ms));
      if (likelihood > best.likelihood) best.likelihood = likelihood, best.shift_ms = by_ms;
    };
    attempt(fall.median_ms - fall.gap_ms);
    if (!is_open) attempt(other.gap_ms - other.median_ms);
    for (const std::int64_t gap : gaps_) {
      attempt(gap - fall.gap_ms);
      if (!is_open) attempt(other.gap_ms - gap);
    }
  }

  const GapModel& model_;
  const EncodedEvents& events_;
  const std::array<std::int64_t, 39> gaps_;
  std::vector<std::size_t> known_;  // positions of the events that have a time
  std::vector<std::int64_t> times_;
};

bool is_out_of_order(const EncodedEvents& events) {
  std::int64_t before = k_no_time;  // below any other
  for (const std::int64_t time : events.time_ms) {
    if (time == k_no_time) continue;
    if (time < before) return true;
    before = time;
  }
  return false;
}

}  // namespace

void repair_times(const GapModel& model, const EncodedEvents& events, TimeRepair& out,
                  const TimeRepairOptions& options) {
  out.edits.clear();
  out.is_estimate = false;
  out.gain = 0;
  out.is_complete = true;
  const double most = options.most_disordered * static_cast<double>(model.sequences());
  if (model.sequences() == 0 || static_cast<double>(model.disordered()) > most || !is_out_of_order(events)) return;
  TimeRepairer(model, events).repair(out);
}

}  // namespace v0
}  // namespace seqguard
