// Self-made damage: times, columns and labels of what was put in, replaced or lost.
#include <doctest/doctest.h>

#include <cmath>

#include "events/damage_data.hpp"

using namespace seqguard;
using namespace seqguard::tests;

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
