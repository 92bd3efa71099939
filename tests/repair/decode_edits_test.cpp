// From tags to a script, by hand: what is made, what is left, and how edits become one.
#include "seqguard/repair/decode_edits.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "repair/compose_script.hpp"
#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/repair/repair_gate.hpp"
#include "seqguard/repair/sequence_repairer.hpp"

using namespace seqguard;

namespace {

/// Letters a to h, a is type 0; an untrained tagger of them, whose opinion no first round asks for.
struct Letters {
  Dataset dataset =
      read_events_from_text("a a a a a a a a b b b b b b b c c c c c c d d d d d e e e e f f f g g h\n", "letters.txt");
  EventSchema schema = fit_schema(dataset);
  EditTagger tagger;
  TaggerScratch tagger_scratch;
  DecodeScratch scratch;

  Letters() : tagger(schema, untrained(schema)) {}
  static Model<float> untrained(const EventSchema& schema) {
    const EventSchema with = with_repeats(schema, 16);
    Model<float> model(make_context(LoadOptions()),
                       EditTagger::spec(with, {.hidden = 8, .layers = 1, .heads = 2, .window = 16}));
    model.initialize(3);
    model.pack(false);
    return model;
  }
  EncodedEvents encoded(const std::string& letters) const {
    std::vector<std::string> events;
    for (const char letter : letters) events.emplace_back(1, letter);
    EncodedEvents out;
    encode(OneColumn(events).view(), schema, out);
    return out;
  }
  std::int32_t id(char letter) const { return schema.primary_column().vocabulary.id(std::string(1, letter)); }
  std::string decode(const std::string& letters, const EditTags& tags, const DecodeOptions& options,
                     std::vector<ProposedEdit>& script) {
    const EncodedEvents events = encoded(letters);
    decode_edits(tagger, events, schema, tags, options, tagger_scratch, scratch, script);
    std::vector<EventEdit> edits;
    for (const ProposedEdit& proposed : script)
      if (!proposed.only_reported) edits.push_back(proposed.edit);
    EncodedEvents out;
    std::vector<std::size_t> origins;
    apply_script(edits, events, schema, out, origins);
    std::string result;
    for (const TypeId type : out.types) result += schema.primary_column().vocabulary.value(type);
    return result;
  }
};

EditTags no_tags(std::size_t n) { return {std::vector<EventTags>(n), std::vector<GapTags>(n + 1)}; }

constexpr DecodeOptions k_one_round{.threshold = 0.1, .rounds = 1};

}  // namespace

TEST_CASE("gains are the expected reduction of the edit distance") {
  CHECK(remove_gain({0.25F, 0.5F, 0.25F}) == 0.25);
  CHECK(replace_gain({0.25F, 0.25F, 0.5F, 7, 0.75F}) == 0.125);
  CHECK(replace_gain({0, 0, 1}) == -1);  // no value was looked for
  CHECK(insert_gain({0.75F, 7, 0.5F}) == 0.125);
  CHECK(insert_gain({1, k_no_value, 0}) == -1);
  EditTags tags = no_tags(2);
  CHECK(largest_gain(tags) == -1);
  tags.gaps[1] = {0.75F, 7, 0.5F};
  CHECK(largest_gain(tags) == 0.125);
  tags.events[0] = {0.25F, 0.5F, 0.25F};
  CHECK(largest_gain(tags) == 0.25);
}

