#include "seqguard/repair/gap_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "seqguard/core/random.hpp"
#include "seqguard/events/type_id.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_most_pairs = std::size_t{1} << 17;
constexpr std::int64_t k_longest_median = std::int64_t{1} << 60;
constexpr TypeId k_any = k_unseen_type - 1;  // no type

/// A bijection, so that no two groups share a key.
std::uint64_t key_of(TypeId a, TypeId b) noexcept { return mix64((std::uint64_t{a} << 32) | b); }

struct Record {
  std::uint64_t key;
  std::int64_t gap_ms;
};

/// The records of one key: [begin, end) of the sorted ones.
struct Run {
  std::uint64_t key;
  std::size_t begin, end;
  std::size_t size() const { return end - begin; }
};

/// The runs of sorted records, the `most` longest of them.
std::vector<Run> longest_runs(const std::vector<Record>& records, std::size_t most) {
  std::vector<Run> runs;
  for (std::size_t begin = 0, end = 0; begin < records.size(); begin = end) {
    for (end = begin; end < records.size() && records[end].key == records[begin].key;) ++end;
    runs.push_back({records[begin].key, begin, end});
  }
  if (runs.size() <= most) return runs;
  std::sort(runs.begin(), runs.end(),
            [](const Run& x, const Run& y) { return x.size() != y.size() ? x.size() > y.size() : x.key < y.key; });
  runs.resize(most);
  return runs;
}

/// A histogram and what it was made of.
struct Group {
  std::uint64_t key, median;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> cells;  // bucket, count
};

Group summarize(const std::vector<Record>& records, const Run& run) {
  const std::int64_t median = records[run.begin + (run.size() - 1) / 2].gap_ms;
  Group group{run.key, static_cast<std::uint64_t>(std::clamp(median, std::int64_t{0}, k_longest_median)), {}};
  for (std::size_t i = run.begin; i < run.end; ++i) {
    const auto bucket = static_cast<std::uint32_t>(GapModel::bucket(records[i].gap_ms));
    if (group.cells.empty() || group.cells.back().first != bucket) group.cells.emplace_back(bucket, 0);
    ++group.cells.back().second;
  }
  return group;
}

/// visit(event before, event, gap) for each gap between two known times.
template <class Visit>
void each_gap(const EncodedEvents& events, Visit&& visit) {
  for (std::size_t i = 1; i < events.time_ms.size(); ++i) {
    const std::int64_t before = events.time_ms[i - 1], time = events.time_ms[i];
    if (before != k_no_time && time != k_no_time)
      visit(events.types[i - 1], events.types[i], GapModel::gap_ms(before, time));
  }
}

}  // namespace

std::int64_t GapModel::gap_ms(std::int64_t before_ms, std::int64_t time_ms) noexcept {
  constexpr std::uint64_t k_longest = std::numeric_limits<std::int64_t>::max();
  // The difference of two int64 can overflow; as unsigned it is exact.
  const std::uint64_t before = static_cast<std::uint64_t>(before_ms), time = static_cast<std::uint64_t>(time_ms);
  if (time_ms >= before_ms) return static_cast<std::int64_t>(std::min(time - before, k_longest));
  return -static_cast<std::int64_t>(std::min(before - time, k_longest));
}

std::size_t GapModel::bucket(std::int64_t gap_ms) noexcept {
  if (gap_ms <= 0) return 0;
  const double steps = std::floor(1.5 * std::log2(static_cast<double>(gap_ms) / 100 + 1));
  return 1 + static_cast<std::size_t>(std::min(steps, static_cast<double>(k_buckets - 2)));
}

