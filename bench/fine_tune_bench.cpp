// A step of fine-tuning MiniLM (384 x 6, 30,522 ids) with a classifier of sequences: all of it, adapters of query and
// value (rank 8) with the classifier, biases alone, the upper half, and a classifier on a frozen encoder; 32 sequences
// of 32.
//   fine_tune/MiniLM/WHAT/...   forward and backward pass, clipping, AdamW, packing of what learned
//   trainer/MiniLM/WHAT/...     a step of the trainer on 256 such texts: full, a frozen encoder that is run at every
//                               step, and one whose hidden states are kept (kept_MB), which is verified to have the
//                               same losses to the last bit before it is timed
// Verified before it is timed: the loss falls, and what is frozen stays. Counters, in MB of the weights' own 4 bytes
// each:
//   weights, learned (parameters that learn), gradients (all lanes) and moments; packed: matrices packed for the
//   products.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/frozen_hidden_states.hpp"
#include "seqguard/training/optimizer.hpp"
#include "seqguard/training/text_source.hpp"
#include "seqguard/training/trainer.hpp"
#include "support/models.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_sequences = 32, k_length = 32, k_vocabulary = 30'522, k_labels = 2;

struct Kind {
  const char* name;
  FrozenParts frozen;
  LoraOptions lora;
};
const Kind k_kinds[] = {{"full", {}, {}},
                        {"lora_r8_qv", {}, {.rank = 8, .alpha = 16}},
                        {"lora_r8_all", {}, {.rank = 8, .alpha = 16, .target_modules = {"all-linear"}}},
                        {"biases", {.all_but_biases = true}, {}},
                        {"upper_half", {.embeddings = true, .layers = 3}, {}},
                        {"frozen", {.base = true}, {}}};

ModelSpec spec_of(const Kind& kind) {
  ModelSpec spec = model_spec({"MiniLM", 384, 6, 12}, k_vocabulary);
  spec.heads = {{"", Head::sequence_classification, {"no", "yes"}}};
  spec.frozen = kind.frozen;
  spec.lora = kind.lora;
  return spec;
}

double packed_bytes(const PackedModel<float>& packed) {
  std::size_t bytes = 0;
  const auto add = [&](const PackedLinear<float>& linear) {
    bytes +=
        linear.forward.bytes() + linear.backward.bytes() + linear.lora.down.bytes() + linear.lora.down_backward.bytes();
    for (const auto& layer : linear.lora.layers) bytes += layer.up.bytes() + layer.up_backward.bytes();
  };
  for (const PackedEncoderLayer<float>& layer : packed.layers) {
    add(layer.attention.query_key_value);
    add(layer.attention.output);
    add(layer.feed_forward.intermediate);
    add(layer.feed_forward.output);
  }
  add(packed.pooler);
  for (const auto& head : packed.heads) add(head.out_proj);
  return static_cast<double>(bytes);
}

/// Learns whether the first id of a sequence is even.
class FineTuning {
 public:
  FineTuning(const Kind& kind, std::size_t threads)
      : model_(make_context(default_isa()), spec_of(kind)),
        optimizer_(model_.table(), {}),
        executor_(make_thread_pool(threads)),
        workers_(threads),
        chunks_(make_chunks(batch_lengths(k_sequences, k_length), k_vocabulary)),
        losses_(chunks_.size()) {
    model_.initialize(1);
    model_.pack(true);
    for (std::size_t i = 0; i < k_gradient_lanes; ++i)
      lanes_.push_back(bind_parameters<float>(model_.table(), model_.spec(), optimizer_.lane(i).data()));
  }

  double step() {
    executor_->run(k_gradient_lanes, [&](std::size_t lane, std::size_t worker) {
      for (std::size_t c = lane; c < chunks_.size(); c += k_gradient_lanes)
        run_chunk(c, workers_[worker], lanes_[lane]);
    });
    optimizer_.apply(model_, optimizer_.reduce(model_), 2e-4);
    model_.pack_learned();
    double loss = 0;
    for (const double chunk_loss : losses_) loss += chunk_loss;
    return loss;
  }

