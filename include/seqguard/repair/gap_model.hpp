// How long normal users need from one event to the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/detail/key_index.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// Histograms of the gaps of normals over 40 buckets, for the pair (event before, event) with counts c_ab of n_ab, for
/// the event (c_b, n_b) and for all (c, n), each backed off to the next:
///
///     p_all = (c + 1) / (n + 40)    p_b = (c_b + 20 p_all) / (n_b + 20)    p = (c_ab + 10 p_b) / (n_ab + 10)
///
/// The gap of two events of which a time is unknown is not counted. Const functions are thread-safe and allocate
/// nothing.
class GapModel {
 public:
  static constexpr std::size_t k_buckets = 40;
  /// log p of a gap below 0: normals have none, as a rule.
  static constexpr double k_backward = -30;
  using LogProbabilities = std::array<double, k_buckets>;

  /// 0 for a gap <= 0, else 1 + min(38, floor(1.5 log2(gap / 100 ms + 1))).
  static std::size_t bucket(std::int64_t gap_ms) noexcept;
  /// From one time to the next, at most +-(2^63 - 1).
  static std::int64_t gap_ms(std::int64_t before_ms, std::int64_t time_ms) noexcept;
  static double log_probability(const LogProbabilities& row, std::int64_t gap_ms) noexcept {
    return gap_ms < 0 ? k_backward : row[bucket(gap_ms)];
  }

  /// Learns from sequences with times; forgets what was learned before. Keeps the 131,072 most frequent pairs; needs 16
  /// bytes for each event while it learns.
  void fit(std::span<const EncodedEvents* const> normals);

  /// log p of all buckets for event b after event a. Types that the fit did not see are backed off.
  LogProbabilities log_probabilities(TypeId a, TypeId b) const noexcept;
  /// The median gap of the pair, else of the event, else of all; 0 .. 2^60. 0 if nothing was learned.
  std::int64_t median_ms(TypeId a, TypeId b) const noexcept;

  std::uint64_t sequences() const noexcept { return sequences_; }  ///< normals of which a gap was seen
  /// Those in which a time lies before the one in front of it. Where there are many, order and time are two things, and
  /// nothing says that times out of order are wrong.
  std::uint64_t disordered() const noexcept { return disordered_; }

  std::size_t bytes() const noexcept;
  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint for arrays that are not sorted or do not fit each other.
  void load(const ProfileReader& reader);

 private:
  std::size_t find(TypeId a, TypeId b) const noexcept;
  void back_off(std::size_t group, double strength, LogProbabilities& p) const noexcept;

  KeyIndex groups_;                              // of (any, any), (any, event), (event, event)
  std::vector<std::uint64_t> medians_;           // of each group
  std::vector<std::uint32_t> ends_;              // of the cells of each group
  std::vector<std::uint32_t> buckets_, counts_;  // of each cell
  std::uint64_t sequences_ = 0, disordered_ = 0;
};

}  // namespace v0
}  // namespace seqguard
