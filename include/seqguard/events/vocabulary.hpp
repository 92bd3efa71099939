// Values of a categorical column and their numbers: one table serves the statistics (every value seen) and the encoder
// (the frequent ones).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/events_view.hpp"

namespace seqguard {
inline namespace v0 {

/// Ids that every vocabulary reserves. CLS stands at the beginning of a sequence, SEP at its end.
inline constexpr std::int32_t k_pad_id = 0;
inline constexpr std::int32_t k_unk_id = 1;
inline constexpr std::int32_t k_cls_id = 2;
inline constexpr std::int32_t k_sep_id = 3;
inline constexpr std::int32_t k_mask_id = 4;
inline constexpr std::int32_t k_reserved_ids = 5;

/// A value and how often the training data hold it.
struct ValueCount {
  std::string value;
  std::uint64_t count = 0;
};

/// How a vocabulary is cut.
struct VocabularyLimits {
  std::uint64_t min_count = 1;      ///< rarer values have no id of their own in the encoder: they are UNK
  std::size_t max_values = 50'000;  ///< at most so many values have an id of their own
  bool keep_rare = true;            ///< keep the cut values as types of the statistics
};

/// A vocabulary that keeps so many values is one of items rather than of actions.
inline constexpr std::size_t k_many_values = 500;

/// An immutable table of values. TypeIds number all values by count (descending), then by bytes; the first kept() of
/// them have encoder ids: id = type + k_reserved_ids. Look-ups allocate nothing and may run on any number of threads.
class Vocabulary {
 public:
  Vocabulary() = default;

  /// Counts in any order, each value once. @throws Error bad_format: a value twice, invalid UTF-8, 2^31 values or more.
  static Vocabulary from_counts(std::span<const ValueCount> counts, const VocabularyLimits& limits = {});
  /// From values in their final order, as stored. @throws Error bad_format: order, a value twice, kept > values.size().
  static Vocabulary from_ordered(std::span<const ValueCount> values, std::size_t kept);

  std::size_t types() const noexcept { return counts_.size(); }                      ///< values known to the statistics
  std::size_t kept() const noexcept { return kept_; }                                ///< values known to the encoder
  std::size_t size() const noexcept { return kept_ + std::size_t{k_reserved_ids}; }  ///< rows of the embedding table

  /// The number of a raw value; an unseen one gets k_unseen_type | (hash_bytes(value) & 0x7fffffff).
  TypeId type(std::string_view value) const noexcept;
  /// The encoder's id of a type: UNK for unseen and for rare ones.
  std::int32_t id(TypeId type) const noexcept {
    return type < kept_ ? static_cast<std::int32_t>(type) + k_reserved_ids : k_unk_id;
  }
  std::int32_t id(std::string_view value) const noexcept { return id(type(value)); }

  /// The value of a type below types().
  std::string_view value(TypeId type) const noexcept {
    return std::string_view(bytes_).substr(offsets_[type], offsets_[type + 1] - offsets_[type]);
  }
  /// How often the training data hold it.
  std::uint64_t count(TypeId type) const noexcept { return counts_[type]; }
  /// Probability that one more event has a value that is not here: values seen once, of all events (Good and Turing's
  /// estimate, where rare values are kept); 1 without events.
  double unseen_share() const noexcept;
  /// The value of an encoder id below size(); "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" for the reserved ones.
  std::string_view token(std::int32_t id) const noexcept;

 private:
  std::string bytes_;                 // all values, one after another
  std::vector<std::size_t> offsets_;  // types() + 1
  std::vector<std::uint64_t> counts_;
  std::vector<std::uint32_t> slots_;  // open addressing, a power of two; type + 1, 0 = free
  std::size_t kept_ = 0;
};

/// A hash of bytes that is the same on every machine (FNV-1a, then mix64).
std::uint64_t hash_bytes(std::string_view bytes) noexcept;

/// The frequency cut chosen for a column with so many distinct values: 1 up to 1,000, 5 up to 5,000, else 10. An item
/// seen fewer than about ten times is not learned; a log template seen once still tells (reference/detection.md 7).
std::uint64_t automatic_min_count(std::size_t distinct) noexcept;

}  // namespace v0
}  // namespace seqguard