  /// Whether exactly what learns has other values than before.
  bool only_learned_moved(const std::vector<float>& before) const {
    for (const ParameterInfo& info : model_.table().entries()) {
      const auto first = before.begin() + static_cast<std::ptrdiff_t>(info.offset);
      const bool stayed = std::equal(first, first + static_cast<std::ptrdiff_t>(info.count),
                                     model_.values().begin() + static_cast<std::ptrdiff_t>(info.offset));
      if (stayed == info.trainable) return false;
    }
    return true;
  }
  const std::vector<float>& values() const { return model_.values(); }

  void report(benchmark::State& state) {
    constexpr double k_mega = 1e6;
    const auto bytes = [](std::size_t elements) { return 4 * static_cast<double>(elements) / k_mega; };
    const std::size_t learned = model_.table().unread_gradient();
    state.counters["weights"] = bytes(model_.table().size());
    state.counters["learned"] = bytes(learned);
    state.counters["gradients"] = bytes(k_gradient_lanes * model_.table().gradient_size());
    state.counters["moments"] = bytes(2 * learned);
    state.counters["packed"] = packed_bytes(model_.packed()) / k_mega;
  }

 private:
  void run_chunk(std::size_t c, Workspace& workspace, const ModelParameters<float>& gradient) {
    const Arena::Frame frame(workspace.activations);
    const EncoderInput input = chunks_[c].input();
    const std::size_t n = input.ids.size(), hidden = model_.config().hidden_size, sequences = input.offsets.size() - 1;
    const EncoderOptions options{.for_training = true};
    const auto cache = run_encoder<float>(model_, input, options, workspace);
    const auto matrix = [&](std::size_t rows, std::size_t cols) {
      const MatrixView<float> result(workspace.activations.allocate<float>(rows * cols).data(), rows, cols);
      std::fill_n(result.data, rows * cols, 0.0F);
      return result;
    };
    const MatrixView<float> logits = matrix(sequences, k_labels), d_logits = matrix(sequences, k_labels);
    const MatrixView<float> d_hidden = matrix(n, hidden);
    const auto head = run_head<float>(model_, 0, logits, cache.last_hidden_state(), input.offsets, {}, workspace);
    losses_[c] = 0;
    for (std::size_t b = 0; b < sequences; ++b) {  // cross-entropy of two classes
      const float y = static_cast<float>(input.ids[input.offsets[b]] % 2), z = logits(b, 1) - logits(b, 0);
      const float p = 1 / (1 + std::exp(-z));
      losses_[c] -= (y > 0 ? std::log(p) : std::log(1 - p)) / k_sequences;
      d_logits(b, 1) = (p - y) / k_sequences;
      d_logits(b, 0) = -d_logits(b, 1);
    }
    run_head_backward<float>(model_, 0, d_hidden, gradient, d_logits, head, cache.last_hidden_state(), input.offsets,
                             workspace);
    run_encoder_backward<float>(model_, gradient, d_hidden, cache, input, options, workspace);
  }

  Model<float> model_;
  Optimizer<float> optimizer_;
  std::unique_ptr<Executor> executor_;
  std::vector<Workspace> workers_;
  std::vector<BenchChunk> chunks_;
  std::vector<double> losses_;
  std::vector<ModelParameters<float>> lanes_;
};

void fine_tune(benchmark::State& state, const Kind& kind, std::size_t threads) {
  FineTuning training(kind, threads);
  const std::vector<float> start = training.values();
  const double before = training.step();
  double after = before;
  for (int i = 0; i < 4; ++i) after = training.step();
  if (!(after < before)) return state.SkipWithError("the loss does not fall");
  if (!training.only_learned_moved(start))
    return state.SkipWithError("something frozen moves, or something else stays");
  for (auto _ : state) benchmark::DoNotOptimize(training.step());
  training.report(state);
}

/// 256 texts of 32 tokens; the class says whether the first id is even.
struct Texts {
  std::vector<Encoding> texts{256};
  LabelTable labels{k_labels, {}, {}};

