#include "sequence_scorer/text_tuner.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr double k_default_epochs = 3;
constexpr std::size_t k_least_steps = 100, k_texts_per_step = 16, k_most_validations = 20;

std::size_t tokens_of(std::span<const Encoding> texts) {
  std::size_t tokens = 0;
  for (const Encoding& text : texts) tokens += text.ids.size();
  return tokens;
}

/// Steps in which `epochs` passes are taken from the source.
std::size_t steps_of(const TextSource& source, std::size_t texts, std::size_t tokens_per_step, double epochs) {
  ExampleCursor cursor(source);
  std::vector<Example> taken;
  std::size_t steps = 0;
  // A tenth of 30 texts is a little more than 3 in floating point.
  for (double left = epochs * static_cast<double>(texts); left > 1e-6; ++steps) {
    cursor.take(tokens_per_step, taken);
    left -= static_cast<double>(taken.size());
  }
  return std::max<std::size_t>(1, steps);
}

TrainingOptions training_options(const FineTuneTextOptions& options, const TextSource& source,
                                 std::span<const Encoding> train) {
  TrainingOptions result;
  result.tokens_per_step = options.tokens_per_step > 0
                               ? options.tokens_per_step
                               : std::max<std::size_t>(1, k_texts_per_step * tokens_of(train) / train.size());
  const std::size_t epoch = steps_of(source, train.size(), result.tokens_per_step, 1);
  if (options.steps)
    result.steps = *options.steps;
  else if (options.epochs)
    result.steps = steps_of(source, train.size(), result.tokens_per_step, *options.epochs);
  else
    result.steps = std::max(k_least_steps, steps_of(source, train.size(), result.tokens_per_step, k_default_epochs));
  result.validate_every = options.validate_every > 0
                              ? options.validate_every
                              : std::max(epoch, (result.steps + k_most_validations - 1) / k_most_validations);
  result.validate_every = std::min(result.validate_every, result.steps);
  result.patience = options.patience;
  result.schedule = options.schedule;
  const bool only_head = options.frozen.base && options.lora.rank == 0;
  result.schedule.peak = options.learning_rate.value_or(only_head ? 1e-2 : options.lora.rank > 0 ? 2e-3 : 5e-5);
  result.optimizer = options.optimizer;
  result.adversarial = options.adversarial;
  result.stochastic_depth = options.stochastic_depth;
  result.non_finite_steps = 8;
  result.seed = options.seed;
  return result;
}

std::vector<Example> all_examples(const TextSource& source) {
  std::vector<Example> examples;
  source.epoch(0, examples);
  examples.insert(examples.end(), source.held_out().begin(), source.held_out().end());
  std::sort(examples.begin(), examples.end(),
            [](const Example& a, const Example& b) { return a.sequence < b.sequence; });
  return examples;
}

/// What the head reads of every text, if nothing of the encoder learns and there is room.
std::optional<FrozenHiddenStates<float>> keep_hidden_states(Model<float>& model, const TextSource& source,
                                                            const FineTuneTextOptions& options, Executor& executor,
                                                            ProgressSink progress) {
  if (model.table().reach().encoder) return std::nullopt;
  const std::vector<Example> examples = all_examples(source);
  if (FrozenHiddenStates<float>::bytes(model, 0, examples) > options.hidden_states_bytes) return std::nullopt;
  model.pack(true);
  return FrozenHiddenStates<float>(model, 0, source, examples, executor, progress);
}

}  // namespace

TextTuner::TextTuner(Model<float>& model, const TextExamples& examples, const FineTuneTextOptions& options,
                     const std::string& fingerprint, std::string_view phase, Executor& executor, ProgressSink progress)
    : model_(model),
      examples_(examples),
      options_(options),
      phase_(phase),
      executor_(executor),
      progress_(progress),
      labels_(label_table(examples, head_outputs(model.config(), model.spec().heads.front()))),
      loss_(text_loss_options(options, examples, labels_.outputs)),
      source_(model.config(), examples.train, examples.held_out, {&labels_, 1}, options.seed),
      objective_(model.spec(), 0, loss_),
      hidden_(keep_hidden_states(model, source_, options, executor, progress)),
      validation_(labels_, examples, loss_, options.metric, &source_, hidden_ ? &*hidden_ : nullptr),
      training_(training_options(options, source_, examples.train)),
      trainer_(model, {{&source_, {{&objective_}}, 1, hidden_ ? &*hidden_ : nullptr}}, training_,
               validates() ? &validation_ : nullptr),
      description_{"fine-tune text", k_fine_tune_text_layout, fingerprint} {}

