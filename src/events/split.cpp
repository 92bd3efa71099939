#include "seqguard/events/split.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "core/secret_hash.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void require_shares(std::span<const double> shares) {
  for (const double share : shares)
    if (!(share > 0))
      fail(ErrorCode::invalid_argument, "parts", "share out of range", "above 0", std::to_string(share));
}

/// The part that each sequence's user was dealt to.
std::vector<std::uint32_t> deal_users(const Dataset& data, std::span<const std::string> kinds,
                                      const SplitOptions& options) {
  const auto sequences = data.sequences();
  std::vector<std::size_t> user(sequences.size());
  std::vector<std::string> kind_of_user;
  std::unordered_map<std::string, std::size_t, SecretHash> users;  // by profile key
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    user[s] = kind_of_user.size();
    if (!data.profile_key_column().empty())
      user[s] = users.try_emplace(std::string(sequences[s].profile_key), user[s]).first->second;
    if (user[s] == kind_of_user.size()) kind_of_user.emplace_back();
    if (!kinds.empty() && kind_of_user[user[s]].empty()) kind_of_user[user[s]] = kinds[s];
  }
  const std::vector<std::uint32_t> part_of_user = deal(kind_of_user, options.shares, options.seed);
  std::vector<std::uint32_t> parts(sequences.size());
  for (std::size_t s = 0; s < parts.size(); ++s) parts[s] = part_of_user[user[s]];
  return parts;
}

/// Where the second part begins, the third, ..: the time of the first event behind the shares of those before it.
std::vector<std::int64_t> starts_of_parts(const Dataset& data, const SplitOptions& options) {
  std::vector<std::int64_t> times;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    for (const std::int64_t time : data.view(s).time_ms)
      if (time != k_no_time) times.push_back(time);
  }
  if (times.empty())
    fail(ErrorCode::invalid_argument, data.rejected().file, "a split by time needs times: no event has one");
  std::sort(times.begin(), times.end());
  std::vector<double> shares = options.shares;
  if (options.last_from_ms) {
    times.erase(std::lower_bound(times.begin(), times.end(), *options.last_from_ms), times.end());
    shares.pop_back();
  }
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  std::vector<std::int64_t> starts;
  double before = 0;
  for (std::size_t p = 0; p + 1 < shares.size() && !times.empty(); ++p) {
    before += shares[p];
    const auto place = static_cast<std::size_t>(before / all * static_cast<double>(times.size()));
    starts.push_back(times[std::min(place, times.size() - 1)]);
  }
  if (options.last_from_ms) starts.push_back(*options.last_from_ms);
  return starts;
}

/// The part of each event by its time.
std::vector<std::uint32_t> parts_by_time(const Dataset& data, std::span<const std::int64_t> starts) {
  std::vector<std::uint32_t> parts(data.events());
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const std::span<const std::int64_t> times = data.view(s).time_ms;  // not empty: one event has a time
    std::uint32_t part = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (times[i] != k_no_time)
        part = static_cast<std::uint32_t>(std::upper_bound(starts.begin(), starts.end(), times[i]) - starts.begin());
      parts[data.sequences()[s].first + i] = part;
    }
  }
  return parts;
}

void require_events_in_each(const Dataset& data, const Split& split, const SplitOptions& options) {
  std::vector<std::size_t> events(options.shares.size());
  for (const std::uint32_t part : split.part)
    if (part != k_no_part) ++events[part];
  const auto empty = std::find(events.begin(), events.end(), std::size_t{0});
  if (empty != events.end())
    fail(ErrorCode::invalid_argument, data.rejected().file,
         "part " + std::to_string(empty - events.begin() + 1) + " of " + std::to_string(events.size()) +
             " would have no event of " + std::to_string(data.events()) + " in " +
             std::to_string(data.sequences().size()) + " sequences");
}

}  // namespace

std::vector<std::uint32_t> deal(std::span<const std::string> kinds, std::span<const double> shares,
                                std::uint64_t seed) {
  require_shares(shares);
  std::map<std::string_view, std::vector<std::size_t>> by_kind;
  for (std::size_t i = 0; i < kinds.size(); ++i) by_kind[kinds[i]].push_back(i);
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  std::vector<std::uint32_t> parts(kinds.size());
  std::vector<double> lack(shares.size());  // of each part, of what was dealt so far
  Random random(seed);
  for (auto& [kind, members] : by_kind) {
    random.shuffle(members);
    for (const std::size_t member : members) {
      for (std::size_t p = 0; p < shares.size(); ++p) lack[p] += shares[p] / all;
      // A lead below rounding is none: equal shares are dealt to in turn.
      std::size_t most = 0;
      for (std::size_t p = 1; p < shares.size(); ++p)
        if (lack[p] > lack[most] + 1e-9) most = p;
      lack[most] -= 1;
      parts[member] = static_cast<std::uint32_t>(most);
    }
  }
  return parts;
}

SplitBy split_by_from_string(std::string_view name) {
  if (name == "user") return SplitBy::user;
  if (name == "time") return SplitBy::time;
  if (name == "user-time") return SplitBy::user_time;
  fail(ErrorCode::invalid_argument, "split", "unknown way", "user, time or user-time", name);
}

Split split_events(const Dataset& data, std::span<const std::string> kinds, const SplitOptions& options) {
  if (options.shares.size() < 2)
    fail(ErrorCode::invalid_argument, "SplitOptions::shares", "too few parts", "two at least",
         std::to_string(options.shares.size()));
  require_shares(options.shares);
  Split split;
  if (options.by == SplitBy::user) {
    split.part.resize(data.events());
  } else {
    split.from_ms = starts_of_parts(data, options);
    split.part = parts_by_time(data, split.from_ms);
  }
  if (options.by != SplitBy::time) {
    const std::vector<std::uint32_t> part_of_user = deal_users(data, kinds, options);
    for (std::size_t s = 0; s < part_of_user.size(); ++s) {
      const DataSequence& sequence = data.sequences()[s];
      for (std::size_t e = sequence.first; e < sequence.first + sequence.count; ++e)
        split.part[e] = options.by == SplitBy::user || split.part[e] == part_of_user[s] ? part_of_user[s] : k_no_part;
    }
  }
  require_events_in_each(data, split, options);
  return split;
}

}  // namespace v0
}  // namespace seqguard
