// The backward pass of the whole network against central differences, in double, for every parameter and for the input.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/prediction.hpp"

using namespace seqguard;

namespace {

/// A model with every kind of column, small enough to differentiate it parameter by parameter.
struct Problem {
  ModelSpec spec;
  Model<double> model;
  std::vector<std::int32_t> ids, feature, gaps;
  std::vector<float> numbers;
  std::vector<NumericState> states;
  std::vector<std::size_t> offsets{0, 1, 6, 15};
  std::vector<std::uint32_t> rows;
  std::vector<std::int32_t> targets;
  std::vector<double> factors;
  EncoderOptions options{.for_training = true};

  static ModelSpec make_spec(Activation activation) {
    ModelSpec spec;
    spec.config.vocab_size = 11;
    spec.config.hidden_size = 12;
    spec.config.num_hidden_layers = 2;
    spec.config.num_attention_heads = 3;
    spec.config.intermediate_size = 10;
    spec.config.max_position_embeddings = 9;
    spec.config.type_vocab_size = 2;
    spec.config.hidden_act = activation;
    spec.config.initializer_range = 0.4;
    spec.config.layer_norm_eps = 1e-5;
    spec.features.categorical = {{"category", 7}};
    spec.features.numeric = {"price"};
    spec.features.time_gap_buckets = 8;
    spec.heads = {{"", Head::masked_lm}};
    return spec;
  }

  Problem(Activation activation, AttentionMask mask, float dropout)
      : spec(make_spec(activation)), model(make_reference_context(), spec) {
    model.initialize(5);
    Random random(17);
    // LayerNorm weights and biases away from their trivial start values.
    for (const ParameterInfo& info : model.table().entries())
      if (info.role == ParameterRole::layer_norm || info.role == ParameterRole::bias)
        for (std::size_t i = 0; i < info.count; ++i) model.values()[info.offset + i] += 0.3 * random.normal();
    for (std::size_t t = 0; t < offsets.back(); ++t) {
      ids.push_back(static_cast<std::int32_t>(random.below(11)));
      feature.push_back(static_cast<std::int32_t>(random.below(7)));
      gaps.push_back(static_cast<std::int32_t>(random.below(8)));
      numbers.push_back(static_cast<float>(random.normal()));
      states.push_back(static_cast<NumericState>(random.below(3)));
    }
    rows = {0, 2, 5, 6, 9, 14, 14};
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const bool none = c > 0 && r == 3;
        targets.push_back(none ? -1 : static_cast<std::int32_t>(random.below(7)));
        factors.push_back(none ? 0.0 : 0.2 + random.uniform());
      }
    options.mask = mask;
    options.dropout = {dropout, 99, 3};
  }

  EncoderInput input(std::vector<std::span<const std::int32_t>>& features, std::vector<NumericInput>& numerics) const {
    features = {feature};
    numerics = {{numbers, states}};
    EncoderInput result;
    result.ids = ids;
    result.features = features;
    result.numerics = numerics;
    result.time_gaps = gaps;
    result.offsets = offsets;
    return result;
  }

  /// Loss, and its gradient if asked for; `d_embedding` gets the gradient of the sum of embeddings.
  double run(std::vector<double>* gradient, std::vector<double>* d_embedding = nullptr) {
    model.pack(true);
    Workspace workspace;
    std::vector<std::span<const std::int32_t>> features;
    std::vector<NumericInput> numerics;
    const EncoderInput in = input(features, numerics);
    const std::size_t n = ids.size(), hidden = spec.config.hidden_size;
    const auto cache = run_encoder<double>(model, in, options, workspace);
    auto prediction = PredictionCache<double>::allocate(workspace.activations, spec.config, rows.size(), 3);
    const PredictionTargets what{rows, targets};
    prediction_forward<double>(model, prediction, cache.last_hidden_state(), what, workspace.scratch);
    double loss = 0;
    for (std::size_t i = 0; i < factors.size(); ++i) loss += factors[i] * prediction.losses[i];
    if (gradient == nullptr) return loss;

    gradient->assign(model.table().size(), 0.0);
    const auto d_p = bind_parameters<double>(model.table(), spec, gradient->data());
    std::vector<double> d_hidden(n * hidden);
    const MatrixView<double> d(d_hidden.data(), n, hidden);
    prediction_backward<double>(model, d, d_p, factors, prediction, what, workspace.scratch);
    run_encoder_backward<double>(model, d_p, d, cache, in, options, workspace);
    if (d_embedding != nullptr) *d_embedding = d_hidden;
    return loss;
  }
};