TEST_CASE("one round makes every edit whose gain exceeds the threshold") {
  Letters letters;
  EditTags tags = no_tags(5);
  tags.events[1] = {0.1F, 0.9F, 0};
  tags.events[2] = {0.1F, 0.9F, 0};
  tags.events[3] = {0, 0.2F, 0.8F, letters.id('h'), 0.9F};
  tags.events[4] = {0.45F, 0.54F, 0.01F};  // .09: too little
  tags.gaps[5] = {0.9F, letters.id('g'), 0.9F};
  std::vector<ProposedEdit> script;
  CHECK(letters.decode("abcde", tags, k_one_round, script) == "aheg");
  REQUIRE(script.size() == 3);
  CHECK(script[0].edit.operation == EditOperation::remove);
  CHECK(script[0].edit.position == 1);
  CHECK(script[0].edit.count == 2);
  CHECK(script[0].gain == doctest::Approx(1.6));
  CHECK(script[0].probability == doctest::Approx(0.9));
  CHECK(script[1].edit.operation == EditOperation::replace);
  CHECK(script[1].probability == doctest::Approx(0.9));
  CHECK(script[2].edit.position == 5);
  CHECK(letters.decode("abcde", tags, {.threshold = 0.85, .rounds = 1}, script) == "abcde");
}

TEST_CASE("at least one event stays, and stretches that are not sure are only reported") {
  Letters letters;
  EditTags tags = no_tags(3);
  for (EventTags& event : tags.events) event = {0, 1, 0};
  std::vector<ProposedEdit> script;
  CHECK(letters.decode("abc", tags, k_one_round, script) == "c");

  tags = no_tags(10);
  for (std::size_t i = 1; i < 8; ++i) tags.events[i] = {0.05F, 0.95F, 0};
  CHECK(letters.decode("abcdefghab", tags, k_one_round, script) == "aab");
  CHECK_FALSE(script[0].only_reported);
  for (std::size_t i = 1; i < 8; ++i) tags.events[i] = {0.15F, 0.85F, 0};  // gain .7
  CHECK(letters.decode("abcdefghab", tags, k_one_round, script) == "abcdefghab");
  REQUIRE(script.size() == 1);
  CHECK(script[0].only_reported);
  tags.events[7] = {};  // six are no stretch
  CHECK(letters.decode("abcdefghab", tags, k_one_round, script) == "ahab");
}

TEST_CASE("rounds end, whatever a tagger says: bounded insertions, and the same script again") {
  Letters letters;
  EditTags tags = no_tags(4);
  for (GapTags& gap : tags.gaps) gap = {1, letters.id('b'), 1};
  std::vector<ProposedEdit> script, again;
  const std::string once = letters.decode("acac", tags, {.threshold = -1, .rounds = 50}, script);
  std::size_t inserted = 0;
  for (const ProposedEdit& edit : script) inserted += edit.edit.operation == EditOperation::insert ? 1 : 0;
  CHECK(inserted <= 8);
  CHECK(letters.decode("acac", tags, {.threshold = -1, .rounds = 50}, again) == once);
}

TEST_CASE("a script of a shortened sequence, in positions of the original") {
  // "abbcd" without the second b, whose rest is then edited: c goes, e comes in its place, and f at the end.
  const std::vector<EventEdit> first = {{.operation = EditOperation::set_time, .position = 0, .shift_ms = 5},
                                        {.operation = EditOperation::remove, .position = 2}};
  const std::vector<std::size_t> origins = {0, 1, 3, 4};
  std::vector<ProposedEdit> second;
  second.push_back({{.operation = EditOperation::remove, .position = 1, .count = 2}, 0.5, 1});
  second.push_back({{.operation = EditOperation::insert, .position = 3, .type = 4}, 0.9, 0.8});
  second.push_back({{.operation = EditOperation::insert, .position = 4, .type = 5}, 0.9, 0.8});
  std::vector<ProposedEdit> out;
  compose_scripts(first, 5, origins, second, out);
  REQUIRE(out.size() == 4);
  CHECK(out[0].edit.operation == EditOperation::set_time);
  CHECK(out[1].edit.operation == EditOperation::remove);
  CHECK(out[1].edit.position == 1);
  CHECK(out[1].edit.count == 3);  // b, b and c
  CHECK(out[1].probability == doctest::Approx((0.5 + 1 + 0.5) / 3));
  CHECK(out[1].gain == doctest::Approx(0.5 + 1 + 0.5));
  CHECK(out[2].edit.position == 4);
  CHECK(out[3].edit.position == 5);
}

