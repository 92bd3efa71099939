#include "seqguard/sequence_scorer/fine_tune_text.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/events/class_labels.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/state_file.hpp"
#include "seqguard/training/text_source.hpp"
#include "seqguard/training/trainer.hpp"
#include "sequence_scorer/fine_tune_text_state.hpp"
#include "sequence_scorer/text_examples.hpp"
#include "sequence_scorer/text_figures.hpp"
#include "sequence_scorer/tuned_text_files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

constexpr double k_default_epochs = 3;
constexpr std::size_t k_least_steps = 100, k_texts_per_step = 16, k_most_validations = 20;

HeadSpec head_of(const LabelledTexts& texts, const FineTuneTextOptions& options,
                 const std::vector<std::string>& classes) {
  if (texts.of_spans) {
    if (options.loss == TextLoss::bce)
      fail(ErrorCode::invalid_argument, "loss", "of spans", "ce or focal: a token has one class", "bce");
    return {"", Head::token_classification, classes};
  }
  const bool two = classes.size() == 2;
  HeadSpec head{"", Head::sequence_classification, classes};
  if (options.loss == TextLoss::bce || (options.loss == TextLoss::focal && two)) head.loss = HeadLoss::binary;
  if (two && head.loss == HeadLoss::binary) head.labels = {classes[1]};
  return head;
}

/// The checkpoint with the head. One of the very same classes goes on, any other is new.
Model<float> begin_model(const Model<float>& base, const HeadSpec& head, const FineTuneTextOptions& options) {
  ModelSpec spec = with_head(base.spec(), head);
  spec.pooler = false;  // what the head reads is there anyway
  spec.frozen = options.frozen;
  spec.lora = options.lora;
  if (base.spec().checkpoint_head(head.kind) != nullptr && base.spec().checkpoint_head()->labels == head.labels)
    return begin_from(base, std::move(spec), options.seed);
  ModelSpec bare = base.spec();
  bare.pooler = has_pooler(bare);
  bare.heads.clear();
  return begin_from(begin_from(base, std::move(bare), options.seed), std::move(spec), options.seed);
}

void check_options(const FineTuneTextOptions& options) {
  const auto require = [](bool holds, std::string_view what, std::string_view expected, double found) {
    if (!holds) fail(ErrorCode::invalid_argument, "fine-tune", what, expected, std::to_string(found));
  };
  require(options.valid_fraction >= 0 && options.valid_fraction <= 0.5, "valid_fraction", "a number in [0, 0.5]",
          options.valid_fraction);
  if (options.epochs)
    require(*options.epochs > 0 && *options.epochs <= 1e6, "epochs", "a number above 0, at most 1,000,000",
            *options.epochs);
  if (options.steps) require(*options.steps > 0, "steps", "at least 1", 0);
  if (options.loss == TextLoss::focal)
    require(options.focal_gamma > 0, "focal_gamma", "a number above 0", options.focal_gamma);
  if (options.balanced && !options.class_weights.empty())
    fail(ErrorCode::invalid_argument, "fine-tune", "class weights", "balanced, or given ones", "both");
  if (options.adapter_only && options.lora.rank == 0)
    fail(ErrorCode::invalid_argument, "fine-tune", "adapter_only", "with a rank of LoRA", "without");
  if (options.valid_fraction == 0 && (options.patience > 0 || !options.curves.empty()))
    fail(ErrorCode::invalid_argument, "fine-tune", "early stopping and curves need held-out texts",
         "a valid_fraction above 0", "0");
}

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
  result.non_finite_steps = 8;
  result.seed = options.seed;
  return result;
}

/// A training of one model on one set of texts.
class TextTuner {
 public:
  TextTuner(Model<float>& model, const TextExamples& examples, const FineTuneTextOptions& options,
            const std::string& fingerprint, Executor& executor, ProgressSink progress)
      : model_(model),
        examples_(examples),
        options_(options),
        executor_(executor),
        progress_(progress),
        labels_(label_table(examples, head_outputs(model.config(), model.spec().heads.front()))),
        loss_(text_loss_options(options, examples, labels_.outputs)),
        source_(model.config(), examples.train, examples.held_out, {&labels_, 1}, options.seed),
        objective_(model.spec(), 0, loss_),
        validation_(source_, labels_, examples.held_out_targets(), examples.classes.size(), loss_, options.metric),
        training_(training_options(options, source_, examples.train)),
        trainer_(model, {{&source_, {{&objective_}}}}, training_, validates() ? &validation_ : nullptr),
        description_{"fine-tune text", k_fine_tune_text_layout, fingerprint} {}

