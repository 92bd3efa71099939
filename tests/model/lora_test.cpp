// Adapters in the whole network: every family, every place.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "model/check_gradients.hpp"
#include "model/head_problem.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"

using namespace seqguard;

namespace {

HeadProblem<double> adapted(Family family, Head head, const LoraOptions& lora, const FrozenParts& frozen = {}) {
  return HeadProblem<double>(make_reference_context(), family, head, std::nullopt, true, frozen, lora);
}

std::vector<std::string> adapted_parts(const ModelSpec& spec) {
  std::vector<std::string> parts;
  const ParameterTable table(spec);
  for (const ParameterInfo& info : table.entries())
    if (const std::size_t end = info.name.find(".lora_A.weight"); end != std::string::npos)
      parts.push_back(info.name.substr(0, end));
  return parts;
}

std::string refusal(Family family, const LoraOptions& lora, const FrozenParts& frozen = {}) {
  try {
    adapted(family, Head::sequence_classification, lora, frozen);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("adapters: gradients in every linear layer of every family and head") {
  for_each_trainable_head([](Family family, Head head) {
    CAPTURE(architecture_name(family, head));
    check_gradients(adapted(family, head, {.rank = 2, .alpha = 3, .target_modules = {"all-linear"}}));
  });
}

TEST_CASE("adapters: gradients with dropout, in query and value, and with the biases of the base") {
  for (const FamilyTraits* traits : families()) {
    CAPTURE(traits->model_type);
    const Family family = traits->family;
    check_gradients(adapted(family, Head::token_classification, {.rank = 3, .dropout = 0.3}));
    check_gradients(
        adapted(family, Head::token_classification, {.rank = 1, .use_rslora = true}, {.all_but_biases = true}));
    HeadProblem<double> dropped = adapted(family, Head::token_classification, {.rank = 3, .dropout = 0.3});
    CHECK(dropped.run(nullptr) != adapted(family, Head::token_classification, {.rank = 3}).run(nullptr));
  }
}

TEST_CASE("adapters: they and the heads learn, and the base only where it is asked to") {
  for (const bool biases : {false, true}) {
    HeadProblem<double> problem =
        adapted(Family::bert, Head::sequence_classification, {.rank = 2}, {.all_but_biases = biases});
    for (const ParameterInfo& info : problem.model().table().entries()) {
      CAPTURE(info.name);
      const bool expected =
          info.key.scope == ParameterScope::head || is_adapter(info.key) || (biases && info.name.ends_with(".bias"));
      CHECK(info.trainable == expected);
    }
  }
}

TEST_CASE("adapters: the layers that PEFT adapts for the same names") {
  const auto parts = [](Family family, std::vector<std::string> targets, const FrozenParts& frozen = {}) {
    const LoraOptions lora{.rank = 1, .target_modules = std::move(targets)};
    return adapted_parts(adapted(family, Head::sequence_classification, lora, frozen).model().spec());
  };
  using Parts = std::vector<std::string>;
  const std::string layer = "bert.encoder.layer.0.";
  CHECK(parts(Family::bert, {}) == Parts{layer + "attention.self.query", layer + "attention.self.value"});
  CHECK(parts(Family::bert, {"value", "query"}) == parts(Family::bert, {}));
  CHECK(parts(Family::bert, {"dense"}) == Parts{layer + "attention.output.dense", layer + "intermediate.dense",
                                                layer + "output.dense", "bert.pooler.dense"});
  CHECK(parts(Family::bert, {"attention.output.dense"}) == Parts{layer + "attention.output.dense"});
  CHECK(parts(Family::bert, {"bert.encoder.layer.0.output.dense"}) == Parts{layer + "output.dense"});
  CHECK(parts(Family::bert, {"all-linear"}).size() == 7);
  CHECK(parts(Family::distilbert, {"q_lin", "lin2"}) == Parts{layer + "attention.self.query", layer + "output.dense"});
  CHECK(parts(Family::distilbert, {}) == parts(Family::distilbert, {"q_lin", "v_lin"}));
  CHECK(parts(Family::mpnet, {}) == parts(Family::mpnet, {"q", "v"}));
  CHECK(parts(Family::albert, {"embedding_hidden_mapping_in"}) == Parts{"bert.embeddings_project"});
  CHECK(parts(Family::modernbert, {"attn.Wo"}).size() == 3);
  CHECK(parts(Family::modernbert, {"Wo"}).size() == 6);
  CHECK(parts(Family::modernbert, {}) == parts(Family::modernbert, {"Wqkv"}));
  CHECK(parts(Family::modernbert, {"Wqkv"}, {.layers = 2}) ==
        Parts{"bert.encoder.layer.2.attention.self.query_key_value"});
}

TEST_CASE("adapters: begun from a model they change nothing, and merged they give the same") {
  for_each_trainable_head([](Family family, Head head) {
    CAPTURE(architecture_name(family, head));
    HeadProblem<double> problem(make_reference_context(), family, head);
    const double before = problem.run(nullptr);
    ModelSpec spec = problem.model().spec();
    spec.lora = {.rank = 2, .alpha = 5, .target_modules = {"all-linear"}, .use_rslora = true};
    problem.replace_model(begin_from(problem.model(), spec, 3));
    CHECK(problem.run(nullptr) == before);
    for (const ParameterInfo& info : problem.model().table().entries()) {
      if (!info.name.ends_with("lora_B.weight")) continue;
      const ParameterInfo& a = problem.model().table().at(info.name.substr(0, info.name.size() - 8) + "A.weight");
      const double bound = 1 / std::sqrt(static_cast<double>(a.shape[1]));
      for (std::size_t i = 0; i < a.count; ++i) CHECK(std::abs(problem.model().values()[a.offset + i]) < bound);
      for (std::size_t i = 0; i < info.count; ++i)
        problem.model().values()[info.offset + i] = 0.3 * Random(4, i + info.offset).normal();
    }
    const double adapted = problem.run(nullptr);
    CHECK(std::abs(adapted - before) > 1e-3);
    // Sums of order 10 in another order, through three layers.
    constexpr double k_bound = 1e-10;
    problem.model().pack(false);
    const double merged = problem.run_packed(nullptr);
    CHECK(std::abs(merged - adapted) < k_bound);
    CHECK(problem.run(nullptr) == adapted);  // packed for training again
    problem.replace_model(merge_adapters(problem.model()));
    CHECK(problem.model().spec().lora.rank == 0);
    CHECK(problem.run(nullptr) == merged);
  });
}

TEST_CASE("adapters: weights, gradients and moments of MiniLM with them are below 1.3 of its weights") {
  ModelSpec spec;  // all-MiniLM-L6-v2 with a classifier
  spec.config.vocab_size = 30'522;
  spec.config.hidden_size = 384;
  spec.config.num_hidden_layers = 6;
  spec.config.intermediate_size = 1536;
  spec.heads = {{"", Head::sequence_classification, {"no", "yes"}}};
  const auto numbers = [](const ModelSpec& of) {
    constexpr std::size_t k_lanes = 8, k_moments = 2;
    const ParameterTable table(of);
    return static_cast<double>(table.size() + k_lanes * table.gradient_size() + k_moments * table.unread_gradient());
  };
  const auto weights = static_cast<double>(ParameterTable(spec).size());
  CHECK(numbers(spec) > 10.9 * weights);
  spec.lora = {.rank = 8};
  CHECK(numbers(spec) < 1.05 * weights);
  spec.lora = {.rank = 8, .target_modules = {"all-linear"}};
  CHECK(numbers(spec) < 1.3 * weights);
}

TEST_CASE("adapters: after a step they are packed again and their base is not") {
  HeadProblem<double> problem = adapted(Family::bert, Head::sequence_classification, {.rank = 2});
  Model<double>& model = problem.model();
  const double before = problem.run(nullptr);
  for (const ParameterInfo& info : model.table().entries())
    if (is_adapter(info.key)) model.values()[info.offset] += 0.5;
  model.pack_learned();
  const double after = problem.run_packed(nullptr);
  CHECK(after != before);
  CHECK(problem.run(nullptr) == after);
  model.values()[model.table().at("bert.encoder.layer.0.attention.self.query.weight").offset] += 1;
  model.pack_learned();
  CHECK(problem.run_packed(nullptr) == after);
}

TEST_CASE("adapters: what cannot be is refused") {
  CHECK(refusal(Family::bert, {.rank = 1, .target_modules = {"query", "Wqkv"}}) ==
        "adapters: target module, expected the name of a linear layer that is not frozen (query, key, value, dense), "
        "found Wqkv");
  CHECK(refusal(Family::bert, {.rank = 1, .target_modules = {"classifier"}}).find("found classifier") !=
        std::string::npos);
  CHECK(refusal(Family::bert, {.rank = 1, .target_modules = {"uery"}}).find("found uery") != std::string::npos);
  CHECK(refusal(Family::bert, {.rank = 1}, {.layers = 1}).find("found none") != std::string::npos);
  CHECK(refusal(Family::bert, {.rank = 70'000}).find("rank, expected 1 .. 65536") != std::string::npos);
  CHECK(refusal(Family::bert, {.rank = 1, .alpha = INFINITY}).find("alpha") != std::string::npos);
  CHECK(refusal(Family::bert, {.rank = 1, .dropout = 1}).find("dropout, expected in [0, 1)") != std::string::npos);
  ModelSpec spec = adapted(Family::bert, Head::masked_lm, {.rank = 1}).model().spec();
  CHECK_THROWS_WITH_AS(ParameterTable(spec, Matrices::packed),
                       "adapters: a model that only scores has none: they are merged into its matrices", Error);
  Model<float> model(make_context(default_isa()), spec);
  CHECK_THROWS_WITH_AS(save_model("/nowhere", model),
                       "model to write: has adapters: save_adapter() writes them, and merge_adapters() makes a model "
                       "without them",
                       Error);
}
