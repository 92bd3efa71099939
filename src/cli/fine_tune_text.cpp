#include "seqguard/sequence_scorer/fine_tune_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/fine_tune_text_report.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/events/input_files.hpp"

namespace seqguard::cli {
namespace {

/// Flags that a text checkpoint has no use for.
constexpr std::array<std::string_view, 21> k_not_of_texts = {
    "--task",      "--labels",       "--normal-label", "--unlabelled", "--binary",    "--members",     "--hidden",
    "--dropout",   "--label-weight", "--statistics",   "--target-fpr", "--threshold", "--max-errors",  "--strict",
    "--separator", "--decimal",      "--no-header",    "--columns",    "--missing",   "--time-format", "--date-order"};

bool is_given(const FineTuneCommandOptions& options, std::string_view flag) {
  return std::find(options.given.begin(), options.given.end(), flag) != options.given.end();
}

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

[[noreturn]] void refuse(const std::string& flag, const std::string& expected, std::string_view found) {
  throw UsageError("fine-tune: " + flag + ": expected " + expected + ", found " + std::string(found));
}

/// What an Error of parse() says, as wrong usage of the flag.
template <class Parse>
auto parsed(const std::string& flag, const Parse& parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw UsageError("fine-tune: " + flag + ": " + error.what());
  }
}

void set_class_weights(const FineTuneCommandOptions& options, FineTuneTextOptions& how) {
  if (!is_given(options, "--class-weights") || options.class_weights == "none") return;
  how.balanced = options.class_weights == "balanced";
  if (how.balanced) return;
  for (const std::string_view part : split(options.class_weights)) {
    const auto weight = number<double>(part);
    if (!weight) refuse("--class-weights", "balanced, none, or a number for each class", options.class_weights);
    how.class_weights.push_back(*weight);
  }
}

void set_early_stop(const std::string& text, FineTuneTextOptions& how) {
  if (text.empty()) return;
  const std::size_t colon = std::min(text.find(':'), text.size());
  how.metric = parsed("--early-stop", [&] { return text_metric_from_string(text.substr(0, colon)); });
  if (colon == text.size()) return;
  const auto patience = number<std::size_t>(std::string_view(text).substr(colon + 1));
  if (!patience || *patience == 0) refuse("--early-stop", "METRIC:PATIENCE, at least 1", text);
  how.patience = *patience;
}

std::string without_slash(std::string directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  return directory;
}

FineTuneTextOptions text_options(const FineTuneCommandOptions& options) {
  const TextTuningOptions& text = options.text;
  FineTuneTextOptions how;
  const auto set = [](auto& field, const auto& given) {
    if (given) field = *given;
  };
  // These flags have other defaults for models of behaviour.
  if (is_given(options, "--loss")) how.loss = text_loss_from_string(options.loss);
  if (is_given(options, "--epochs")) how.epochs = static_cast<double>(options.epochs);
  if (is_given(options, "--learning-rate")) how.learning_rate = options.learning_rate;
  how.optimizer.weight_decay = options.weight_decay;
  set(how.focal_gamma, options.focal_gamma);
  how.focal_alpha = options.focal_alpha;
  how.label_smoothing = options.label_smoothing;
  set_class_weights(options, how);
  set_early_stop(text.early_stop, how);
  how.frozen = parsed("--freeze", [&] { return frozen_parts_from_string(text.freeze); });
  set(how.hidden_states_bytes, text.memory);
  how.lora.rank = text.lora;
  set(how.lora.alpha, text.lora_alpha);
  set(how.lora.dropout, text.lora_dropout);
  how.lora.target_modules = text.lora_targets;
  how.adapter_only = text.adapters;
  if (!text.schedule.empty())
    how.schedule.type = parsed("--schedule", [&] { return schedule_type_from_string(text.schedule); });
  if (!text.optimizer.empty())
    how.optimizer.kind = parsed("--optimizer", [&] { return optimizer_kind_from_string(text.optimizer); });
  how.adversarial.steps = text.adversarial_steps;
  set(how.adversarial.epsilon, text.adversarial_epsilon);
  set(how.adversarial.step_size, text.adversarial_step_size);
  set(how.stochastic_depth, text.stochastic_depth);
  set(how.schedule.warm_up, text.warm_up);
  set(how.optimizer.layer_decay, text.layer_decay);
  set(how.valid_fraction, text.valid_fraction);
  how.steps = text.steps;
  set(how.tokens_per_step, text.batch_tokens);
  set(how.text.max_tokens, text.max_tokens);
  if (text.tags == "plain") how.tags = SpanTags::plain;
  how.first_pieces_only = text.first_pieces;
  how.curves = text.curves;
  how.resume = text.resume;
  how.state_file = without_slash(options.output) + ".fine-tune-state";
  if (is_given(options, "--folds")) how.folds = options.folds;
  how.seed = options.common.seed;
  how.compute = load_options(options.common);
  return how;
}

LabelledTexts read_texts(const FineTuneCommandOptions& options) {
  LabelledTextOptions how;
  if (options.input.format == "csv")
    how.format = TextFileFormat::csv;
  else if (options.input.format == "jsonl")
    how.format = TextFileFormat::jsonl;
  else if (!options.input.format.empty())
    refuse("--format", "csv or jsonl, for texts", options.input.format);
  else if (options.input.is_stdin())
    throw UsageError("fine-tune: --input - needs --format csv or jsonl");
  if (!options.label_column.empty()) how.label_column = options.label_column;
  if (options.text.spans == "bytes") how.unit = SpanUnit::bytes;
  if (!options.text.problem_type.empty())
    how.problem = parsed("--problem-type", [&] { return text_problem_from_string(options.text.problem_type); });
  if (options.text.label_separator.size() != 1)
    refuse("--label-separator", "one character", options.text.label_separator);
  how.separator = options.text.label_separator.front();
  how.classes = options.text.classes;
  if (options.input.paths.size() > 1 || input_files(options.input.paths).size() > 1)
    throw UsageError("fine-tune: --input: labelled texts are read from one file (`cat FILE.. |` makes one of several)");
  return read_labelled_texts(input_files(options.input.paths)[0], how);
}

void check_flags(const FineTuneCommandOptions& options) {
  for (const std::string_view flag : k_not_of_texts)
    if (is_given(options, flag))
      throw UsageError("fine-tune: " + std::string(flag) + " has no effect on a text checkpoint, and " + options.model +
                       " is one");
  if (is_given(options, "--epochs") && options.text.steps) throw UsageError("fine-tune: --epochs or --steps, not both");
  if ((options.focal_gamma || options.focal_alpha) && options.loss != "focal")
    throw UsageError("fine-tune: --focal-gamma and --focal-alpha need --loss focal");
}

}  // namespace

