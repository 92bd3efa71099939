// What is frozen costs nothing: no gradient, no kept activations, no packed matrix and no kernel of the backward pass.
#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "model/head_problem.hpp"
#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

std::size_t attention_backward_calls, layer_norm_backward_calls;

/// The reference, counting.
Context<double> counting_context() {
  static const KernelTable<double> kernels = [] {
    KernelTable<double> table = reference_kernels();
    table.attention_backward = [](const AttentionBackward<double>& what) {
      ++attention_backward_calls;
      reference_kernels().attention_backward(what);
    };
    table.layer_norm_backward = [](double* d_sum, double* d_gamma, double* d_beta, const double* d_out,
                                   const double* sum, const double* mean, const double* rstd, const double* gamma,
                                   std::size_t rows, std::size_t cols) {
      ++layer_norm_backward_calls;
      reference_kernels().layer_norm_backward(d_sum, d_gamma, d_beta, d_out, sum, mean, rstd, gamma, rows, cols);
    };
    return table;
  }();
  Context<double> context = make_reference_context();
  context.kernels = &kernels;
  return context;
}

struct Cost {
  std::size_t attention = 0, layer_norm = 0;  // calls of kernels in the backward pass
  std::size_t gradient = 0;                   // numbers
  bool operator==(const Cost&) const = default;
};

Cost cost_of(Family family, const FrozenParts& frozen) {
  HeadProblem<double> problem(counting_context(), family, Head::token_classification, std::nullopt, true, frozen);
  std::vector<double> gradient;
  attention_backward_calls = layer_norm_backward_calls = 0;
  problem.run(&gradient);
  return {attention_backward_calls, layer_norm_backward_calls, problem.model().table().unread_gradient()};
}

std::size_t count_of(const ParameterTable& table, ParameterScope scope) {
  std::size_t count = 0;
  for (const ParameterInfo& info : table.entries()) count += info.key.scope == scope ? info.count : 0;
  return count;
}

}  // namespace

TEST_CASE("frozen: the backward pass ends at the lowest block that learns") {
  // Three layers, three sequences: attention is a call for each sequence. LayerNorms: one in the embeddings, one before
  // each block but the first, one at the end, one of the head.
  HeadProblem<double> whole(make_reference_context(), Family::modernbert, Head::token_classification);
  const ParameterTable& table = whole.model().table();
  const std::size_t head = count_of(table, ParameterScope::head), layers = count_of(table, ParameterScope::layer);
  const std::size_t attention_norm = 2 * 8, first_layer = (layers + attention_norm) / 3 - attention_norm;
  CHECK(cost_of(Family::modernbert, {}) == Cost{9, 8, table.size()});
  CHECK(cost_of(Family::modernbert, {.base = true}) == Cost{0, 1, head});
  const std::size_t final_norm = 2 * 8, embeddings = table.size() - head - layers - final_norm;
  CHECK(cost_of(Family::modernbert, {.embeddings = true}) == Cost{9, 7, table.size() - embeddings});
  CHECK(cost_of(Family::modernbert, {.embeddings = true, .layers = 1}) ==
        Cost{6, 6, table.size() - embeddings - first_layer});
  CHECK(cost_of(Family::modernbert, {.embeddings = true, .layers = 3}) == Cost{0, 2, head + final_norm});
  CHECK(cost_of(Family::modernbert, {.layers = 3}).attention == 9);  // the embeddings below learn
}

TEST_CASE("frozen: shared layers are passed as often as they are run above the lowest that learns") {
  // Groups 0 1 of two layers are run as 0 1 2 3 by three layers of the configuration: see ModelConfig::layer_calls().
  HeadProblem<double> whole(make_reference_context(), Family::albert, Head::token_classification);
  const ModelConfig& config = whole.model().config();
  const std::size_t calls = config.layer_calls();
  for (std::size_t frozen = 0; frozen <= config.distinct_layers(); ++frozen) {
    std::size_t first = 0;
    while (first < calls && config.layer_of(first) < frozen) ++first;
    CAPTURE(frozen);
    CHECK(cost_of(Family::albert, {.embeddings = true, .layers = frozen}).attention == 3 * (calls - first));
  }
}

