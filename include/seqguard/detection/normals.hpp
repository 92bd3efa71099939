// The training normals as the statistics read them: distinct sequences with the number of their copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/type_id.hpp"

namespace seqguard {
inline namespace v0 {

/// One sequence of event types, oldest first.
using TypeSequence = std::span<const TypeId>;

/// Of length and events; tells one sequence from another, up to chance (2^-64).
std::uint64_t content_hash(TypeSequence events) noexcept;

/// Distinct sequences in lexicographic order, so that whatever is fitted on them does not depend on the order of the
/// training data.
class Normals {
 public:
  Normals() = default;
  /// Collects `sequences`; `distinct`, if given, becomes the index below size() of each of them.
  explicit Normals(std::span<const TypeSequence> sequences, std::vector<std::uint32_t>* distinct = nullptr);

  std::size_t size() const noexcept { return copies_.size(); }  ///< distinct sequences
  std::size_t total() const noexcept { return total_; }         ///< sequences, copies included
  TypeSequence sequence(std::size_t i) const { return {events_.data() + offsets_[i], offsets_[i + 1] - offsets_[i]}; }
  std::uint32_t copies(std::size_t i) const { return copies_[i]; }
  std::size_t longest() const noexcept;
  /// Types that occur, ascending. thinned() keeps those of all the normals.
  std::span<const TypeId> known_types() const noexcept { return known_types_; }

  /// Number of known types of all the normals, also in what with_copies() selects: the same for every fold.
  std::size_t alphabet() const noexcept { return alphabet_; }

  /// The sequences i with copies[i] > 0, that many times; known_types() are theirs alone.
  Normals with_copies(std::span<const std::uint32_t> copies) const;
  /// About `share` of the distinct sequences, with all their copies: those whose content hashes lowest, so that a
  /// smaller share is a subset of a larger one. known_types() stay.
  Normals thinned(double share) const;

 private:
  void append(TypeSequence sequence, std::uint32_t copies);
  void collect_types();

  std::vector<TypeId> events_;
  std::vector<std::size_t> offsets_{0};
  std::vector<std::uint32_t> copies_;
  std::vector<TypeId> known_types_;
  std::size_t total_ = 0, alphabet_ = 0;
};

}  // namespace v0
}  // namespace seqguard
