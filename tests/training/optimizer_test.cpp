// AdamW with lanes, clipping and selective decay against the formulas in double.
#include "seqguard/training/optimizer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "training/patterns.hpp"

using namespace seqguard;

namespace {

/// One model's optimiser with gradients drawn anew in each lane and step.
struct Problem {
  Patterns patterns{1};
  Model<float> model = small_model(patterns.schema);
  std::vector<double> values, m, v;

  Problem() : values(model.values().begin(), model.values().end()), m(values.size()), v(values.size()) {}

  static float gradient(std::size_t step, std::size_t lane, std::size_t i, double size) {
    return static_cast<float>(size * Random(step * 100 + lane, i).normal());
  }

  /// AdamW (Loshchilov, Hutter 2019), parameter by parameter; returns the norm of the gradient.
  double reference_step(const OptimizerOptions& options, std::size_t step, double size, double rate) {
    std::vector<double> g(values.size());
    double squares = 0;
    for (std::size_t i = 0; i < g.size(); ++i) {
      for (std::size_t lane = 0; lane < k_gradient_lanes; ++lane) g[i] += gradient(step, lane, i, size);
      squares += g[i] * g[i];
    }
    const double norm = std::sqrt(squares);
    const double scale = options.clip_norm > 0 && norm > options.clip_norm ? options.clip_norm / norm : 1;
    const auto t = static_cast<double>(step + 1);
    for (const ParameterInfo& info : model.table().entries()) {
      const bool matrix = info.shape.size() > 1;
      for (std::size_t i = info.offset; i < info.offset + info.count; ++i) {
        m[i] = options.beta1 * m[i] + (1 - options.beta1) * scale * g[i];
        v[i] = options.beta2 * v[i] + (1 - options.beta2) * scale * scale * g[i] * g[i];
        const double adam = m[i] / (1 - std::pow(options.beta1, t)) /
                            (std::sqrt(v[i] / (1 - std::pow(options.beta2, t))) + options.eps);
        values[i] -= rate * (adam + (matrix ? options.weight_decay : 0) * values[i]);
      }
    }
    return norm;
  }
};

/// Largest difference to the reference after ten steps. `size`: standard deviation of a lane's gradient.
void check_steps(const OptimizerOptions& options, double size) {
  Problem problem;
  Optimizer<float> optimizer(problem.model.table(), options);
  constexpr double k_rate = 0.01;
  for (std::size_t step = 0; step < 10; ++step) {
    for (std::size_t lane = 0; lane < k_gradient_lanes; ++lane)
      for (std::size_t i = 0; i < problem.values.size(); ++i)
        optimizer.lane(lane)[i] += Problem::gradient(step, lane, i, size);
    const double norm = optimizer.reduce(problem.model);
    optimizer.apply(problem.model, norm, k_rate);
    const double expected = problem.reference_step(options, step, size, k_rate);
    // Seven additions of lanes: 7 roundings of the largest partial sum in each element.
    CHECK(std::abs(norm - expected) < 1e-6 * expected);
  }
  // A step is at most a few times the rate. Its roundings: 8 lanes, moments and quotient, about 20 eps of the step; the
  // value itself, of order 1, is rounded once per step.
  const double bound = 10 * (0x1p-24 + 5 * k_rate * 20 * 0x1p-24) + 10 * k_rate * 1e-4;
  double worst = 0;
  for (std::size_t i = 0; i < problem.values.size(); ++i)
    worst = std::max(worst, std::abs(problem.model.values()[i] - problem.values[i]));
  CHECK(worst < bound);
}

}  // namespace

TEST_CASE("optimiser: equals AdamW in double") {
  SUBCASE("without decay and clipping") { check_steps({.weight_decay = 0, .clip_norm = 0}, 0.1); }
  SUBCASE("with decay") { check_steps({.weight_decay = 0.5, .clip_norm = 0}, 0.1); }
  SUBCASE("with clipping") { check_steps({.weight_decay = 0.01, .clip_norm = 1}, 10); }
  SUBCASE("gradients below the clipping norm stay") { check_steps({.weight_decay = 0.01, .clip_norm = 1}, 1e-4); }
}

