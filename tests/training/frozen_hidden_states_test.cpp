// Hidden states of a frozen encoder: kept ones train a head to the very bits that an encoder run at every step does.
#include "seqguard/training/frozen_hidden_states.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/text_source.hpp"
#include "seqguard/training/trainer.hpp"

using namespace seqguard;

namespace {

/// 40 texts to learn from and 10 others, with labels by chance.
struct Problem {
  Model<float> model;
  std::vector<Encoding> texts{50};
  LabelTable labels;
  std::unique_ptr<TextSource> source;

  Problem(const std::string& directory, bool frozen) : model(load(directory, frozen)) {
    const HeadSpec& head = model.spec().heads.front();
    labels.outputs = head.labels.size();
    const bool of_tokens = head.kind == Head::token_classification;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      Random random(5, i);
      if (of_tokens) labels.first_rows.push_back(labels.values.size() / labels.outputs);
      for (std::size_t t = 0; t <= random.below(8); ++t) {
        texts[i].ids.push_back(static_cast<std::int32_t>(5 + random.below(15)));
        if (t == 0 || of_tokens) add_label(random.below(labels.outputs));
      }
      texts[i].type_ids.assign(texts[i].ids.size(), 0);
    }
    if (of_tokens) labels.first_rows.push_back(labels.values.size() / labels.outputs);
    const std::span<const Encoding> all = texts;
    source = std::make_unique<TextSource>(model.config(), all.first(40), all.subspan(40),
                                          std::span<const LabelTable>(&labels, 1), 4);
  }
  void add_label(std::size_t label) {
    for (std::size_t c = 0; c < labels.outputs; ++c) labels.values.push_back(c == label ? 1.0F : 0.0F);
  }
  static Model<float> load(const std::string& directory, bool frozen) {
    const Model<float> loaded = load_model(make_context(default_isa()), directory);
    ModelSpec spec = loaded.spec();
    spec.frozen.base = frozen;
    spec.config.hidden_dropout_prob = 0.2;
    spec.config.attention_probs_dropout_prob = 0.2;
    return begin_from(loaded, std::move(spec), 1);
  }
  std::vector<Example> examples() const {
    std::vector<Example> all;
    source->epoch(0, all);
    all.insert(all.end(), source->held_out().begin(), source->held_out().end());
    return all;
  }
  /// Losses of nine steps, the last held-out loss, and the weights.
  std::vector<float> train(const FrozenHiddenStates<float>* hidden, Executor& executor) {
    const Classification<float> objective(model.spec(), 0);
    TrainingOptions options;
    options.steps = 9;
    options.tokens_per_step = 48;
    options.chunk_tokens = 16;
    options.schedule.peak = 1e-2;
    options.seed = 4;
    Trainer<float> trainer(model, {{source.get(), {{&objective}}, 1, hidden}}, options);
    std::vector<float> result;
    while (!trainer.finished()) result.push_back(static_cast<float>(trainer.step(executor)));
    result.push_back(static_cast<float>(trainer.validate(executor)));
    result.insert(result.end(), model.values().begin(), model.values().end());
    return result;
  }
};

}  // namespace

TEST_CASE("kept hidden states of a frozen encoder change no bit of a training, for every family and head") {
  std::size_t heads = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_ForSequenceClassification") && !name.ends_with("_ForTokenClassification")) continue;
    CAPTURE(name);
    Problem without(entry.path().string(), true), with(entry.path().string(), true);
    with.model.pack(true);
    const auto pool = make_thread_pool(2);
    const FrozenHiddenStates<float> kept(with.model, 0, *with.source, with.examples(), *pool);
    const std::vector<float> expected = without.train(nullptr, inline_executor());
    CHECK(with.train(&kept, *pool) == expected);
    CHECK(expected[0] != expected[8]);  // it learned
    ++heads;
  }
  CHECK(heads == 16);
}

TEST_CASE("kept hidden states: their size, whom they are refused, and the host in charge") {
  const std::string golden = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/";
  Problem texts(golden + "roberta_ForSequenceClassification", true),
      tokens(golden + "roberta_ForTokenClassification", true),
      learns(golden + "roberta_ForSequenceClassification", false);
  const std::size_t width = texts.model.config().hidden_size * sizeof(float);
  CHECK(FrozenHiddenStates<float>::bytes(texts.model, 0, texts.examples()) == 50 * width);
  std::size_t of_tokens = 0;
  for (const Encoding& text : tokens.texts) of_tokens += text.ids.size();
  CHECK(FrozenHiddenStates<float>::bytes(tokens.model, 0, tokens.examples()) == of_tokens * width);
  learns.model.pack(true);
  CHECK_THROWS_WITH_AS(FrozenHiddenStates<float>(learns.model, 0, *learns.source, learns.examples(), inline_executor()),
                       doctest::Contains("something of the encoder learns"), Error);
  texts.model.pack(true);
  const ProgressSink stop{[](const Progress&, void*) { return false; }, nullptr};
  CHECK_THROWS_WITH_AS(
      FrozenHiddenStates<float>(texts.model, 0, *texts.source, texts.examples(), inline_executor(), stop),
      doctest::Contains("hidden states: stopped by the progress callback"), Error);
}
