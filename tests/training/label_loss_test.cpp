// Losses of labels against their definitions, by hand, and where logits are far apart.
#include "seqguard/training/label_loss.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

/// Losses of one row; d() is its gradient.
class Row {
 public:
  Row(HeadLoss loss, LabelLossOptions options) : loss_(loss), options_(std::move(options)) {}
  double operator()(std::vector<double> z, std::vector<double> y, double factor = 1) {
    const KernelTable<double>& kernels = *make_reference_context().kernels;
    d_.assign(z.size(), -99);
    const std::uint32_t rows[] = {0};
    return label_loss<double>(kernels, loss_, options_, {d_.data(), 1, z.size()}, {z.data(), 1, z.size()},
                              {y.data(), 1, y.size()}, rows, factor, scratch_);
  }
  const std::vector<double>& d() const { return d_; }

 private:
  HeadLoss loss_;
  LabelLossOptions options_;
  std::vector<double> d_;
  Arena scratch_;
};

double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
const double k_nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("cross-entropies and the squared error are those of torch") {
  const std::vector<double> z = {1, -2, 0.5}, y = {0, 1, 0};
  const double total = std::exp(1.0) + std::exp(-2.0) + std::exp(0.5);
  Row softmax(HeadLoss::softmax, {}), binary(HeadLoss::binary, {}), squared(HeadLoss::squared_error, {});
  CHECK(softmax(z, y, 2) == doctest::Approx(std::log(total) + 2));
  CHECK(softmax.d()[0] == doctest::Approx(2 * std::exp(1.0) / total));
  CHECK(softmax.d()[1] == doctest::Approx(2 * (std::exp(-2.0) / total - 1)));
  CHECK(binary(z, y, 3) == doctest::Approx((softplus(1) + softplus(-2) + 2 + softplus(0.5)) / 3));
  CHECK(binary.d()[0] == doctest::Approx(sigmoid(1)));
  CHECK(squared(z, y, 3) == doctest::Approx((1 + 9 + 0.25) / 3));
  CHECK(squared.d()[1] == doctest::Approx(-6));
}

TEST_CASE("class weights, positive weights and smoothed labels") {
  const std::vector<double> z = {1, -2, 0.5}, y = {0, 1, 0};
  const double total = std::log(std::exp(1.0) + std::exp(-2.0) + std::exp(0.5));
  // torch.nn.CrossEntropyLoss(weight, label_smoothing, reduction="sum").
  Row weighted(HeadLoss::softmax, {0, std::nullopt, 0.3, {0.5, 2, 3}});
  CHECK(weighted(z, y) == doctest::Approx(0.1 * 0.5 * (total - 1) + 0.8 * 2 * (total + 2) + 0.1 * 3 * (total - 0.5)));
  // torch.nn.BCEWithLogitsLoss(pos_weight).
  Row positive(HeadLoss::binary, {0, std::nullopt, 0, {0.5, 4, 3}});
  CHECK(positive(z, y) == doctest::Approx((softplus(1) + 4 * softplus(2) + softplus(0.5)) / 3));
  CHECK(positive.d()[1] == doctest::Approx(-4 * sigmoid(2) / 3));
  Row smooth(HeadLoss::binary, {0, std::nullopt, 0.2, {}});
  CHECK(smooth({3}, {1}) == doctest::Approx(0.9 * softplus(-3) + 0.1 * softplus(3)));
  CHECK(smooth.d()[0] == doctest::Approx(sigmoid(3) - 0.9));
}

