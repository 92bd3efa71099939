// Figures of merit of whole files, from data small enough to be worked out by hand.
#include <doctest/doctest.h>

#include <array>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/evaluation/event_metrics.hpp"
#include "seqguard/evaluation/repair_metrics.hpp"
#include "seqguard/evaluation/scores_file.hpp"
#include "seqguard/evaluation/sequence_metrics.hpp"
#include "seqguard/evaluation/truth.hpp"
#include "seqguard/events/reader.hpp"
#include "support/error_message.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

/// A file that lives as long as the test.
struct LabelsFile {
  explicit LabelsFile(std::string_view text) : path(directory / "labels.csv") { write_file_atomically(path, text); }
  TemporaryDirectory directory;  // of this process alone: tests run side by side
  std::string path;
};

}  // namespace

TEST_CASE("sequence metrics: all and per kind") {
  const std::array<JudgedSequence, 6> judged = {{{.score = 1, .is_anomaly = false, .kind = {}},
                                                 {.score = 2, .is_anomaly = false, .kind = {}},
                                                 {.score = 5, .is_anomaly = true, .kind = {}},
                                                 {.score = 4, .is_anomaly = true, .kind = "bot"},
                                                 {.score = 6, .is_anomaly = true, .kind = "bot"},
                                                 {.score = 0, .is_anomaly = false, .kind = "burst"}}};
  const SequenceMetrics m = measure_sequences(judged);
  CHECK(m.all.normal == 3);
  CHECK(m.all.abnormal == 3);
  CHECK(m.all.prevalence == 0.5);
  CHECK(m.all.auroc == doctest::Approx(5.0 / 9));  // pairs won: 2 of bot 4, 3 of bot 6, 0 of burst
  CHECK(m.all.tpr_at_1 == doctest::Approx(1.0 / 3));
  REQUIRE(m.all.decision.has_value());
  CHECK(m.all.decision->false_positive_rate() == doctest::Approx(1.0 / 3));
  CHECK(m.all.decision->f1() == doctest::Approx(2.0 / 3));  // 2 right, 1 false, 1 missed
  REQUIRE(m.kinds.size() == 2);
  CHECK(m.kinds[0].kind == "bot");
  CHECK(m.kinds[0].prevalence == doctest::Approx(0.4));
  CHECK(m.kinds[0].auroc == doctest::Approx(5.0 / 6));
  CHECK(m.kinds[1].auroc == 0);
}

TEST_CASE("sequence metrics: without decisions, one kind, an empty group") {
  std::array<JudgedSequence, 2> judged = {
      {{.score = 1, .is_anomaly = true, .kind = {}}, {.score = 2, .is_anomaly = {}, .kind = "x"}}};
  const SequenceMetrics m = measure_sequences(judged);
  CHECK_FALSE(m.all.decision.has_value());
  CHECK(m.kinds.empty());
  judged[0].kind = "x";
  CHECK(message_of([&] { measure_sequences(judged); }).find("0 normal, 2 abnormal") != std::string::npos);
}