TEST_CASE("what is inserted has a time between its neighbours, or a usual one from the only neighbour") {
  EncodedEvents events;
  events.n = 3;
  events.types = {0, 1, 2};
  events.time_ms = {0, 3000, 9000};
  GapModel gaps;
  const EncodedEvents* const normals[] = {&events};
  gaps.fit(normals);
  const auto insert = [](std::size_t position, std::size_t rank, TypeId type) {
    return ProposedEdit{{EditOperation::insert, position, rank, type}, 1, 1};
  };
  std::vector<ProposedEdit> script = {insert(0, 0, 0), insert(1, 0, 0), insert(1, 1, 0), insert(3, 0, 1)};
  set_inserted_times(events, gaps, script);
  CHECK(script[1].edit.time_ms == 1000);
  CHECK(script[2].edit.time_ms == 2000);
  CHECK(script[0].edit.time_ms == -gaps.median_ms(0, 0));
  CHECK(script[3].edit.time_ms == 9000 + gaps.median_ms(2, 1));
  CHECK(gaps.median_ms(0, 0) > 0);
  events.time_ms = {k_no_time, k_no_time, k_no_time};
  for (ProposedEdit& edit : script) edit.edit.time_ms = k_no_time;
  set_inserted_times(events, gaps, script);
  for (const ProposedEdit& edit : script) CHECK(edit.edit.time_ms == k_no_time);
}

TEST_CASE("a gate admits the share of held-out normals that was promised") {
  RepairGate gate;
  CHECK_FALSE(gate.decide(0.01).exists);
  for (int i = 0; i < 99; ++i) gate.gains.push_back(i / 100.0);
  const GateDecision one = gate.decide(0.01), ten = gate.decide(0.1);
  CHECK(one.exists);
  CHECK(one.gain == 0.98);  // none of the 99 exceeds it: one of 100 may
  CHECK(ten.gain == 0.89);  // nine exceed it
  CHECK_FALSE(gate.decide(0.0099).exists);
  CHECK(one.repairs_times);
  CHECK(one.strikes_repeats);

  gate.disordered = 4;
  CHECK_FALSE(gate.decide(0.05).repairs_times);  // four of five would be too many
  CHECK(gate.decide(0.05).gain == 0.94);
  CHECK(gate.decide(0.1).repairs_times);
  CHECK(gate.decide(0.1).gain == 0.93);  // six are left
}

TEST_CASE("a normal's gain for the gate is the largest under any decision about times and repetitions") {
  // Users who do each thing once, one of 25 with a repetition: the rule holds, and a promise may leave it on or off.
  std::string text;
  for (int i = 0; i < 24; ++i) text += "a b c d e f g h\n";
  const Dataset data = read_events_from_text(text + "a b c d e f g a\n", "letters.txt");
  const EventSchema schema = fit_schema(data);
  const EncodedData encoded(data, schema);
  std::vector<const EncodedEvents*> normals;
  for (std::size_t i = 0; i < encoded.size(); ++i) normals.push_back(&encoded[i]);
  SequenceRepairer repairer{EditTagger(schema, Letters::untrained(schema)), {}, {}, {}};
  repairer.repeats.fit(normals);
  REQUIRE(repairer.repeats.holds());
  RepairScratch scratch;
  const double on = repairer.first_gain(encoded[24], schema, {true, true, true}, scratch);
  const double off = repairer.first_gain(encoded[24], schema, {true, false, false}, scratch);
  CHECK(on != off);
  CHECK(repairer.gate_gain(encoded[24], schema, scratch) == std::max(on, off));
  const double usual = repairer.first_gain(encoded[0], schema, {true, false, false}, scratch);
  CHECK(repairer.gate_gain(encoded[0], schema, scratch) == usual);
}