void TextTuner::run(FineTuneTextReport& report) {
  const std::size_t needed = FrozenHiddenStates<float>::bytes(model_, 0, all_examples(source_));
  report.kept_hidden_states = hidden_ ? needed : 0;
  if (!hidden_ && !model_.table().reach().encoder)
    report.warnings.push_back("the hidden states of the frozen encoder need " + std::to_string((needed >> 10) + 1) +
                              " KB, more than the " + std::to_string(options_.hidden_states_bytes >> 10) +
                              " KB that they may have (--memory): they are computed at every step again");
  report.resumed = options_.resume && !options_.state_file.empty() && file_exists(options_.state_file);
  if (report.resumed) {
    state_ = load_state<FineTuneTextState>(options_.state_file, description_);
    curve_ = curve_of(state_.curve);
    trainer_.restore(std::move(state_.trainer));
  }
  const ProgressSink sink{[](const Progress& step, void* self) { return static_cast<TextTuner*>(self)->after(step); },
                          this};
  try {
    trainer_.run(executor_, phase_, sink, [] {});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::cancelled) throw;
    save();
    fail(ErrorCode::cancelled, "fine-tune",
         "stopped after step " + std::to_string(trainer_.state().step) + " of " + std::to_string(training_.steps) +
             (options_.state_file.empty() ? "" : "; saved in " + options_.state_file));
  }
  finish(report);
}

/// After each step: the curve, the state, the host.
bool TextTuner::after(const Progress& step) {
  const bool validated = validation_.validations() > seen_validations_;
  seen_validations_ = validation_.validations();
  state_.loss_sum += step.loss;
  ++state_.loss_steps;
  Progress report = step;
  if (validated) {
    add_point(step);
    report.metric = curve_.back().held_out.value(options_.metric);
  }
  const std::chrono::duration<double> unsaved = Clock::now() - saved_;
  if (trainer_.finished() || unsaved.count() >= options_.save_seconds) save();
  return progress_.report(report);
}

void TextTuner::add_point(const Progress& step) {
  TextCurvePoint point{step.done, state_.loss_sum / static_cast<double>(state_.loss_steps), step.learning_rate,
                       validation_.figures()};
  point.held_out.confusion.clear();
  point.held_out.of_classes.clear();
  curve_.push_back(point);
  state_.curve = numbers_of(curve_);
  state_.loss_sum = 0;
  state_.loss_steps = 0;
  write_curves();
}

void TextTuner::write_curves() const {
  if (!options_.curves.empty())
    write_file_atomically(options_.curves, curve_lines(curve_, examples_.problem, options_.metric));
}

void TextTuner::save() {
  saved_ = Clock::now();
  if (options_.state_file.empty()) return;
  state_.trainer = trainer_.state();
  save_state(state_, options_.state_file, description_);
}

void TextTuner::finish(FineTuneTextReport& report) {
  const TrainerState<float>& end = trainer_.state();
  report.steps = end.step;
  report.total_steps = training_.steps;
  report.stopped_by = "all steps";
  if (end.early_stopping.exhausted(training_.patience) && end.step < training_.steps)
    report.stopped_by =
        std::to_string(training_.patience) + " validations without a better " + std::string(to_string(options_.metric));
  report.curve = curve_;
  report.validated = validates();
  if (!report.validated) return;
  write_curves();
  validation_.loss(model_, executor_);
  report.figures = validation_.figures();
  report.temperature = validation_.temperature(model_, executor_);
  const auto worse = [&](const TextCurvePoint& a, const TextCurvePoint& b) {
    const double x = a.held_out.value(options_.metric), y = b.held_out.value(options_.metric);
    return smaller_is_better(options_.metric) ? x > y : x < y;
  };
  if (!report.curve.empty()) report.best_step = std::max_element(report.curve.begin(), report.curve.end(), worse)->step;
}

}  // namespace v0
}  // namespace seqguard
