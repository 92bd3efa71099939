// A training step: forward and backward pass, clipping, AdamW, packing of the new weights; dropout 0.1, 32 sequences
// of 32.
//   train/MODEL/...      the encoder alone. Limit: the multiply-add peak over three times the flops of a forward pass.
//   train_mlm/MODEL/...  the trainer, predicting hidden events of a vocabulary of 5000.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/event_source.hpp"
#include "seqguard/training/optimizer.hpp"
#include "seqguard/training/trainer.hpp"
#include "support/models.hpp"
#include "support/report.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_sequences = 32, k_length = 32, k_vocabulary = 5000;
constexpr float k_dropout = 0.1F;

/// Learns to give hidden states of all ones, by mean square error: the cheapest loss there is.
class EncoderTraining {
 public:
  EncoderTraining(const ModelSize& size, std::size_t threads)
      : model_(make_context(default_isa()), model_spec(size, k_vocabulary)),
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
    optimizer_.apply(model_, optimizer_.reduce(model_), 1e-3);
    model_.pack(true);
    ++steps_;
    double loss = 0;
    for (const double chunk_loss : losses_) loss += chunk_loss;
    return loss;
  }

  Isa isa() const { return model_.context().kernels->isa; }

 private:
  void run_chunk(std::size_t c, Workspace& workspace, const ModelParameters<float>& gradient) {
    const Arena::Frame frame(workspace.activations);
    const ModelConfig& config = model_.config();
    const EncoderInput input = chunks_[c].input();
    const std::size_t n = input.ids.size(), hidden = config.hidden_size;
    const EncoderOptions options{AttentionMask::full, {k_dropout, steps_, chunks_[c].first_token}, true};
    const auto cache = run_encoder<float>(model_, input, options, workspace);
    const MatrixView<float> d_hidden(workspace.activations.allocate<float>(n * hidden).data(), n, hidden);
    losses_[c] = 0;
    const float scale = 1.0F / static_cast<float>(k_sequences * k_length * hidden);
    for (std::size_t i = 0; i < n * hidden; ++i) {
      const float difference = cache.last_hidden_state().data[i] - 1;
      losses_[c] += difference * difference * scale;
      d_hidden.data[i] = 2 * difference * scale;
    }
    run_encoder_backward<float>(model_, gradient, d_hidden, cache, input, options, workspace);
  }

  Model<float> model_;
  Optimizer<float> optimizer_;
  std::unique_ptr<Executor> executor_;
  std::vector<Workspace> workers_;
  std::vector<BenchChunk> chunks_;
  std::vector<double> losses_;
  std::vector<ModelParameters<float>> lanes_;
  std::uint64_t steps_ = 0;
};

void train_encoder(benchmark::State& state, const ModelSize& size, std::size_t threads) {
  EncoderTraining training(size, threads);
  const double before = training.step();
  double after = before;
  for (int i = 0; i < 4; ++i) after = training.step();
  if (!(after < before)) return state.SkipWithError("the loss does not fall");
  for (auto _ : state) benchmark::DoNotOptimize(training.step());
  report_rate(state, 3 * encoder_flops(size, batch_lengths(k_sequences, k_length)), training.isa(), threads);
}

/// Sequences over a vocabulary of k_vocabulary ids in which every event follows from the one before.
std::vector<EncodedEvents> make_sequences(const EventSchema& schema) {
  std::vector<EncodedEvents> sequences(256);
  Random random(11);
  for (EncodedEvents& sequence : sequences) {
    reserve(sequence, schema, k_length - 2);
    sequence.n = k_length - 2;
    sequence.ids[0].assign(k_length, 0);
    std::size_t value = random.below(k_vocabulary - k_reserved_ids);
    for (std::int32_t& id : sequence.ids[0]) {
      id = static_cast<std::int32_t>(k_reserved_ids + value);
      value = (value + 1) % (k_vocabulary - k_reserved_ids);
    }
    sequence.ids[0].front() = k_cls_id;
    sequence.ids[0].back() = k_sep_id;
  }
  return sequences;
}

EventSchema make_schema() {
  std::vector<ValueCount> counts;
  for (std::size_t v = k_reserved_ids; v < k_vocabulary; ++v) counts.push_back({std::to_string(v), 1});
  return lines_schema(Vocabulary::from_counts(counts));
}

void train_masked(benchmark::State& state, const ModelSize& size, std::size_t threads) {
  const EventSchema schema = make_schema();
  const std::vector<EncodedEvents> sequences = make_sequences(schema);
  std::vector<const EncodedEvents*> train;
  for (const EncodedEvents& sequence : sequences) train.push_back(&sequence);
  ModelSpec spec = model_spec(size, k_vocabulary);
  spec.heads = {{"", Head::masked_lm}};
  spec.config.hidden_dropout_prob = k_dropout;
  spec.config.attention_probs_dropout_prob = 0;
  Model<float> model(make_context(default_isa()), spec);
  model.initialize(1);
  TrainingOptions options;
  options.steps = 1'000'000;
  options.tokens_per_step = k_sequences * k_length;
  options.schedule.warm_up = 0;
  options.schedule.peak = 2e-4;
  const EventSource source(schema, train, {}, k_length, options.seed);
  const MaskedEvents<float> objective(primary_counts(schema));
  Trainer<float> trainer(model, {{&source, {{&objective}}}}, options);
  const std::unique_ptr<Executor> executor = make_thread_pool(threads);
  const double before = trainer.step(*executor);
  double after = before;
  for (int i = 0; i < 9; ++i) after = trainer.step(*executor);
  if (!(after < before)) return state.SkipWithError("the loss does not fall");
  for (auto _ : state) benchmark::DoNotOptimize(trainer.step(*executor));
}

void register_all() {
  const auto add = [](const std::string& what, const ModelSize& size, std::size_t threads, auto function) {
    const std::string name = what + "/" + size.name + "/B32/L32/fp32/" + std::to_string(threads);
    auto* benchmark =
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { function(state, size, threads); });
    benchmark->Unit(benchmark::kMillisecond);
    if (threads > 1) benchmark->UseRealTime();
  };
  for (const ModelSize& size : k_model_sizes)
    for (const std::size_t threads : {1, 2}) {
      add("train", size, threads, train_encoder);
      add("train_mlm", size, threads, train_masked);
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
