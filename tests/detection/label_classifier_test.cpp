// Features of labels, the classifier on them, its temperature, and its file.
#include "seqguard/detection/label_classifier.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

/// Ten rows of two users, with a device, a price that is missing once, and times.
Dataset visits() {
  return read_events_from_text(
      "user,event,device,price,time\n"
      "u1,login,phone,,1000\nu1,view,phone,2,1060\nu1,view,phone,4,1120\nu1,pay,desk,4,4000\n"
      "u2,login,desk,1,1000\nu2,pay,desk,3,1060\n",
      "visits.csv",
      {.key = "user",
       .time = "time",
       .columns = {
           {"event", ColumnKind::categorical}, {"device", ColumnKind::categorical}, {"price", ColumnKind::numeric}}});
}

/// The features of a sequence, dense.
std::vector<float> row_of(const LabelFeatures& features, const EventSchema& schema, const EncodedEvents& events,
                          const Surprise& surprise, std::span<const double> views) {
  SparseRows<float> rows;
  LabelFeatureScratch scratch;
  append_label_features(features, schema, events, surprise, views, scratch, rows);
  REQUIRE(rows.rows() == 1);
  std::vector<float> dense(features.size());
  for (std::size_t i = 0; i < rows.column.size(); ++i) {
    if (i > 0) CHECK(rows.column[i - 1] < rows.column[i]);
    dense[rows.column[i]] = rows.value[i];
  }
  return dense;
}

}  // namespace

TEST_CASE("features are the counts of events, neighbours and other columns, and what encoder and views say") {
  const Dataset data = visits();
  const EventSchema schema = fit_schema(data);
  EncodedEvents events;
  encode(data.view(0), schema, events);
  LabelFeatures features = LabelFeatures::of(schema, 2, 3);
  // 2 sizes, 3 x 2 hidden, 3 of each of event, device and gap, 5 of the price, 3 views.
  CHECK(features.dense == 2 + 6 + 9 + 5 + 3);
  std::vector<float> columns(12);
  std::iota(columns.begin(), columns.end(), 1.0F);
  const std::vector<double> means(4), views = {7, std::nan(""), 9};
  const std::vector<float> hidden = {1, 2, 3, 4, 5, 6};
  const Surprise surprise{{}, columns, means, hidden};
  const std::vector<float> row = row_of(features, schema, events, surprise, views);
  // login once, view twice, pay once; of length 1 together.
  const double once = std::log(2.0), twice = std::log(3.0), length = std::sqrt(2 * once * once + twice * twice);
  const std::size_t login = events.types[0], view = events.types[1];
  CHECK(row[login] == doctest::Approx(once / length));
  CHECK(row[view] == doctest::Approx(twice / length));
  const auto sum_of_squares = [&](std::size_t first, std::size_t count) {
    double sum = 0;
    for (std::size_t i = first; i < first + count; ++i)
      sum += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    return sum;
  };
  CHECK(sum_of_squares(features.unigrams, features.bigrams) == doctest::Approx(1));
  CHECK(sum_of_squares(features.unigrams + features.bigrams, features.columns) == doctest::Approx(1));
  const std::span<const float> dense = std::span(row).last(features.dense);
  CHECK(dense[0] == doctest::Approx(std::log(5.0)));
  CHECK(dense[1] == doctest::Approx(std::log(4.0)));
  CHECK(std::vector<float>(dense.begin() + 2, dense.begin() + 8) == hidden);
  CHECK(dense[8] == doctest::Approx(2.5));  // mean, 90 % quantile, largest of 1 2 3 4
  CHECK(dense[9] == doctest::Approx(3));
  CHECK(dense[10] == doctest::Approx(4));
  CHECK(dense[21] == doctest::Approx(0.25));  // one price of four is missing
  CHECK(std::vector<float>(dense.end() - 3, dense.end()) == std::vector<float>{7, 0, 9});
  CHECK_THROWS_AS(row_of(features, schema, events, surprise, std::span(views).first(2)), Error);
}

