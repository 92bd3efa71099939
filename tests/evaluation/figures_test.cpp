// What an evaluation says beyond single figures, from data small enough to be worked out by hand.
#include <doctest/doctest.h>

#include <array>
#include <limits>

#include "seqguard/core/error.hpp"
#include "seqguard/evaluation/evaluation_figures.hpp"
#include "seqguard/evaluation/other_scores.hpp"
#include "support/error_message.hpp"

using namespace seqguard;

TEST_CASE("evaluation figures: thresholds and the model's own decision") {
  std::vector<JudgedSequence> judged;
  for (int i = 0; i < 20; ++i) judged.push_back({static_cast<double>(i), i >= 18, ""});
  judged.push_back({30, true, "bot"});
  judged.push_back({18.5, false, "bot"});
  const EvaluationFigures figures = measure_figures(judged);
  CHECK(figures.normal.size() == 20);
  CHECK(figures.abnormal.size() == 2);
  REQUIRE(figures.thresholds.size() == 8);
  const ThresholdRow& strict = figures.thresholds[0];
  CHECK(strict.name == "0.1 % false alarms");
  CHECK(strict.threshold == 30);
  CHECK(strict.alarms_per_1000() == doctest::Approx(1000.0 / 22));
  const ThresholdRow& five = figures.thresholds[4];  // one of 20 may be wrong: 19
  CHECK(five.threshold == 18.5);
  CHECK(five.confusion.recall() == 1);
  CHECK(five.confusion.false_positive_rate() == doctest::Approx(0.05));
  CHECK(figures.thresholds[6].threshold == 18.5);  // best F1: 2 right, 1 wrong: .8
  const ThresholdRow& own = figures.thresholds[7];
  CHECK(!own.has_threshold);
  CHECK(own.confusion.recall() == 0.5);
  CHECK(own.confusion.false_positive_rate() == doctest::Approx(0.1));
  CHECK(own.alarms_per_1000() == doctest::Approx(3000.0 / 22));
  judged[0].is_anomaly.reset();
  CHECK(measure_figures(judged).thresholds.size() == 7);
}

TEST_CASE("resamples: fewer of many sequences") {
  CHECK(bootstrap_resamples(0) == 1000);
  CHECK(bootstrap_resamples(200'000) == 1000);
  CHECK(bootstrap_resamples(400'000) == 500);
  CHECK(bootstrap_resamples(100'000'000) == 100);
}

TEST_CASE("observed rates: shares of the p-values, with Wilson's interval") {
  const std::array<double, 10> p_values = {0.001, 0.04, 0.05, 0.06, 0.3, 0.5, 0.6, 0.7, 0.8, 1};
  const auto rows = observed_rates(p_values);
  REQUIRE(rows.size() == 8);
  CHECK(rows[0].observed == doctest::Approx(0.1));
  CHECK(rows[4].nominal == 0.05);
  CHECK(rows[4].observed == doctest::Approx(0.3));
  CHECK(rows[7].observed == doctest::Approx(0.6));
  CHECK(rows[4].interval.low < 0.3);
  CHECK(rows[4].interval.high > 0.3);
  CHECK_THROWS_AS(observed_rates({}), Error);
}

TEST_CASE("views: who found what") {
  const std::array<ViewVerdict, 5> verdicts = {{{"", "ngram", true},
                                                {"", "next", false},
                                                {"bot", "next", true},
                                                {"bot", "next", true},
                                                {"bot", "ngram", false}}};
  const ViewCounts views = count_views(verdicts);
  CHECK(views.kinds == std::vector<std::string>{"(normal)", "bot"});
  CHECK(views.views == std::vector<std::string>{"next", "ngram"});
  CHECK(views.sequences == std::vector<std::size_t>{2, 3});
  CHECK(views.counts == std::vector<std::size_t>{0, 1, 2, 0});
}

TEST_CASE("other scores: by key, by line, by place") {
  const std::vector<SequenceId> keys = {{"a", 2}, {"b", 5}}, lines = {{"", 2}, {"", 5}}, places = {{"", 0}, {"", 0}};
  const auto read = [](const std::string& text, const std::vector<SequenceId>& ids) {
    return read_other_scores_from_text(text, "other.jsonl", ids);
  };
  const std::vector<double> wanted = {0.5, 2};
  CHECK(read("{\"key\":\"b\",\"score\":2,\"more\":[1]}\n\n{\"key\":\"a\",\"score\":0.5}\n", keys) == wanted);
  CHECK(read("{\"line\":5,\"score\":2}\n{\"line\":2,\"score\":0.5}", lines) == wanted);
  CHECK(read("{\"score\":0.5}\n{\"score\":2}\n", places) == wanted);
  const auto message = [&](const std::string& text, const std::vector<SequenceId>& ids) {
    return message_of([&] { read(text, ids); });
  };
  CHECK(message("{\"key\":\"a\",\"score\":1}\n", keys) == "other.jsonl: no score of key b");
  CHECK(message("{\"key\":\"c\",\"score\":1}\n", keys) == "other.jsonl:1: there is no sequence of key c in the data");
  CHECK(message("{\"key\":\"a\",\"score\":1}\n{\"key\":\"a\",\"score\":1}\n", keys) ==
        "other.jsonl:2: a second score of the same sequence");
  CHECK(message("{\"score\":1}\n", places) == "other.jsonl: fewer scores than the 2 sequences");
  CHECK(message("{\"score\":1}\n{\"score\":1}\n{\"score\":1}\n", places).starts_with("other.jsonl:3: more scores"));
  CHECK(message("{\"key\":\"a\"}\n", keys).find("score") != std::string::npos);
  CHECK(message("{\"line\":1,\"score\":1}\n", keys).find("key") != std::string::npos);
}
