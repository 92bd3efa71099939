// Twenty steps of training of five families with three heads each, with sets of classes and numbers as labels, and with
// an adversary, against torch and transformers (tests/reference/make_trajectories.py): data, losses, clipping, AdamW
// and its schedule together, by the trainer.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "model/tensor_names.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/trainer.hpp"

using namespace seqguard;

namespace {

constexpr std::size_t k_steps = 20, k_batch_tokens = 24;

/// The sequences of a golden, in their order in every epoch, with a label for each sequence or token: a row of
/// probabilities for a classification, the token that is hidden there for a masked LM; NaN: none.
class GoldenSource final : public BatchSource {
 public:
  GoldenSource(const SafetensorsFile& file, const ModelSpec& spec) : reads_types_(spec.config.reads_token_types()) {
    const auto read = [&](const char* name) { return file.read_vector<std::int64_t>(name, Dtype::i64); };
    const auto ids = read("input_ids"), types = read("token_type_ids"), offsets = read("offsets");
    ids_.assign(ids.begin(), ids.end());
    types_.assign(types.begin(), types.end());
    offsets_.assign(offsets.begin(), offsets.end());
    const HeadSpec& head = spec.heads.at(0);
    of_tokens_ = head.kind != Head::sequence_classification;
    outputs_ = head.kind == Head::masked_lm ? 1 : head_outputs(spec.config, head);
    if (head.loss != HeadLoss::softmax)
      labels_ = file.read_vector<float>("labels", Dtype::f32);
    else
      read_classes(read("labels"), head);
    for (std::size_t s = 0; s + 1 < offsets_.size(); ++s)
      examples_.push_back(
          {static_cast<std::uint32_t>(s), 0, static_cast<std::uint32_t>(offsets_[s + 1] - offsets_[s])});
  }

  void read_classes(const std::vector<std::int64_t>& labels, const HeadSpec& head) {
    for (const std::int64_t label : labels)
      for (std::size_t c = 0; c < outputs_; ++c) {
        const float known = head.kind == Head::masked_lm            ? static_cast<float>(label)
                            : label == static_cast<std::int64_t>(c) ? 1.0F
                                                                    : 0.0F;
        labels_.push_back(label < 0 ? std::numeric_limits<float>::quiet_NaN() : known);
      }
  }

  void epoch(std::uint64_t, std::vector<Example>& out) const override { out = examples_; }
  std::span<const Example> held_out() const noexcept override { return {}; }
  TrainingChunk make_chunk() const override {
    TrainingChunk chunk;
    chunk.labels.resize(1);
    return chunk;
  }
  void append(const Example& example, TrainingChunk& chunk) const override {
    const std::size_t first = offsets_[example.sequence];
    const auto tokens = [&](const std::vector<std::int32_t>& of) {
      return std::span<const std::int32_t>(of).subspan(first, example.size);
    };
    chunk.batch.append(tokens(ids_), reads_types_ ? tokens(types_) : std::span<const std::int32_t>());
    const std::size_t row = of_tokens_ ? first : example.sequence, rows = of_tokens_ ? example.size : 1;
    const auto begin = labels_.begin() + static_cast<std::ptrdiff_t>(row * outputs_);
    chunk.labels[0].insert(chunk.labels[0].end(), begin, begin + static_cast<std::ptrdiff_t>(rows * outputs_));
  }

 private:
  std::vector<std::int32_t> ids_, types_;
  std::vector<std::size_t> offsets_;
  std::vector<float> labels_;
  std::vector<Example> examples_;
  bool reads_types_, of_tokens_ = false;
  std::size_t outputs_ = 0;
};

/// Predicts the tokens that the labels name, from an input in which they are hidden already.
template <class Real>
class HiddenTokens final : public EventPrediction<Real> {
 public:
  void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random&) const override {
    const std::vector<std::size_t>& offsets = chunk.batch.offsets();
    for (std::size_t t = offsets[sequence]; t < offsets[sequence + 1]; ++t) {
      if (std::isnan(chunk.labels[0][t])) continue;
      targets.rows.push_back(static_cast<std::uint32_t>(t));
      targets.columns[0].push_back(static_cast<std::int32_t>(chunk.labels[0][t]));
    }
  }
};

template <class Real>
Model<Real> load(const std::string& directory) {
  Model<float> loaded = load_model(make_context(default_isa()), directory);
  if constexpr (std::is_same_v<Real, float>) {
    return loaded;
  } else {
    Model<Real> model(make_reference_context(), loaded.spec());
    std::copy(loaded.values().begin(), loaded.values().end(), model.values().begin());
    return model;
  }
}

