// Every kind of optimiser against torch.optim (tests/reference/make_optimizer_goldens.py).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "seqguard/model/safetensors.hpp"
#include "seqguard/training/optimizer.hpp"

using namespace seqguard;

namespace {

constexpr double k_rate = 0.05;
// Entries of the golden: a matrix that is decayed, and a vector that is not.
constexpr const char* k_matrix = "bert.encoder.layer.0.intermediate.dense.weight";
constexpr const char* k_vector = "bert.encoder.layer.0.intermediate.dense.bias";

template <class Real>
Model<Real> eight_by_eight() {
  ModelSpec spec;
  spec.config.vocab_size = 5;
  spec.config.hidden_size = 8;
  spec.config.num_hidden_layers = 1;
  spec.config.num_attention_heads = 1;
  spec.config.intermediate_size = 8;
  spec.config.max_position_embeddings = 4;
  if constexpr (std::is_same_v<Real, double>)
    return Model<Real>(make_reference_context(), spec);
  else
    return Model<Real>(make_context(default_isa()), spec);
}

/// Largest difference to torch after any of the ten steps.
template <class Real>
double largest_difference(const std::string& name, const OptimizerOptions& options) {
  const SafetensorsFile golden(std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/optimizers/expected.safetensors");
  const auto initial = golden.read_vector<float>("initial", Dtype::f32);
  const auto gradients = golden.read_vector<float>("gradients", Dtype::f32);
  const auto expected = golden.read_vector<float>(name, Dtype::f32);
  Model<Real> model = eight_by_eight<Real>();
  const ParameterInfo &matrix = model.table().at(k_matrix), &vector = model.table().at(k_vector);
  REQUIRE(matrix.count + vector.count == initial.size());
  const auto place = [&](std::size_t i, std::size_t of_matrix, std::size_t of_vector) {
    return i < matrix.count ? of_matrix + i : of_vector + i - matrix.count;
  };
  for (std::size_t i = 0; i < initial.size(); ++i)
    model.values()[place(i, matrix.offset, vector.offset)] = static_cast<Real>(initial[i]);
  Optimizer<Real> optimizer(model.table(), options);
  double worst = 0;
  for (std::size_t first = 0; first < expected.size(); first += initial.size()) {
    for (std::size_t i = 0; i < initial.size(); ++i)
      optimizer.lane(i % k_gradient_lanes)[place(i, matrix.gradient_offset, vector.gradient_offset)] =
          static_cast<Real>(gradients[first + i]);
    optimizer.apply(model, optimizer.reduce(model), k_rate);
    for (std::size_t i = 0; i < initial.size(); ++i) {
      const auto value = static_cast<double>(model.values()[place(i, matrix.offset, vector.offset)]);
      worst = std::max(worst, std::abs(value - static_cast<double>(expected[first + i])));
    }
  }
  return worst;
}

void check_against_torch(const std::string& name, const OptimizerOptions& options) {
  CAPTURE(name);
  // The golden's values are below 4 and rounded to float: half a unit in the last place, beside which double's own
  // roundings are nothing. torch divides the clipped gradient by its norm + 1e-6, of 8 or more: 1e-6 of a path of less
  // than 4.
  constexpr double k_double = 1e-12;
  CHECK(largest_difference<double>(name, options) < 0x1p-23 + k_double + (options.clip_norm > 0 ? 4e-6 / 8 : 0));
  // Each step rounds a value of up to 4 and a step of up to 1, some five times each.
  CHECK(largest_difference<float>(name, options) < 10 * (0x1p-23 + 5 * 0x1p-24));
}

}  // namespace

TEST_CASE("optimisers: ten steps of each kind agree with torch") {
  const OptimizerOptions decayed{.weight_decay = 0.1, .clip_norm = 0};
  const auto of_kind = [&](OptimizerKind kind, double momentum = 0) {
    OptimizerOptions options = decayed;
    options.kind = kind;
    options.momentum = momentum;
    return options;
  };
  check_against_torch("adamw", decayed);
  check_against_torch("adam", of_kind(OptimizerKind::adam));
  OptimizerOptions options = of_kind(OptimizerKind::adam);
  options.decoupled_weight_decay = true;
  check_against_torch("adam_decoupled", options);
  options = of_kind(OptimizerKind::sgd);
  options.weight_decay = 0;
  check_against_torch("sgd", options);
  options = of_kind(OptimizerKind::sgd, 0.9);
  check_against_torch("sgd_momentum", options);
  options.clip_norm = 1;
  check_against_torch("clipped", options);
  options = of_kind(OptimizerKind::sgd, 0.9);
  options.nesterov = true;
  check_against_torch("sgd_nesterov", options);
  options = of_kind(OptimizerKind::rmsprop);
  check_against_torch("rmsprop", options);
  options = of_kind(OptimizerKind::rmsprop, 0.5);
  options.alpha = 0.9;
  options.eps = 1e-3;
  check_against_torch("rmsprop_momentum", options);
}

TEST_CASE("optimisers: groups with a rate and decay of their own agree with torch") {
  OptimizerOptions options{.weight_decay = 0, .clip_norm = 0};
  options.groups = {{k_matrix, 0.5, 0.3}, {"*.intermediate.dense.bias", 2, 0.05}};
  check_against_torch("groups", options);
}
