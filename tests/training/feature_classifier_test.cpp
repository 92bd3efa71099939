// The small network on features: gradients, scaling, learning, and the same bits for the same arguments.
#include "seqguard/training/feature_classifier.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "seqguard/metrics/metrics.hpp"

using namespace seqguard;

namespace {

/// Rows of `columns` features, a third of them present; feature 0 is always there.
template <class Real>
SparseRows<Real> some_rows(std::size_t rows, std::size_t columns) {
  SparseRows<Real> x;
  x.columns = columns;
  Random random(3);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < columns; ++c)
      if (c == 0 || random.uniform() < 0.33) x.append(c, static_cast<Real>(random.normal()));
    x.end_row();
  }
  return x;
}

std::vector<std::uint32_t> all_of(std::size_t rows) {
  std::vector<std::uint32_t> result(rows);
  std::iota(result.begin(), result.end(), 0u);
  return result;
}

}  // namespace

TEST_CASE("the gradient of the network is that of its loss, with dropout") {
  const KernelTable<double>& kernels = *make_reference_context().kernels;
  const SparseRows<double> x = some_rows<double>(5, 7);
  const std::vector<double> labels = {1, 0, 0, 0, 1, 0, 0, 0.5, 0.5, 1, 0, 0, 0, 0, 1};
  FeatureClassifierOptions options;
  options.loss = HeadLoss::softmax;
  options.label_loss.focal_gamma = 1.5;
  FeatureNetwork<double> network(7, 4, 3, 9);
  for (double& value : network.values) value *= 3;  // biases stay 0, all others are far from it
  const std::vector<std::uint32_t> batch = {4, 0, 2};
  FeatureScratch<double> scratch;
  std::vector<double> gradient(network.values.size()), unused(gradient.size());
  const auto loss = [&](std::vector<double>& into) {
    return feature_network_loss<double>(kernels, network, into, x, labels, batch, options, 77, scratch) / 3;
  };
  loss(gradient);
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    constexpr double k_step = 1e-5;
    const double value = network.values[i];
    network.values[i] = value + k_step;
    const double up = loss(unused);
    network.values[i] = value - k_step;
    const double down = loss(unused);
    network.values[i] = value;
    worst = std::max(worst, std::abs((up - down) / (2 * k_step) - gradient[i]));
    largest = std::max(largest, std::abs(gradient[i]));
  }
  CHECK(largest > 0.05);
  CHECK(worst < 1e-8);  // as in tests/model/gradient_test.cpp
  options.dropout = 0;
  std::vector<double> without(gradient.size());
  loss(without);
  CHECK(without != gradient);
}

TEST_CASE("features are scaled by what was learned from, and absent ones stay absent") {
  SparseRows<double> x;
  x.columns = 4;
  // Feature 0 is always there, 1 at times, 2 never varies, 3 is only in a row that is not learned from.
  for (const double value : {1.0, 3.0, 5.0, 100.0}) {
    x.append(0, value);
    if (value < 4) x.append(1, value);
    x.append(2, 7);
    if (value == 100) x.append(3, 1);
    x.end_row();
  }
  const auto scale = FeatureScale<double>::fit(x, std::vector<std::uint32_t>{0, 1, 2});
  scale.apply(x);
  const double deviation = std::sqrt(8.0 / 3);
  CHECK(x.value[0] == doctest::Approx(-2 / deviation));
  // The only sparse feature that varies: its variance, and ten times the mean of such.
  CHECK(x.value[1] == doctest::Approx(1 / std::sqrt(11 * (10.0 / 3 - 16.0 / 9))));
  CHECK(x.value[2] == 0);
  const std::size_t last = x.offsets[3];
  CHECK(x.value[last] == 8);  // clipped
  CHECK(x.value[last + 2] == 0);
}

TEST_CASE("a rule of two features is learned, from few rows of one class as well") {
  // Label: features 3 and 5 are both there. Rare: one row in nine.
  const SparseRows<float> x = some_rows<float>(600, 20);
  std::vector<float> labels;
  for (std::size_t r = 0; r < x.rows(); ++r) {
    int both = 0;
    for (std::size_t i = x.offsets[r]; i < x.offsets[r + 1]; ++i) both += x.column[i] == 3 || x.column[i] == 5 ? 1 : 0;
    labels.push_back(both == 2 ? 1.0F : 0.0F);
  }
  SparseRows<float> present = x;
  for (float& value : present.value) value = 1;
  FeatureClassifierOptions options;
  options.label_loss.class_weights = {8};
  options.epochs = 60;
  const auto kernels = make_context(default_isa()).kernels;
  std::vector<std::uint32_t> learned = all_of(600);
  learned.resize(400);
  const auto train = [&] { return train_feature_network<float>(*kernels, present, labels, 1, learned, options); };
  const FeatureNetwork<float> network = train();
  CHECK(network.values == train().values);
  options.seed = 2;
  CHECK(network.values != train().values);
  FeatureScratch<float> scratch;
  std::vector<std::uint32_t> others = all_of(600);
  others.erase(others.begin(), others.begin() + 400);
  feature_network_forward<float>(*kernels, network, present, others, 0, 0, scratch);
  std::vector<double> without, with;
  for (std::size_t i = 0; i < others.size(); ++i)
    (labels[others[i]] > 0.5F ? with : without).push_back(static_cast<double>(scratch.logits[i]));
  CHECK(auroc(without, with) > 0.97);  // by chance .5; by the better of the two features alone .87
}

TEST_CASE("no rows, and a loss that is not finite, are errors") {
  const auto kernels = make_context(default_isa()).kernels;
  SparseRows<float> x = some_rows<float>(4, 3);
  std::vector<float> labels = {0, 1, 0, 1};
  CHECK_THROWS_AS(train_feature_network<float>(*kernels, x, labels, 1, {}, {}), Error);
  x.value[0] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(train_feature_network<float>(*kernels, x, labels, 1, all_of(4), {}), Error);
}