TEST_CASE("optimiser: decay touches matrices and tables only") {
  Problem problem;
  // Every gradient is 0: only decay moves a value.
  Optimizer<float> optimizer(problem.model.table(), {.weight_decay = 0.5});
  std::vector<float>& values = problem.model.values();
  for (float& value : values) value = 2;
  const double norm = optimizer.reduce(problem.model);
  CHECK(norm == 0);
  optimizer.apply(problem.model, norm, 0.25);
  for (const ParameterInfo& info : problem.model.table().entries()) {
    CAPTURE(info.name);
    const bool decayed = info.shape.size() > 1;
    CHECK(values[info.offset] == (decayed ? 2 - 0.25F * 0.5F * 2 : 2));
    CHECK(values[info.offset + info.count - 1] == values[info.offset]);
  }
}

TEST_CASE("optimiser: a gradient that is not finite changes nothing") {
  Problem problem;
  Optimizer<float> optimizer(problem.model.table(), {});
  const std::vector<float> before = problem.model.values();
  optimizer.lane(3)[7] = std::numeric_limits<float>::infinity();
  try {
    optimizer.apply(problem.model, optimizer.reduce(problem.model), 0.1);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::non_finite);
  }
  CHECK(problem.model.values() == before);
  CHECK(optimizer.state().step == 0);
  CHECK(optimizer.lane(3)[7] == 0);
}

TEST_CASE("optimiser: what two machines have reduced is summed between reduce and apply") {
  // The first machine has the gradients of the even lanes, the second those of the odd ones; each applies the sum.
  Problem problem;
  Optimizer<float> whole(problem.model.table(), {.clip_norm = 1}), first(problem.model.table(), {.clip_norm = 1}),
      second(problem.model.table(), {.clip_norm = 1});
  const std::size_t n = problem.values.size();
  for (std::size_t lane = 0; lane < k_gradient_lanes; ++lane)
    for (std::size_t i = 0; i < n; ++i) {
      // Multiples of 2^-4 below 2^9: sums are exact in any order.
      const auto g = static_cast<float>(Random(lane, i).below(512)) / 16;
      whole.lane(lane)[i] = g;
      (lane % 2 == 0 ? first : second).lane(lane)[i] = g;
    }
  const KernelTable<float>& kernels = *problem.model.context().kernels;
  const double norm = whole.reduce(problem.model);
  CHECK(first.reduce(problem.model) < norm);
  second.reduce(problem.model);
  kernels.add(first.gradient().data(), first.gradient().data(), second.gradient().data(), n);
  const double summed = std::sqrt(kernels.squared_norm(first.gradient().data(), n));
  CHECK(summed == norm);
  Model<float> other = small_model(problem.patterns.schema);
  whole.apply(problem.model, norm, 0.01);
  first.apply(other, summed, 0.01);
  CHECK(other.values() == problem.model.values());
  CHECK(std::all_of(first.gradient().begin(), first.gradient().end(), [](float g) { return g == 0; }));
}

TEST_CASE("optimiser: frozen parameters stay, have no moments, and do not count in the norm") {
  Problem problem;
  ModelSpec spec = problem.model.spec();
  spec.frozen = {.embeddings = true, .layers = 1};
  Model<float> model(problem.model.context(), spec);
  model.initialize(3);
  const std::vector<float> before = model.values();
  Optimizer<float> optimizer(model.table(), {.weight_decay = 0.5});
  std::size_t trainable = 0;
  for (const ParameterInfo& info : model.table().entries())
    if (info.trainable) trainable += info.count;
  REQUIRE(trainable < model.table().size());
  CHECK(optimizer.state().m.size() == trainable);
  CHECK(optimizer.gradient().size() == trainable);
  // The room behind the trainable parameters takes what nobody reads.
  REQUIRE(optimizer.lane(0).size() > trainable);
  for (std::size_t lane = 0; lane < k_gradient_lanes; ++lane)
    for (std::size_t i = 0; i < optimizer.lane(lane).size(); ++i) optimizer.lane(lane)[i] = i < trainable ? 0.5F : 1e9F;
  const double norm = optimizer.reduce(model);
  CHECK(norm == doctest::Approx(4 * std::sqrt(static_cast<double>(trainable))));
  optimizer.apply(model, norm, 0.1);
  for (const ParameterInfo& info : model.table().entries()) {
    CAPTURE(info.name);
    for (std::size_t i = info.offset; i < info.offset + info.count; ++i)
      REQUIRE((model.values()[i] != before[i]) == info.trainable);
  }
  for (std::size_t lane = 0; lane < k_gradient_lanes; ++lane) CHECK(optimizer.lane(lane).back() == 0);
}
