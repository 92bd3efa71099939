#include "sequence_scorer/text_options_check.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

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

}  // namespace

FineTuneTextOptions with_loss(const LabelledTexts& texts, FineTuneTextOptions options) {
  options.loss = loss_of(texts, options);
  return options;
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
  require(options.folds != 1, "folds", "0 or 2 and more", 1);
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

}  // namespace v0
}  // namespace seqguard
