// Repetitions where normals have hardly any.
#include "seqguard/repair/repeats_rule.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

EncodedEvents sequence(std::vector<TypeId> types) {
  EncodedEvents events;
  events.n = types.size();
  events.types = std::move(types);
  return events;
}

/// One sequence of 100 different events and `repeats` repetitions, and one without.
RepeatsRule fitted(std::size_t repeats) {
  std::vector<TypeId> types(100);
  std::iota(types.begin(), types.end(), 0);
  const EncodedEvents plain = sequence(types), nothing = sequence({});
  for (std::size_t k = 0; k < repeats; ++k) types.push_back(static_cast<TypeId>(k));
  const EncodedEvents repeating = sequence(types);
  RepeatsRule rule;
  rule.fit(std::vector<const EncodedEvents*>{&plain, &repeating, &nothing});
  return rule;
}

}  // namespace

TEST_CASE("repetitions are struck where less than one event in twenty of the normals is one") {
  const RepeatsRule rule = fitted(10);  // 10 of 210
  CHECK(rule.holds());
  CHECK(rule.sequences() == 2);
  CHECK(rule.sequences_with_repeats() == 1);
  CHECK_FALSE(fitted(11).holds());  // 11 of 211
  CHECK_FALSE(RepeatsRule().holds());
  const EncodedEvents events = sequence({7, 5, 7, 7, k_unseen_type | 3, 5, 9, k_unseen_type | 4, k_unseen_type | 3});
  std::vector<std::uint64_t> buffer;
  std::vector<EventEdit> edits;
  rule.strike(events, {}, buffer, edits);
  REQUIRE(edits.size() == 3);
  const std::size_t expected[][2] = {{2, 2}, {5, 1}, {8, 1}};
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(edits[k].operation == EditOperation::remove);
    CHECK(edits[k].position == expected[k][0]);
    CHECK(edits[k].count == expected[k][1]);
  }
  rule.strike(sequence({3, 2, 1}), {}, buffer, edits);
  rule.strike(sequence({}), {}, buffer, edits);
  fitted(50).strike(events, {}, buffer, edits);
  CHECK(edits.size() == 3);
  edits = {{EditOperation::set_time, 0}};
  rule.strike(sequence({9, 9}), {}, buffer, edits);
  REQUIRE(edits.size() == 2);  // behind what stands there, and no part of it
  CHECK(edits[0].count == 1);
}

TEST_CASE("of equal events far apart the one that looks right stays, of a stutter the first") {
  const RepeatsRule rule = fitted(10);
  std::vector<TypeId> types = {7};
  for (TypeId i = 20; i < 32; ++i) types.push_back(i);
  types.insert(types.end(), {7, 7});  // at 13 and 14
  std::vector<float> keep(types.size(), 1.0F);
  keep[0] = 0.2F;
  keep[13] = 0.9F;
  keep[14] = 0.95F;
  std::vector<std::uint64_t> buffer;
  std::vector<EventEdit> edits;
  const auto struck = [&](std::span<const float> by) {
    edits.clear();
    const bool depends = rule.strike(sequence(types), by, buffer, edits);
    CHECK(depends == (types.size() > 9));
    std::vector<std::size_t> positions;
    for (const EventEdit& edit : edits)
      for (std::size_t i = 0; i < edit.count; ++i) positions.push_back(edit.position + i);
    return positions;
  };
  CHECK(struck({}) == std::vector<std::size_t>{13, 14});
  CHECK(struck(keep) == std::vector<std::size_t>{0, 14});
  keep[0] = 0.9F;  // as probable: the first
  CHECK(struck(keep) == std::vector<std::size_t>{13, 14});
  types = {7, 1, 2, 3, 4, 5, 6, 8, 7};  // eight apart: still a stutter
  keep.assign(types.size(), 1.0F);
  keep[0] = 0.2F;
  CHECK(struck(keep) == std::vector<std::size_t>{8});
}

TEST_CASE("the rule about repetitions is the same when read again, and refuses what cannot be") {
  const auto read = [](const std::vector<std::uint64_t>& counts) {
    ProfileWriter writer;
    writer.scope("rule");
    writer.write("repeats", counts);
    const std::string bytes = writer.serialize();
    const SafetensorsFile file(std::as_bytes(std::span(bytes)), "model.safetensors");
    RepeatsRule rule;
    rule.load(ProfileReader(file, "rule"));
    return rule;
  };
  ProfileWriter writer;
  writer.scope("rule");
  fitted(10).save(writer);
  const std::string bytes = writer.serialize();
  const SafetensorsFile file(std::as_bytes(std::span(bytes)), "model.safetensors");
  RepeatsRule rule;
  rule.load(ProfileReader(file, "rule"));
  CHECK(rule.holds());
  CHECK(rule.sequences() == 2);
  CHECK(rule.sequences_with_repeats() == 1);
  CHECK(read({100, 4, 10, 2}).holds());
  for (const std::vector<std::uint64_t>& counts :
       {std::vector<std::uint64_t>{100, 101, 10, 2}, {100, 4, 101, 2}, {100, 4, 10, 11}, {100, 4, 10, 5}})
    CHECK_THROWS_WITH_AS(read(counts), "model.safetensors: rule.repeats: parts above the whole", Error);
  CHECK_THROWS_WITH_AS(read({100, 4, 10}), doctest::Contains("rule.repeats"), Error);
}