TEST_CASE("focal losses are those of the paper") {
  Row binary(HeadLoss::binary, {2, 0.25, 0, {}});
  const double p = sigmoid(0.7);
  CHECK(binary({0.7}, {1}) == doctest::Approx(-0.25 * (1 - p) * (1 - p) * std::log(p)));
  CHECK(binary({0.7}, {0}) == doctest::Approx(-0.75 * p * p * std::log(1 - p)));
  // Without alpha both sides weigh 1, and without gamma it is the cross-entropy.
  CHECK(Row(HeadLoss::binary, {2, std::nullopt, 0, {}})({0.7}, {0}) == doctest::Approx(-p * p * std::log(1 - p)));
  CHECK(Row(HeadLoss::binary, {1e-12, std::nullopt, 0, {}})({0.7}, {0.3}) ==
        doctest::Approx(Row(HeadLoss::binary, {})({0.7}, {0.3})));
  // Two classes whose logits differ by z are a binary label.
  Row softmax(HeadLoss::softmax, {2, std::nullopt, 0, {}});
  CHECK(softmax({0.2, 0.9}, {0, 1}) == doctest::Approx(-(1 - p) * (1 - p) * std::log(p)));
}

TEST_CASE("logits far apart overflow nothing, and keep their gradients") {
  for (const double far : {100.0, 1000.0}) {
    CAPTURE(far);
    for (const double gamma : {0.0, 0.5, 2.0}) {
      CAPTURE(gamma);
      Row softmax(HeadLoss::softmax, {gamma, std::nullopt, 0, {}}),
          binary(HeadLoss::binary, {gamma, std::nullopt, 0, {}});
      // Certain and wrong: the loss is the distance, and pulls with full force.
      CHECK(softmax({far, -far, 0}, {0, 1, 0}) == doctest::Approx(2 * far));
      CHECK(softmax.d()[1] == doctest::Approx(-1));
      CHECK(softmax.d()[0] == doctest::Approx(1));
      CHECK(binary({far}, {0}) == doctest::Approx(far));
      CHECK(binary.d()[0] == doctest::Approx(1));
      // Certain and right: nothing is left to learn.
      CHECK(softmax({-far, far, 0}, {0, 1, 0}) == doctest::Approx(0).epsilon(1e-40));
      for (const double d : softmax.d()) CHECK(std::abs(d) < 1e-40);
      CHECK(binary({-far}, {0}) < 1e-40);
      CHECK(std::abs(binary.d()[0]) < 1e-40);
    }
  }
}

TEST_CASE("labels that are not known count for nothing") {
  Row binary(HeadLoss::binary, {}), squared(HeadLoss::squared_error, {}), focal(HeadLoss::binary, {2, 0.25, 0.1, {}});
  CHECK(binary({1, 2, 3}, {0, k_nan, 1}) == doctest::Approx((softplus(1) + softplus(-3)) / 2));
  CHECK(binary.d()[1] == 0);
  CHECK(squared({1, 2, 3}, {0, k_nan, 1}) == doctest::Approx((1 + 4) / 2.0));
  CHECK(squared.d()[1] == 0);
  CHECK(focal({1, 2}, {0, k_nan}) == doctest::Approx(focal({1}, {0})));
}

TEST_CASE("options out of range are refused") {
  const auto refuses = [](LabelLossOptions options, HeadLoss loss, const char* why) {
    CHECK_THROWS_WITH_AS(check_label_loss(options, loss, 2), doctest::Contains(why), Error);
  };
  refuses({-1, std::nullopt, 0, {}}, HeadLoss::binary, "focal gamma");
  refuses({k_nan, std::nullopt, 0, {}}, HeadLoss::binary, "focal gamma");
  refuses({2, 1.5, 0, {}}, HeadLoss::binary, "focal alpha");
  refuses({2, 0.5, 0, {}}, HeadLoss::softmax, "focal alpha is of a binary head");
  refuses({0, std::nullopt, 1, {}}, HeadLoss::softmax, "label smoothing");
  refuses({0, std::nullopt, 0, {1}}, HeadLoss::softmax, "number of class weights, expected 2");
  refuses({0, std::nullopt, 0, {1, -1}}, HeadLoss::softmax, "class weight");
  refuses({0, std::nullopt, 0.1, {}}, HeadLoss::squared_error, "of classes, not of numbers");
  check_label_loss({2, 0.25, 0.1, {1, 2}}, HeadLoss::binary, 2);
}
