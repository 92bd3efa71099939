// Self-made damage: labels that lead back to the clean sequence, and events that could have been recorded.
#include "seqguard/events/damage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

constexpr DamageKind k_kinds[] = {
    DamageKind::replaced, DamageKind::spurious,        DamageKind::duplicated,          DamageKind::lost,
    DamageKind::disorder, DamageKind::foreign_stretch, DamageKind::overwritten_stretch, DamageKind::lost_stretch};

/// Twelve items of which the encoder knows ten; beside each its group, a price, and a device that stays for a while.
EventSchema shop_schema() {
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
constexpr std::size_t k_group = 1, k_price = 2, k_device = 3;

/// n events, no two neighbours alike, an hour apart; price = type + 100 k, missing for every third.
EncodedEvents shop_sequence(const EventSchema& schema, std::size_t n, std::uint64_t seed) {
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

EventSchema letters_schema() {
  return lines_schema(Vocabulary::from_counts(std::vector<ValueCount>{{"a", 9}, {"b", 8}, {"c", 7}, {"d", 6}}));
}

EncodedEvents letters(const EventSchema& schema, const std::string& text) {
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

Data shop_data(std::size_t sequences = 60) {
  Data data(shop_schema());
  for (std::size_t s = 0; s < sequences; ++s) data.normals.push_back(shop_sequence(data.schema, 5 + s % 40, s));
  return data;
}

/// Sequences of letters in which neighbours are often equal.
Data letter_data() {
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

DamageOptions only(DamageKind kind, double rate = .1) {
  DamageOptions options;
  options.shares = {};
  options.shares[static_cast<std::size_t>(kind)] = 1;
  options.least_rate = options.largest_rate = rate;
  options.clean_share = options.two_kinds_share = options.unknown_share = options.unseen_share = 0;
  return options;
}

bool same(const EncodedEvents& a, const EncodedEvents& b) {
  return a.n == b.n && a.types == b.types && a.ids == b.ids && a.values == b.values && a.missing == b.missing &&
         a.gaps == b.gaps && a.time_ms == b.time_ms;
}

/// A sequence that the labels make of the damaged one; where an event was inserted, more may be missing behind it.
struct Repaired {
  std::vector<TypeId> types;
  std::vector<char> inserted;
};

Repaired obey(const DamagedEvents& damaged) {
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
bool leads_to(const Repaired& repaired, const std::vector<TypeId>& clean) {
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

}  // namespace

TEST_CASE("labels of damage lead back to the clean sequence, kind by kind and mixed") {
  for (const Data& data : {shop_data(), letter_data()}) {
    std::vector<DamageOptions> all(1);
    for (const DamageKind kind : k_kinds) all.push_back(only(kind));
    std::map<EventTag, std::size_t> tags;
    std::size_t holes = 0;
    for (const DamageOptions& options : all) {
      const Damage damage = data.damage(options);
      DamagedEvents out;
      for (std::uint64_t seed = 0; seed < 400; ++seed) {
        CAPTURE(seed);
        const EncodedEvents& clean = data.normals[seed % data.normals.size()];
        Random random(seed, 7);
        damage.apply(clean, random, out);
        REQUIRE(out.events.n >= 1);
        REQUIRE(out.tags.size() == out.events.n);
        REQUIRE(out.originals.size() == out.events.n);
        REQUIRE(out.missing.size() == out.events.n + 1);
        const Repaired repaired = obey(out);
        const bool loses = std::find(out.kinds.begin(), out.kinds.end(), DamageKind::lost) != out.kinds.end() ||
                           std::find(out.kinds.begin(), out.kinds.end(), DamageKind::lost_stretch) != out.kinds.end();
        if (loses)
          REQUIRE(leads_to(repaired, clean.types));
        else
          REQUIRE(repaired.types == clean.types);
        for (const EventTag tag : out.tags) ++tags[tag];
        for (const TypeId type : out.missing) holes += type != k_nothing_missing;
      }
    }
    CHECK(tags.size() == 3);
    CHECK(holes > 500);
  }
}

TEST_CASE("each kind of damage does what it says and nothing else") {
  const Data data = shop_data();
  for (const DamageKind kind : k_kinds) {
    CAPTURE(to_string(kind));
    const Damage damage = data.damage(only(kind));
    DamagedEvents out;
    std::size_t removed = 0, replaced = 0, kept = 0, holes = 0, before = 0;
    for (std::uint64_t seed = 0; seed < 600; ++seed) {
      Random random(seed, 3);
      const EncodedEvents& clean = data.normals[seed % data.normals.size()];
      damage.apply(clean, random, out);
      before += clean.n;
      for (const EventTag tag : out.tags)
        ++(tag == EventTag::keep ? kept : tag == EventTag::remove ? removed : replaced);
      for (const TypeId type : out.missing) holes += type != k_nothing_missing;
      CHECK(out.kinds == std::vector{kind});
    }
    const auto share = [&](std::size_t part) { return static_cast<double>(part) / static_cast<double>(before); };
    const bool adds =
        kind == DamageKind::spurious || kind == DamageKind::duplicated || kind == DamageKind::foreign_stretch;
    const bool loses = kind == DamageKind::lost || kind == DamageKind::lost_stretch;
    CHECK((removed > 0) == adds);
    CHECK((holes > 0) == loses);
    CHECK((replaced > 0) == (!adds && !loses));
    CHECK((kept == before) == adds);
    // A tenth of the events, with replacement, at least one of sequences of 5 .. 44 events: a little below .1.
    if (kind == DamageKind::replaced) CHECK(std::abs(share(replaced) - .1) < .02);
    if (kind == DamageKind::spurious) CHECK(std::abs(share(removed) - .1) < .02);
    if (kind == DamageKind::duplicated) CHECK(std::abs(share(removed) - .2) < .04);  // two copies each
    if (kind == DamageKind::lost) CHECK(std::abs(share(before - kept) - .1) < .02);
  }
}

TEST_CASE("shares of clean sequences and of the kinds of damage are those asked for") {
  const Data data = shop_data(5);
  const DamageOptions options;
  const Damage damage = data.damage(options);
  DamagedEvents out;
  constexpr std::size_t k_draws = 20'000;
  std::array<std::size_t, k_damage_kinds> first = {};
  std::size_t clean = 0, two = 0;
  for (std::size_t seed = 0; seed < k_draws; ++seed) {
    Random random(seed);
    damage.apply(data.normals[0], random, out);
    clean += out.kinds.empty();
    two += out.kinds.size() == 2;
    if (!out.kinds.empty()) ++first[static_cast<std::size_t>(out.kinds[0])];
    if (out.kinds.size() == 2) CHECK(out.kinds[0] != out.kinds[1]);
  }
  // Five standard errors of a share of 20,000 draws are at most .018.
  const auto near = [&](std::size_t count, double share) {
    return std::abs(static_cast<double>(count) / k_draws - share) < .018;
  };
  CHECK(near(clean, .2));
  CHECK(near(two, .8 * .4));
  for (std::size_t k = 0; k < k_damage_kinds; ++k) CHECK(near(first[k], .8 * options.shares[k]));
}

TEST_CASE("damage is a function of the clean sequence and the random numbers, whatever stood in the output") {
  const Data data = shop_data();
  const Damage damage = data.damage();
  DamagedEvents used;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random a(seed, 5), b(seed, 5);
    DamagedEvents fresh;
    damage.apply(data.normals[seed % 60], a, used);
    damage.apply(data.normals[seed % 60], b, fresh);
    REQUIRE(same(used.events, fresh.events));
    REQUIRE(used.tags == fresh.tags);
    REQUIRE(used.originals == fresh.originals);
    REQUIRE(used.missing == fresh.missing);
    REQUIRE(a.position() == b.position());
  }
}

TEST_CASE("damaged events are events of the data, with gaps and marks as encode() writes them") {
  const Data data = shop_data();
  std::set<std::tuple<TypeId, float, std::uint8_t>> prices;
  for (const EncodedEvents& normal : data.normals)
    for (std::size_t i = 0; i < normal.n; ++i)
      prices.insert({normal.types[i], normal.values[k_price][i + 1], normal.missing[k_price][i + 1]});
  DamageOptions options;
  options.unknown_share = options.unseen_share = 0;
  const Damage damage = data.damage(options);
  DamagedEvents out;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed, 9);
    damage.apply(data.normals[seed % 60], random, out);
    const EncodedEvents& events = out.events;
    EncodedEvents again = events;
    std::fill(again.gaps.begin() + 1, again.gaps.end() - 1, -1);
    encode_gaps(again, data.schema, 0, again.n);
    REQUIRE(again.gaps == events.gaps);
    REQUIRE(events.time_ms.size() == events.n);
    REQUIRE(std::is_sorted(events.time_ms.begin(), events.time_ms.end()));
    for (const std::size_t c : {data.schema.primary, k_group, k_device}) {
      REQUIRE(events.ids[c].size() == events.positions());
      REQUIRE(events.ids[c].front() == k_cls_id);
      REQUIRE(events.ids[c].back() == k_sep_id);
    }
    REQUIRE(events.values[k_price].size() == events.positions());
    REQUIRE(events.missing[k_price].size() == events.positions());
    for (std::size_t i = 0; i < events.n; ++i) {
      const TypeId type = events.types[i];
      REQUIRE(events.ids[data.schema.primary][i + 1] == data.schema.primary_column().vocabulary.id(type));
      REQUIRE(events.ids[k_group][i + 1] ==
              data.schema.columns[k_group].vocabulary.id("group" + std::to_string(type % 4)));
      REQUIRE(prices.contains({type, events.values[k_price][i + 1], events.missing[k_price][i + 1]}));
    }
  }
}

TEST_CASE("times of what was put in lie between its neighbours, or what follows moves by the time it takes") {
  const Data data = shop_data();
  const EncodedEvents& clean = data.normals.back();
  std::size_t moved = 0, stayed = 0;
  for (const DamageKind kind : {DamageKind::spurious, DamageKind::duplicated, DamageKind::foreign_stretch}) {
    const Damage damage = data.damage(only(kind));
    DamagedEvents out;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      Random random(seed, 11);
      damage.apply(clean, random, out);
      std::int64_t by = 0;
      std::size_t slot = 0;
      for (std::size_t i = 0; i < out.events.n; ++i) {
        if (out.tags[i] == EventTag::remove) continue;
        const std::int64_t now = out.events.time_ms[i] - clean.time_ms[slot++];
        REQUIRE(now >= by);
        by = now;
      }
      ++(by > 0 ? moved : stayed);
    }
  }
  // Half of the sequences; in some that would move nothing follows. Five standard errors of 900 draws: 75.
  CHECK(moved > 450 - 75 - 60);
  CHECK(moved < 450 + 75);
  CHECK(stayed > 450 - 75);
}

TEST_CASE("events that replace others keep time and device, those put in have the device of the event before") {
  const Data data = shop_data();
  const EncodedEvents& clean = data.normals.back();
  DamagedEvents out;
  const auto device = [](const EncodedEvents& events, std::size_t i) { return events.ids[k_device][i + 1]; };
  std::size_t as_before = 0, same_device = 0;
  const Damage spurious = data.damage(only(DamageKind::spurious)), replaced = data.damage(only(DamageKind::replaced));
  constexpr std::size_t k_sequences = 600;
  for (std::uint64_t seed = 0; seed < k_sequences; ++seed) {
    Random random(seed, 13);
    spurious.apply(clean, random, out);
    bool agrees = true;
    for (std::size_t i = 1; i < out.events.n; ++i)
      agrees = agrees && (out.tags[i] != EventTag::remove || device(out.events, i) == device(out.events, i - 1));
    as_before += agrees;
    replaced.apply(clean, random, out);
    CHECK(out.events.time_ms == clean.time_ms);
    same_device += out.events.ids[k_device] == clean.ids[k_device];
  }
  // Eight of ten, and by chance a few of the others: about four random devices of three seldom agree all.
  for (const std::size_t count : {as_before, same_device}) {
    CHECK(count > .8 * k_sequences - 5 * std::sqrt(.16 * k_sequences));
    CHECK(count < .9 * k_sequences);
  }
}

TEST_CASE("without times the last of a run is the one too many, and what is missing is missing behind it") {
  const Data data = letter_data();
  const EncodedEvents clean = letters(data.schema, "abbbcdd");
  DamagedEvents out;
  std::size_t runs = 0, holes = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    for (const DamageKind kind : {DamageKind::duplicated, DamageKind::lost}) {
      Random random(seed, 17);
      data.damage(only(kind)).apply(clean, random, out);
      for (std::size_t i = 0; i < out.events.n; ++i) {
        const bool like_next = i + 1 < out.events.n && out.events.types[i] == out.events.types[i + 1];
        if (like_next && out.tags[i] == EventTag::remove) CHECK(out.tags[i + 1] == EventTag::remove);
        if (out.missing[i] != k_nothing_missing) CHECK(out.missing[i] != out.events.types[i]);
        runs += out.tags[i] == EventTag::remove;
        holes += out.missing[i] != k_nothing_missing;
      }
    }
  }
  CHECK(runs > 200);
  CHECK(holes > 200);
}