  Texts() {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      Random random(7, i);
      for (std::size_t t = 0; t < k_length; ++t)
        texts[i].ids.push_back(static_cast<std::int32_t>(5 + random.below(k_vocabulary - 5)));
      texts[i].type_ids.assign(k_length, 0);
      const bool even = texts[i].ids.front() % 2 == 0;
      labels.values.insert(labels.values.end(), {even ? 0.0F : 1.0F, even ? 1.0F : 0.0F});
    }
  }
};

/// The trainer on them, with or without kept hidden states.
class TextTraining {
 public:
  TextTraining(const Kind& kind, bool keeps, Executor& executor)
      : executor_(executor), model_(make_context(default_isa()), spec_of(kind)), objective_(model_.spec(), 0) {
    model_.initialize(1);
    model_.pack(true);
    std::vector<Example> examples;
    source_.epoch(0, examples);
    if (keeps) hidden_.emplace(model_, 0, source_, examples, executor);
    if (keeps) kept_bytes_ = FrozenHiddenStates<float>::bytes(model_, 0, examples);
    TrainingOptions options;
    options.steps = std::size_t{1} << 40;
    options.tokens_per_step = k_sequences * k_length;
    options.validate_every = options.steps;
    options.schedule.type = ScheduleType::constant;
    options.schedule.peak = 1e-3;
    trainer_ = std::make_unique<Trainer<float>>(
        model_, std::vector<TrainingTask<float>>{{&source_, {{&objective_}}, 1, hidden_ ? &*hidden_ : nullptr}},
        options);
  }
  double step() { return trainer_->step(executor_); }
  double kept_bytes() const { return static_cast<double>(kept_bytes_); }

 private:
  Executor& executor_;
  Texts data_;
  Model<float> model_;
  TextSource source_{model_.config(), data_.texts, {}, {&data_.labels, 1}, 4};
  Classification<float> objective_;
  std::optional<FrozenHiddenStates<float>> hidden_;
  std::size_t kept_bytes_ = 0;
  std::unique_ptr<Trainer<float>> trainer_;
};

void train(benchmark::State& state, const Kind& kind, bool keeps, std::size_t threads) {
  const auto executor = make_thread_pool(threads);
  TextTraining training(kind, keeps, *executor);
  if (keeps) {
    TextTraining other(kind, false, *executor);
    for (int i = 0; i < 5; ++i)
      if (training.step() != other.step()) return state.SkipWithError("kept hidden states change the loss");
  }
  for (auto _ : state) benchmark::DoNotOptimize(training.step());
  state.counters["kept_MB"] = training.kept_bytes() / 1e6;
}

void register_trainer() {
  struct Case {
    const char* name;
    std::size_t kind;
    bool keeps;
  };
  constexpr std::size_t k_frozen = std::size(k_kinds) - 1;
  for (const auto& [name, kind, keeps] :
       {Case{"full", 0, false}, {"frozen", k_frozen, false}, {"kept", k_frozen, true}})
    for (const std::size_t threads : {1, 2}) {
      const std::string full = std::string("trainer/MiniLM/") + name + "/B32/L32/fp32/" + std::to_string(threads);
      auto* benchmark = benchmark::RegisterBenchmark(full.c_str(), [kind, keeps, threads](benchmark::State& state) {
        train(state, k_kinds[kind], keeps, threads);
      });
      benchmark->Unit(benchmark::kMillisecond);
      if (threads > 1) benchmark->UseRealTime();
    }
}

void register_all() {
  register_trainer();
  for (const Kind& kind : k_kinds)
    for (const std::size_t threads : {1, 2}) {
      const std::string name =
          std::string("fine_tune/MiniLM/") + kind.name + "/B32/L32/fp32/" + std::to_string(threads);
      auto* benchmark = benchmark::RegisterBenchmark(
          name.c_str(), [&kind, threads](benchmark::State& state) { fine_tune(state, kind, threads); });
      benchmark->Unit(benchmark::kMillisecond);
      if (threads > 1) benchmark->UseRealTime();
    }
}

}  // namespace
}  // namespace seqguard

int main(int argc, char** argv) {
  seqguard::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
