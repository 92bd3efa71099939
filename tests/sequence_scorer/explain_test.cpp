// Explanations of sequences whose fault is known.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "seqguard/sequence_scorer/explanation.hpp"
#include "seqguard/sequence_scorer/fine_tune.hpp"
#include "sequence_scorer/even_pace.hpp"
#include "sequence_scorer/repeated_stretch.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

Explanation explain(const SequenceScorer& scorer, const std::vector<std::string>& events,
                    const ExplainOptions& options = {}) {
  auto scratch = scorer.make_scratch(events.size());
  return scorer.explain(OneColumn(events), scratch, options);
}

const ViewReason& reason(const Explanation& explanation, std::string_view view) {
  const auto found = std::find_if(explanation.views.begin(), explanation.views.end(),
                                  [&](const ViewReason& r) { return r.view == view; });
  REQUIRE(found != explanation.views.end());
  return *found;
}

bool holds(std::string_view text, std::string_view part) {
  const bool found = text.find(part) != std::string_view::npos;
  if (!found) MESSAGE("\"", std::string(text), "\" does not hold \"", std::string(part), "\"");
  return found;
}

/// A visit whose fourth event is one that never comes there.
std::vector<std::string> visit_with_pay_at_3() {
  return {"login", "search", "view", "pay", "search", "view", "list", "view", "zoom", "search", "view", "logout"};
}

}  // namespace

TEST_CASE("an explanation has words of its own for every view") {
  // Of the default recipe, of traces, and of several predicted columns with a time.
  FitOptions traces = quick_fit();
  traces.preset = RecipePreset::traces;
  const SequenceScorer traced(fit(as_dataset(visits(60, 4)), traces));
  const SequenceScorer columns(fit(visits_with_kinds(60, 4), quick_fit()));
  const Dataset bots = timed_visits(1, 9, true), dear = visits_with_kinds(1, 9);
  std::set<std::string> seen;
  const auto check = [&](const Explanation& explanation) {
    double sum = 0;
    for (const ViewReason& r : explanation.views) {
      CAPTURE(r.view);
      CAPTURE(r.words);
      CHECK(r.words.find_first_of("0123456789") != std::string::npos);
      CHECK(!r.words.starts_with("\"" + r.view + "\" is "));  // what is said of a view that nobody knows
      CHECK(holds(r.words, "normal sequence"));
      sum += r.share;
      seen.insert(r.view);
    }
    CHECK(sum == doctest::Approx(1));
    CHECK(std::is_sorted(explanation.views.begin(), explanation.views.end(),
                         [](const ViewReason& a, const ViewReason& b) { return a.share > b.share; }));
  };
  std::vector<std::string> odd = visit_with_pay_at_3();
  odd.push_back("hack");
  check(explain(shared_scorer(), odd));
  check(explain(traced, odd));
  check(times_scorer().explain(bots.view(0)));
  for (const std::string_view name : detector_names()) {
    CAPTURE(std::string(name));
    CHECK(seen.contains(std::string(name)));
  }
  check(columns.explain(dear.view(0)));
  for (const std::string& name : surprise_views(*times_scorer().schema())) CHECK(seen.contains(name));
  for (const std::string& name : NumberProfile::views(number_blocks(*columns.schema()))) CHECK(seen.contains(name));
  for (const std::string& name : NumberProfile::views(number_blocks(*times_scorer().schema())))
    CHECK(seen.contains(name));
}