  void run(FineTuneTextReport& report) {
    report.resumed = options_.resume && !options_.state_file.empty() && file_exists(options_.state_file);
    if (report.resumed) {
      state_ = load_state<FineTuneTextState>(options_.state_file, description_);
      curve_ = curve_of(state_.curve);
      trainer_.restore(std::move(state_.trainer));
    }
    const ProgressSink sink{[](const Progress& step, void* self) { return static_cast<TextTuner*>(self)->after(step); },
                            this};
    try {
      trainer_.run(executor_, "fine-tuning", sink, [] {});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::cancelled) throw;
      save();
      fail(ErrorCode::cancelled, "fine-tune",
           "stopped after step " + std::to_string(trainer_.state().step) + " of " + std::to_string(training_.steps) +
               (options_.state_file.empty() ? "" : "; saved in " + options_.state_file));
    }
    finish(report);
  }

 private:
  bool validates() const noexcept { return !examples_.held_out.empty(); }

  /// After each step: the curve, the state, the host.
  bool after(const Progress& step) {
    const bool validated = validation_.validations() > seen_validations_;
    seen_validations_ = validation_.validations();
    state_.loss_sum += step.loss;
    ++state_.loss_steps;
    Progress report = step;
    if (validated) {
      add_point(step);
      report.metric = curve_.back().held_out.value(options_.metric);
    }
    if (trainer_.finished() || seconds_since(saved_) >= options_.save_seconds) save();
    return progress_.report(report);
  }

  void add_point(const Progress& step) {
    TextCurvePoint point{step.done, state_.loss_sum / static_cast<double>(state_.loss_steps), step.learning_rate,
                         validation_.figures()};
    point.held_out.confusion.clear();
    curve_.push_back(point);
    state_.curve = numbers_of(curve_);
    state_.loss_sum = 0;
    state_.loss_steps = 0;
    write_curves();
  }

  void write_curves() const {
    if (!options_.curves.empty()) write_file_atomically(options_.curves, curve_lines(curve_, options_.metric));
  }

  void save() {
    saved_ = Clock::now();
    if (options_.state_file.empty()) return;
    state_.trainer = trainer_.state();
    save_state(state_, options_.state_file, description_);
  }

  void finish(FineTuneTextReport& report) {
    const TrainerState<float>& end = trainer_.state();
    report.steps = end.step;
    report.total_steps = training_.steps;
    report.stopped_by = "all steps";
    if (end.early_stopping.exhausted(training_.patience) && end.step < training_.steps)
      report.stopped_by = std::to_string(training_.patience) + " validations without a better " +
                          std::string(to_string(options_.metric));
    report.curve = curve_;
    report.validated = validates();
    if (!report.validated) return;
    write_curves();
    validation_.loss(model_, executor_);
    report.figures = validation_.figures();
    report.temperature = validation_.temperature(model_, executor_);
    const auto worse = [&](const TextCurvePoint& a, const TextCurvePoint& b) {
      const double x = a.held_out.value(options_.metric), y = b.held_out.value(options_.metric);
      return options_.metric == TextMetric::loss ? x > y : x < y;
    };
    if (!report.curve.empty())
      report.best_step = std::max_element(report.curve.begin(), report.curve.end(), worse)->step;
  }

  Model<float>& model_;
  const TextExamples& examples_;
  const FineTuneTextOptions& options_;
  Executor& executor_;
  ProgressSink progress_;
  LabelTable labels_;
  LabelLossOptions loss_;
  TextSource source_;
  Classification<float> objective_;
  HeldOutTexts validation_;
  TrainingOptions training_;
  Trainer<float> trainer_;
  StateDescription description_;
  FineTuneTextState state_;
  std::vector<TextCurvePoint> curve_;
  std::size_t seen_validations_ = 0;
  Clock::time_point saved_ = Clock::now();
};

void warn_of_pooler(const Model<float>& base, const Model<float>& model, const FineTuneTextOptions& options,
                    std::vector<std::string>& warnings) {
  if (!has_pooler(model.spec()) || has_pooler(base.spec()) || !(options.frozen.base || options.lora.rank > 0)) return;
  if (options.adapter_only)
    fail(ErrorCode::unsupported_model, "fine-tune",
         "the checkpoint has no pooler, which the head reads: an adapter of it would not hold the new one; write all "
         "weights instead");
  warnings.push_back("the checkpoint has no pooler, which the head reads: it is new, random, and does not learn");
}

/// Early stopping by what the held-out texts cannot tell.
void check_metric(const TextExamples& examples, const FineTuneTextOptions& options) {
  const bool ranks = options.metric == TextMetric::auroc || options.metric == TextMetric::ap;
  if (!ranks || examples.held_out.empty()) return;
  const std::vector<std::size_t> counts = examples.counts(true);
  const auto classes = std::count_if(counts.begin(), counts.end(), [](std::size_t count) { return count > 0; });
  if (classes < 2)
    fail(ErrorCode::invalid_argument, "fine-tune",
         "classes of the held-out texts, for " + std::string(to_string(options.metric)), "two or more",
         std::to_string(classes));
}

}  // namespace

FineTuneTextReport fine_tune_text(const std::string& from, const LabelledTexts& texts, const std::string& to,
                                  const FineTuneTextOptions& options, Executor& executor, ProgressSink progress) {
  const Clock::time_point began = Clock::now();
  check_options(options);
  check_output(from, to);
  const Context<float> context = make_context(options.compute);
  const Model<float> base = load_model(context, from, {}, options.compute.access);
  const TextInput input =
      TextInput::load(from, base.config(), SentenceEmbedding::load(context, from, base.config()), options.text);
  require_own_lower_case(from);
  const TextExamples examples = make_text_examples(texts, input, options);
  check_metric(examples, options);
  Model<float> model = begin_model(base, head_of(texts, options, examples.classes), options);

  FineTuneTextReport report;
  report.classes = examples.classes;
  report.learned_from = examples.counts(false);
  report.held_out = examples.counts(true);
  report.texts = texts.texts.size();
  report.held_out_texts = examples.held_out.size();
  report.parameters = model.table().size();
  report.learning_parameters = model.table().unread_gradient();
  report.warnings = examples.warnings;
  warn_of_pooler(base, model, options, report.warnings);
  if (examples.held_out.empty() && options.valid_fraction > 0)
    report.warnings.push_back("no text can be held out: the last weights are kept, and nothing says how good they are");
  TextTuner(model, examples, options, fine_tune_text_fingerprint(model, examples, options), executor, progress)
      .run(report);
  write_tuned_text(from, to, base, model, input.options.max_length, options);
  report.seconds = seconds_since(began);
  return report;
}

}  // namespace v0
}  // namespace seqguard
