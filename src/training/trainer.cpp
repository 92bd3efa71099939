#include "seqguard/training/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/windows.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/prediction.hpp"
#include "seqguard/model/ragged_batch.hpp"
#include "seqguard/training/objective.hpp"

namespace seqguard {
namespace {

/// Streams of random numbers, apart from each other.
enum Stream : std::uint64_t {
  k_order_stream = 1,
  k_crop_stream,
  k_corrupt_stream,
  k_dropout_stream,
  k_validation_stream
};

struct Crop {
  std::uint32_t sequence;
  std::uint32_t begin;
  std::uint32_t size;
};

/// A few windows that go through the network together.
struct TrainingChunk {
  EncoderBatch batch;
  ChunkTargets targets;
  std::size_t first_token = 0;
  double loss = 0;
};

std::vector<std::uint64_t> primary_counts(const EventSchema& schema) {
  const Vocabulary& vocabulary = schema.primary_column().vocabulary;
  std::vector<std::uint64_t> counts(vocabulary.size());
  for (TypeId type = 0; type < vocabulary.kept(); ++type) counts[type + k_reserved_ids] = vocabulary.count(type);
  return counts;
}

}  // namespace

class Trainer::Implementation {
 public:
  Implementation(Model<float>& model, const EventSchema& schema, std::span<const EncodedEvents* const> train,
                 std::span<const EncodedEvents* const> validation, const TrainingOptions& options)
      : model_(model),
        schema_(schema),
        train_(train.begin(), train.end()),
        validation_(validation.begin(), validation.end()),
        options_(options),
        optimizer_(model.table(), options.adamw),
        masked_(primary_counts(schema)) {
    if (train_.empty()) fail(ErrorCode::invalid_argument, "training", "no sequences to train on");
    model_.pack(true);
    validation_crops_ = consecutive_crops(validation_);
    for (std::size_t i = 0; i < k_gradient_lanes; ++i)
      lanes_.push_back(bind_parameters<float>(model.table(), model.spec(), optimizer_.lane(i).data()));
    load_epoch();
  }

  std::size_t steps() const noexcept { return options_.steps; }
  std::size_t steps_done() const noexcept { return state_.step; }
  double best_loss() const noexcept { return state_.early_stopping.best_loss; }
  bool finished() const noexcept {
    return state_.stopped || state_.step >= options_.steps || state_.early_stopping.exhausted(options_.patience);
  }

  double step(Executor& executor) {
    const std::uint64_t key = random_bits(options_.seed, k_corrupt_stream, state_.step);
    const Objective& objective = objective_of(state_.step);
    next_crops();
    const std::size_t rows = assemble(executor, train_, step_crops_, objective, key);
    const Dropout dropout{options_.dropout, random_bits(options_.seed, k_dropout_stream, state_.step), 0};
    workers_.resize(executor.concurrency());
    executor.run(k_gradient_lanes, [&](std::size_t lane, std::size_t worker) {
      for (std::size_t c = lane; c < used_chunks_; c += k_gradient_lanes)
        run_chunk(chunks_[c], workers_[worker], &lanes_[lane], objective.mask(), dropout, rows);
    });
    const double loss = total_loss(rows);
    if (!std::isfinite(loss)) {
      optimizer_.zero_lanes();
      fail(ErrorCode::non_finite, "training", "the loss of step " + std::to_string(state_.step) + " is not finite");
    }
    optimizer_.apply(model_, optimizer_.reduce(model_),
                     learning_rate<double>(options_.schedule, state_.step, options_.steps));
    model_.pack(true);
    ++state_.step;
    if (!validation_.empty() && (state_.step % options_.validate_every == 0 || state_.step == options_.steps))
      judge(validate(executor));
    return loss;
  }

  double validate(Executor& executor) {
    double loss = 0;
    const double share = options_.masked_share;
    if (share < 1) loss += (1 - share) * held_out_loss(executor, next_);
    if (share > 0) loss += share * held_out_loss(executor, masked_);
    return loss;
  }

  void stop() noexcept { state_.stopped = true; }

  void finish() {
    if (!state_.early_stopping.best_values.empty()) model_.values() = state_.early_stopping.best_values;
    model_.pack(false);
  }

  const TrainerState& state() {
    state_.values = model_.values();
    state_.optimizer = optimizer_.state();
    return state_;
  }

  void restore(TrainerState state) {
    const std::size_t size = model_.table().size(), trainable = optimizer_.state().m.size();
    if (state.values.size() != size || state.optimizer.m.size() != trainable || state.optimizer.v.size() != trainable ||
        (!state.early_stopping.best_values.empty() && state.early_stopping.best_values.size() != size))
      fail(ErrorCode::bad_checkpoint, "training state", "another model", std::to_string(size) + " parameters",
           std::to_string(state.values.size()));
    state_ = std::move(state);
    model_.values() = state_.values;
    optimizer_.state() = state_.optimizer;
    model_.pack(true);
    load_epoch();
  }

