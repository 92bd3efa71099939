// Data whose normals rarely repeat an event - who rates a film, rates it once: a repetition is one too many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/edit_script.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// Const functions are thread-safe.
class RepeatsRule {
 public:
  void fit(std::span<const EncodedEvents* const> normals);

  /// Whether less than 5 % of the events of the normals repeat one of their sequence.
  bool holds() const noexcept;
  std::uint64_t sequences() const noexcept { return sequences_; }
  /// Normals that the rule would touch: what it promises about false edits is a matter of this share alone.
  std::uint64_t sequences_with_repeats() const noexcept { return sequences_with_repeats_; }

  /// Appends to `out` what removes all events of a value but one, neighbours as one edit; nothing if the rule does not
  /// hold. The first one stays, or, where `keep` [n] is given, of those that do not closely follow another the one with
  /// the largest of it. Whether there are such: `keep` could change the edits. `buffer` is overwritten; nothing is
  /// allocated once it is warm and without an edit.
  bool strike(const EncodedEvents& events, std::span<const float> keep, std::vector<std::uint64_t>& buffer,
              std::vector<EventEdit>& out) const;

  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint.
  void load(const ProfileReader& reader);

 private:
  std::uint64_t events_ = 0, repeats_ = 0, sequences_ = 0, sequences_with_repeats_ = 0;
};

}  // namespace v0
}  // namespace seqguard
