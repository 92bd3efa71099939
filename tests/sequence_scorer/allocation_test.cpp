#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "seqguard/sequence_scorer/fine_tune.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/allocation_counter.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// Allocations of a second pass over `views`, by which time every buffer has met every length.
std::size_t allocations_once_warm(const SequenceScorer& scorer, const std::vector<EventsView>& views,
                                  std::size_t max_events, const ScoreOptions& options) {
  auto scratch = scorer.make_scratch(max_events);
  Score score;
  for (const EventsView& events : views) scorer.score(events, score, scratch, options);
  const std::size_t before = allocation_count;
  for (const EventsView& events : views) scorer.score(events, score, scratch, options);
  return allocation_count - before;
}

}  // namespace

TEST_CASE("a warm score allocates nothing: neither operator new nor malloc" * doctest::skip(!k_allocations_counted)) {
  const SequenceScorer& scorer = shared_scorer();
  auto batch = visits(50, 21);
  batch.emplace_back(200, "view");  // abnormal, and longer than the window
  std::vector<OneColumn> columns;
  for (const auto& events : batch) columns.emplace_back(events);
  const std::vector<EventsView> views(columns.begin(), columns.end());
  CHECK(allocations_once_warm(scorer, views, 200, {.masked = false, .masked_if_anomalous = false}) == 0);
  CHECK(allocations_once_warm(scorer, views, 200, {}) == 0);
  CHECK(allocations_once_warm(scorer, views, 200, {.masked = true}) == 0);
}

TEST_CASE("with labels a warm score allocates nothing either" * doctest::skip(!k_allocations_counted)) {
  const TemporaryDirectory directory;
  save_behaviour_model(*shared_scorer().model(), directory / "model");
  save_behaviour_model(*hasty_repairer().model(), directory / "repairing");
  auto known = visits(40, 31);
  known.resize(50, {"login", "pay", "pay", "cart", "logout"});
  ClassLabels labels{{"normal", "abnormal"}, false, std::vector<std::size_t>(40, 0)};
  labels.values.resize(50, 1);
  FineTuneOptions options;
  options.network.epochs = 2;
  options.folds = 2;
  const Dataset data = as_dataset(known);
  for (const bool of_events : {false, true}) {
    if (of_events) {
      labels = {labels.classes, true, std::vector<std::size_t>(data.events(), 0)};
      for (std::size_t s = 40; s < 50; ++s) labels.values[data.sequences()[s].first + 2] = 1;
      fine_tune(directory / "repairing", data, labels, directory / "tuned", options);
    } else {
      fine_tune(directory / "model", data, labels, directory / "tuned", options);
    }
    const SequenceScorer scorer = SequenceScorer::load(directory / "tuned");
    auto scratch = scorer.make_scratch(200);
    Score score;
    scorer.score(OneColumn(std::vector<std::string>{"login"}), score, scratch);  // gives the score room
    score.events.reserve(200);
    score.event_probabilities.reserve(400);
    auto batch = visits(20, 32);
    batch.emplace_back(200, "view");
    std::vector<OneColumn> columns;
    for (const auto& events : batch) columns.emplace_back(events);
    const std::size_t before = allocation_count;
    for (const OneColumn& events : columns) scorer.score(events, score, scratch);
    const std::size_t after = allocation_count;
    CHECK(after == before);
  }
}

TEST_CASE("once the longest sequence was scored, others allocate nothing, whatever they hold" *
          doctest::skip(!k_allocations_counted)) {
  for (const SequenceScorer* scorer : {&shared_scorer(), &page_scorer()}) {
    auto scratch = scorer->make_scratch(200);
    Score score;
    // One value only: what is kept per value must have its room from the start.
    const std::vector<std::string> longest(200, "view"), pages = {"start", "a", "b", "c", "d", "e", "f", "g"};
    scorer->score(OneColumn(longest), score, scratch, {.masked = true});
    auto batch = visits(20, 22);
    batch.push_back(pages);
    batch.emplace_back(150, "unknown");
    std::vector<OneColumn> columns;
    for (const auto& events : batch) columns.emplace_back(events);
    const std::size_t before = allocation_count;
    for (const OneColumn& events : columns) {
      scorer->score(events, score, scratch);
      scorer->score(events, score, scratch, {.masked = true});
    }
    const std::size_t after = allocation_count;
    CHECK(after == before);
  }
}

TEST_CASE("a score has room for the names of all views from its first call on" *
          doctest::skip(!k_allocations_counted)) {
  // The device never changes within a visit; where it does, the view of that column speaks, whose name is long.
  Random random(7);
  std::string text = "user,event,device_of_the_visitor\n";
  const auto add = [&text](const std::string& user, const std::vector<std::string>& events, bool changes) {
    for (std::size_t i = 0; i < events.size(); ++i)
      text += user + "," + events[i] + "," + (changes && i % 2 == 1 ? "desk\n" : "phone\n");
  };
  std::size_t user = 0;
  for (const auto& events : visits(150, 31)) add("u" + std::to_string(++user), events, false);
  const auto read = [](const std::string& csv) {
    return read_events_from_text(csv, "visits.csv", {.format = DataFormat::csv, .key = "user"});
  };
  // Both devices are known.
  const SequenceScorer scorer(
      fit(read(text + "v,login,desk\nv,search,desk\nv,view,desk\nv,logout,desk\n"), quick_fit()));
  text = "user,event,device_of_the_visitor\n";
  const auto usual = visits(1, 32)[0];
  add("a", usual, false);
  add("b", usual, true);
  const Dataset data = read(text);
  auto scratch = scorer.make_scratch(200);
  Score score;
  scorer.score(data.view(0), score, scratch);
  REQUIRE(score.view.size() < 16);
  const std::size_t before = allocation_count;
  scorer.score(data.view(1), score, scratch);
  const std::size_t after = allocation_count;
  CHECK(after == before);
  CHECK(std::string_view(score.view.data()).ends_with(":device_of_the_visitor"));
}

TEST_CASE("a warm embedding and a warm classification allocate nothing" * doctest::skip(!k_allocations_counted)) {
  const std::string golden = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/";
  const TextModel sentences = TextModel::load(golden + "text_sentence"), pairs = TextModel::load(golden + "text_pairs");
  auto a = sentences.make_scratch(), b = pairs.make_scratch();
  std::vector<float> vector(sentences.embedding_size()), classes(3);
  const std::string text = "the quick brown fox jumps over the lazy dog and spam spam spam eggs and spam";
  for (int warm = 0; warm < 2; ++warm) {
    sentences.embed(text, vector, a);
    pairs.classify(text, "an answer", classes, b);
  }
  const std::size_t before = allocation_count;
  sentences.embed("hello world", vector, a);
  sentences.embed(text, vector, a);
  pairs.classify("hello", "world", classes, b);
  const std::size_t after = allocation_count;
  CHECK(after == before);
}

TEST_CASE("a warm repair without edits allocates nothing" * doctest::skip(!k_allocations_counted)) {
  const SequenceScorer& scorer = repairing_scorer();
  const auto normals = visits(40, 15);
  auto scratch = scorer.make_scratch(60);
  for (const auto& events : normals) scorer.repair(OneColumn(events).view(), scratch);
  std::size_t untouched = 0;
  for (const auto& events : normals) {
    const OneColumn column(events);
    const std::size_t before = allocation_count;
    const RepairResult result = scorer.repair(column.view(), scratch).result;
    const std::size_t allocated = allocation_count - before;
    if (result != RepairResult::untouched) continue;
    CHECK(allocated == 0);
    ++untouched;
  }
  CHECK(untouched > 20);
}