TEST_CASE("what was learned from labels has words too") {
  const TemporaryDirectory directory;
  save_behaviour_model(*fit(as_dataset(visits(120, 4)), quick_fit()), directory / "model");
  auto sequences = visits(60, 5);
  ClassLabels labels{{"normal", "scraper"}, false, {}};
  labels.values.assign(sequences.size(), 0);
  const std::vector<std::string> scraper = {"login", "list", "list", "list", "view", "list", "list", "logout"};
  for (int i = 0; i < 10; ++i) sequences.push_back(scraper);
  labels.values.resize(sequences.size(), 1);
  FineTuneOptions options;
  options.network.hidden = 16;
  options.folds = 2;
  fine_tune(directory / "model", as_dataset(sequences), labels, directory / "model", options);
  const Explanation explanation = explain(SequenceScorer::load(directory / "model"), scraper, {.attributions = false});
  const std::string& words = reason(explanation, "labels").words;
  CHECK(holds(words, "it resembles what was labelled \"scraper\", probability "));
  CHECK(holds(words, " normal sequences: "));

  // Event by event: what the view of the labels says without it.
  REQUIRE(explanation.label);
  CHECK(explanation.label->name == "scraper");
  CHECK(explanation.label->events.size() == scraper.size());
  const SequenceScorer scorer = SequenceScorer::load(directory / "model");
  const double whole = reason(explanation, "labels").value;
  for (const auto& [position, lower] : explanation.label->events) {
    std::vector<std::string> left = scraper;
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(position));
    CHECK(whole - reason(explain(scorer, left, {.attributions = false}), "labels").value ==
          doctest::Approx(lower).epsilon(1e-9));
  }
  CHECK(std::is_sorted(explanation.label->events.begin(), explanation.label->events.end(),
                       [](const auto& a, const auto& b) { return a.second > b.second; }));
  CHECK(!explain(shared_scorer(), scraper, {.attributions = false}).label);
}

TEST_CASE("words of the views carry the numbers of the sequence") {
  std::vector<std::string> events = {"login"};
  for (int i = 0; i < 40; ++i) events.insert(events.end(), {"search", "view", "cart"});
  const Explanation turns = explain(shared_scorer(), events, {.attributions = false, .max_removed = 1});
  CHECK(holds(reason(turns, "squeeze").words, "the same 3 events in turn, 40 times (\"search\", \"view\", \"cart\")"));
  CHECK(holds(reason(turns, "length").words, "121 events (98 % of 200 normal sequences: "));
  CHECK(holds(reason(turns, "repeats").words, "4 different of 121"));
  CHECK(holds(reason(turns, "logcount").words, "\"cart\" 40 times, in normal sequences at most "));
  CHECK(holds(reason(turns, "bigrams").words, "in no normal sequence"));

  std::vector<std::string> unseen = visit_with_pay_at_3();
  unseen[3] = "hack";
  const Explanation novelty = explain(shared_scorer(), unseen);
  CHECK(holds(reason(novelty, "unseen").words,
              "1 of 12 events is of a type that no normal sequence has: \"hack\" (98 % of 200 normal sequences: 0"));
  CHECK(holds(reason(novelty, "types").words, "\"hack\", is in no normal sequence"));

  std::vector<std::string> same = visit_with_pay_at_3();
  same.insert(same.begin() + 3, 6, "view");
  CHECK(holds(reason(explain(shared_scorer(), same), "same").words, "\"view\" 7 times in a row"));
}

