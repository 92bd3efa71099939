// Self-made damage: a normal sequence as faulty recording, a script or a stranger might have left it, and for each
// event what is right. What a repair learns from, and what it is measured on without a label.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// What is done to a sequence of n events. m = max(1, floor(r n + u)), r uniform in the range of rates, u in [0, 1).
enum class DamageKind : std::uint8_t {
  replaced,             ///< m events, drawn with replacement, become a wrong one
  spurious,             ///< a wrong event is put in before m events
  duplicated,           ///< m events get one to three copies behind them
  lost,                 ///< m events vanish
  disorder,             ///< m / 2 blocks of 2-4 events are shuffled; the times stay in order
  foreign_stretch,      ///< a stretch of 2 + min(24, geometric(.1)) events is put in
  overwritten_stretch,  ///< 3 + min(max(10, n / 2), geometric(.08)) events in a row become others
  lost_stretch,         ///< 1 + min(8, geometric(.4)) events in a row vanish
};
inline constexpr std::size_t k_damage_kinds = 8;

/// "replaced", "spurious", .. "lost stretch".
std::string_view to_string(DamageKind kind) noexcept;

/// What has to be done with an event of a damaged sequence.
enum class EventTag : std::uint8_t { keep, remove, replace };

/// No type: nothing is missing in this gap.
inline constexpr TypeId k_nothing_missing = k_unseen_type - 1;

/// A damaged sequence of n events, n >= 1. Reused as an output it keeps its capacity.
struct DamagedEvents {
  EncodedEvents events;           ///< what encode() would give for the damaged sequence
  std::vector<EventTag> tags;     ///< [n]
  std::vector<TypeId> originals;  ///< [n] the right value of the primary column: of a replaced event, else its own
  /// [n + 1] of the gap before event i (n: behind the last): the first of the events that were lost there, or
  /// k_nothing_missing.
  std::vector<TypeId> missing;
  std::vector<DamageKind> kinds;  ///< what was done, in this order; empty: the sequence is as it was
};

/// Defaults: reference/repair.md section 2.
struct DamageOptions {
  /// How often each kind is drawn, by DamageKind; any sum above 0. A single one above 0: that kind alone.
  std::array<double, k_damage_kinds> shares = {.22, .12, .16, .18, .05, .14, .03, .10};
  double least_rate = .02, largest_rate = .2;  ///< of the events; 0 .. 1
  double clean_share = .2;                     ///< of the sequences: nothing is done
  double two_kinds_share = .4;                 ///< of the damaged ones: two different kinds, one after the other
  /// Of the sequences: in them of a tenth of the events only the value is known, as of one that a repair put in.
  double unknown_share = .1;
  double unseen_share = .05;  ///< of the wrong events: no value of the vocabulary
};

class NormalEvents;

/// Damages sequences. A wrong event is a copy out of the sequence (1/4, half of these from within five events), one of
/// a random value (.35), or one by frequency (.40), with the further columns of a random training event of that value.
/// A stretch is one of another training sequence (.4), or a motif of one to four events of the sequence or wrong ones,
/// in turn or at random. Columns that are constant over stretches (EventColumn::persistent) are as in the event before,
/// in a fifth of the sequences as in the wrong event. Times of what is put in: in 70 % of the sequences at a pace, log-
/// uniform in 50 ms .. 20 s, with log-normal factors of deviation .7, else uniform up to the next event; in half of the
/// sequences the times behind it move by the time put in, else none passes the next one. A replaced event keeps its
/// time.
///
/// Labels are free of choices that nobody could make: where times are not known, equal neighbours are told apart by
/// nothing, so that the last of a run is the one too many, and an event that equals its neighbours is missing behind
/// them.
class Damage {
 public:
  /// Keeps up to 64 places of each value; `schema` and `normals` are borrowed.
  /// @throws Error invalid_argument if no normal has an event, or an option is out of its range.
  Damage(const EventSchema& schema, std::span<const EncodedEvents* const> normals, const DamageOptions& options = {});
  ~Damage();
  Damage(Damage&&) noexcept;
  Damage& operator=(Damage&&) noexcept;

  /// A pure function of `clean`, a sequence of the schema with n >= 1, and the state of `random`. Thread-safe.
  void apply(const EncodedEvents& clean, Random& random, DamagedEvents& out) const;

 private:
  const EventSchema* schema_;
  DamageOptions options_;
  std::unique_ptr<const NormalEvents> normals_;
};

}  // namespace v0
}  // namespace seqguard