TEST_CASE(
    "with times equal neighbours are different events: the copy is the second, wherever the first stood in a run") {
  Data data = shop_data();
  EncodedEvents& clean = data.normals[30];
  for (std::size_t i = 0; i < clean.n; ++i)
    clean.types[i] = 3, clean.ids[data.schema.primary][i + 1] = 3 + k_reserved_ids;
  const Damage damage = data.damage(only(DamageKind::duplicated));
  DamagedEvents out;
  std::size_t kept_behind = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    damage.apply(clean, random, out);
    CHECK(out.tags[0] == EventTag::keep);
    for (std::size_t i = 0; i + 1 < out.events.n; ++i)
      kept_behind += out.tags[i] == EventTag::remove && out.tags[i + 1] == EventTag::keep;
  }
  CHECK(kept_behind > 0);
}

TEST_CASE("in some sequences a tenth of the events looks as if a repair had put it in") {
  const Data data = shop_data();
  DamageOptions options;
  options.clean_share = 1;
  options.unknown_share = 1;
  const Damage damage = data.damage(options);
  const EncodedEvents& clean = data.normals.back();
  DamagedEvents out;
  std::size_t unknown = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    damage.apply(clean, random, out);
    CHECK(out.events.types == clean.types);
    CHECK(out.events.ids[data.schema.primary] == clean.ids[data.schema.primary]);
    CHECK(out.events.ids[k_group] == clean.ids[k_group]);    // follows from the value
    CHECK(out.events.ids[k_device] == clean.ids[k_device]);  // as the event before
    for (std::size_t i = 0; i < clean.n; ++i) {
      if (out.events.time_ms[i] != k_no_time) continue;
      ++unknown;
      if (i > 0) CHECK(out.events.gaps[i + 1] == k_gap_unknown);
      CHECK(out.events.missing[k_price][i + 1] == 1);
      CHECK(out.events.values[k_price][i + 1] == 0);
    }
  }
  const double expected = .1 * 200 * static_cast<double>(clean.n);
  CHECK(std::abs(static_cast<double>(unknown) - expected) < 5 * std::sqrt(expected));
}

