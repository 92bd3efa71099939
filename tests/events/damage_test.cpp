// Self-made damage: labels that lead back to the clean sequence, and events that could have been recorded.
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

#include "events/damage_data.hpp"
#include "seqguard/core/error.hpp"

using namespace seqguard;
using namespace seqguard::tests;

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