TEST_CASE("event metrics: pooled events and the worst one") {
  std::array<Score, 2> scores;
  scores[0].events = {{1, 1}, {5, 1}, {2, 1}};
  scores[0].worst = 1;
  scores[1].events = {{3, 1}, {0, 1}};
  scores[1].worst = 0;
  const std::array<std::uint8_t, 5> labels = {0, 1, 0, 0, 1};
  const EventMetrics m = measure_events(scores, labels);
  CHECK(m.normal == 3);
  CHECK(m.abnormal == 2);
  CHECK(m.auroc == doctest::Approx(0.5));  // 5 beats all three, 0 none
  CHECK(m.sequences == 2);
  CHECK(m.worst_hits == 1);
  CHECK(m.precision_at_n == 0.5);                                                     // of 5 and 3
  for (Score& score : scores) score.worst = (score.worst + 1) % score.events.size();  // as labels may choose it
  CHECK(measure_events(scores, labels).worst_hits == m.worst_hits);
  CHECK_THROWS_AS(measure_events(scores, std::span(labels).first(4)), Error);
  // Of two abnormal classes, whose probabilities count together.
  scores[0].probabilities = scores[1].probabilities = {1, 0, 0};
  scores[0].event_probabilities = {0.9, 0.1, 0, 0.3, 0.35, 0.35, 0.5, 0.5, 0};
  scores[1].event_probabilities = {0.4, 0.6, 0, 0.2, 0.4, 0.4};
  const EventMetrics by_labels = measure_event_labels(scores, labels);
  CHECK(by_labels.auroc == 1);
  CHECK(by_labels.precision_at_n == 1);
  CHECK(by_labels.worst_hits == 2);
  scores[1].event_probabilities.clear();
  CHECK_THROWS_AS(measure_event_labels(scores, labels), Error);
}

TEST_CASE("edit distance") {
  const Values kitten = {"k", "i", "t", "t", "e", "n"}, sitting = {"s", "i", "t", "t", "i", "n", "g"};
  CHECK(edit_distance(kitten, sitting) == 3);
  CHECK(edit_distance(kitten, kitten) == 0);
  CHECK(edit_distance(kitten, {}) == 6);
  CHECK(edit_distance({}, sitting) == 7);
}

TEST_CASE("repair metrics: edits that are right, that are in the right place, and that are wrong") {
  const Values clean = {"a", "b", "c", "d"}, damaged = {"a", "x", "c", "c", "d"};  // b replaced, c duplicated
  const Edit right_replacement{EditOperation::replace, 1, 0, "x", "b", 0.5},
      right_deletion{EditOperation::remove, 3, 0, "c", "", 0}, wrong_value{EditOperation::replace, 1, 0, "x", "y", 0.5},
      wrong_place{EditOperation::replace, 0, 0, "a", "y", 0.5};
  SUBCASE("all right, whichever of the two c is removed") {
    for (const std::size_t position : {2, 3}) {
      Edit deletion = right_deletion;
      deletion.position = position;
      const RepairMetrics m = measure_repair(damaged, clean, std::array{right_replacement, deletion});
      CHECK(m.errors == 2);
      CHECK(m.right == 2);
      CHECK(m.located == 2);
      CHECK(m.left == 0);
      CHECK(m.exact == 1);
    }
  }
  SUBCASE("right place, wrong value") {
    const RepairMetrics m = measure_repair(damaged, clean, std::array{wrong_value});
    CHECK(m.right == 0);
    CHECK(m.located == 1);
    CHECK(m.left == 2);
    CHECK(m.exact == 0);
  }
  SUBCASE("wrong place") {
    const RepairMetrics m = measure_repair(damaged, clean, std::array{wrong_place});
    CHECK(m.located == 0);
    CHECK(m.left == 3);
  }
  SUBCASE("an edit of a clean sequence is wrong, and the sequence does not count as damaged") {
    const RepairMetrics m = measure_repair(clean, clean, std::array{wrong_place});
    CHECK(m.sequences == 0);
    CHECK(m.edits == 1);
    CHECK(m.located == 0);
    CHECK(m.exact == 0);
    CHECK(m.left == 0);
    CHECK(m.undamaged == 1);
    CHECK(m.touched == 1);
    CHECK(m.harm == 1);
    CHECK(measure_repair(clean, clean, {}).touched == 0);
  }
  SUBCASE("a removed stretch is one edit for each event; what is only reported is none") {
    const Values burst = {"a", "b", "c", "c", "c", "c", "d"};
    Edit stretch{EditOperation::remove, 3, 0, "c", "", 0};
    stretch.count = 3;
    RepairMetrics m = measure_repair(burst, clean, std::array{stretch});
    CHECK(m.edits == 3);
    CHECK(m.right == 3);
    CHECK(m.exact == 1);
    stretch.count = 4;  // and the d
    m = measure_repair(burst, clean, std::array{stretch});
    CHECK(m.edits == 4);
    CHECK(m.right == 2);  // without the d, one c too many stands for it
    CHECK(m.left == 1);
    stretch.only_reported = true;
    m = measure_repair(burst, clean, std::array{stretch});
    CHECK(m.edits == 0);
    CHECK(m.reported == 4);
    CHECK(m.left == 3);
    CHECK(apply_edits(burst, std::array{stretch}) == burst);
  }
  SUBCASE("missing events: in the right order, a wrong value at the right place, and where nothing is missing") {
    const Values gaps = {"a", "d"};
    const Edit first{EditOperation::insert, 1, 0, "", "b", 0.5}, second{EditOperation::insert, 1, 1, "", "c", 0.5},
        wrong{EditOperation::insert, 1, 0, "", "y", 0.5}, needless{EditOperation::insert, 2, 0, "", "b", 0.5};
    CHECK(apply_edits(gaps, std::array{second, first}) == clean);
    RepairMetrics m = measure_repair(gaps, clean, std::array{second, first});
    CHECK(m.right == 2);
    CHECK(m.located == 2);
    CHECK(m.exact == 1);
    m = measure_repair(gaps, clean, std::array{wrong});
    CHECK(m.right == 0);
    CHECK(m.located == 1);
    m = measure_repair(gaps, clean, std::array{needless});
    CHECK(m.right == 0);
    CHECK(m.located == 0);
    CHECK(m.left == 3);
    // What is inserted before an event stays before it, whatever becomes of that one.
    const Edit replaced{EditOperation::replace, 1, 0, "d", "e", 0.5};
    CHECK(apply_edits(gaps, std::array{replaced, first}) == Values{"a", "b", "e"});
    CHECK(apply_edits(gaps, std::array{needless}) == Values{"a", "d", "b"});
    const Edit beyond{EditOperation::insert, 3, 0, "", "b", 0.5};
    CHECK_THROWS_AS(apply_edits(gaps, std::array{beyond}), Error);
  }
  CHECK(apply_edits(damaged, std::array{right_replacement, right_deletion}) == clean);
  const Edit beyond{EditOperation::remove, 9, 0, "?", "", 0};
  CHECK_THROWS_AS(apply_edits(damaged, std::array{beyond}), Error);
}

