// Sequences that are damaged by hand, and what makes them whole again.
#pragma once

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/events/damage.hpp"

namespace seqguard::tests {

inline constexpr DamageKind k_kinds[] = {
    DamageKind::replaced, DamageKind::spurious,        DamageKind::duplicated,          DamageKind::lost,
    DamageKind::disorder, DamageKind::foreign_stretch, DamageKind::overwritten_stretch, DamageKind::lost_stretch};

/// Twelve items of which the encoder knows ten; beside each its group, a price, and a device that stays for a while.
inline EventSchema shop_schema() {
  std::vector<ValueCount> items, groups, devices;
  std::vector<std::optional<std::string>> group_of;
  for (int i = 0; i < 12; ++i)
    items.push_back({"item" + std::to_string(i), static_cast<std::uint64_t>(i < 10 ? 90 - i : 1)});
  for (int g = 0; g < 4; ++g) groups.push_back({"group" + std::to_string(g), static_cast<std::uint64_t>(50 - g)});
  for (int d = 0; d < 3; ++d) devices.push_back({"device" + std::to_string(d), static_cast<std::uint64_t>(50 - d)});
  EventSchema schema = lines_schema(Vocabulary::from_counts(items, {.min_count = 2}));
  for (int type = 0; type < 10; ++type) group_of.push_back("group" + std::to_string(type % 4));
  schema.columns.push_back({"group", ColumnKind::categorical, Vocabulary::from_counts(groups), {}, group_of});
  schema.columns.push_back({"price", ColumnKind::numeric, {}, {1.0, 0.5, -8, 8}});
  schema.columns.push_back({"device", ColumnKind::categorical, Vocabulary::from_counts(devices), {}, {}, {}, true});
  schema.time = TimeColumn{"time", "ms", {64, 1000, 2.0}};
  check(schema);
  return schema;
}
inline constexpr std::size_t k_group = 1, k_price = 2, k_device = 3;

/// n events, no two neighbours alike, an hour apart; price = type + 100 k, missing for every third.
inline EncodedEvents shop_sequence(const EventSchema& schema, std::size_t n, std::uint64_t seed) {
  Random random(seed, 1);
  std::vector<std::string> items, groups, devices;
  std::vector<float> prices;
  std::vector<std::int64_t> times;
  TypeId type = 0;
  for (std::size_t i = 0; i < n; ++i) {
    type = static_cast<TypeId>((type + 1 + random.below(9)) % 10);
    items.emplace_back(schema.primary_column().vocabulary.value(type));
    groups.push_back("group" + std::to_string(type % 4));
    devices.push_back("device" + std::to_string((i / 8 + seed) % 3));
    prices.push_back(type % 3 == 0 ? std::numeric_limits<float>::quiet_NaN()
                                   : static_cast<float>(type + 100 * random.below(3)));
    times.push_back(1'700'000'000'000 + static_cast<std::int64_t>(i) * 3'600'000);
  }
  const ColumnView columns[] = {
      ColumnView(std::span<const std::string>(items)), ColumnView(std::span<const std::string>(groups)),
      ColumnView(std::span<const float>(prices)), ColumnView(std::span<const std::string>(devices))};
  EncodedEvents out;
  encode({n, columns, times}, schema, out);
  return out;
}

inline EventSchema letters_schema() {
  return lines_schema(Vocabulary::from_counts(std::vector<ValueCount>{{"a", 9}, {"b", 8}, {"c", 7}, {"d", 6}}));
}

inline EncodedEvents letters(const EventSchema& schema, const std::string& text) {
  std::vector<std::string> values;
  for (const char c : text) values.emplace_back(1, c);
  EncodedEvents out;
  encode(OneColumn(values).view(), schema, out);
  return out;
}

struct Data {
  explicit Data(EventSchema its_schema) : schema(std::move(its_schema)) {}
  std::vector<const EncodedEvents*> pointers() const {
    std::vector<const EncodedEvents*> result;
    for (const EncodedEvents& normal : normals) result.push_back(&normal);
    return result;
  }
  Damage damage(const DamageOptions& options = {}) const { return Damage(schema, pointers(), options); }

  EventSchema schema;
  std::vector<EncodedEvents> normals;
};

inline Data shop_data(std::size_t sequences = 60) {
  Data data(shop_schema());
  for (std::size_t s = 0; s < sequences; ++s) data.normals.push_back(shop_sequence(data.schema, 5 + s % 40, s));
  return data;
}

/// Sequences of letters in which neighbours are often equal.
inline Data letter_data() {
  Data data(letters_schema());
  for (std::uint64_t s = 0; s < 60; ++s) {
    Random random(s, 2);
    std::string text;
    for (std::size_t i = 1 + s % 20; i > 0; --i)
      text += !text.empty() && random.uniform() < .4 ? text.back() : static_cast<char>('a' + random.below(4));
    data.normals.push_back(letters(data.schema, text));
  }
  return data;
}

inline DamageOptions only(DamageKind kind, double rate = .1) {
  DamageOptions options;
  options.shares = {};
  options.shares[static_cast<std::size_t>(kind)] = 1;
  options.least_rate = options.largest_rate = rate;
  options.clean_share = options.two_kinds_share = options.unknown_share = options.unseen_share = 0;
  return options;
}

inline bool same(const EncodedEvents& a, const EncodedEvents& b) {
  return a.n == b.n && a.types == b.types && a.ids == b.ids && a.values == b.values && a.missing == b.missing &&
         a.gaps == b.gaps && a.time_ms == b.time_ms;
}

/// A sequence that the labels make of the damaged one; where an event was inserted, more may be missing behind it.
struct Repaired {
  std::vector<TypeId> types;
  std::vector<char> inserted;
};

inline Repaired obey(const DamagedEvents& damaged) {
  Repaired result;
  const auto add = [&](TypeId type, bool inserted) {
    result.types.push_back(type);
    result.inserted.push_back(inserted);
  };
  for (std::size_t i = 0; i <= damaged.events.n; ++i) {
    if (damaged.missing[i] != k_nothing_missing) add(damaged.missing[i], true);
    if (i == damaged.events.n || damaged.tags[i] == EventTag::remove) continue;
    add(damaged.originals[i], false);
    CHECK((damaged.originals[i] == damaged.events.types[i]) == (damaged.tags[i] == EventTag::keep));
  }
  return result;
}

/// Whether some choice of events, put in behind inserted ones, makes the clean sequence of it.
inline bool leads_to(const Repaired& repaired, const std::vector<TypeId>& clean) {
  std::set<std::size_t> ends = {0};  // how much of the clean sequence may be covered
  for (std::size_t i = 0; i < repaired.types.size(); ++i) {
    std::set<std::size_t> next;
    for (const std::size_t end : ends) {
      if (end == clean.size() || clean[end] != repaired.types[i]) continue;
      next.insert(end + 1);
      for (std::size_t more = end + 2; repaired.inserted[i] != 0 && more <= clean.size(); ++more) next.insert(more);
    }
    ends = next;
  }
  return ends.contains(clean.size());
}

}  // namespace seqguard::tests