int fine_tune_text_checkpoint(const FineTuneCommandOptions& options) {
  check_flags(options);
  const FineTuneTextOptions how = text_options(options);
  require_writable_folder(options.output);
  for (const std::string& file : {how.state_file, how.curves, options.common.json}) require_writable_file(file);
  const LabelledTexts texts = read_texts(options);
  say(options.common.quiet, "read " + texts.file + ": " + counted(texts.texts.size(), "text"));
  if (!texts.guess.empty()) say(options.common.quiet, "note: " + texts.guess + " (--problem-type)");
  const std::vector<TextTrial> trials =
      options.text.search.empty() ? std::vector<TextTrial>{{"", how}} : read_text_trials(options.text.search, how);
  const bool exists =
      file_exists(how.state_file) || file_exists(how.state_file + ".trainings") || file_exists(how.state_file + ".0");
  if (how.resume && !exists) warn("--resume: there is no " + how.state_file + ", so the training starts anew");
  if (!how.resume && exists)
    warn(how.state_file + " of an interrupted training is there; without --resume it starts anew and replaces it");
  const auto executor = executor_for(options.common);
  remember_interrupts();
  TextSearchReport report;
  try {
    ProgressBar bar(options.common.quiet);
    report = search_fine_tune_text(options.model, texts, options.output, trials, *executor, bar.sink());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::cancelled) throw;
    throw Interrupted(std::string(error.what()) + "; the same command with --resume goes on from there");
  }
  std::remove(how.state_file.c_str());
  say_report(report, how.metric, options.output, options.common.quiet);
  if (!options.common.json.empty()) write_output(options.common.json, report_json(report, how.metric));
  return k_done;
}

}  // namespace seqguard::cli
