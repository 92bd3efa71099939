// Fine-tuning of a text checkpoint on labelled texts: a class, classes or a number for each text, or classes of tokens.
//
//   const LabelledTexts texts = read_labelled_texts("comments.csv");            // text,label
//   const FineTuneTextReport report = fine_tune_text("models/minilm", texts, "models/spam");
//   const TextModel model = TextModel::load("models/spam");                      // transformers opens it as well
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/model/model_spec.hpp"
#include "seqguard/sequence_scorer/labelled_texts.hpp"
#include "seqguard/sequence_scorer/text_input.hpp"
#include "seqguard/training/adversarial.hpp"
#include "seqguard/training/optimizer_options.hpp"
#include "seqguard/training/schedule.hpp"

namespace seqguard {
inline namespace v0 {

/// What the head learns by (training/label_loss.hpp has the formulas).
enum class TextLoss {
  ce,     ///< softmax cross-entropy over the classes
  bce,    ///< a probability for each class by itself; of two classes one, the second's
  focal,  ///< focal loss: of two classes, and of sets, the binary one, of more and of tokens that of the softmax
  mse,    ///< squared error, of numbers
};
std::string_view to_string(TextLoss loss) noexcept;
/// @throws Error invalid_argument: neither "ce", "bce", "focal" nor "mse".
TextLoss text_loss_from_string(std::string_view name);

/// By what the best weights are chosen. Of classes and sets the larger the better, in [0, 1]; of numbers spearman too.
enum class TextMetric {
  loss,      ///< what is learned, on held-out texts
  accuracy,  ///< share of texts, or tokens, whose most likely class is the right one; of sets: all of whose classes are
  auroc,     ///< of the second of two classes; of more, and of sets, the mean over classes against the rest
  ap,        ///< average precision, likewise
  f1,        ///< of the second of two classes; of more, and of sets, as macro_f1
  macro_f1,  ///< mean over the classes that occur or are predicted
  micro_f1,  ///< of all decisions about classes together: of sets; elsewhere the accuracy
  mae,       ///< of numbers: mean absolute error, in their unit
  rmse,      ///< of numbers: root of the mean squared error, in their unit
  spearman,  ///< of numbers: rank correlation with the labels, in [-1, 1]
};
std::string_view to_string(TextMetric metric) noexcept;
/// @throws Error invalid_argument for another name than those above.
TextMetric text_metric_from_string(std::string_view name);
/// Of loss, mae and rmse.
bool smaller_is_better(TextMetric metric) noexcept;

/// Which class the tokens of a span get; tokens outside are "O", the first class.
enum class SpanTags {
  bio,    ///< "B-CLASS" its first token, "I-CLASS" the others
  plain,  ///< "CLASS"
};

struct FineTuneTextOptions {
  std::optional<TextLoss> loss;       ///< empty: ce; of sets of classes bce, of numbers mse
  double focal_gamma = 2;             ///< of focal
  std::optional<double> focal_alpha;  ///< of focal with two classes of texts: weight of the second, in (0, 1); of sets
                                      ///< that of each class
  double label_smoothing = 0;         ///< in [0, 1)
  bool balanced = false;              ///< each class counts as much as the others
  std::vector<double> class_weights;  ///< one for each class, instead of that; empty: 1
  SpanTags tags = SpanTags::bio;      ///< of spans
  bool first_pieces_only = false;     ///< of spans: only the first token of each word (text between blanks) has a
                                      ///< class, as in transformers' examples
  /// FrozenParts::base: only the head learns. An encoder of which nothing learns runs without dropout, as in scoring
  /// (transformers drops out in it too): what it gives is then the same at every step, and computed once.
  FrozenParts frozen;
  std::size_t hidden_states_bytes = 1'000'000'000;  ///< that may be kept of it; if they need more, none is
  LoraOptions lora;                ///< with a rank the adapters and the head learn; they are merged at the end
  bool adapter_only = false;       ///< they are not: what is written is PEFT's adapter of `from`
  AdversarialOptions adversarial;  ///< steps 1: FGM, more: PGD; needs embeddings that learn
  double stochastic_depth = 0;     ///< TrainingOptions, in [0, 1)
  OptimizerOptions optimizer{.beta2 = 0.999};
  /// Of it `peak` is not looked at but learning_rate.
  Schedule schedule{.warm_up = 0.1, .floor = 0};
  std::optional<double> learning_rate;   ///< empty: 5e-5, with adapters 2e-3, 1e-2 where only the head learns
  std::optional<double> epochs;          ///< passes over the texts; empty: 3, and at least 100 steps
  std::optional<std::size_t> steps;      ///< instead of epochs
  std::size_t tokens_per_step = 0;       ///< 0: those of 16 texts of mean length
  double valid_fraction = 0.1;           ///< held out and never learned from, in [0, 0.5]; 0: the last weights are kept
  TextMetric metric = TextMetric::loss;  ///< decides which weights are the best; those are what comes out
  std::size_t patience = 0;              ///< validations without improvement before training stops; 0: it never does
  std::size_t validate_every = 0;        ///< steps; 0: once an epoch, but not more than 20 times
  TextOptions text;                      ///< how texts become tokens, max_tokens above all
  /// Folds of a cross-validation before the training itself, 0: none, else 2 or more. Each fold trains on the other
  /// folds, a share of which it holds out for itself, and judges its own texts.
  std::size_t folds = 0;
  std::uint64_t seed = 1;
  std::string curves;        ///< a JSONL file, written anew at each validation with a line for each; empty: none
  std::string state_file;    ///< where the progress is kept for `resume`; empty: nowhere
  bool resume = false;       ///< go on from state_file if it exists
  double save_seconds = 10;  ///< time between two saves of the state; 0: after every step
  LoadOptions compute;
};

/// Of one class against all others.
struct ClassFigures {
  std::size_t rows = 0;  ///< that have it
  double precision = 0, recall = 0, f1 = 0;
  double auroc = 0.5, ap = 0;  ///< 0.5 and 0 where all or none have it
};

/// Figures on held-out texts. Of sets of classes a probability of 0.5 decides.
struct TextFigures {
  std::size_t rows = 0;  ///< texts, or tokens with a class
  double loss = 0;       ///< of numbers in units of their variance: 1 is what the mean alone has
  double accuracy = 0, f1 = 0, macro_f1 = 0, micro_f1 = 0;
  double auroc = 0.5, ap = 0;  ///< 0.5 and 0 where the rows have one class only
  double mae = 0, rmse = 0, spearman = 0;
  std::vector<std::size_t> confusion = {};    ///< [classes, classes]: true class, most likely class; not of sets
  std::vector<ClassFigures> of_classes = {};  ///< in their order; not of numbers

  double value(TextMetric metric) const noexcept;
};

/// A validation, as a line of the curves has it.
struct TextCurvePoint {
  std::uint64_t step = 0;
  double loss = 0;  ///< mean of the steps since the validation before
  double learning_rate = 0;
  TextFigures held_out;  ///< without confusion and classes
};

/// What texts say that were judged by models that have not seen them.
struct TextCrossValidation {
  TextFigures figures;             ///< of all texts together
  std::vector<TextFigures> folds;  ///< of each fold's; how far they differ says how sure the figures are
};

struct FineTuneTextReport {
  TextProblem problem = TextProblem::single_label_classification;
  /// In the order of the logits; of one logit and two classes the second is meant. Of numbers: their name.
  std::vector<std::string> classes;
  std::vector<std::size_t> learned_from;  ///< texts or tokens of each class
  std::vector<std::size_t> held_out;
  std::size_t texts = 0, held_out_texts = 0;
  std::size_t parameters = 0, learning_parameters = 0;
  std::size_t kept_hidden_states = 0;  ///< bytes of them, of a frozen encoder
  bool validated = false;              ///< there were held-out texts; else the figures say nothing
  TextFigures figures;                 ///< of what comes out
  std::optional<TextCrossValidation> cross_validation;
  /// By which logits are divided so that the probabilities of held-out texts are most likely (not done to what is
  /// written); 1 where there are none, for sets, numbers, and bce with more than two classes.
  double temperature = 1;
  std::uint64_t best_step = 0;    ///< validation that they are from
  std::uint64_t steps = 0;        ///< that were made, of
  std::uint64_t total_steps = 0;  ///< those that were planned
  std::vector<TextCurvePoint> curve;
  std::string stopped_by;  ///< in words
  bool resumed = false;
  double seconds = 0;
  std::vector<std::string> warnings;  ///< in words, for people
};

/// Learns from `texts` on top of the checkpoint in `from`, and writes to `to` a Hugging Face directory: config.json
/// with classes and problem_type, all weights, and the files of the tokenizer (of adapter_only: adapter_config.json
/// and adapter_model.safetensors in place of the weights). The head is new, unless the checkpoint is a classifier of
/// the very same classes already: then it learns on. Numbers are learned as (number - mean) / deviation of those
/// learned from, and the last layer is turned back in the end: what is written gives the numbers themselves.
///
/// Deterministic for a seed at any concurrency; killed and resumed from its state file it gives the same bits. Stopped
/// by `progress` (phase "fine-tuning") it saves its state first.
/// @throws Error as load_model(), Tokenizer::load(), read_labelled_texts(); invalid_argument: options out of range, a
/// loss that these labels do not have, `to` is `from`; bad_event: a text that cannot be tokenized; bad_checkpoint: a
/// state file of other texts, options, weights, instruction set or backend; cancelled; io_error; non_finite.
FineTuneTextReport fine_tune_text(const std::string& from, const LabelledTexts& texts, const std::string& to,
                                  const FineTuneTextOptions& options = {}, Executor& executor = inline_executor(),
                                  ProgressSink progress = {});

/// One of several settings to be compared.
struct TextTrial {
  std::string name;  ///< "learning_rate=5e-05 epochs=2"
  FineTuneTextOptions options;
};

/// The settings of a JSON file: an object whose members name settings, with an array of values each, or for numbers
/// {"min": .., "max": ..[, "log": true]}. With "trials": N that many settings by chance (seed of `base`), else all
/// combinations. Names are those of the program's flags with _ for -: learning_rate, weight_decay, epochs, steps,
/// batch_tokens, warm_up, schedule, optimizer, layer_decay, loss, focal_gamma, focal_alpha, label_smoothing,
/// class_weights ("balanced" or "none"), adversarial_steps, adversarial_epsilon, stochastic_depth, freeze, lora,
/// lora_alpha, lora_dropout. All else is as in `base`.
/// @throws Error file_not_found, io_error; bad_format "FILE: PLACE ..": another name, a value that it does not take, a
/// range without trials, more than 1,000 settings.
std::vector<TextTrial> read_text_trials(const std::string& path, const FineTuneTextOptions& base);

/// The parts of FrozenParts by commas: a number of layers, "embeddings", "base", "all-but-biases"; or nothing.
/// @throws Error invalid_argument.
FrozenParts frozen_parts_from_string(std::string_view list);

struct TextTrialResult {
  std::string name;
  TextFigures figures;                                  ///< of held-out texts; with folds: of all, by the others
  std::optional<TextCrossValidation> cross_validation;  ///< with folds
};

struct TextSearchReport {
  std::vector<TextTrialResult> trials;
  std::size_t best = 0;
  FineTuneTextReport report;  ///< of the training with the best setting, which is written
};

/// Trains with each setting, or cross-validates it, and writes what the best one by options.metric gives; of equals the
/// first. Its own figures are a little better than new texts will be: it was chosen by them. Stopped, it goes on with
/// resume as fine_tune_text() does. All trials have the metric, split, folds, files and compute of the first.
/// @throws Error as fine_tune_text(); invalid_argument: no trial, no held-out texts and no folds, trials with other
/// losses where the metric is the loss.
TextSearchReport search_fine_tune_text(const std::string& from, const LabelledTexts& texts, const std::string& to,
                                       std::span<const TextTrial> trials, Executor& executor = inline_executor(),
                                       ProgressSink progress = {});

}  // namespace v0
}  // namespace seqguard