void GapModel::fit(std::span<const EncodedEvents* const> normals) {
  *this = {};
  std::vector<Record> records;
  std::vector<Group> groups;
  const auto collect = [&](std::size_t most, auto&& key) {
    records.clear();
    for (const EncodedEvents* events : normals)
      each_gap(*events, [&](TypeId a, TypeId b, std::int64_t gap) { records.push_back({key(a, b), gap}); });
    std::sort(records.begin(), records.end(),
              [](const Record& x, const Record& y) { return x.key != y.key ? x.key < y.key : x.gap_ms < y.gap_ms; });
    for (const Run& run : longest_runs(records, most)) groups.push_back(summarize(records, run));
  };
  collect(1, [](TypeId, TypeId) { return key_of(k_any, k_any); });
  collect(k_most_pairs, [](TypeId, TypeId b) { return key_of(k_any, b); });
  collect(k_most_pairs, [](TypeId a, TypeId b) { return key_of(a, b); });
  std::sort(groups.begin(), groups.end(), [](const Group& x, const Group& y) { return x.key < y.key; });
  std::vector<std::uint64_t> keys;
  for (const Group& group : groups) {
    keys.push_back(group.key);
    medians_.push_back(group.median);
    for (const auto& [bucket, count] : group.cells) {
      buckets_.push_back(bucket);
      counts_.push_back(count);
    }
    ends_.push_back(static_cast<std::uint32_t>(buckets_.size()));
  }
  groups_ = KeyIndex(std::move(keys));
  for (const EncodedEvents* events : normals) {
    bool has_gap = false, is_disordered = false;
    each_gap(*events, [&](TypeId, TypeId, std::int64_t gap) {
      has_gap = true;
      is_disordered = is_disordered || gap < 0;
    });
    sequences_ += has_gap ? 1 : 0;
    disordered_ += is_disordered ? 1 : 0;
  }
}

std::size_t GapModel::find(TypeId a, TypeId b) const noexcept { return groups_.find(key_of(a, b)); }

/// p becomes (counts + strength p) / (total + strength); without the group it stays.
void GapModel::back_off(std::size_t group, double strength, LogProbabilities& p) const noexcept {
  if (group == KeyIndex::k_absent) return;
  const std::size_t begin = group == 0 ? 0 : ends_[group - 1], end = ends_[group];
  double total = strength;
  for (std::size_t k = begin; k < end; ++k) total += counts_[k];
  for (double& value : p) value *= strength / total;
  for (std::size_t k = begin; k < end; ++k) p[buckets_[k]] += counts_[k] / total;
}

GapModel::LogProbabilities GapModel::log_probabilities(TypeId a, TypeId b) const noexcept {
  LogProbabilities p;
  p.fill(1.0 / k_buckets);
  back_off(find(k_any, k_any), k_buckets, p);  // (c + 1) / (n + 40)
  back_off(find(k_any, b), 20, p);
  back_off(find(a, b), 10, p);
  for (double& value : p) value = std::log(value);
  return p;
}

std::int64_t GapModel::median_ms(TypeId a, TypeId b) const noexcept {
  for (const auto& [before, event] : {std::pair{a, b}, std::pair{k_any, b}, std::pair{k_any, k_any}})
    if (const std::size_t group = find(before, event); group != KeyIndex::k_absent)
      return static_cast<std::int64_t>(medians_[group]);
  return 0;
}

std::size_t GapModel::bytes() const noexcept {
  return groups_.bytes() + medians_.size() * sizeof(medians_[0]) + ends_.size() * sizeof(ends_[0]) +
         buckets_.size() * (sizeof(buckets_[0]) + sizeof(counts_[0]));
}

void GapModel::save(ProfileWriter& writer) const {
  writer.write("sequences", std::vector<std::uint64_t>{sequences_, disordered_});
  writer.write("groups", groups_.keys());
  writer.write("medians", medians_);
  writer.write("ends", ends_);
  writer.write("buckets", buckets_);
  writer.write("counts", counts_);
}

void GapModel::load(const ProfileReader& reader) {
  *this = {};
  const auto sequences = reader.u64("sequences");
  reader.require(sequences.size() == 2 && sequences[1] <= sequences[0], "sequences",
                 "not two numbers, the second at most the first");
  sequences_ = sequences[0];
  disordered_ = sequences[1];
  auto groups = reader.u64("groups");
  reader.require_strictly_ascending("groups", groups);
  medians_ = reader.u64("medians");
  reader.require_size("medians", medians_.size(), groups.size());
  for (const std::uint64_t median : medians_)
    reader.require(median <= static_cast<std::uint64_t>(k_longest_median), "medians", "above 2^60");
  ends_ = reader.u32("ends");
  reader.require_size("ends", ends_.size(), groups.size());
  buckets_ = reader.u32("buckets");
  counts_ = reader.u32("counts");
  reader.require_size("counts", counts_.size(), buckets_.size());
  reader.require(std::is_sorted(ends_.begin(), ends_.end()) && (ends_.empty() ? 0 : ends_.back()) == buckets_.size(),
                 "ends", "not ascending up to the number of buckets");
  for (const std::uint32_t bucket : buckets_) reader.require(bucket < k_buckets, "buckets", "not below 40");
  groups_ = KeyIndex(std::move(groups));
}

}  // namespace v0
}  // namespace seqguard