TEST_CASE("a classifier of two classes and of more learns, is saved and says the same") {
  const std::size_t n = 200;
  SparseRows<float> x;
  const LabelFeatures features{4, 4, 4, 3};
  x.columns = features.size();
  Random random(5);
  std::vector<std::size_t> labels;
  for (std::size_t i = 0; i < n; ++i) {
    labels.push_back(i % 3);
    x.append(static_cast<std::uint32_t>(i % 3), 1);  // tells the class
    for (std::uint32_t c = 12; c < 15; ++c) x.append(c, static_cast<float>(random.normal()));
    x.end_row();
  }
  std::vector<std::uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0u);
  const KernelTable<float>& kernels = *make_context(default_isa()).kernels;
  const auto pool = make_thread_pool(2);
  for (const bool two : {true, false}) {
    CAPTURE(two);
    std::vector<std::size_t> classes = labels;
    LabelClassifier classifier;
    classifier.classes = {"normal", "a"};
    classifier.features = features;
    if (!two) classifier.classes.emplace_back("b");
    if (two)
      for (std::size_t& label : classes) label = std::min<std::size_t>(label, 1);
    LabelClassifierOptions options;
    options.members = 2;
    options.network.epochs = 100;
    std::vector<std::size_t> folds, begun;
    for (std::size_t i = 0; i < n; ++i) folds.push_back(i % 4);
    const std::vector<float> logits = train_label_classifier(
        classifier, kernels, x, classes, folds, options, inline_executor(), [&](std::size_t f) { begun.push_back(f); });
    CHECK(begun == std::vector<std::size_t>{0, 1, 2, 3});
    CHECK(classifier.members.size() == 8);
    REQUIRE(logits.size() == n * classifier.outputs());
    std::size_t right = 0;
    std::vector<double> probabilities(classifier.classes.size());
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = std::span(logits).subspan(i * classifier.outputs(), classifier.outputs());
      classifier.probabilities(row, probabilities);
      CHECK(std::accumulate(probabilities.begin(), probabilities.end(), 0.0) == doctest::Approx(1));
      right += probabilities[classes[i]] > 0.5 ? 1 : 0;
      CHECK(abnormal_log_odds(classifier.loss(), row) ==
            doctest::Approx(std::log(1 - probabilities[0]) - std::log(probabilities[0])).epsilon(1e-4));
    }
    CHECK(right > 180);  // by networks that have not seen the row, half of which see noise alone; by chance 67
    LabelClassifier again = classifier;
    CHECK(train_label_classifier(again, kernels, x, classes, folds, options, *pool, [](std::size_t) {}) == logits);
    CHECK(again.members[1].values == classifier.members[1].values);

    ProfileWriter writer;
    classifier.save(writer);
    const std::string bytes = writer.serialize();
    const SafetensorsFile file(std::as_bytes(std::span(bytes)), "labels.safetensors");
    const LabelClassifier loaded = LabelClassifier::load(file, classifier.classes, features);
    CHECK(label_logits(loaded, kernels, x, rows) == label_logits(classifier, kernels, x, rows));
    CHECK_THROWS_AS(LabelClassifier::load(file, {"normal", "a", "b", "c"}, features), Error);
    CHECK_THROWS_AS(LabelClassifier::load(file, classifier.classes, {4, 4, 4, 4}), Error);
  }
}

TEST_CASE("a shift of the logits makes up for normals that were not learned from") {
  // Odds of 1 in what was learned from; in all there are nine normals more for each, and logits are three times too
  // large.
  std::vector<float> logits, wide;
  std::vector<std::size_t> labels;
  Random random(8);
  for (std::size_t i = 0; i < 20'000; ++i) {
    const double odds = 2 * random.normal() - std::log(9.0);
    logits.push_back(static_cast<float>(3 * (odds + std::log(9.0))));
    wide.insert(wide.end(), {1.0F, logits.back() + 1.0F, -60.0F});
    labels.push_back(random.uniform() < 1 / (1 + std::exp(-odds)) ? 1 : 0);
  }
  labels.push_back(k_unknown_class);
  logits.push_back(1e6F);
  wide.insert(wide.end(), {0.0F, 1e6F, 0.0F});
  // Standard errors of 20,000 labels: .03 of the shift (in units of odds), .02 of the slope.
  for (const bool two : {true, false}) {
    const LogitScale scale = fit_logit_scale(two ? HeadLoss::binary : HeadLoss::softmax, two ? logits : wide, labels);
    CHECK(scale.temperature == doctest::Approx(3).epsilon(0.08));
    CHECK(scale.shift / scale.temperature == doctest::Approx(-std::log(9.0)).epsilon(0.05));
  }
  CHECK(fit_logit_scale(HeadLoss::binary, std::span(logits).first(0), {}).temperature == 1);

  LabelClassifier classifier;
  classifier.classes = {"normal", "a", "b"};
  for (std::uint64_t seed : {1, 2}) classifier.members.push_back(FeatureNetwork<float>(3, 2, 3, seed));
  classifier.scale = {std::vector<float>(3), std::vector<float>(3, 1.0F)};
  const LabelClassifier second = classifier.of_members(1, 1);
  REQUIRE(second.members.size() == 1);
  CHECK(second.members[0].values == classifier.members[1].values);
  SparseRows<float> x;
  x.columns = 3;
  x.append(1, 0.5F);
  x.end_row();
  const KernelTable<float>& kernels = *make_context(default_isa()).kernels;
  const std::uint32_t row[] = {0};
  const std::vector<float> before = label_logits(classifier, kernels, x, row);
  classifier.calibrate({2, -1.5});
  const std::vector<float> after = label_logits(classifier, kernels, x, row);
  CHECK(classifier.temperature == 2);
  CHECK(after[0] == before[0]);
  CHECK(after[1] == doctest::Approx(before[1] - 1.5));
  CHECK(after[2] == doctest::Approx(before[2] - 1.5));
  std::vector<float> rows(3);
  std::vector<std::uint32_t> order;
  FeatureScratch<float> scratch;
  classifier.logits(kernels, x, order, scratch, rows);
  CHECK(rows == after);
}

TEST_CASE("the temperature is the one that makes probabilities come true") {
  // Logits three times as large as the odds: 73 % and 27 % of what has +- 3 is positive.
  std::vector<float> logits, wide;
  std::vector<std::size_t> labels;
  for (std::size_t i = 0; i < 1000; ++i) {
    const bool high = i % 2 == 0, positive = (i / 2 % 100 < 73) == high;
    logits.push_back(high ? 3.0F : -3.0F);
    wide.insert(wide.end(), {0.0F, logits.back()});
    labels.push_back(positive ? 1 : 0);
  }
  CHECK(fit_temperature(HeadLoss::binary, logits, labels) == doctest::Approx(3 / std::log(73.0 / 27)).epsilon(1e-4));
  CHECK(fit_temperature(HeadLoss::softmax, wide, labels) == doctest::Approx(3 / std::log(73.0 / 27)).epsilon(1e-4));
}
