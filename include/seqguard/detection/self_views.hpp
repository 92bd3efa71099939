// Whether a sequence is like its key (user, account), beside others of the same kind: given views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/key_profile.hpp"
#include "seqguard/detection/recipe.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// A key with fewer normals is judged by the population alone: one or two tell little of a key (kypo_keyed and
/// ml_keyed, with 1, 2, 3, 5 own normals: mean AUROC of the surprise .60, .63, .67, .70).
inline constexpr std::size_t k_least_key_normals = 3;
/// Views of the keys, in the order of KeyDistance: "self:ngram", "self:types", ..
std::vector<std::string> self_views();
/// Their places in a recipe.
std::vector<ViewSpec> self_view_specs();
bool is_self_view(std::string_view name) noexcept;

/// Buffers of one thread for SelfViews.
struct SelfScratch {
  std::vector<double> base;             ///< of the bigrams of the last sequence
  std::vector<KeyDistances> of_cohort;  ///< of the last sequence
  std::vector<double> column;
};

/// The population as keys are compared with it: how likely each bigram is, and some keys, the cohort. For each
/// KeyDistance d, with d_j what the sequence is from key j of the cohort (never its own key):
///
///     d(own key) - mean of the 5 smallest d_j            `ngram`, whose p_0 is the p_2 of the population
///     d(own key) - mean of the smaller half of the d_j   the others
///
/// So what is odd for everybody cancels out, and what stays is whether others fit better; the nearest ones, since the
/// cohort need not hold whoever took the key over. A key with few normals is far from everything: each key of the
/// cohort is then asked as if it had as few (k_few_key_normals), and with as large a sample at most. Immutable; const
/// calls are thread-safe. The numbers are a pure function of sequence, profile and cohort.
class SelfViews {
 public:
  static constexpr std::size_t k_cohort = 32;
  static constexpr std::size_t k_few_key_normals = 16;

  SelfViews() = default;
  SelfViews(BigramCounts population, std::vector<std::pair<std::uint64_t, KeyProfile>> cohort);
  /// Of all keys and how many normals they have, those that make the cohort: k_cohort of those with
  /// k_least_key_normals or more, whose mixed numbers are smallest.
  static std::vector<std::uint64_t> choose_cohort(std::span<const std::pair<std::uint64_t, std::size_t>> keys);

  /// self_views() of a sequence under the profile of its key; all NaN where that has too few normals, or the cohort
  /// fewer than two other keys.
  KeyDistances numbers(std::uint64_t key, const KeyProfile& own, const SequenceFeatures& features,
                       SelfScratch& scratch) const;

  std::size_t cohort() const noexcept { return cohort_.size(); }
  bool is_in_cohort(std::uint64_t key) const noexcept;
  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint.
  static SelfViews load(const SafetensorsFile& file);

 private:
  struct Member {
    std::uint64_t key;
    KeyProfile profile;
    std::vector<BigramCounts> first;  ///< of the first 1, 2, .. sequences of the sample
  };
  void add_member(std::uint64_t key, KeyProfile profile);

  BigramCounts population_;
  std::vector<Member> cohort_;
};

}  // namespace v0
}  // namespace seqguard
