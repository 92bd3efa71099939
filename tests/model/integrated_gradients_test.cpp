// Attributions of a whole network: complete, equal to numerical integrals, and where they must be.
#include "seqguard/model/integrated_gradients.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "model/head_problem.hpp"
#include "model/whole_model.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

/// A sequence with every kind of column, and the same with all that it says hidden.
struct Input {
  WholeBatch batch, hidden;
  std::vector<std::span<const std::int32_t>> features, hidden_features;
  std::vector<NumericInput> numerics, hidden_numerics;

  explicit Input(std::size_t length) {
    batch.append(3, length);
    hidden = batch;
    for (std::size_t t = 0; t < length; ++t) {
      hidden.ids[t] = 3;
      hidden.features[t] = 3;
      hidden.gaps[t] = 0;
      hidden.states[t] = NumericState::hidden;
    }
  }
  static EncoderInput of(const WholeBatch& from, std::vector<std::span<const std::int32_t>>& features,
                         std::vector<NumericInput>& numerics) {
    features = {from.features};
    numerics = {{from.numbers, from.states}};
    EncoderInput input;
    input.ids = from.ids;
    input.features = features;
    input.numerics = numerics;
    input.time_gaps = from.gaps;
    input.offsets = from.offsets;
    return input;
  }
  EncoderInput input() { return of(batch, features, numerics); }
  EncoderInput baseline() { return of(hidden, hidden_features, hidden_numerics); }
};

/// What events `rows` hold in all columns, in the layout of PredictionTargets.
std::vector<std::int32_t> targets_of(const WholeBatch& batch, const std::vector<std::uint32_t>& rows) {
  std::vector<std::int32_t> targets;
  for (const auto* column : {&batch.ids, &batch.features, &batch.gaps})
    for (const std::uint32_t row : rows) targets.push_back((*column)[row]);
  return targets;
}

template <class Real>
void check_complete(const Context<Real>& context) {
  ModelSpec spec = whole_spec(12, 3, 10);
  spec.config.initializer_range = 0.5;  // a surprise that depends on its context
  IntegratedGradients<Real> gradients(whole_model<Real>(context, spec));
  for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal}) {
    Input input(9);
    const std::vector<std::uint32_t> rows{2, 7};
    const std::vector<std::int32_t> targets = targets_of(input.batch, rows);
    const std::vector<Real> factors(targets.size(), Real(1));
    const Attributions a =
        gradients.of_surprise(input.input(), input.baseline(), {rows, targets}, factors, {.mask = mask});
    CHECK(a.tokens == 9);
    CHECK(a.columns == 4);
    CHECK(std::abs(a.value - a.baseline) > 0.1);  // else completeness would say nothing
    CHECK(std::abs(a.missing()) <= 0.01 * std::abs(a.value - a.baseline));
    if (mask == AttentionMask::causal) CHECK(a.of_token(8) == 0);  // nothing that was asked about has seen it
  }
}

}  // namespace

TEST_CASE("integrated gradients: attributions sum to the difference from the baseline") {
  check_complete<double>(make_reference_context());
  check_complete<float>(make_context(LoadOptions{}));
}

TEST_CASE("integrated gradients: each column's attribution is the integral of its derivative") {
  // A step of one column at one token, by central differences of f at points of the way, integrated by Simpson's rule.
  const Model<double> model = whole_model<double>(make_reference_context(), whole_spec(12, 3, 10));
  IntegratedGradients<double> gradients(model);
  Input input(4);
  input.batch.states.assign(4, NumericState::present);
  input.batch.states[1] = NumericState::missing;
  const std::vector<std::uint32_t> rows{3};
  const std::vector<std::int32_t> targets = targets_of(input.batch, rows);
  const std::vector<double> factors{1.0, 0.5, 2.0};
  const EncoderInput x = input.input(), b = input.baseline();
  const Attributions a = gradients.of_surprise(x, b, {rows, targets}, factors, {.tolerance = 1e-7});

  const Model<double>& m = gradients.model();
  const std::size_t width = m.config().hidden_size;
  Workspace workspace;
  const auto sums = [&](const EncoderInput& of) {
    auto cache = EmbeddingCache<double>::allocate(workspace.activations, 4, width, width, false);
    set_positions(cache.positions, of, PositionRule::counted, 0);
    sum_embeddings<double>(*m.context().kernels, cache, of, m.parameters().embeddings);
    return std::vector<double>(cache.layer_norm.sum, cache.layer_norm.sum + 4 * width);
  };
  const std::vector<double> to = sums(x), from = sums(b);
  const auto f = [&](const std::vector<double>& at) {
    const auto cache = run_encoder_on_sums<double>(m, {at.data(), 4, width}, x.offsets, {}, workspace);
    auto prediction = PredictionCache<double>::allocate(workspace.activations, m.config(), 1, 3);
    prediction_forward<double>(m, prediction, cache.last_hidden_state(), {rows, targets}, workspace.scratch);
    double sum = 0;
    for (std::size_t c = 0; c < 3; ++c) sum += factors[c] * prediction.losses[c];
    return sum;
  };
  CHECK(a.value == doctest::Approx(f(to)).epsilon(1e-12));
  CHECK(a.baseline == doctest::Approx(f(from)).epsilon(1e-12));

  for (std::size_t column = 0; column < 4; ++column)
    for (std::size_t t = 0; t < 4; ++t) {
      // The step of this column alone: the sums of an input of which only it differs from the baseline.
      Input one = input;
      one.batch = one.hidden;
      if (column == 0) one.batch.ids[t] = input.batch.ids[t];
      if (column == 1) one.batch.features[t] = input.batch.features[t];
      if (column == 2) one.batch.states[t] = input.batch.states[t];
      if (column == 3) one.batch.gaps[t] = input.batch.gaps[t];
      const std::vector<double> step = sums(one.input());
      constexpr std::size_t k_intervals = 400;
      constexpr double k_h = 1e-4;
      double integral = 0;
      for (std::size_t i = 0; i <= k_intervals; ++i) {
        const double u = static_cast<double>(i) / k_intervals;
        std::vector<double> up(to.size()), down(to.size());
        for (std::size_t k = 0; k < to.size(); ++k) {
          const double middle = from[k] + u * (to[k] - from[k]), along = k_h * (step[k] - from[k]);
          up[k] = middle + along;
          down[k] = middle - along;
        }
        const double weight = i == 0 || i == k_intervals ? 1 : i % 2 == 1 ? 4 : 2;
        integral += weight * (f(up) - f(down)) / (2 * k_h) / (3 * k_intervals);
      }
      CAPTURE(column);
      CAPTURE(t);
      // Simpson's rule on 200 intervals and differences with h^2 = 1e-8 of a function of order 1: below 1e-6 each; a
      // column that were left out, or took another's part, differs by 1e-2 and more.
      CHECK(std::abs(a.at(column, t) - integral) < 1e-5);
    }
}

