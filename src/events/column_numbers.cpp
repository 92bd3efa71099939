#include "events/column_numbers.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Numbers of 64-bit keys: open addressing, at most half full. Keys are addresses and floats of the data set, whose
/// places an input chooses only as far as mix64() lets it.
class KeyNumbers {
 public:
  /// The number of a key, which is `next` where it is new.
  std::uint32_t number(std::uint64_t key, std::uint32_t next) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    Slot& slot = find(key);
    if (slot.number == k_free) {
      slot = {key, next};
      ++used_;
    }
    return slot.number;
  }

 private:
  static constexpr std::uint32_t k_free = std::numeric_limits<std::uint32_t>::max();
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t number = k_free;
  };

  Slot& find(std::uint64_t key) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = mix64(key) & mask;
    while (slots_[place].number != k_free && slots_[place].key != key) place = (place + 1) & mask;
    return slots_[place];
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.number != k_free) find(slot.key) = slot;
  }

  std::vector<Slot> slots_ = std::vector<Slot>(64);
  std::size_t used_ = 0;
};

}  // namespace

ColumnNumbers number_values(const Dataset& data, std::size_t column) {
  ColumnNumbers numbers;
  numbers.of_event.reserve(data.events());
  KeyNumbers known;
  const auto add = [&](std::uint64_t key, const auto& value, auto& values) {
    const std::uint32_t number = known.number(key, static_cast<std::uint32_t>(values.size()));
    if (number == values.size()) values.push_back(value);
    numbers.of_event.push_back(number);
  };
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const ColumnView values = data.view(s).columns[column];
    if (values.is_text()) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string_view text = values.text(i);
        add(text.empty() ? 0 : reinterpret_cast<std::uintptr_t>(text.data()), text, numbers.texts);
      }
    } else {
      for (const float value : values.floats()) {
        const float kept = std::isfinite(value) ? value : std::numeric_limits<float>::quiet_NaN();
        add(std::bit_cast<std::uint32_t>(kept), kept, numbers.floats);
      }
    }
  }
  return numbers;
}

}  // namespace v0
}  // namespace seqguard