TEST_CASE("repair metrics: the honest figure is that of all damaged sequences together") {
  const Values clean = {"a", "b", "c", "d"}, damaged = {"a", "x", "c", "d"}, worse = {"x", "x", "c", "d"};
  const Edit right{EditOperation::replace, 1, 0, "x", "b", 0.5}, wrong{EditOperation::remove, 3, 0, "d", "", 0};
  RepairMetrics all;
  CHECK(all.net_reduction() == 0);
  CHECK(all.put_right() == 0);
  all.add(measure_repair(damaged, clean, std::array{right}));
  all.add(measure_repair(worse, clean, std::array{right}));
  all.add(measure_repair(damaged, clean, std::array{wrong}));
  all.add(measure_repair(clean, clean, std::array{wrong}));  // does not count
  CHECK(all.errors == 4);
  CHECK(all.left == 3);
  CHECK(all.net_reduction() == doctest::Approx(0.25));
  CHECK(all.put_right() == doctest::Approx(0.5));
  CHECK(all.sequences == 3);
  CHECK(all.exact == 1);
  CHECK(all.undamaged == 1);
  CHECK(all.touched == 1);
}

TEST_CASE("repair metrics: times of events that the clean twin has, a minute about the truth") {
  const Values values = {"a", "b", "c", "d"};
  const std::vector<std::int64_t> truth = {0, 100'000, 200'000, 300'000}, moved = {0, 100'000, 20'000, 290'000};
  const auto shift = [](std::size_t position, std::int64_t ms) {
    Edit edit{EditOperation::set_time, position};
    edit.shift_ms = ms;
    return edit;
  };
  RepairMetrics m = measure_repair(values, values, {}, moved, truth);
  CHECK(m.sequences == 0);  // no value is wrong
  CHECK(m.undamaged == 0);
  CHECK(m.clocks == 1);
  CHECK(m.wrong_times == 2);
  CHECK(m.near_before == 1);
  CHECK(m.near_after == 1);
  CHECK(m.clocks_right == 0);
  m = measure_repair(values, values, std::array{shift(2, 240'000)}, moved, truth);
  CHECK(m.time_edits == 1);
  CHECK(m.edits == 0);
  CHECK(m.near_after == 2);  // a minute is near
  CHECK(m.clocks_right == 1);
  m = measure_repair(values, values, std::array{shift(2, 240'001)}, moved, truth);
  CHECK(m.near_after == 1);
  m = measure_repair(values, values, std::array{Edit{EditOperation::remove, 3}}, moved, truth);
  CHECK(m.near_after == 0);
  CHECK(m.left == 1);
  m = measure_repair(values, values, std::array{shift(0, 5)}, truth, truth);
  CHECK(m.undamaged == 1);
  CHECK(m.touched == 1);
  // Of two copies the one with the right time is the event.
  const Values twice = {"a", "b", "b", "c", "d"};
  for (const std::int64_t first : {99'000, 100'000}) {
    const std::vector<std::int64_t> times = {0, first, first == 100'000 ? 101'000 : 100'000, 200'000, 300'000};
    m = measure_repair(twice, values, {}, times, truth);
    CHECK(m.errors == 1);
    CHECK(m.wrong_times == 0);
  }
  const std::vector<std::int64_t> unknown = {0, k_no_time, 200'000, 300'000};
  CHECK(measure_repair(values, values, {}, unknown, truth).wrong_times == 0);
  CHECK_THROWS_AS(measure_repair(twice, values, {}, moved, truth), Error);
}

TEST_CASE("repair metrics are those of the definition, edit by edit") {
  const std::vector<std::string_view> alphabet = {"a", "b", "c"};
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const auto sequence = [&](std::size_t n) {
      Values values;
      for (std::size_t i = 0; i < n; ++i) values.push_back(alphabet[random.below(alphabet.size())]);
      return values;
    };
    const Values clean = sequence(1 + random.below(12));
    Values damaged = random.uniform() < 0.5 ? clean : sequence(1 + random.below(12));
    if (random.uniform() < 0.5) damaged[random.below(damaged.size())] = "c";
    std::vector<Edit> edits;
    for (std::size_t i = 0; i <= damaged.size(); ++i) {
      for (std::size_t rank = 0; random.uniform() < 0.2; ++rank)
        edits.push_back({EditOperation::insert, i, rank, "", std::string(alphabet[random.below(3)]), 0});
      if (i == damaged.size()) break;
      if (random.uniform() < 0.2)
        edits.push_back({EditOperation::replace, i, 0, "", std::string(alphabet[random.below(3)]), 0});
      else if (random.uniform() < 0.2)
        edits.push_back({EditOperation::remove, i, 0, "", "", 0});
    }
    const RepairMetrics m = measure_repair(damaged, clean, edits);
    // Every suffix of the script, and with a value that is none in the place of its first edit.
    std::size_t located = 0, right = 0, distance = edit_distance(damaged, clean);
    CHECK(m.errors == distance);
    for (std::size_t first = edits.size(); first-- > 0;) {
      std::vector<Edit> script(edits.begin() + static_cast<std::ptrdiff_t>(first), edits.end());
      const std::size_t after = edit_distance(apply_edits(damaged, script), clean);
      if (script[0].operation == EditOperation::remove) script[0].operation = EditOperation::replace;
      script[0].after = "none";
      located += edit_distance(apply_edits(damaged, script), clean) == distance;
      right += after < distance;
      distance = after;
    }
    REQUIRE(m.located == located);
    REQUIRE(m.right == right);
    REQUIRE((m.undamaged == 1 ? m.harm : m.left) == distance);
  }
}

TEST_CASE("repair metrics of long sequences with many edits take no long") {
  // 3,000 events and 600 edits: 18 million steps instead of 10 thousand million.
  Values clean;
  for (std::size_t i = 0; i < 3000; ++i) clean.push_back(i % 7 == 0 ? "a" : i % 3 == 0 ? "b" : "c");
  Values damaged = clean;
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < damaged.size(); i += 5) {
    damaged[i] = "x";
    edits.push_back({EditOperation::replace, i, 0, "x", std::string(clean[i]), 0});
  }
  const RepairMetrics m = measure_repair(damaged, clean, edits);
  CHECK(m.errors == 600);
  CHECK(m.right == 600);
  CHECK(m.exact == 1);
}

TEST_CASE("truth: rows of events, of sequences, and rows that belong nowhere") {
  const Dataset data = read_events_from_text("user,position,event\nu,10,a\nu,20,b\nv,1,a\n", "data.csv");
  {
    const LabelsFile labels("user,position,kind\nu,20,bot\n");
    const Truth truth = read_truth(labels.path, data);
    CHECK(truth.kinds == std::vector<std::string>{"bot", ""});
    CHECK(truth.events == std::vector<std::uint8_t>{0, 1, 0});
  }
  {
    const LabelsFile labels("user,kind\nv,burst\nu,normal\n");
    const Truth truth = read_truth(labels.path, data);
    CHECK(truth.kinds == std::vector<std::string>{"", "burst"});
    CHECK(truth.events.empty());
  }
  {
    const LabelsFile labels("user,position,kind\nu,10,bot\nw,1,bot\n");
    CHECK(message_of([&] { read_truth(labels.path, data); }).find(":3: the data have no sequence \"w\"") !=
          std::string::npos);
  }
  {
    const LabelsFile labels("user,position,kind\nu,11,bot\n");
    CHECK(message_of([&] { read_truth(labels.path, data); }).find("no event at position 11") != std::string::npos);
  }
}

TEST_CASE("truth: lines without keys are named by their number") {
  const Dataset data = read_events_from_text("a b\n\na c c\n", "data.txt");
  const LabelsFile labels("line,position,kind\n3,2,duplicated\n");
  const Truth truth = read_truth(labels.path, data);
  CHECK(truth.kinds == std::vector<std::string>{"", "duplicated"});
  CHECK(truth.events == std::vector<std::uint8_t>{0, 0, 0, 0, 1});
}

TEST_CASE("scores file: labels of every form, and lines that are refused") {
  const auto lines = read_scores_from_text(
      "{\"score\":1.5,\"label\":0}\n\n{\"score\":2,\"label\":\"bot\",\"is_anomaly\":true,\"key\":\"u\"}\n"
      "{\"score\":-1,\"label\":true}\n{\"score\":3,\"label\":\"normal\"}\n",
      "s");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].kind.empty());
  CHECK_FALSE(lines[0].is_anomaly.has_value());
  CHECK(lines[1].kind == "bot");
  CHECK(lines[1].is_anomaly == true);
  CHECK(lines[2].kind == "abnormal");
  CHECK(lines[3].kind.empty());
  for (const char* bad : {"[1]", "{\"label\":1}", "{\"score\":\"1\",\"label\":1}", "{\"score\":1}",
                          "{\"score\":1,\"label\":7}", "{\"score\":1,\"label\":1,\"is_anomaly\":1}", "{"}) {
    CAPTURE(bad);
    const std::string message = message_of([&] { read_scores_from_text(std::string("\n").append(bad), "s"); });
    CHECK(message.starts_with("s:2"));
  }
}
