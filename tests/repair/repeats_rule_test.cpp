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
  rule.strike(events, buffer, edits);
  REQUIRE(edits.size() == 3);
  const std::size_t expected[][2] = {{2, 2}, {5, 1}, {8, 1}};
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(edits[k].operation == EditOperation::remove);
    CHECK(edits[k].position == expected[k][0]);
    CHECK(edits[k].count == expected[k][1]);
  }
  rule.strike(sequence({3, 2, 1}), buffer, edits);
  rule.strike(sequence({}), buffer, edits);
  fitted(50).strike(events, buffer, edits);
  CHECK(edits.size() == 3);
  edits = {{EditOperation::set_time, 0}};
  rule.strike(sequence({9, 9}), buffer, edits);
  REQUIRE(edits.size() == 2);  // behind what stands there, and no part of it
  CHECK(edits[0].count == 1);
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