 private:
  /// Steps of the two objectives, evenly interleaved: step s is masked where floor((s+1) share) > floor(s share).
  const Objective& objective_of(std::uint64_t step) const {
    const double share = options_.masked_share;
    const auto before = std::floor(static_cast<double>(step) * share);
    const auto after = std::floor(static_cast<double>(step + 1) * share);
    return after > before ? static_cast<const Objective&>(masked_) : next_;
  }

  std::vector<Crop> consecutive_crops(const std::vector<const EncodedEvents*>& sequences) const {
    std::vector<Crop> crops;
    std::vector<Window> windows;
    for (std::size_t s = 0; s < sequences.size(); ++s) {
      scoring_windows(sequences[s]->positions(), options_.window, options_.window, windows);
      for (const Window& window : windows) crops.push_back(make_crop(s, window));
    }
    return crops;
  }

  static Crop make_crop(std::size_t sequence, const Window& window) {
    return {static_cast<std::uint32_t>(sequence), static_cast<std::uint32_t>(window.begin),
            static_cast<std::uint32_t>(window.size)};
  }

  /// All crops of the present epoch, in its random order.
  void load_epoch() {
    epoch_crops_.clear();
    std::vector<Window> windows;
    for (std::size_t s = 0; s < train_.size(); ++s) {
      training_crops(train_[s]->positions(), options_.window, random_bits(options_.seed, k_crop_stream, 0), s,
                     state_.epoch, windows);
      for (const Window& window : windows) epoch_crops_.push_back(make_crop(s, window));
    }
    Random(random_bits(options_.seed, k_order_stream, 0), state_.epoch).shuffle(epoch_crops_);
  }

  /// The crops of the next step: tokens_per_step tokens, at least one crop.
  void next_crops() {
    step_crops_.clear();
    for (std::size_t tokens = 0; tokens < options_.tokens_per_step;) {
      if (state_.crop == epoch_crops_.size()) {
        ++state_.epoch;
        state_.crop = 0;
        load_epoch();
      }
      const Crop& crop = epoch_crops_[state_.crop++];
      step_crops_.push_back(crop);
      tokens += crop.size;
    }
  }

  /// Cuts the crops into chunks, corrupts them, and returns the number of predicted rows.
  std::size_t assemble(Executor& executor, const std::vector<const EncodedEvents*>& sequences,
                       std::span<const Crop> crops, const Objective& objective, std::uint64_t key) {
    std::vector<std::size_t> lengths;
    for (const Crop& crop : crops) lengths.push_back(crop.size);
    const std::vector<Chunk> ranges = cut_into_chunks(lengths, ChunkLimit::at_least, options_.chunk_tokens);
    used_chunks_ = ranges.size();
    while (chunks_.size() < used_chunks_) {
      chunks_.emplace_back();
      chunks_.back().batch.prepare(schema_, options_.chunk_tokens + options_.window);
    }
    executor.run(used_chunks_, [&](std::size_t c, std::size_t) {
      TrainingChunk& chunk = chunks_[c];
      chunk.batch.clear();
      chunk.targets.clear(chunk.batch.decoders());
      chunk.first_token = ranges[c].first_token;
      for (std::size_t i = ranges[c].first; i < ranges[c].last; ++i) {
        const std::size_t begin = chunk.batch.tokens();
        chunk.batch.append(*sequences[crops[i].sequence], crops[i].begin, crops[i].size);
        Random random(key, i);
        objective.corrupt(chunk.batch, chunk.targets, begin, crops[i].size, random);
      }
    });
    std::size_t rows = 0;
    for (std::size_t c = 0; c < used_chunks_; ++c) rows += chunks_[c].targets.rows.size();
    return rows;
  }

