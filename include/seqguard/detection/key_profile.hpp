// The normals of one key (user, account), within bounded bytes, and how far a sequence is from them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/detection/bigram_counts.hpp"
#include "seqguard/detection/features.hpp"

namespace seqguard {
inline namespace v0 {

/// What tells how a sequence fits a key: higher = less like it. A sequence is compared with those of the key one by
/// one, and the five nearest are averaged, as in the views of the same name (make_detector()).
enum class KeyDistance {
  ngram,     ///< mean surprise of order 2, in nats
  types,     ///< sets of event types
  logcount,  ///< log(1 + count) of each type
  pairset,   ///< sets of types and bigrams
  bigrams,   ///< relative frequencies of bigrams
};
inline constexpr std::size_t k_key_distances = 5;
using KeyDistances = std::array<double, k_key_distances>;  ///< by KeyDistance

/// One normal of a key as it is kept: everything follows from its bigrams.
struct KeySequence {
  std::uint64_t hash = 0;    ///< content_hash()
  std::uint32_t copies = 1;  ///< how often it was added
  std::uint32_t events = 0;
  std::vector<BigramCounts::Entry> bigrams;             ///< ascending
  std::vector<std::pair<TypeId, std::uint32_t>> types;  ///< ascending
  double log_counts = 0;                                ///< sum of log(1 + count) of the types
};

/// Mean of -log p over the events of a sequence and its end; base [features.bigrams]: p_0 of each of its bigrams.
double mean_surprise(const BigramCounts& counts, const SequenceFeatures& features, std::span<const double> base);

/// The distances of a sequence to those of a sample that are not KeyDistance::ngram, which stays as it is in `out`; 1
/// where the sample is empty.
void sample_distances(std::span<const KeySequence> sample, const SequenceFeatures& features, KeyDistances& out);

/// Counts of all that was added, and a sample of its sequences: those whose content hashes lowest, so that it is one of
/// all of them however many come. Const calls are thread-safe.
class KeyProfile {
 public:
  static constexpr std::size_t k_default_bytes = 8192;

  /// Adds a normal. to_bytes() takes at most `max_bytes`, some 30 for numbers of how many there are aside: the counts
  /// half of them at most - the rarest bigrams go -, the sample what is left. A sequence of more than an eighth is
  /// counted, but not kept in the sample.
  void add(TypeSequence sequence, const SequenceFeatures& features, std::size_t max_bytes = k_default_bytes);
  /// The profile as it would be had this sequence, which was added, come once less.
  KeyProfile without(TypeSequence sequence, const SequenceFeatures& features) const;

  std::uint64_t sequences() const noexcept { return sequences_; }  ///< that were added
  std::span<const KeySequence> sample() const noexcept { return std::span(sample_).first(kept_); }
  const BigramCounts& counts() const noexcept { return counts_; }

  std::string to_bytes() const;
  /// Becomes what to_bytes() wrote; allocates nothing once it has held as much. @throws Error bad_checkpoint: anything
  /// else, naming `where`.
  void read(std::string_view bytes, std::string_view where);
  void clear() noexcept;

 private:
  void thin(std::size_t max_bytes);

  std::uint64_t sequences_ = 0;
  BigramCounts counts_;
  std::vector<KeySequence> sample_;  ///< by hash, ascending; behind kept_ only room
  std::size_t kept_ = 0;
};

}  // namespace v0
}  // namespace seqguard