TEST_CASE("of equal events far apart a repair strikes the one that the tagger trusts less") {
  std::string line, text;
  for (char letter = 'a'; letter < 'u'; ++letter) line += std::string(1, letter) + " ";
  for (int i = 0; i < 24; ++i) text += line + "\n";
  const Dataset data = read_events_from_text(text, "letters.txt");
  const EventSchema schema = fit_schema(data);
  const EncodedData encoded(data, schema);
  std::vector<const EncodedEvents*> normals;
  for (std::size_t i = 0; i < encoded.size(); ++i) normals.push_back(&encoded[i]);
  SequenceRepairer repairer{EditTagger(schema, Letters::untrained(schema)), {}, {}, {}};
  repairer.repeats.fit(normals);
  repairer.gate.gains.assign(99, 1.0);  // the tagger makes no edit of its own
  RepairScratch scratch;
  std::vector<ProposedEdit> script;
  EditTags tags;
  std::size_t earlier = 0, pairs = 0;
  for (std::size_t at = 0; at <= encoded[0].n; ++at)  // where a letter stands a second time
    for (std::size_t k = 0; k < encoded[0].n; ++k) {
      const std::size_t first = std::min(at, k), second = at <= k ? k + 1 : at;
      if (second - first <= 8) continue;  // a stutter
      std::vector<TypeId> types = encoded[0].types;
      types.insert(types.begin() + static_cast<std::ptrdiff_t>(at), types[k]);
      const ColumnView column{std::span<const TypeId>(types)};
      EncodedEvents events;
      encode({types.size(), {&column, 1}, {}}, schema, events);
      repairer.tagger.tag(events, true, scratch.tagger, tags);
      const std::size_t wrong = tags.events[first].keep < tags.events[second].keep ? first : second;
      repairer.repair(events, schema, {}, scratch, script);
      REQUIRE(script.size() == 1);
      CHECK(script[0].edit.operation == EditOperation::remove);
      CHECK(script[0].edit.position == wrong);
      earlier += wrong == first ? 1 : 0;
      ++pairs;
    }
  // Both happen, so that neither can be a habit.
  CHECK(earlier > 0);
  CHECK(earlier < pairs);
}

TEST_CASE("a sequence is edited if its largest gain exceeds the gate, and not otherwise") {
  Letters letters;
  // An untrained tagger, and a threshold that lets every edit pass: only the gate decides.
  SequenceRepairer repairer{EditTagger(letters.schema, Letters::untrained(letters.schema)), {}, {}, {}, -1};
  const EncodedEvents events = letters.encoded("abcdefgh");
  RepairScratch scratch;
  std::vector<ProposedEdit> script;
  CHECK_FALSE(repairer.repair(events, letters.schema, {0.5}, scratch, script).has_gate);
  CHECK(script.empty());
  const double gain = repairer.first_gain(events, letters.schema, {true}, scratch);
  for (const double gate : {gain - 1e-9, gain}) {
    repairer.gate.gains.assign(9, gate);
    const RepairedSequence repaired = repairer.repair(events, letters.schema, {0.1}, scratch, script);
    CHECK(repaired.has_gate);
    CHECK(repaired.largest_gain == gain);
    CHECK(script.empty() == (gate == gain));
  }
}

TEST_CASE("nothing is put into a hole that an earlier round struck out") {
  Letters letters;
  EditTags tags = no_tags(4);
  tags.events[1] = tags.events[2] = {0, 1, 0};
  std::vector<ProposedEdit> script;
  // The untrained tagger of the later rounds would fill every gap: those beside b and c's hole stay as they are.
  letters.decode("abcd", tags, {.threshold = -0.9999, .rounds = 4}, script);
  REQUIRE(std::any_of(script.begin(), script.end(),
                      [](const ProposedEdit& edit) { return edit.edit.operation == EditOperation::insert; }));
  for (const ProposedEdit& edit : script)
    if (edit.edit.operation == EditOperation::insert) CHECK((edit.edit.position < 1 || edit.edit.position > 3));
}