  /// Forward pass of a chunk; with `gradient`, the backward pass too. Leaves the weighted sum of surprises in
  /// chunk.loss.
  void run_chunk(TrainingChunk& chunk, Workspace& workspace, const ModelParameters<float>* gradient, AttentionMask mask,
                 Dropout dropout, std::size_t rows_of_step) {
    chunk.loss = 0;
    if (chunk.targets.rows.empty()) return;
    const Arena::Frame frame(workspace.activations);
    const ModelConfig& config = model_.config();
    const EncoderInput input = chunk.batch.input();
    const std::size_t n = input.ids.size(), rows = chunk.targets.rows.size(), columns = chunk.batch.decoders();
    dropout.first_token = chunk.first_token;
    const EncoderOptions options{mask, dropout, gradient != nullptr};
    const auto cache = run_encoder<float>(model_, input, options, workspace);
    const PredictionTargets targets = chunk.targets.finish();
    auto prediction = PredictionCache<float>::allocate(workspace.activations, config, rows, columns);
    prediction_forward<float>(model_, prediction, cache.last_hidden_state(), targets, workspace.scratch);
    for (std::size_t c = 0; c < columns; ++c)
      for (std::size_t r = 0; r < rows; ++r) chunk.loss += weight_of(c) * prediction.losses[c * rows + r];
    if (gradient == nullptr) return;

    const std::span<float> factors = workspace.activations.allocate<float>(columns * rows);
    for (std::size_t i = 0; i < factors.size(); ++i)
      factors[i] =
          targets.targets[i] < 0 ? 0.0f : static_cast<float>(weight_of(i / rows) / static_cast<double>(rows_of_step));
    const MatrixView<float> d_hidden(workspace.activations.allocate<float>(n * config.hidden_size).data(), n,
                                     config.hidden_size);
    prediction_backward<float>(model_, d_hidden, *gradient, factors, prediction, targets, workspace.scratch);
    run_encoder_backward<float>(model_, *gradient, d_hidden, cache, input, options, workspace);
  }

  static double weight_of(std::size_t decoder) { return decoder == 0 ? 1.0 : k_secondary_weight; }

  double total_loss(std::size_t rows) const {
    double loss = 0;
    for (std::size_t c = 0; c < used_chunks_; ++c) loss += chunks_[c].loss;
    return rows > 0 ? loss / static_cast<double>(rows) : 0;
  }

  double held_out_loss(Executor& executor, const Objective& objective) {
    double loss = 0;
    std::size_t rows = 0;
    workers_.resize(executor.concurrency());
    // Groups of crops bound the memory that the chunks hold.
    constexpr std::size_t k_group = 256;
    for (std::size_t first = 0; first < validation_crops_.size(); first += k_group) {
      const std::size_t count = std::min(k_group, validation_crops_.size() - first);
      const std::uint64_t key = random_bits(options_.seed, k_validation_stream, first);
      rows += assemble(executor, validation_, {validation_crops_.data() + first, count}, objective, key);
      executor.run(used_chunks_, [&](std::size_t c, std::size_t worker) {
        run_chunk(chunks_[c], workers_[worker], nullptr, objective.mask(), {}, 1);
      });
      for (std::size_t c = 0; c < used_chunks_; ++c) loss += chunks_[c].loss;
    }
    return rows > 0 ? loss / static_cast<double>(rows) : 0;
  }

  void judge(double loss) {
    if (!std::isfinite(loss))
      fail(ErrorCode::non_finite, "training",
           "the held-out loss after step " + std::to_string(state_.step) + " is not finite");
    state_.early_stopping.judge(loss, model_.values());
  }

  Model<float>& model_;
  const EventSchema& schema_;
  std::vector<const EncodedEvents*> train_, validation_;
  TrainingOptions options_;
  Optimizer<float> optimizer_;
  NextEvent next_;
  MaskedEvents masked_;
  TrainerState state_;
  std::vector<Crop> epoch_crops_, step_crops_, validation_crops_;
  std::vector<ModelParameters<float>> lanes_;
  std::vector<TrainingChunk> chunks_;
  std::size_t used_chunks_ = 0;
  std::vector<Workspace> workers_;
};

Trainer::Trainer(Model<float>& model, const EventSchema& schema, std::span<const EncodedEvents* const> train,
                 std::span<const EncodedEvents* const> validation, const TrainingOptions& options)
    : implementation_(std::make_unique<Implementation>(model, schema, train, validation, options)) {}
Trainer::~Trainer() = default;

bool Trainer::finished() const noexcept { return implementation_->finished(); }
double Trainer::step(Executor& executor) { return implementation_->step(executor); }
double Trainer::validate(Executor& executor) { return implementation_->validate(executor); }
void Trainer::stop() noexcept { implementation_->stop(); }
void Trainer::finish() { implementation_->finish(); }

void Trainer::run(Executor& executor, std::string_view phase, ProgressSink progress, FunctionRef<void()> after_step) {
  const auto began = std::chrono::steady_clock::now();
  while (!finished()) {
    Progress report;
    report.phase = phase;
    report.loss = step(executor);
    report.done = implementation_->steps_done();
    report.total = implementation_->steps();
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    report.validation_loss = implementation_->best_loss();
    after_step();
    if (!progress.report(report)) fail(ErrorCode::cancelled, phase, "stopped by the progress callback");
  }
  finish();
}
const TrainerState& Trainer::state() { return implementation_->state(); }
void Trainer::restore(TrainerState state) { implementation_->restore(std::move(state)); }

}  // namespace seqguard
