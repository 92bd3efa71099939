// The tagger on sequences of any length: every event and gap is tagged once, by the window that sees most around it.
#include "seqguard/repair/edit_tagger.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

EventSchema letters_schema() {
  return fit_schema(read_events_from_text("a b c d e f g h a b c d e f g h\n", "letters.txt"));
}

EditTagger untrained(const EventSchema& schema, std::size_t window) {
  const EventSchema with = with_repeats(schema, window);
  Model<float> model(make_context(LoadOptions()),
                     EditTagger::spec(with, {.hidden = 16, .layers = 2, .heads = 2, .window = window}));
  model.initialize(3);
  model.pack(false);
  return EditTagger(schema, std::move(model));
}

EncodedEvents random_letters(const EventSchema& schema, std::size_t n) {
  Random random(5, n);
  std::vector<std::string> events;
  for (std::size_t i = 0; i < n; ++i) events.emplace_back(1, static_cast<char>('a' + random.below(8)));
  EncodedEvents out;
  encode(OneColumn(events).view(), schema, out);
  return out;
}

bool same(const EditTags& a, const EditTags& b) {
  if (a.events.size() != b.events.size() || a.gaps.size() != b.gaps.size()) return false;
  for (std::size_t i = 0; i < a.events.size(); ++i)
    if (a.events[i].keep != b.events[i].keep || a.events[i].value != b.events[i].value) return false;
  for (std::size_t i = 0; i < a.gaps.size(); ++i)
    if (a.gaps[i].missing != b.gaps[i].missing || a.gaps[i].value != b.gaps[i].value) return false;
  return true;
}

}  // namespace

TEST_CASE("tags are probabilities of every event and gap, whatever the length") {
  const EventSchema schema = letters_schema();
  const EditTagger tagger = untrained(schema, 12);
  TaggerScratch scratch;
  EditTags tags;
  for (const std::size_t n : {1, 2, 9, 10, 11, 12, 13, 40, 300}) {
    CAPTURE(n);
    tagger.tag(random_letters(schema, n), false, scratch, tags);
    REQUIRE(tags.events.size() == n);
    REQUIRE(tags.gaps.size() == n + 1);
    for (const EventTags& event : tags.events) {
      CHECK(event.keep + event.remove + event.replace == doctest::Approx(1));
      CHECK(event.keep < 1);  // an untrained network is sure of nothing: the default was overwritten
    }
    for (const GapTags& gap : tags.gaps) {
      CHECK(gap.missing > 0);
      CHECK(gap.missing < 1);
    }
  }
}

TEST_CASE("tags do not depend on what was tagged before, and values are none of those that are excluded") {
  const EventSchema schema = letters_schema();
  const EditTagger tagger = untrained(schema, 12);
  const EncodedEvents events = random_letters(schema, 30);
  TaggerScratch fresh, used;
  EditTags expected, tags;
  tagger.tag(events, false, fresh, expected);
  for (const std::size_t n : {100, 1, 12}) tagger.tag(random_letters(schema, n), true, used, tags);
  tagger.tag(events, false, used, tags);
  CHECK(same(tags, expected));

  std::size_t values = 0;
  for (std::size_t i = 0; i < events.n; ++i) {
    if (expected.events[i].value == k_no_value) continue;
    ++values;
    CHECK(expected.events[i].value >= k_reserved_ids);
    CHECK(expected.events[i].value != events.ids[0][i + 1]);
    CHECK(expected.events[i].value_probability > 0);
  }
  CHECK(values > 0);
  EncodedEvents few = random_letters(schema, 6);
  tagger.tag(few, true, used, tags);
  for (const EventTags& event : tags.events)
    for (std::size_t i = 1; i <= few.n; ++i) CHECK(event.value != few.ids[0][i]);
}

TEST_CASE("an event is tagged by the window in which it is furthest from where the sequence was cut") {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "v" + std::to_string(i % 30) + " ";
  const EventSchema schema = fit_schema(read_events_from_text(text + "\n", "values.txt"));
  const EditTagger tagger = untrained(schema, 12);
  // 20 events, none twice: no distance betrays a change. Windows of positions 0 - 11, 6 - 17 and 10 - 21.
  std::vector<std::string> values;
  for (int i = 0; i < 20; ++i) values.push_back("v" + std::to_string(i));
  EncodedEvents events;
  TaggerScratch scratch;
  EditTags before, after;
  encode(OneColumn(values).view(), schema, events);
  tagger.tag(events, false, scratch, before);
  values[15] = "v25";  // position 16, beyond the first window
  encode(OneColumn(values).view(), schema, events);
  tagger.tag(events, false, scratch, after);
  // Position 8 is three from the end of the first window, and two from the beginning of the second.
  for (std::size_t p = 1; p <= 20; ++p) {
    CAPTURE(p);
    CHECK((before.events[p - 1].keep == after.events[p - 1].keep) == (p <= 8));
  }
}

TEST_CASE("an encoder of another shape is no tagger of a schema") {
  const EventSchema schema = letters_schema();
  ModelSpec spec = EditTagger::spec(with_repeats(schema, 12), {.hidden = 16, .heads = 2, .window = 12});
  spec.heads.pop_back();
  CHECK_THROWS_AS(EditTagger(schema, Model<float>(make_context(LoadOptions()), spec)), Error);
}