struct Distance {
  double loss = 0;  ///< largest difference of a loss, relative
  /// Largest difference of a final parameter, by the largest update of its tensor: an optimiser moves all elements of
  /// a tensor by about as much, and what it moved by less is no more exact.
  double parameter = 0;
};

template <class Real>
Distance replay(const std::string& name) {
  const std::string directory = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/trajectories/" + name;
  const SafetensorsFile golden(directory + "/expected.safetensors");
  Model<Real> model = load<Real>(directory);
  const std::vector<Real> initial = model.values();
  const GoldenSource source(golden, model.spec());
  std::unique_ptr<Objective<Real>> objective;
  if (model.spec().heads.at(0).kind == Head::masked_lm)
    objective = std::make_unique<HiddenTokens<Real>>();
  else
    objective = std::make_unique<Classification<Real>>(model.spec(), 0);
  TrainingOptions options;
  options.steps = k_steps;
  options.tokens_per_step = k_batch_tokens;
  options.chunk_tokens = 8;
  options.schedule = {.peak = 0.005, .warm_up = 0.2, .floor = 0, .type = ScheduleType::linear};
  options.optimizer = {.beta1 = 29.0 / 32, .beta2 = 511.0 / 512, .eps = 1e-5, .weight_decay = 0.05, .clip_norm = 1};
  if (name.ends_with("_fgm")) options.adversarial = {.steps = 1, .epsilon = 0.5};
  if (name.ends_with("_pgd")) options.adversarial = {.steps = 3, .epsilon = 0.5, .step_size = 0.25};
  Trainer<Real> trainer(model, {{&source, {{objective.get()}}}}, options);

  Distance distance;
  const auto losses = golden.read_vector<float>("losses", Dtype::f32);
  REQUIRE(losses.size() == k_steps);
  for (const float loss : losses)
    distance.loss = std::max(distance.loss, std::abs(trainer.step(inline_executor()) - loss) / loss);
  for (const ParameterInfo& info : model.table().entries()) {
    if (info.fixed) continue;
    CAPTURE(info.name);
    const auto expected = golden.read_vector<float>("final." + tensor_name(model.config(), info.key), Dtype::f32);
    REQUIRE(expected.size() == info.count);
    double difference = 0, update = 0;
    for (std::size_t i = 0; i < info.count; ++i) {
      const double before = static_cast<double>(initial[info.offset + i]), after = static_cast<double>(expected[i]);
      difference = std::max(difference, std::abs(static_cast<double>(model.values()[info.offset + i]) - after));
      update = std::max(update, std::abs(after - before));
    }
    // Exactly zero in theory: a shift of all keys leaves softmax as it is. What moves a key's bias is the rounding of
    // its gradient over eps, and no output changes with it.
    if (info.name.ends_with("key.bias"))
      CHECK(difference < (std::is_same_v<Real, double> ? 1e-9 : 1e-2 * options.schedule.peak * k_steps));
    else
      distance.parameter = std::max(distance.parameter, difference / update);
  }
  return distance;
}

constexpr const char* k_families[] = {"bert", "distilbert", "albert", "electra", "modernbert"};
constexpr const char* k_heads[] = {"ForSequenceClassification", "ForTokenClassification", "ForMaskedLM"};
constexpr const char* k_others[] = {"bert_multi_label_classification",
                                    "modernbert_multi_label_classification",
                                    "bert_regression",
                                    "distilbert_regression",
                                    "bert_fgm",
                                    "albert_fgm",
                                    "bert_pgd"};

std::vector<std::string> trajectories() {
  std::vector<std::string> names(std::begin(k_others), std::end(k_others));
  for (const char* family : k_families)
    for (const char* head : k_heads) names.push_back(std::string(family) + "_" + head);
  return names;
}

}  // namespace

TEST_CASE("trajectories: losses and final weights of twenty steps are torch's") {
  for (const std::string& name : trajectories()) {
    CAPTURE(name);
    // In double only the golden is rounded, and torch's clipping divides by the norm + 1e-6: measured 3e-7 and 4e-6,
    // where an update is 0.02 or more and a weight, below 4, is rounded by up to 1.2e-7.
    const Distance in_double = replay<double>(name);
    CHECK(in_double.loss < 1e-6);
    CHECK(in_double.parameter < 1e-5);
    // In float every step rounds, and later ones carry that on: measured 1.3e-6 and 2.7e-5 with any instruction set,
    // where torch's own float is off by up to 6e-7 and 3e-5. A wrong moment, decay, rate or clip shows in the second
    // digit.
    const Distance in_float = replay<float>(name);
    CHECK(in_float.loss < 1e-5);
    CHECK(in_float.parameter < 1e-4);
  }
}