TEST_CASE("the longest repeated stretch and the evenest pace") {
  const std::vector<TypeId> turns = {9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 8};
  const RepeatedStretch stretch = longest_repeated_stretch(turns);
  CHECK(stretch.first == 1);
  CHECK(stretch.period == 3);
  CHECK(stretch.count == 10);
  CHECK(stretch.rounds() == 3);
  CHECK(longest_repeated_stretch(std::vector<TypeId>{1, 2, 3, 4}).count == 0);
  CHECK(longest_repeated_stretch(std::vector<TypeId>{}).count == 0);

  EventSchema schema = *times_scorer().schema();
  schema.time->seen = SeenSizes{{10'000, 30'000, 90'000}, 0};
  std::vector<std::int64_t> times{0, 40'000, 61'000};
  for (int i = 0; i < 12; ++i) times.push_back(times.back() + 3'000 + (i * 7) % 90);
  times.push_back(times.back() + 70'000);
  const EvenPace pace = find_even_pace(times, schema);
  CHECK(pace.first == 2);
  CHECK(pace.count == 13);
  CHECK(pace.shortest_ms == 3'000);
  CHECK(pace.longest_ms == 3'077);
  // 11 log(2 log 9 / log(3.078 / 3)), by hand: the times' resolution is 1 ms.
  CHECK(pace.surprise[5] == doctest::Approx(11 * std::log(2 * std::log(9.0) / std::log(3078.0 / 3000))));
  CHECK(pace.surprise[0] == 0);
  schema.time->seen = SeenSizes{{2'990, 3'000, 3'100}, 0};  // where all gaps are even, no evenness tells
  CHECK(find_even_pace(times, schema).surprise[5] < k_even_pace_nats);
  times[4] = k_no_time;
  CHECK(find_even_pace(times, schema).surprise.empty());
}

TEST_CASE("the even pace of a bot is named") {
  std::string text = "user,event,device,time\n";
  for (int i = 0; i < 24; ++i)
    text += "u1," + std::string(i % 2 == 0 ? "search" : "view") + ",desk," + std::to_string(1'700'000'000 + 4 * i) +
            "000\n";
  ReadOptions options;
  options.format = DataFormat::csv;
  options.key = "user";
  options.time = "time";
  const Dataset bot = read_events_from_text(text, "bot.csv", options);
  const Explanation explanation = times_scorer().explain(bot.view(0));
  REQUIRE(explanation.even_pace);
  CHECK(explanation.even_pace->first == 0);
  CHECK(explanation.even_pace->count == 24);
  CHECK(explanation.even_pace->words == "an even pace: events 0 to 23 in 92 s, every gap about 4 s");
  // Users leave 20 to 59 s between events: twenty of them are never as even.
  CHECK(holds(reason(explanation, "next:time").words, "24 events in 92 s, of normal sequences the network expects "));
  const Dataset people = timed_visits(20, 11, false);
  for (std::size_t s = 0; s < 20; ++s) CHECK(!times_scorer().explain(people.view(s)).even_pace);
}

TEST_CASE("the injected event is the most suspicious one, with what was expected instead") {
  const std::vector<std::string> events = visit_with_pay_at_3();
  const Explanation explanation = explain(shared_scorer(), events);
  REQUIRE(!explanation.events.empty());
  REQUIRE(explanation.ranking.size() == events.size());
  std::vector<std::size_t> sorted = explanation.ranking;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::size_t> all(events.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  CHECK(sorted == all);
  const SuspiciousEvent& worst = explanation.events[0];
  CHECK(worst.position == 3);
  CHECK(worst.position == explanation.ranking[0]);
  REQUIRE(worst.columns.size() == 1);
  CHECK(worst.columns[0].value == "pay");
  CHECK(worst.columns[0].probability == doctest::Approx(std::exp(-worst.columns[0].surprise)));
  auto scratch = shared_scorer().make_scratch(events.size());
  const auto expected = shared_scorer().expected(OneColumn(events), 3, 3, scratch);
  REQUIRE(worst.columns[0].expected.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(worst.columns[0].expected[i].value == expected[i].value);
    CHECK(worst.columns[0].expected[i].probability == expected[i].probability);
  }
  CHECK(holds(worst.words, "event 3: event pay is "));
}

TEST_CASE("attributions of an event are complete, and of all columns") {
  const Dataset bots = timed_visits(4, 9, true);
  for (std::size_t s = 0; s < 4; ++s)
    for (const SuspiciousEvent& event : times_scorer().explain(bots.view(s)).events) {
      CHECK(event.complete);
      double sum = 0;
      std::set<std::string> columns;
      for (const EventAttribution& a : event.attributions) {
        CHECK(a.event != event.position);  // hidden in both
        sum += a.value;
        columns.insert(a.column);
      }
      CHECK(columns == std::set<std::string>{"event", "device", "time"});
      // 1 % of the difference, or what is_complete() allows for rounding: 1.2e-5 of a surprise below 100 nats.
      CHECK(std::abs(event.surprise - event.baseline_surprise - sum) <=
            std::max(0.01 * std::abs(event.surprise - event.baseline_surprise), 2e-3));
    }
}

TEST_CASE("removed events and stretches: the score that is told is that of the sequence without them") {
  const std::vector<std::string> events = visit_with_pay_at_3();
  const Explanation explanation = explain(shared_scorer(), events);
  REQUIRE(!explanation.removals.empty());
  std::vector<std::size_t> gone;
  double before = explanation.score.value;
  for (const Removal& removal : explanation.removals) {
    gone.push_back(removal.position);
    std::vector<std::string> left;
    for (std::size_t i = 0; i < events.size(); ++i)
      if (std::find(gone.begin(), gone.end(), i) == gone.end()) left.push_back(events[i]);
    CHECK(removal.score == shared_scorer().score(left).value);
    CHECK(removal.score < before);
    before = removal.score;
  }
  CHECK(explanation.removals[0].position == 3);
  REQUIRE(explanation.stretch);
  std::vector<std::string> left = events;
  const auto first = left.begin() + static_cast<std::ptrdiff_t>(explanation.stretch->first);
  left.erase(first, first + static_cast<std::ptrdiff_t>(explanation.stretch->count));
  CHECK(explanation.stretch->score_without == shared_scorer().score(left).value);
}

TEST_CASE("the nearest normal sequence is found and aligned") {
  const std::vector<std::vector<std::string>> normals = {
      {"login", "list", "view", "zoom", "logout"},
      {"login", "search", "view", "search", "view", "logout"},
      {"login", "search", "view", "cart", "pay", "logout"},
  };
  const EncodedData data(as_dataset(normals), *shared_scorer().schema());
  const std::vector<std::string> events = {"login", "search", "pay", "search", "view", "logout", "login"};
  const Explanation explanation = explain(shared_scorer(), events, {.attributions = false, .normals = &data});
  REQUIRE(explanation.nearest);
  CHECK(explanation.nearest->index == 1);
  CHECK(explanation.nearest->distance == 2);
  std::string text;
  for (const AlignedEvent& pair : explanation.nearest->alignment)
    text += pair.own_value + (pair.differs() ? "|" : "=") + pair.normal_value + " ";
  CHECK(text == "login=login search=search pay|view search=search view=view logout=logout login| ");
  CHECK(!explain(shared_scorer(), events, {.attributions = false}).nearest);
}

TEST_CASE("an explanation's counterfactual is the repair, and its score the scorer's") {
  const std::vector<std::string> events = visit_with_pay_at_3();
  const Explanation explanation = explain(repairing_scorer(), events);
  const Score score = repairing_scorer().score(OneColumn(events), {.masked_if_anomalous = true});
  CHECK(explanation.score.value == score.value);
  CHECK(explanation.score.worst == score.worst);
  const Repair repair = repairing_scorer().repair(OneColumn(events));
  REQUIRE(explanation.edits.size() == repair.edits.size());
  for (std::size_t e = 0; e < repair.edits.size(); ++e) {
    CHECK(explanation.edits[e].position == repair.edits[e].position);
    CHECK(explanation.edits[e].after == repair.edits[e].after);
  }
  CHECK(explain(repairing_scorer(), events, {.counterfactual = false}).edits.empty());
  CHECK(!shared_scorer().can_repair());  // then there is no counterfactual, and all else is told
  CHECK(explain(shared_scorer(), events).edits.empty());
}

TEST_CASE("sentences: what is told of edits, and of what is only reported") {
  Explanation explanation;
  explanation.score_repaired = 1.25;
  explanation.p_repaired = 0.5;
  const auto add = [&](EditOperation operation, std::size_t position, const char* before, const char* after) -> Edit& {
    Edit edit;
    edit.operation = operation;
    edit.position = position;
    edit.before = before;
    edit.after = after;
    explanation.edits.push_back(edit);
    return explanation.edits.back();
  };
  CHECK(explanation.sentences().empty());
  add(EditOperation::replace, 3, "pay", "cart");
  add(EditOperation::insert, 5, "", "view");
  add(EditOperation::set_time, 6, "", "").shift_ms = -90'000;
  CHECK(explanation.sentences() ==
        std::vector<std::string>{
            "nearer to what it should be: \"cart\" in the place of event 3, \"pay\"; \"view\" before "
            "event 5; event 6 90 s earlier (score 1.25, p 0.5)"});
  add(EditOperation::remove, 9, "view", "");
  Edit& stretch = add(EditOperation::remove, 12, "list", "");
  stretch.count = 8;
  stretch.only_reported = true;
  CHECK(holds(explanation.sentences()[0], "event 6 90 s earlier and 1 more edit (score"));
  CHECK(explanation.sentences()[1] == "not certain enough to be changed: without events 12 to 19, \"list\" and so on");

  ViewReason loud, quiet, pattern;
  loud.view = "ngram";
  loud.share = 0.9;
  loud.words = "loud";
  quiet.view = "types";
  quiet.share = 0.04;
  quiet.words = "quiet";
  pattern.view = "squeeze";
  pattern.share = 0.03;
  pattern.p_value = 0.001;
  pattern.words = "again and again";
  explanation.views = {loud, quiet, pattern};
  CHECK(explanation.sentences()[0] == "90 % ngram: loud");
  CHECK(explanation.sentences()[1] == "again and again");
  CHECK(holds(explanation.sentences()[2], "nearer to what it should be"));
}

TEST_CASE("explanations of short and of normal sequences, and what was not asked for") {
  for (const std::size_t length : {1, 2, 3}) {
    const std::vector<std::string> events(length, "view");
    const Explanation explanation = explain(shared_scorer(), events);
    CHECK(explanation.ranking.size() == length);
    CHECK(!explanation.events.empty());
    CHECK(!explanation.sentences().empty());
  }
  CHECK_THROWS_AS(explain(shared_scorer(), {}), Error);
  const Explanation little = explain(shared_scorer(), visit_with_pay_at_3(),
                                     {.max_events = 1,
                                      .candidates = 0,
                                      .attributions = false,
                                      .max_removed = 0,
                                      .stretches = false,
                                      .counterfactual = false,
                                      .attention = true});
  CHECK(little.events.size() == 1);
  CHECK(little.events[0].attributions.empty());
  CHECK(little.events[0].columns[0].expected.empty());
  CHECK(little.removals.empty());
  CHECK(!little.stretch);
  CHECK(little.attention.size() == 14 * 14);
  for (std::size_t i = 0; i < 14; ++i)
    CHECK(std::accumulate(little.attention.begin() + static_cast<std::ptrdiff_t>(14 * i),
                          little.attention.begin() + static_cast<std::ptrdiff_t>(14 * (i + 1)),
                          0.0) == doctest::Approx(1));
}

TEST_CASE("a long sequence is explained with bounded work") {
  // All at one pace: what looks at every pair of events of a stretch would not end.
  std::string text = "user,event,device,time\n";
  for (int i = 0; i < 3000; ++i)
    text += "u1," + std::string(i % 2 == 0 ? "search" : "view") + ",desk," + std::to_string(1'700'000'000 + 4 * i) +
            "000\n";
  ReadOptions options;
  options.format = DataFormat::csv;
  options.key = "user";
  options.time = "time";
  const Dataset bot = read_events_from_text(text, "bot.csv", options);
  auto scratch = times_scorer().make_scratch(3000);
  const Explanation explanation =
      times_scorer().explain(bot.view(0), scratch, {.max_events = 2, .max_removed = 1, .counterfactual = false});
  CHECK(explanation.events.size() == 2);
  REQUIRE(explanation.even_pace);
  CHECK(explanation.even_pace->count == 3000);
  CHECK(holds(reason(explanation, "squeeze").words, "the same 2 events in turn, 1500 times"));
}

TEST_CASE("an explanation is a pure function of the sequence") {
  auto scratch = shared_scorer().make_scratch(20);
  const std::vector<std::string> events = visit_with_pay_at_3(), other(9, "cart");
  const Explanation first = shared_scorer().explain(OneColumn(events), scratch, {});
  shared_scorer().explain(OneColumn(other), scratch, {});
  const Explanation second = shared_scorer().explain(OneColumn(events), scratch, {});
  CHECK(first.sentences() == second.sentences());
  CHECK(first.ranking == second.ranking);
  REQUIRE(first.events[0].attributions.size() == second.events[0].attributions.size());
  for (std::size_t i = 0; i < first.events[0].attributions.size(); ++i)
    CHECK(first.events[0].attributions[i].value == second.events[0].attributions[i].value);
}
