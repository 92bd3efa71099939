// Every family and head against central differences, in double.
#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "model/check_gradients.hpp"
#include "model/head_problem.hpp"

using namespace seqguard;

TEST_CASE("gradients of every parameter of every family and head") {
  for_each_trainable_head([](Family family, Head head) {
    CAPTURE(architecture_name(family, head));
    check_gradients({make_reference_context(), family, head});
  });
}

TEST_CASE("gradients through every activation, in the feed-forward block and in the masked-LM head") {
  for (const Activation activation : {Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu, Activation::relu,
                                      Activation::silu, Activation::tanh}) {
    CAPTURE(static_cast<int>(activation));
    check_gradients({make_reference_context(), Family::bert, Head::masked_lm, activation});
  }
}

TEST_CASE("gradients of a masked LM whose decoder is not the table of word embeddings") {
  for (const FamilyTraits* traits : families()) {
    CAPTURE(traits->model_type);
    check_gradients({make_reference_context(), traits->family, Head::masked_lm, std::nullopt, false});
  }
}

TEST_CASE("gradients through the dropout of every family's classifiers") {
  for_each_trainable_head([](Family family, Head head) {
    CAPTURE(architecture_name(family, head));
    HeadProblem<double> problem(make_reference_context(), family, head);
    const double without = problem.run(nullptr);
    problem.drop();
    const bool drops = head == Head::sequence_classification || head == Head::token_classification;
    CHECK((problem.run(nullptr) != without) == drops);
    check_gradients(std::move(problem));
  });
}

/// Whether a parameter keeps its values.
static bool is_frozen(const ParameterInfo& info, const FrozenParts& frozen) {
  if (info.key.scope == ParameterScope::head) return false;
  if (frozen.base || (frozen.all_but_biases && !info.name.ends_with(".bias"))) return true;
  if (info.key.scope == ParameterScope::layer) return info.key.layer < frozen.layers;
  return frozen.embeddings && (info.name.starts_with("bert.embeddings") || info.name.starts_with("bert.encoder."));
}

TEST_CASE("what is frozen gets no gradient, and everything else the same one") {
  const FrozenParts forms[] = {{.embeddings = true},
                               {.layers = 1},
                               {.embeddings = true, .layers = 1},
                               {.embeddings = true, .layers = 2},
                               {.base = true},
                               {.all_but_biases = true},
                               {.embeddings = true, .layers = 1, .all_but_biases = true}};
  for_each_trainable_head([&](Family family, Head head) {
    CAPTURE(architecture_name(family, head));
    HeadProblem<double> whole(make_reference_context(), family, head);
    std::vector<double> expected;
    const double loss = whole.run(&expected);
    for (const FrozenParts& frozen : forms) {
      if (frozen.layers > whole.model().config().distinct_layers()) continue;
      HeadProblem<double> part(make_reference_context(), family, head, std::nullopt, true, frozen);
      std::vector<double> found;
      CHECK(part.run(&found) == loss);
      std::size_t trained = 0, different = 0;
      for (std::size_t i = 0; i < part.model().table().entries().size(); ++i) {
        const ParameterInfo &info = part.model().table().entries()[i], &of_whole = whole.model().table().entries()[i];
        CAPTURE(info.name);
        REQUIRE(info.trainable == !is_frozen(info, frozen));
        if (!info.trainable || info.fixed) continue;
        trained += info.count;
        for (std::size_t k = 0; k < info.count; ++k)
          different += found[info.gradient_offset + k] != expected[of_whole.gradient_offset + k];
      }
      // The tied table of a masked LM learns from its decoder alone or not at all.
      CHECK(different == 0);
      CHECK(trained < expected.size());
      CHECK(found.size() < expected.size());
    }
  });
}