TEST_CASE("frozen: nothing is kept or packed for the backward pass below the lowest block that learns") {
  const auto model_of = [](const FrozenParts& frozen) {
    return HeadProblem<double>(make_reference_context(), Family::modernbert, Head::token_classification, std::nullopt,
                               true, frozen);
  };
  const auto packed_backward = [&](const FrozenParts& frozen) {
    HeadProblem<double> problem = model_of(frozen);
    problem.run(nullptr);
    std::vector<int> packed;
    for (const PackedEncoderLayer<double>& layer : problem.model().packed().layers)
      for (const auto* linear : {&layer.attention.query_key_value, &layer.attention.output,
                                 &layer.feed_forward.intermediate, &layer.feed_forward.output}) {
        CHECK(linear->forward.n() > 0);
        packed.push_back(linear->backward.n() > 0 ? 1 : 0);
      }
    CHECK(problem.model().packed().heads[0].out_proj.backward.n() > 0);
    return packed;
  };
  using Flags = std::vector<int>;
  CHECK(packed_backward({}) == Flags(12, 1));
  CHECK(packed_backward({.base = true}) == Flags(12, 0));
  // The first layer has no LayerNorm before its attention: nobody asks for a gradient of what it reads.
  CHECK(packed_backward({.embeddings = true}) == Flags{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(packed_backward({.embeddings = true, .layers = 2}) == Flags{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1});

  // Layers whose activations lie in memory of their own.
  const auto kept = [&](const FrozenParts& frozen) {
    HeadProblem<double> problem = model_of(frozen);
    const ModelConfig& config = problem.model().config();
    Arena arena;
    const auto cache =
        EncoderCache<double>::allocate(arena, config, 7, first_kept_call(problem.model().table(), config, true));
    std::set<const double*> places;
    for (const EncoderLayerCache<double>& layer : cache.layers) places.insert(layer.attention.context.data);
    return places.size();
  };
  CHECK(kept({}) == 3);
  CHECK(kept({.base = true}) == 1);
  CHECK(kept({.embeddings = true, .layers = 1}) == 3);  // one for what is not kept
  CHECK(kept({.embeddings = true, .layers = 2}) == 2);
}

TEST_CASE("frozen: after a step only what learns is packed again") {
  const auto family = Family::bert;
  for (const Head head : {Head::masked_lm, Head::sequence_classification})
    for (const FrozenParts& frozen : {FrozenParts{}, FrozenParts{.embeddings = true}, FrozenParts{.base = true},
                                      FrozenParts{.all_but_biases = true}}) {
      HeadProblem<double> problem(make_reference_context(), family, head, std::nullopt, true, frozen);
      Model<double>& model = problem.model();
      const double before = problem.run(nullptr);
      for (const ParameterInfo& info : model.table().entries())
        if (info.trainable && !info.fixed)
          for (std::size_t i = 0; i < info.count; ++i) model.values()[info.offset + i] += 0.01 * (1 + i % 3);
      model.pack_learned();
      const double after = problem.run_packed(nullptr);
      CHECK(after != before);
      std::vector<double> gradient, expected;
      problem.run_packed(&gradient);
      CHECK(problem.run(&expected) == after);  // packs everything
      CHECK(gradient == expected);
      for (const ParameterInfo& info : model.table().entries())  // a matrix that nobody learns is taken as it was
        if (info.role == ParameterRole::weight && !info.trainable) model.values()[info.offset] += 1;
      model.pack_learned();
      CHECK(problem.run_packed(nullptr) == after);
      CHECK((problem.run(nullptr) == after) == (!frozen.base && !frozen.all_but_biases));
    }
}

TEST_CASE("frozen: a model that was packed for scoring is packed for training afterwards") {
  HeadProblem<double> problem(make_reference_context(), Family::bert, Head::masked_lm);
  std::vector<double> expected, found;
  problem.run(&expected);
  HeadProblem<double> scored(make_reference_context(), Family::bert, Head::masked_lm);
  const auto keeps_backward = [&] {
    const PackedModel<double>& packed = scored.model().packed();
    return packed.layers[0].attention.output.backward.n() > 0 || !packed.heads[0].decoders[0].backward.empty();
  };
  scored.model().pack(false);
  CHECK(!keeps_backward());
  scored.run(&found);
  CHECK(keeps_backward());
  CHECK(found == expected);
  scored.model().pack(false);  // what only training needs is given up
  CHECK(!keeps_backward());
  scored.run(&found);
  CHECK(found == expected);
}

TEST_CASE("frozen: more layers than there are is a mistake") {
  CHECK_THROWS_WITH_AS(cost_of(Family::modernbert, {.layers = 4}), "model: frozen layers, expected at most 3, found 4",
                       Error);
}
