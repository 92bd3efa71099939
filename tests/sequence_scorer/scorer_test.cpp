#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "seqguard/detection/encoder_surprise.hpp"
#include "sequence_scorer/small_shop.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

bool same_bits(const Score& a, const Score& b) {
  if (!same_bits(a.value, b.value) || !same_bits(a.p_value, b.p_value) || !same_bits(a.p_conformal, b.p_conformal))
    return false;
  if (a.worst != b.worst || a.worst_by != b.worst_by || a.view != b.view || a.events.size() != b.events.size())
    return false;
  for (std::size_t i = 0; i < a.events.size(); ++i)
    if (!same_bits(a.events[i].value, b.events[i].value) || !same_bits(a.events[i].p_value, b.events[i].p_value))
      return false;
  return true;
}

std::vector<Score> score_one_by_one(const SequenceScorer& scorer, const std::vector<std::vector<std::string>>& batch,
                                    const ScoreOptions& options) {
  std::vector<Score> scores(batch.size());
  auto scratch = scorer.make_scratch(64);
  for (std::size_t i = 0; i < batch.size(); ++i) scorer.score(OneColumn(batch[i]), scores[i], scratch, options);
  return scores;
}

}  // namespace

TEST_CASE("abnormal visits score higher than normal ones") {
  const SequenceScorer& scorer = shared_scorer();
  const auto normal = visits(200, 2);
  std::size_t flagged = 0;
  double highest_typical = 0;
  for (const auto& events : normal) {
    const Score score = scorer.score(events);
    CHECK(score.p_value > 0);
    CHECK(score.p_value <= 1);
    // A rank among the calibration normals: a whole number of (n + 1)-ths.
    const double rank = score.p_conformal * (static_cast<double>(scorer.model()->detector.calibration().normals()) + 1);
    CHECK(rank >= 1);
    CHECK(rank == doctest::Approx(std::round(rank)));
    CHECK(score.events.size() == events.size());
    CHECK(score.is_anomaly == (score.p_value < scorer.target_fpr()));
    flagged += score.is_anomaly ? 1 : 0;
    highest_typical += score.value / 200;
  }
  // Target 1 %: of 200 normals 2 are expected; more than 10 has a probability below 1e-4.
  CHECK(flagged <= 10);

  const std::vector<std::vector<std::string>> abnormal = {
      {"pay", "pay", "pay", "pay", "pay", "pay", "pay", "pay"},
      {"login", "search", "view", "drop_table", "list", "view", "zoom", "logout"},
      {"logout", "zoom", "view", "list", "pay", "cart", "view", "search", "login"}};
  for (const auto& events : abnormal) {
    const Score score = scorer.score(events);
    CHECK(score.is_anomaly);
    CHECK(score.value > highest_typical);
  }
  // The unknown event gives its sequence away, and both ways of looking find it.
  CHECK(scorer.score(abnormal[1]).worst == 3);
  CHECK(scorer.score(OneColumn(abnormal[1]).view(), {.masked = true}).worst == 3);
  const ScoreOptions if_anomalous{.masked = false, .masked_if_anomalous = true};
  CHECK(scorer.score(OneColumn(abnormal[1]).view(), if_anomalous).worst_by == SurpriseKind::masked);
  const auto unsuspicious =
      std::find_if(normal.begin(), normal.end(), [&](const auto& events) { return !scorer.score(events).is_anomaly; });
  REQUIRE(unsuspicious != normal.end());
  CHECK(scorer.score(OneColumn(*unsuspicious).view(), if_anomalous).worst_by == SurpriseKind::next);
}

TEST_CASE("a sequence has the same bits alone, in any batch and at any thread count") {
  const SequenceScorer& scorer = shared_scorer();
  auto batch = visits(40, 4);
  batch[7] = {"view"};
  batch[9].assign(300, "view");  // longer than the window
  for (const bool masked : {false, true}) {
    const ScoreOptions options{masked, false};
    const std::vector<Score> alone = score_one_by_one(scorer, batch, options);
    std::vector<OneColumn> columns;
    for (const auto& events : batch) columns.emplace_back(events);
    std::vector<EventsView> views(columns.begin(), columns.end());
    for (const std::size_t threads : {1, 2, 4}) {
      std::vector<Score> scores(batch.size());
      std::vector<ItemStatus> status(batch.size());
      scorer.score_batch(views, scores, status, *make_thread_pool(threads), options);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        CHECK(status[i].ok);
        CHECK(same_bits(scores[i], alone[i]));
      }
    }
  }
}

