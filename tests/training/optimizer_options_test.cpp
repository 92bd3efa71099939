// Which parameter steps how: groups, layer-wise rates, decay and L1, by hand; what no optimiser can do is refused.
#include "seqguard/training/optimizer_options.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/training/optimizer.hpp"
#include "training/patterns.hpp"

using namespace seqguard;

namespace {

/// Three layers of width 2, a pooler and two heads.
ModelSpec deep_spec() {
  ModelSpec spec;
  spec.config.vocab_size = 5;
  spec.config.hidden_size = 2;
  spec.config.num_hidden_layers = 3;
  spec.config.num_attention_heads = 1;
  spec.config.intermediate_size = 2;
  spec.config.max_position_embeddings = 4;
  spec.heads = {{"", Head::sequence_classification, {"a", "b"}}, {"kind", Head::token_classification, {"a", "b"}}};
  return spec;
}

ParameterSettings settings_of(const ParameterTable& table, const std::vector<ParameterSettings>& settings,
                              const std::string& name) {
  return settings[static_cast<std::size_t>(&table.at(name) - table.entries().data())];
}

std::string refusal(const OptimizerOptions& options) {
  try {
    parameter_settings(ParameterTable(deep_spec()), options);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("parameter groups: the first pattern that matches gives rate and decay") {
  const ParameterTable table(deep_spec());
  OptimizerOptions options{.weight_decay = 0.25, .l1 = 0.125};
  options.groups = {{"bert.encoder.layer.?.attention.self.*.bias", 3, 0.5},
                    {"*.bias", 0},
                    {"heads.*", 10},
                    {"bert.embeddings.LayerNorm.weight", 1, 0.75},
                    {"*attention*dense*", 2}};
  const auto settings = parameter_settings(table, options);
  struct Expected {
    const char* name;
    double factor, decay, l1;
  };
  const Expected all[] = {{"bert.encoder.layer.1.attention.self.key.bias", 3, 0.5, 0},
                          {"bert.encoder.layer.1.attention.self.key.weight", 1, 0.25, 0.125},
                          {"bert.encoder.layer.2.attention.output.dense.bias", 0, 0, 0},
                          {"bert.encoder.layer.2.attention.output.dense.weight", 2, 0.25, 0.125},
                          {"bert.encoder.layer.2.attention.output.LayerNorm.weight", 1, 0, 0},
                          {"bert.embeddings.LayerNorm.weight", 1, 0.75, 0},
                          {"bert.embeddings.word_embeddings.weight", 1, 0.25, 0.125},
                          {"heads.kind.out_proj.weight", 10, 0.25, 0.125},
                          {"heads.kind.out_proj.bias", 0, 0, 0},
                          {"classifier.weight", 1, 0.25, 0.125}};
  for (const Expected& expected : all) {
    CAPTURE(expected.name);
    const ParameterSettings found = settings_of(table, settings, expected.name);
    CHECK(found.learning_rate_factor == expected.factor);
    CHECK(found.weight_decay == expected.decay);
    CHECK(found.l1 == expected.l1);
  }
}

TEST_CASE("layer-wise rates: one factor for each layer above") {
  OptimizerOptions options{.layer_decay = 0.5};
  const auto check = [&](ModelSpec spec, std::vector<std::pair<const char*, double>> expected) {
    const ParameterTable table(spec);
    const auto settings = parameter_settings(table, options);
    for (const auto& [name, factor] : expected) {
      CAPTURE(name);
      CHECK(settings_of(table, settings, name).learning_rate_factor == factor);
    }
  };
  check(deep_spec(), {{"bert.embeddings.word_embeddings.weight", 0.125},
                      {"bert.embeddings.LayerNorm.bias", 0.125},
                      {"bert.encoder.layer.0.output.dense.weight", 0.25},
                      {"bert.encoder.layer.1.output.dense.weight", 0.5},
                      {"bert.encoder.layer.2.output.LayerNorm.weight", 1},
                      {"bert.pooler.dense.weight", 1},
                      {"classifier.weight", 1},
                      {"heads.kind.out_proj.bias", 1}});
  // Three passes through one layer of its own.
  ModelSpec shared = deep_spec();
  shared.config.family = Family::albert;
  shared.config.embedding_size = 3;
  check(shared, {{"bert.embeddings_project.weight", 0.5}, {"bert.encoder.layer.0.output.dense.weight", 1}});
  // With a group's factor they are multiplied.
  options.groups = {{"*.layer.0.*", 3}};
  check(deep_spec(),
        {{"bert.encoder.layer.0.output.dense.weight", 0.75}, {"bert.encoder.layer.1.output.dense.weight", 0.5}});
}

TEST_CASE("optimiser: what no kind can do is refused by name") {
  CHECK(refusal({}) == "accepted");
  CHECK(refusal({.groups = {{"classifier.*", 2}}}) == "accepted");
  CHECK(refusal({.groups = {{"classifer.*", 2}}}) == "optimizer: no parameter matches the pattern \"classifer.*\"");
  CHECK(refusal({.groups = {{"", 2}}}) == "optimizer: no parameter matches the pattern \"\"");
  // A pattern that only finds what an earlier one has taken is no mistake.
  CHECK(refusal({.groups = {{"*", 2}, {"classifier.*", 2}}}) == "accepted");
  CHECK(refusal({.groups = {{"*", -1}}}) ==
        "optimizer: learning_rate_factor of group \"*\", expected a number >= 0, found -1.000000");
  CHECK(refusal({.groups = {{"*", 1, std::nan("")}}}).find("weight_decay of group") != std::string::npos);
  CHECK(refusal({.beta1 = 1}) == "optimizer: beta1, expected a number in [0, 1), found 1.000000");
  CHECK(refusal({.beta2 = -0.5}).find("beta2") != std::string::npos);
  CHECK(refusal({.eps = -1}).find("eps") != std::string::npos);
  CHECK(refusal({.alpha = 2}).find("alpha") != std::string::npos);
  CHECK(refusal({.weight_decay = std::numeric_limits<double>::infinity()}).find("weight_decay") != std::string::npos);
  CHECK(refusal({.l1 = -1}).find("l1") != std::string::npos);
  CHECK(refusal({.layer_decay = 0}) == "optimizer: layer_decay, expected a number in (0, 1], found 0.000000");
  CHECK(refusal({.momentum = 0.5}) == "optimizer: momentum of adamw, expected 0, it has beta1, found 0.500000");
  CHECK(refusal({.kind = OptimizerKind::sgd, .momentum = 0.5, .nesterov = true}) == "accepted");
  CHECK(refusal({.kind = OptimizerKind::sgd, .nesterov = true}).find("sgd with momentum 0.000000") !=
        std::string::npos);
  CHECK(refusal({.kind = OptimizerKind::rmsprop, .momentum = 0.5, .nesterov = true}).find("nesterov") !=
        std::string::npos);
}

TEST_CASE("optimiser: names lead back to their kind") {
  for (const OptimizerKind kind :
       {OptimizerKind::adamw, OptimizerKind::adam, OptimizerKind::sgd, OptimizerKind::rmsprop})
    CHECK(optimizer_kind_from_string(to_string(kind)) == kind);
  CHECK_THROWS_WITH_AS(optimizer_kind_from_string("adamax"),
                       "optimizer: unknown name, expected adamw, adam, sgd or rmsprop, found adamax", Error);
}

TEST_CASE("optimiser: moments exist where the kind needs them") {
  const ParameterTable table(deep_spec());
  const auto moments = [&](OptimizerKind kind, double momentum) {
    const Optimizer<float> optimizer(table, {.kind = kind, .momentum = momentum});
    return std::pair(optimizer.state().m.size(), optimizer.state().v.size());
  };
  const std::size_t n = table.size();
  CHECK(moments(OptimizerKind::adamw, 0) == std::pair(n, n));
  CHECK(moments(OptimizerKind::adam, 0) == std::pair(n, n));
  CHECK(moments(OptimizerKind::sgd, 0) == std::pair<std::size_t, std::size_t>(0, 0));
  CHECK(moments(OptimizerKind::sgd, 0.9) == std::pair<std::size_t, std::size_t>(n, 0));
  CHECK(moments(OptimizerKind::rmsprop, 0) == std::pair<std::size_t, std::size_t>(0, n));
  CHECK(moments(OptimizerKind::rmsprop, 0.9) == std::pair(n, n));
}

TEST_CASE("optimiser: L1 takes rate times l1 from each matrix element, and stops at 0") {
  Model<float> model(make_context(default_isa()), deep_spec());
  std::vector<float>& values = model.values();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? 1.0F : i % 3 == 1 ? -1.0F : 0.0625F;
  const std::vector<float> before = values;
  // No gradient: only L1 moves a value, by 0.25 times 0.5.
  Optimizer<float> optimizer(model.table(), {.kind = OptimizerKind::sgd, .weight_decay = 0, .l1 = 0.5});
  optimizer.apply(model, optimizer.reduce(model), 0.25);
  for (const ParameterInfo& info : model.table().entries()) {
    CAPTURE(info.name);
    for (std::size_t i = info.offset; i < info.offset + info.count; ++i) {
      const bool matrix = info.shape.size() > 1;
      const float shrunk = i % 3 == 0 ? 0.875F : i % 3 == 1 ? -0.875F : 0.0F;
      REQUIRE(values[i] == (matrix ? shrunk : before[i]));
    }
  }
}

TEST_CASE(
    "optimiser: decoupled decay takes rate times decay from a value, in the gradient it goes through the momentum") {
  const auto after_two_steps = [](bool decoupled) {
    Model<double> model(make_reference_context(), deep_spec());
    for (double& value : model.values()) value = 1;
    Optimizer<double> optimizer(model.table(), {.kind = OptimizerKind::sgd,
                                                .momentum = 0.5,
                                                .weight_decay = 0.5,
                                                .decoupled_weight_decay = decoupled,
                                                .clip_norm = 0});
    for (int step = 0; step < 2; ++step) optimizer.apply(model, optimizer.reduce(model), 0.25);
    return model.values()[model.table().at("classifier.weight").offset];
  };
  CHECK(after_two_steps(true) == 0.875 * 0.875);
  // b = 0.5, p = 0.875; b = 0.25 + 0.4375, p = 0.875 - 0.25 * 0.6875.
  CHECK(after_two_steps(false) == 0.875 - 0.25 * 0.6875);
}
