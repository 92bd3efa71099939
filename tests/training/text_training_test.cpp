// The trainer on labelled texts: it learns, and a stopped training goes on with the same bits.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/text_source.hpp"
#include "seqguard/training/trainer.hpp"

using namespace seqguard;

namespace {

/// Texts of 2 to 9 of 20 words; the label says whether word 7 is among them.
struct LabelledWords {
  std::vector<Encoding> texts;
  LabelTable labels{2, {}, {}};

  explicit LabelledWords(std::size_t count, std::uint64_t seed) : texts(count) {
    for (std::size_t i = 0; i < count; ++i) {
      Random random(seed, i);
      Encoding& text = texts[i];
      text.ids = {0};
      for (std::size_t words = 1 + random.below(8); words > 0; --words)
        text.ids.push_back(static_cast<std::int32_t>(1 + random.below(19)));
      if (random.uniform() < 0.4) text.ids.back() = 7;
      text.type_ids.assign(text.ids.size(), 0);
      const bool has = std::find(text.ids.begin(), text.ids.end(), 7) != text.ids.end();
      labels.values.insert(labels.values.end(), {has ? 0.0F : 1.0F, has ? 1.0F : 0.0F});
    }
  }
};

struct Run {
  LabelledWords train{96, 1}, held_out{32, 2};
  LabelTable labels = joined(train.labels, held_out.labels);
  Model<float> model = make_model();
  TextSource source{model.config(), train.texts, held_out.texts, {&labels, 1}, 4};
  Classification<float> objective{model.spec(), 0};

  static LabelTable joined(LabelTable first, const LabelTable& second) {
    first.values.insert(first.values.end(), second.values.begin(), second.values.end());
    return first;
  }
  static Model<float> make_model() {
    ModelSpec spec;
    spec.config.vocab_size = 20;
    spec.config.hidden_size = 16;
    spec.config.num_hidden_layers = 1;
    spec.config.num_attention_heads = 2;
    spec.config.intermediate_size = 32;
    spec.config.max_position_embeddings = 16;
    spec.config.initializer_range = 0.1;
    spec.heads = {{"", Head::sequence_classification, {"without", "with"}}};
    Model<float> model(make_context(default_isa()), spec);
    model.initialize(3);
    return model;
  }
  Trainer<float> trainer(std::size_t steps) {
    TrainingOptions options;
    options.steps = steps;
    options.tokens_per_step = 128;
    options.chunk_tokens = 32;
    options.schedule.peak = 1e-2;
    options.validate_every = 10;
    options.seed = 4;
    return {model, {{&source, {{&objective}}}}, options};
  }
};

}  // namespace

TEST_CASE("a classifier learns from labelled texts") {
  Run run;
  Trainer<float> trainer = run.trainer(200);
  const double before = trainer.validate(inline_executor());
  CHECK(before == doctest::Approx(std::log(2)).epsilon(0.2));
  trainer.run(inline_executor(), "fine-tuning", {}, [] {});
  // A word that is there or not: held-out texts are told apart.
  CHECK(trainer.validate(inline_executor()) < 0.1);
  CHECK(trainer.state().early_stopping.best_loss < 0.1);
}

TEST_CASE("a stopped training on texts continues bit for bit, at any number of threads") {
  const auto straight = [](std::size_t threads) {
    Run run;
    run.trainer(24).run(*make_thread_pool(threads), "test", {}, [] {});
    return run.model.values();
  };
  const std::vector<float> expected = straight(1);
  CHECK(straight(2) == expected);
  for (const std::size_t stop : {3, 10, 17}) {
    CAPTURE(stop);
    TrainerState<float> stored;
    {
      Run run;
      Trainer<float> trainer = run.trainer(24);
      for (std::size_t i = 0; i < stop; ++i) trainer.step(inline_executor());
      stored = trainer.state();
    }
    REQUIRE(stored.epoch[0] + stored.example[0] > 0);
    Run run;
    run.model.initialize(77);
    Trainer<float> trainer = run.trainer(24);
    trainer.restore(stored);
    trainer.run(inline_executor(), "test", {}, [] {});
    CHECK(run.model.values() == expected);
  }
}

TEST_CASE("a step that asks nothing teaches nothing") {
  Run run;
  // One text of 96 has a label, and a step takes one text.
  std::fill(run.labels.values.begin() + 2, run.labels.values.end(), std::numeric_limits<float>::quiet_NaN());
  TrainingOptions options;
  options.tokens_per_step = 1;
  Trainer<float> trainer(run.model, {{&run.source, {{&run.objective}}}}, options);
  std::size_t learned = 0;
  for (std::size_t step = 0; step < 96; ++step) {
    const std::vector<float> before = run.model.values();
    const double loss = trainer.step(inline_executor());
    CHECK((loss > 0) == (run.model.values() != before));
    learned += loss > 0 ? 1 : 0;
  }
  CHECK(learned == 1);
  CHECK(trainer.state().step == 96);
  CHECK(trainer.state().optimizer.step == 1);
}

TEST_CASE("a state of other data is refused: there is no such example") {
  Run run;
  Trainer<float> trainer = run.trainer(10);
  TrainerState<float> state = trainer.state();
  state.example = {97};
  CHECK_THROWS_AS(trainer.restore(state), Error);
}