TEST_CASE("integrated gradients: of every family and head that classifies, complete") {
  for_each_trainable_head([](Family family, Head head) {
    if (head == Head::masked_lm) return;
    CAPTURE(static_cast<int>(family));
    CAPTURE(static_cast<int>(head));
    HeadProblem<double> problem(make_reference_context(), family, head);
    problem.model().pack(false);
    IntegratedGradients<double> gradients(problem.model());
    const std::vector<std::int32_t> ids{5, 7, 10, 3, 6}, hidden{5, 1, 1, 1, 6};
    const std::vector<std::size_t> offsets{0, 5};
    EncoderInput input, baseline;
    input.ids = ids;
    baseline.ids = hidden;
    input.offsets = baseline.offsets = offsets;
    const Attributions a = gradients.of_logit(input, baseline, 0, 0, 0);
    CHECK(a.is_complete(0.01));
    CHECK(a.of_token(0) == 0);  // the frame is the same in both
    CHECK(a.of_token(4) == 0);
    CHECK(std::abs(a.of_token(2)) > 0);
    if (head_outputs(problem.model().config(), problem.model().spec().heads[0]) > 1) {
      const Attributions odds = gradients.of_log_odds(input, baseline, 0, 0, 1);
      CHECK(odds.is_complete(0.01));
      // Of three classes: from the three logits.
      double logits[3], sum = 0;
      for (std::size_t c = 0; c < 3; ++c) logits[c] = gradients.of_logit(input, baseline, 0, 0, c).value;
      for (const std::size_t c : {std::size_t{0}, std::size_t{2}}) sum += std::exp(logits[c]);
      CHECK(odds.value == doctest::Approx(logits[1] - std::log(sum)).epsilon(1e-9));
    }
    CHECK_THROWS_AS(gradients.of_logit(input, baseline, 0, 9, 0), Error);
    CHECK_THROWS_AS(gradients.of_logit(input, baseline, 1, 0, 0), Error);
  });
}

TEST_CASE("integrated gradients: a model that only scores gives the same bits as the one that was trained") {
  const TemporaryDirectory directory;
  const Context<float> context = make_context(LoadOptions{});
  ModelSpec spec = whole_spec(16, 2, 24);
  spec.config.architectures = {architecture_name(spec.config.family, Head::masked_lm)};
  const Model<float> model = whole_model<float>(context, spec);
  save_model(directory.path(), model);
  const Model<float> scoring = load_scoring_model(context, directory.path(), spec.features);
  IntegratedGradients<float> first(model), second(scoring);
  CHECK(first.model().values() == second.model().values());
  Input input(6);
  const std::vector<std::uint32_t> rows{4};
  const std::vector<std::int32_t> targets = targets_of(input.batch, rows);
  const std::vector<float> factors(3, 1.0f);
  const Attributions a = first.of_surprise(input.input(), input.baseline(), {rows, targets}, factors);
  CHECK(a.values == second.of_surprise(input.input(), input.baseline(), {rows, targets}, factors).values);
}

TEST_CASE("attention roll-out: rows sum to one, and a causal one sees no future") {
  const Model<double> model = whole_model<double>(make_reference_context(), whole_spec(12, 3, 10));
  IntegratedGradients<double> gradients(model);
  Input input(7);
  for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal}) {
    const std::vector<double> rollout = gradients.attention_rollout(input.input(), mask);
    for (std::size_t i = 0; i < 7; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < 7; ++j) {
        sum += rollout[i * 7 + j];
        CHECK((rollout[i * 7 + j] > 0) == (mask == AttentionMask::full || j <= i));
      }
      CHECK(sum == doctest::Approx(1).epsilon(1e-12));
      // Of two layers that keep a half each, a quarter at least stays where it was.
      CHECK(rollout[i * 7 + i] >= 0.25);
    }
  }
}
