// The events of a training set, to draw some from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// An event of an encoded sequence, borrowed.
struct EventPlace {
  const EncodedEvents* sequence = nullptr;
  std::size_t at = 0;

  TypeId type() const { return sequence->types[at]; }
};

/// Immutable; drawing is thread-safe.
class NormalEvents {
 public:
  /// @throws Error invalid_argument if there is no event.
  NormalEvents(const EventSchema& schema, std::span<const EncodedEvents* const> normals);

  /// Any event: values by their frequency.
  EventPlace any(Random& random) const;
  /// An event of a random one of the encoder's values that occur; any event if none does.
  EventPlace of_random_type(Random& random) const;
  /// A random sequence, other than this one if there is another.
  const EncodedEvents& another(const EncodedEvents& than, Random& random) const;

 private:
  using Place = std::pair<std::uint32_t, std::uint32_t>;  // sequence, position
  void collect_places(std::size_t types);

  std::vector<const EncodedEvents*> normals_;  // those that have events
  std::vector<std::size_t> ends_;              // events up to the end of each
  std::vector<Place> places_;                  // of the types that occur, each at most k_places
  std::vector<std::size_t> place_ends_;        // of each of these types
};

}  // namespace v0
}  // namespace seqguard