TEST_CASE("threads share a scorer, each with a scratch of its own") {
  const SequenceScorer& scorer = shared_scorer();
  const auto batch = visits(30, 5);
  const std::vector<Score> expected = score_one_by_one(scorer, batch, {});
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const std::vector<Score> scores = score_one_by_one(scorer, batch, {});
      for (std::size_t i = 0; i < batch.size(); ++i)
        wrong[static_cast<std::size_t>(t)] += !same_bits(scores[i], expected[i]);
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) CHECK(count == 0);
}

TEST_CASE("a bad sequence of a batch fails alone, with its reason") {
  const SequenceScorer& scorer = shared_scorer();
  const auto good = visits(2, 6);
  const std::vector<std::string> empty;
  const OneColumn columns[] = {OneColumn(good[0]), OneColumn(empty), OneColumn(good[1])};
  const std::vector<EventsView> views(std::begin(columns), std::end(columns));
  std::vector<Score> scores(3);
  std::vector<ItemStatus> status(3);
  scorer.score_batch(views, scores, status);
  CHECK(status[0].ok);
  CHECK(status[2].ok);
  CHECK_FALSE(status[1].ok);
  CHECK(status[1].code == ErrorCode::bad_event);
  CHECK(status[1].message.find("no events") != std::string::npos);
  CHECK(same_bits(scores[2], scorer.score(good[1])));
}

TEST_CASE("what does not fit the schema is a typed error") {
  const SequenceScorer& scorer = shared_scorer();
  const auto events = visits(1, 7)[0];
  const std::vector<ColumnView> two = {ColumnView(std::span(events)), ColumnView(std::span(events))};
  EventsView view{events.size(), two, {}};
  CHECK_THROWS_AS(scorer.score(view), Error);
  const std::vector<float> numbers(events.size());
  CHECK_THROWS_AS(scorer.score(OneColumn(ColumnView(std::span<const float>(numbers))).view()), Error);
  auto scratch = scorer.make_scratch(8);
  CHECK_THROWS_AS(scorer.expected(OneColumn(events), events.size(), 3, scratch), Error);
}

TEST_CASE("expected values: probabilities in order, the grammar's event first") {
  const SequenceScorer& scorer = shared_scorer();
  const std::vector<std::string> events = {"login", "search", "pay", "list", "view", "zoom", "logout"};
  auto scratch = scorer.make_scratch(16);
  const auto expected = scorer.expected(OneColumn(events), 2, 3, scratch);
  REQUIRE(expected.size() == 3);
  CHECK(expected[0].value == "view");
  CHECK(expected[0].probability >= expected[1].probability);
  CHECK(expected[1].probability >= expected[2].probability);
  CHECK(expected[0].probability <= 1);
}

TEST_CASE("what is expected at several events has the bits of one at a time") {
  const SequenceScorer& scorer = shared_scorer();
  auto scratch = scorer.make_scratch(200);
  auto longer = visits(1, 8)[0];
  while (longer.size() < 200) longer.push_back(longer[longer.size() % 7]);  // several windows, each a call of its own
  REQUIRE(longer.size() > scorer.schema()->sequence.window);
  // Many windows share a call; the calls are not full.
  const std::vector<std::string> shorter = {"login", "search", "pay", "list", "view", "zoom", "logout"};
  for (const std::vector<std::string>& events : {shorter, longer}) {
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < 3 * events.size(); ++i) positions.push_back(i * 5 % events.size());
    const auto together = scorer.expected(OneColumn(events), positions, 4, scratch);
    REQUIRE(together.size() == positions.size());
    for (std::size_t k = 0; k < positions.size(); ++k) {
      const auto alone = scorer.expected(OneColumn(events), positions[k], 4, scratch);
      REQUIRE(together[k].size() == 4);
      for (std::size_t c = 0; c < 4; ++c) {
        CHECK(together[k][c].value == alone[c].value);
        CHECK(same_bits(together[k][c].probability, alone[c].probability));
      }
    }
  }
  CHECK(scorer.expected(OneColumn(shorter), std::vector<std::size_t>{}, 4, scratch).empty());
  CHECK_THROWS_AS(scorer.expected(OneColumn(shorter), std::vector<std::size_t>{0, shorter.size()}, 4, scratch), Error);
}

TEST_CASE("a value below the vocabulary's cut is not judged from both sides, but one that nobody has seen is") {
  EventSchema schema = *shared_scorer().schema();
  const ValueCount values[] = {{"view", 90}, {"rare", 1}};
  schema.columns[0].vocabulary = Vocabulary::from_counts(values, {.min_count = 2});
  const std::vector<std::string> events = {"view", "rare", "unseen"};
  EncodedEvents encoded;
  encode(OneColumn(events), schema, encoded);
  CHECK(has_masked_surprise(schema, encoded, 0));
  CHECK_FALSE(has_masked_surprise(schema, encoded, 1));
  CHECK(has_masked_surprise(schema, encoded, 2));
}
