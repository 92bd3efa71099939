// Parts of a data set that know nothing of each other: for learning and judging, or folds of cross-validation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/dataset.hpp"

namespace seqguard {
inline namespace v0 {

/// The part of each of a number of things, dealt out at random: things of one kind in shuffled order, each to the part
/// that lacks most of its share so far. So a part has its share of all things to within one, and of every kind nearly.
/// Equal shares make folds. @throws Error invalid_argument: a share that is not above 0.
std::vector<std::uint32_t> deal(std::span<const std::string> kinds, std::span<const double> shares, std::uint64_t seed);

enum class SplitBy {
  user,       ///< a sequence, or all sequences of one profile key, is in one part
  time,       ///< a part begins where the one before it ends, for all sequences; a sequence can be in several
  user_time,  ///< of the users of a part only what lies in its time: neither users nor times are shared
};

/// "user", "time", "user-time". @throws Error invalid_argument for other names.
SplitBy split_by_from_string(std::string_view name);

struct SplitOptions {
  SplitBy by = SplitBy::user;
  /// Of the parts, which come one after another in time; only their ratios count.
  std::vector<double> shares = {0.8, 0.2};
  /// Milliseconds since 1970 UTC at which the last part begins; empty: where its share of the events is behind. Equal
  /// times stay together.
  std::optional<std::int64_t> last_from_ms = {};
  std::uint64_t seed = 1;
};

/// An event that is in no part.
inline constexpr std::uint32_t k_no_part = std::numeric_limits<std::uint32_t>::max();

struct Split {
  std::vector<std::uint32_t> part;    ///< of each event, or k_no_part (user_time only)
  std::vector<std::int64_t> from_ms;  ///< by time: where the second part begins, the third, ..
};

/// Deterministic for a seed. An event without a time is where the event before it in its sequence is, or at the start
/// in the first part.
/// @param kinds of the sequences, each of which every part gets its share of; empty: all alike. Users are of the first
///   kind of their sequences that is not "".
/// @throws Error invalid_argument: fewer than two shares, a share that is not above 0, a part that would be empty, by
/// time where no event has one.
Split split_events(const Dataset& data, std::span<const std::string> kinds, const SplitOptions& options = {});

}  // namespace v0
}  // namespace seqguard
