#include "seqguard/sequence_scorer/fine_tune_text.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "sequence_scorer/fine_tune_text_state.hpp"
#include "sequence_scorer/text_examples.hpp"
#include "sequence_scorer/text_tuner.hpp"
#include "sequence_scorer/tuned_text_files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// The loss of these labels. @throws Error invalid_argument: one that they do not have.
TextLoss loss_of(const LabelledTexts& texts, const FineTuneTextOptions& options) {
  using enum TextProblem;
  const auto require = [&](std::initializer_list<TextLoss> known, std::string_view of, std::string_view expected) {
    const TextLoss loss = options.loss.value_or(*known.begin());
    if (std::find(known.begin(), known.end(), loss) == known.end())
      fail(ErrorCode::invalid_argument, "loss", of, expected, to_string(loss));
    return loss;
  };
  switch (texts.problem) {
    case single_label_classification:
      return require({TextLoss::ce, TextLoss::bce, TextLoss::focal}, "of classes", "ce, bce or focal");
    case multi_label_classification:
      return require({TextLoss::bce, TextLoss::focal}, "of sets of classes", "bce or focal: each class for itself");
    case regression:
      return require({TextLoss::mse}, "of numbers", "mse");
    case spans:
      return require({TextLoss::ce, TextLoss::focal}, "of spans", "ce or focal: a token has one class");
  }
  return TextLoss::ce;
}

/// `options` with the loss that these labels are learned by.
FineTuneTextOptions with_loss(const LabelledTexts& texts, FineTuneTextOptions options) {
  options.loss = loss_of(texts, options);
  return options;
}

HeadSpec head_of(const LabelledTexts& texts, const FineTuneTextOptions& options,
                 const std::vector<std::string>& classes) {
  HeadSpec head{"", texts.is(TextProblem::spans) ? Head::token_classification : Head::sequence_classification, classes};
  if (texts.is(TextProblem::regression)) head.loss = HeadLoss::squared_error;
  if (texts.is(TextProblem::multi_label_classification)) head.loss = HeadLoss::binary;
  if (!texts.is(TextProblem::single_label_classification)) return head;
  const bool two = classes.size() == 2;
  if (options.loss == TextLoss::bce || (options.loss == TextLoss::focal && two)) head.loss = HeadLoss::binary;
  if (two && head.loss == HeadLoss::binary) head.labels = {classes[1]};
  return head;
}

/// What the head gives becomes factor times it, plus shift: of a number, by weights and bias of the last layer.
void turn_output(Model<float>& model, double factor, double shift) {
  const LinearParameters<const float>& last = model.parameters().heads.front().classifier.out_proj;
  const auto at = [&](const float* parameter) {
    return &model.values()[static_cast<std::size_t>(parameter - model.values().data())];
  };
  float* const weight = at(last.weight);
  for (std::size_t i = 0; i < last.out_features * last.in_features; ++i)
    weight[i] = static_cast<float>(factor * static_cast<double>(weight[i]));
  float& bias = *at(last.bias);
  bias = static_cast<float>(factor * static_cast<double>(bias) + shift);
}

/// The checkpoint with the head. One of the very same classes goes on, any other is new.
Model<float> begin_model(const Model<float>& base, const HeadSpec& head, const TextExamples& examples,
                         const FineTuneTextOptions& options) {
  const bool of_numbers = head.loss == HeadLoss::squared_error;
  ModelSpec spec = with_head(base.spec(), head);
  spec.pooler = false;  // what the head reads is there anyway
  spec.frozen = options.frozen;
  spec.lora = options.lora;
  const HeadSpec* const known = base.spec().checkpoint_head(head.kind);
  if (known != nullptr && known->labels == head.labels && (known->loss == HeadLoss::squared_error) == of_numbers) {
    Model<float> model = begin_from(base, std::move(spec), options.seed);
    if (of_numbers) turn_output(model, 1 / examples.deviation, -examples.mean / examples.deviation);
    return model;
  }
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

void warn_of_pooler(const Model<float>& base, const Model<float>& model, const FineTuneTextOptions& options,
                    std::vector<std::string>& warnings) {
  if (!has_pooler(model.spec()) || has_pooler(base.spec()) || !(options.frozen.base || options.lora.rank > 0)) return;
  if (options.adapter_only)
    fail(ErrorCode::unsupported_model, "fine-tune",
         "the checkpoint has no pooler, which the head reads: an adapter of it would not hold the new one; write all "
         "weights instead");
  warnings.push_back("the checkpoint has no pooler, which the head reads: it is new, random, and does not learn");
}

/// A metric that these labels do not have, or that the held-out texts cannot tell.
void check_metric(const TextExamples& examples, const FineTuneTextOptions& options) {
  using enum TextMetric;
  const TextMetric metric = options.metric;
  const bool of_numbers = metric == mae || metric == rmse || metric == TextMetric::spearman;
  if (metric != loss && of_numbers != (examples.problem == TextProblem::regression))
    fail(ErrorCode::invalid_argument, "fine-tune", "metric",
         of_numbers ? "one of classes: loss, accuracy, auroc, ap, f1, macro_f1 or micro_f1"
                    : "one of numbers: loss, mae, rmse or spearman",
         to_string(metric));
  if ((metric != auroc && metric != ap) || examples.held_out.empty()) return;
  const std::vector<std::size_t> counts = examples.counts(true);
  const bool of_sets = examples.problem == TextProblem::multi_label_classification;
  const auto tells = [&](std::size_t count) { return count > 0 && !(of_sets && count == examples.held_out.size()); };
  const auto classes = static_cast<std::size_t>(std::count_if(counts.begin(), counts.end(), tells));
  if (classes < (of_sets ? 1u : 2u))
    fail(ErrorCode::invalid_argument, "fine-tune",
         "classes of the held-out texts, for " + std::string(to_string(metric)),
         of_sets ? "one that some have and others do not" : "two or more", std::to_string(classes));
}

}  // namespace

FineTuneTextReport fine_tune_text(const std::string& from, const LabelledTexts& texts, const std::string& to,
                                  const FineTuneTextOptions& given, Executor& executor, ProgressSink progress) {
  const Clock::time_point began = Clock::now();
  check_options(given);
  check_output(from, to);
  const FineTuneTextOptions options = with_loss(texts, given);
  const Context<float> context = make_context(options.compute);
  const Model<float> base = load_model(context, from, {}, options.compute.access);
  const TextInput input =
      TextInput::load(from, base.config(), SentenceEmbedding::load(context, from, base.config()), options.text);
  require_own_lower_case(from);
  const TextExamples examples = make_text_examples(texts, input, options);
  check_metric(examples, options);
  Model<float> model = begin_model(base, head_of(texts, options, examples.classes), examples, options);

  FineTuneTextReport report;
  report.problem = examples.problem;
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
  if (examples.problem == TextProblem::regression) turn_output(model, examples.deviation, examples.mean);
  write_tuned_text(from, to, base, model, input.options.max_length, options);
  report.seconds = seconds_since(began);
  return report;
}

}  // namespace v0
}  // namespace seqguard