/// Largest |analytic - numeric| over all parameters, relative to the largest derivative of the same tensor (+1: tensors
/// whose derivative is 0 everywhere, such as key biases, are compared absolutely).
double worst_difference(Problem& problem, std::string& worst_name) {
  std::vector<double> gradient;
  problem.run(&gradient);
  // Step: the error of a central difference is h^2 f''' / 6 + eps f / h; with f of order 10 the best h is near 1e-5,
  // and leaves about 1e-10.
  constexpr double k_step = 1e-5;
  double worst = 0;
  for (const ParameterInfo& info : problem.model.table().entries()) {
    for (std::size_t i = info.offset; i < info.offset + info.count; ++i) {
      double& value = problem.model.values()[i];
      const double before = value;
      value = before + k_step;
      const double up = problem.run(nullptr);
      value = before - k_step;
      const double down = problem.run(nullptr);
      value = before;
      const double numeric = (up - down) / (2 * k_step);
      const double difference = std::abs(numeric - gradient[i]) / (1 + std::abs(numeric));
      if (!(difference <= worst)) {
        worst = difference;
        worst_name = info.name;
      }
    }
  }
  return worst;
}

// 100 times the expected error of the difference quotient (see k_step); a wrong formula differs by 1e-2 and more.
constexpr double k_bound = 1e-8;

}  // namespace

TEST_CASE("gradients of all parameters: full mask, gelu") {
  Problem problem(Activation::gelu, AttentionMask::full, 0);
  std::string name;
  const double worst = worst_difference(problem, name);
  INFO(name);
  CHECK(worst < k_bound);
}

TEST_CASE("gradients of all parameters: causal mask, tanh gelu, dropout") {
  Problem problem(Activation::gelu_tanh, AttentionMask::causal, 0.3f);
  std::string name;
  const double worst = worst_difference(problem, name);
  INFO(name);
  CHECK(worst < k_bound);
}

TEST_CASE("gradients of all parameters: every dropout that config.json names") {
  Problem problem(Activation::gelu, AttentionMask::full, 0);
  const double without = problem.run(nullptr);
  ModelSpec spec = problem.spec;
  spec.config.hidden_dropout_prob = 0;
  spec.config.attention_probs_dropout_prob = 0.2;
  problem.options = training_step_options(spec, AttentionMask::full, 99, 3);
  CHECK(problem.run(nullptr) != without);
  spec.config.hidden_dropout_prob = 0.1;
  problem.options = training_step_options(spec, AttentionMask::full, 99, 3);
  std::string name;
  const double worst = worst_difference(problem, name);
  INFO(name);
  CHECK(worst < k_bound);
}

TEST_CASE("gradients of all parameters: stochastic depth") {
  Problem problem(Activation::gelu, AttentionMask::full, 0);
  const double without = problem.run(nullptr);
  problem.options = training_step_options(problem.spec, AttentionMask::full, 99, 3);
  problem.options.stochastic_depth = 0.6F;
  CHECK(problem.run(nullptr) != without);
  std::string name;
  const double worst = worst_difference(problem, name);
  INFO(name);
  CHECK(worst < k_bound);
}

TEST_CASE("gradient of the input: the numeric values") {
  Problem problem(Activation::gelu, AttentionMask::causal, 0);
  std::vector<double> gradient, d_embedding;
  problem.run(&gradient, &d_embedding);
  const auto weight = problem.model.parameters().embeddings.numerics[0].weight;
  const std::size_t hidden = problem.spec.config.hidden_size;
  for (std::size_t t = 0; t < problem.ids.size(); ++t) {
    double analytic = 0;
    if (problem.states[t] == NumericState::present)
      for (std::size_t k = 0; k < hidden; ++k) analytic += d_embedding[t * hidden + k] * weight[k];
    // Values are floats: a step of 2^-10 is exact, and its h^2 error dominates.
    const float before = problem.numbers[t];
    constexpr float k_float_step = 0x1p-10f;
    problem.numbers[t] = before + k_float_step;
    const double step_up = static_cast<double>(problem.numbers[t]) - before;
    const double up = problem.run(nullptr);
    problem.numbers[t] = before - k_float_step;
    const double step_down = static_cast<double>(before) - problem.numbers[t];
    const double down = problem.run(nullptr);
    problem.numbers[t] = before;
    CHECK(std::abs((up - down) / (step_up + step_down) - analytic) < 1e-4);
  }
}
