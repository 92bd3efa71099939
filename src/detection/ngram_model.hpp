// Order of events: interpolated Witten-Bell n-grams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/core/detail/key_index.hpp"
#include "seqguard/detection/normals.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// With h = the k-1 events before a position (padded at the beginning), k = 1 .. order:
///
///     p_0(x) = 1 / V      p_k(x|h) = (c(h,x) + T(h) p_{k-1}(x|h')) / (c(h) + T(h))
///
/// and p_k = p_{k-1} where h never occurred.
/// c(h,x) counts, c(h) = sum_x c(h,x), T(h) = distinct successors of h, h' = h without its oldest event, V = types of
/// all the normals + 2 (the end, and whatever is unseen), the same in every fold: with a V of its own for each fold the
/// calibration does not fit (amazon_cn, traces: false-positive rate .032 instead of .003 at a target of .01).
/// Contexts are found by 64-bit hashes.
class NgramModel {
 public:
  static constexpr std::size_t k_max_order = 16;

  /// @throws Error invalid_argument for an order outside [1, k_max_order] or 2^32 events and more.
  void fit(const Normals& normals, std::size_t order);

  /// Mean over the L events and the end of -log p_order, natural logarithm. No allocation; thread-safe.
  double surprise(TypeSequence events) const noexcept;
  /// p_order of position t <= L (t = L: the end) given the events before it.
  double probability(TypeSequence events, std::size_t t) const noexcept;

  std::size_t bytes() const noexcept;
  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint for arrays that are not sorted or do not fit each other.
  void load(const ProfileReader& reader);

 private:
  struct Context {
    std::uint32_t total = 0;     ///< c(h)
    std::uint32_t distinct = 0;  ///< T(h)
  };
  std::size_t order_ = 0;
  double uniform_ = 1;  ///< p_0
  KeyIndex contexts_, successors_;
  std::vector<Context> context_counts_;
  std::vector<std::uint32_t> successor_counts_;  ///< c(h, x)
};

}  // namespace v0
}  // namespace seqguard