TEST_CASE("some wrong events are none of the vocabulary") {
  const Data data = letter_data();
  DamageOptions options = only(DamageKind::spurious, .2);
  options.unseen_share = .5;
  const Damage damage = data.damage(options);
  DamagedEvents out;
  std::size_t unseen = 0, wrong = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    damage.apply(data.normals[seed % 60], random, out);
    for (std::size_t i = 0; i < out.events.n; ++i) {
      wrong += out.tags[i] == EventTag::remove ? 1 : 0;
      if (!is_unseen(out.events.types[i])) continue;
      ++unseen;
      CHECK(out.events.ids[0][i + 1] == k_unk_id);
      CHECK(out.tags[i] == EventTag::remove);
    }
  }
  // A wrong event that is a copy out of the sequence may copy an unseen one: the share is no binomial's. Far from 0
  // and 1.
  CHECK(unseen > wrong / 4);
  CHECK(unseen < 3 * wrong / 4);
}

TEST_CASE("sequences of one event survive every kind of damage, and so do times at the ends of their range") {
  Data data = shop_data();
  for (const std::size_t n : {1, 2, 3}) {
    EncodedEvents clean = shop_sequence(data.schema, n, 1);
    for (const std::int64_t time :
         {k_no_time, k_no_time + 1, std::int64_t{0}, std::numeric_limits<std::int64_t>::max()}) {
      for (std::size_t i = 0; i < n; ++i) clean.time_ms[i] = i == 1 ? std::numeric_limits<std::int64_t>::max() : time;
      for (const DamageKind kind : k_kinds) {
        const Damage damage = data.damage(only(kind, 1));
        DamagedEvents out;
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
          Random random(seed);
          damage.apply(clean, random, out);
          REQUIRE(out.events.n >= 1);
          REQUIRE(leads_to(obey(out), clean.types));
        }
      }
    }
  }
}

TEST_CASE("damage refuses options out of their range and normals without events") {
  const Data data = shop_data();
  const auto refused = [&](auto&& change, const char* message) {
    DamageOptions options;
    change(options);
    CHECK_THROWS_WITH_AS(data.damage(options), message, Error);
  };
  refused([](DamageOptions& o) { o.shares = {}; }, "damage: no kind has a share");
  refused([](DamageOptions& o) { o.shares[3] = -1; },
          "damage: the share of lost events is out of range, expected 0 or above, found -1.000000");
  refused([](DamageOptions& o) { o.clean_share = 1.5; },
          "damage: clean_share is no share, expected 0 .. 1, found 1.500000");
  refused([](DamageOptions& o) { o.least_rate = .5; },
          "damage: least_rate is above largest_rate, expected at most 0.200000, found 0.500000");
  CHECK_THROWS_WITH_AS(Damage(data.schema, {}), "normals: no sequence has an event to draw from", Error);
}

TEST_CASE("kinds of damage have names, none of them another's") {
  std::set<std::string_view> names;
  for (const DamageKind kind : k_kinds) names.insert(to_string(kind));
  CHECK(names.size() == k_damage_kinds);
  CHECK(to_string(DamageKind::foreign_stretch) == "foreign stretch");
}
