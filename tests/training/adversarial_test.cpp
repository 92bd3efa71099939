// Adversarial training: how embeddings are moved, what is refused, and that nothing depends on threads or chunks. That
// it is what torch computes: golden_trajectories_test.cpp.
#include "seqguard/training/adversarial.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/text_source.hpp"
#include "seqguard/training/trainer.hpp"

using namespace seqguard;

namespace {

ModelSpec small_spec() {
  ModelSpec spec;
  spec.config.vocab_size = 20;
  spec.config.hidden_size = 16;
  spec.config.num_hidden_layers = 2;
  spec.config.num_attention_heads = 2;
  spec.config.intermediate_size = 32;
  spec.config.max_position_embeddings = 16;
  spec.config.hidden_dropout_prob = 0.1;
  spec.heads = {{"", Head::sequence_classification, {"without", "with"}}};
  return spec;
}

struct Texts {
  std::vector<Encoding> texts{48};
  LabelTable labels{2, {}, {}};

  Texts() {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      Random random(3, i);
      for (std::size_t t = 0; t < 2 + random.below(6); ++t)
        texts[i].ids.push_back(static_cast<std::int32_t>(random.below(20)));
      texts[i].type_ids.assign(texts[i].ids.size(), 0);
      const bool even = texts[i].ids.front() % 2 == 0;
      labels.values.insert(labels.values.end(), {even ? 0.0F : 1.0F, even ? 1.0F : 0.0F});
    }
  }
};

std::vector<float> train(const TrainingOptions& changed, Executor& executor, const FrozenParts& frozen = {}) {
  const Texts data;
  ModelSpec spec = small_spec();
  spec.frozen = frozen;
  Model<float> model(make_context(default_isa()), spec);
  model.initialize(3);
  const TextSource source(model.config(), data.texts, {}, {&data.labels, 1}, 4);
  const Classification<float> objective(model.spec(), 0);
  TrainingOptions options = changed;
  options.steps = 12;
  options.tokens_per_step = 64;
  options.chunk_tokens = 16;
  options.validate_every = 12;
  options.schedule.peak = 1e-2;
  Trainer<float> trainer(model, {{&source, {{&objective}}}}, options);
  while (!trainer.finished()) trainer.step(executor);
  return model.values();
}

std::string refusal(const TrainingOptions& options, const FrozenParts& frozen = {}) {
  try {
    train(options, inline_executor(), frozen);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("embeddings are moved along the gradient of each sequence, and not too far") {
  const std::vector<std::size_t> offsets = {0, 1, 3};
  // The first sequence has one token, the second two, of which one has no gradient.
  const std::vector<double> gradient = {3, 4, 0, 0, 0, -2};
  std::vector<double> shift(6);
  const auto move = [&](const AdversarialOptions& options) {
    move_embeddings<double>({shift.data(), 3, 2}, {gradient.data(), 3, 2}, offsets, options);
  };
  move({.steps = 1, .epsilon = 2});  // FGM: as far as it may
  CHECK(shift[0] == doctest::Approx(1.2));
  CHECK(shift[1] == doctest::Approx(1.6));
  CHECK(shift[5] == doctest::Approx(-2));
  CHECK(shift[3] == 0);
  std::fill(shift.begin(), shift.end(), 0.0);
  for (int k = 0; k < 2; ++k) move({.steps = 5, .epsilon = 2, .step_size = 0.5});
  CHECK(shift[5] == doctest::Approx(-1));
  for (int k = 0; k < 8; ++k) move({.steps = 5, .epsilon = 2, .step_size = 0.5});
  CHECK(shift[5] == doctest::Approx(-2));
  const std::vector<double> none(6);
  const std::vector<double> before = shift;
  move_embeddings<double>({shift.data(), 3, 2}, {none.data(), 3, 2}, offsets, {.steps = 1, .epsilon = 9});
  CHECK(shift == before);
}

TEST_CASE("an adversary and stochastic depth change a training, to the same bits with any number of threads") {
  const auto pool = make_thread_pool(3);
  const std::vector<float> plain = train({}, inline_executor());
  for (const std::size_t steps : {1u, 3u}) {
    TrainingOptions options;
    options.adversarial.steps = steps;
    const std::vector<float> moved = train(options, inline_executor());
    CHECK(moved != plain);
    CHECK(train(options, *pool) == moved);
  }
  TrainingOptions shallow;
  shallow.stochastic_depth = 0.5;
  CHECK(train(shallow, inline_executor()) != plain);
  CHECK(train(shallow, *pool) == train(shallow, inline_executor()));
  // Frozen layers: the gradient still comes down to the embeddings.
  TrainingOptions options;
  options.adversarial.steps = 1;
  CHECK(refusal(options, {.layers = 1}).empty());
}

TEST_CASE("an adversary that cannot be is refused") {
  TrainingOptions options;
  options.adversarial.steps = 1;
  for (const FrozenParts& frozen : {FrozenParts{.embeddings = true}, FrozenParts{.base = true}})
    CHECK(refusal(options, frozen).find("only while they learn: not with frozen embeddings") != std::string::npos);
  options.adversarial.epsilon = 0;
  CHECK(refusal(options).find("adversarial training: epsilon, step_size and weight, expected numbers above 0") == 0);
  options = {};
  options.stochastic_depth = 1;
  CHECK(refusal(options).find("stochastic_depth, expected a number in [0, 1)") != std::string::npos);
}
