#include "cli/arguments.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <iostream>
#include <sstream>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/flag_checks.hpp"
#include "cli/output.hpp"
#include "cli/version.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard::cli {
namespace {

/// Commands of the contract that this version does not have.
constexpr std::string_view k_commands_to_come[] = {"fine-tune", "feedback", "serve"};

/// A flag of the contract that this version does not have: refused by name.
void add_flag_to_come(CLI::App& command, const std::string& flag, const std::string& instead) {
  command
      .add_option(flag,
                  [flag, instead](const CLI::results_t&) -> bool {
                    throw CLI::ValidationError(flag, "is not built yet" + (instead.empty() ? "" : "; " + instead));
                  })
      ->expected(0, 1)
      ->group("");
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& what, const std::string& example,
                      CommonOptions& common) {
  CLI::App* command = app.add_subcommand(name, what);
  command->footer("\nExample:\n  " + example);
  command->option_defaults()->always_capture_default();
  command->add_option("--threads", common.threads, "Threads to use")->check(CLI::Range(1, 1024))->group("Common");
  command->add_option("--seed", common.seed, "Seed of everything random")->check(check_whole_number)->group("Common");
  command->add_flag("--quiet", common.quiet, "No progress, no summary on stderr")->group("Common");
  command->add_option("--json", common.json, "Write a machine-readable summary there")
      ->type_name("FILE")
      ->group("Common");
  command->add_option("--precision", common.precision, "Arithmetic of matrix products: fp32")
      ->check(check_precision)
      ->group("Common");
  command->add_option("--isa", common.isa, "Instruction set: baseline, avx2, avx512 (default: the best here)")
      ->check(check_isa)
      ->group("Common");
  command->add_option("--matmul", common.matmul, "Matrix products: automatic, own, onednn, eigen")
      ->check(check_matmul)
      ->group("Common");
  command->add_option("--gemm", common.matmul)->check(check_matmul)->group("");  // another name for it
  return command;
}

void add_input(CLI::App& command, InputOptions& input, const std::string& flag, const std::string& what) {
  command.add_option(flag, input.path, what)->type_name("FILE");
  command.add_option("--format", input.format, "lines, csv or recbole (default: by the extension)");
  command.add_flag(
      "--strict", input.strict,
      "Fail at the first bad row instead of leaving it out, and instead of a warning at times in mixed units "
      "and at data unlike those that the model was fitted on");
  command.add_option("--max-errors", input.max_errors, "Bad rows named on stderr before they are only counted")
      ->check(check_whole_number)
      ->excludes("--strict");
}

void add_table(CLI::App& command, TableOptions& table) {
  command.add_option("--key", table.key, "Column that names the sequence (default: inferred)")->type_name("NAME");
  command
      .add_option(
          "--order", table.order,
          "Column that orders its events: numbers or times, compared exactly (default: inferred, else the order "
          "of the rows)")
      ->type_name("NAME");
  command.add_option("--time", table.time, "Column of times")->type_name("NAME");
  command.add_option("--columns", table.columns, "Columns of an event, the first categorical one is judged")
      ->type_name("NAME[:KIND],..")
      ->delimiter(',');
}

void add_simulate(CLI::App& app, SimulateOptions& options) {
  CLI::App* command =
      add_command(app, "simulate", "Writes a made-up shop's log with labelled anomalies and its clean twin",
                  "seqguard simulate --preset shop --users 500 --seed 1 --output shop", options.common);
  command->add_option("--preset", options.preset, "What to simulate")->check(CLI::IsMember({"shop"}));
  command->add_option("--users", options.users, "Number of users")->check(check_whole_number);
  command->add_option("--output", options.output, "Folder for events.csv, labels.csv, clean.csv")
      ->type_name("DIR")
      ->required();
}

void add_inspect(CLI::App& app, InspectOptions& options) {
  CLI::App* command =
      add_command(app, "inspect", "Says what a data file or a model directory contains, and whether the model loads",
                  "seqguard inspect shop/events.csv", options.common);
  add_input(*command, options.input, "path", "Model directory or data file");
  command->get_option("path")->required()->type_name("PATH");
  add_table(*command, options.table);
  add_flag_to_come(*command, "--html", "the text goes to stdout, --json FILE has the figures");
}

void add_fit(CLI::App& app, FitCommandOptions& options) {
  CLI::App* command = add_command(app, "fit", "Learns normal behaviour from unlabelled sequences",
                                  "seqguard fit --input shop/clean.csv --output model --threads 2", options.common);
  add_input(*command, options.input, "--input", "Sequences of normal traffic, - for stdin");
  command->get_option("--input")->required();
  command->add_option("--output", options.output, "The model's folder")->type_name("DIR")->required();
  add_table(*command, options.table);
  command->add_option("--preset", options.preset, "Recipe of detectors")->check(CLI::IsMember({"default", "traces"}));
  command->add_option("--size", options.size, "Size of the encoder")->check(CLI::IsMember({"auto", "T", "S", "M"}));
  command->add_option("--epochs", options.epochs, "Passes over the data (default: by the amount of data)")
      ->check(check_whole_number);
  command->add_option("--window", options.window, "Events that the encoder sees at once (default: by their lengths)")
      ->check(check_window);
  command->add_option("--target-fpr", options.target_fpr, "Share of normal sequences that may be called abnormal")
      ->check(check_target_fpr);
  command->add_option("--valid-fraction", options.valid_fraction, "Share of the sequences watched by early stopping")
      ->check(check_valid_fraction);
  command->add_option("--max-minutes", options.max_minutes, "Stop training after so long (0: no limit)")
      ->check(check_minutes);
  command->add_flag("--resume", options.resume, "Go on where an interrupted fit with this --output stopped");
  add_flag_to_come(*command, "--schema", "columns are chosen by --key, --order, --time and --columns");
  add_flag_to_come(*command, "--config", "sizes are chosen by --size");
  add_flag_to_come(*command, "--valid", "use --valid-fraction");
}

void add_score(CLI::App& app, ScoreCommandOptions& options) {
  CLI::App* command =
      add_command(app, "score", "Judges sequences: JSON lines, higher score = more abnormal",
                  "seqguard score --model model --input shop/events.csv --top 5 > scores.jsonl", options.common);
  command->add_option("--model", options.model, "Folder written by fit")->type_name("DIR")->required();
  add_input(*command, options.input, "--input", "Sequences to judge, - for stdin");
  command->get_option("--input")->required();
  command->add_option("--output", options.output, "Where the JSON lines go")->type_name("FILE");
  command->add_flag("--drift", options.drift, "Tell whether the input still looks like the normals; needs no labels");
  command->add_flag("--per-event", options.per_event, "Add score, p-value and expected values of each event");
  command->add_option("--expected", options.expected, "Expected values listed for each event with --per-event")
      ->check(check_whole_number)
      ->needs("--per-event");
  command->add_option("--top", options.top, "Show the N most abnormal sequences on stderr")
      ->check(check_whole_number)
      ->type_name("N");
  add_flag_to_come(*command, "--explain", "--per-event says which event is abnormal and what was expected");
}

void add_evaluate(CLI::App& app, EvaluateOptions& options) {
  CLI::App* command = add_command(
      app, "evaluate", "Compares judgements with the truth",
      "seqguard evaluate --model model --input shop/events.csv --labels shop/labels.csv --clean shop/clean.csv",
      options.common);
  command->add_option("--model", options.model, "Folder written by fit")->type_name("DIR");
  add_input(*command, options.input, "--input", "Sequences, some of them abnormal, - for stdin");
  command->add_option("--labels", options.labels, "CSV: key, position, kind of each abnormal event")->type_name("FILE");
  command->add_option("--normal", options.normal, "Normal sequences")->type_name("FILE");
  command->add_option("--abnormal", options.abnormal, "Abnormal sequences")->type_name("FILE");
  command->add_option("--scores", options.scores, "JSON lines with score, label and is_anomaly instead of a model")
      ->type_name("FILE")
      ->excludes("--format")
      ->excludes("--strict")
      ->excludes("--max-errors");
  command->add_option("--clean", options.clean, "The --input before it was damaged: judges repairs too")
      ->type_name("FILE");
  add_flag_to_come(*command, "--report", "the table goes to stderr, --json FILE has the figures");
}

void add_repair(CLI::App& app, RepairCommandOptions& options) {
  CLI::App* command =
      add_command(app, "repair", "Writes the input again, abnormal sequences brought back to normal by few edits",
                  "seqguard repair --model model --input shop/events.csv --output repaired.csv --edits edits.jsonl",
                  options.common);
  command->add_option("--model", options.model, "Folder written by fit")->type_name("DIR")->required();
  add_input(*command, options.input, "--input", "Sequences to repair, - for stdin");
  command->get_option("--input")->required();
  command->add_option("--output", options.output, "Where the repaired sequences go")->type_name("FILE");
  command->add_option("--edits", options.edits, "JSON lines of every edit")->type_name("FILE");
  command->add_option("--max-edits", options.max_edits, "Most edits of one sequence")->check(check_whole_number);
}

void add_encode(CLI::App& app, EncodeOptions& options) {
  CLI::App* command = add_command(
      app, "encode", "Runs a checkpoint on texts or ids as transformers would ([SEP] within a text stays text)",
      "echo '{\"input_ids\":[2,5,6,3]}' | seqguard encode --model model --output-kind last_hidden_state",
      options.common);
  command->add_option("--model", options.model, "Hugging Face directory")->type_name("DIR")->required();
  command
      ->add_option("--input", options.input,
                   "Texts, one a line, or JSON lines: {\"text\":..,\"text_pair\":..} or "
                   "{\"input_ids\":[..],\"token_type_ids\":[..]}")
      ->type_name("FILE");
  command->add_option("--output", options.output, "Where the JSON lines go")->type_name("FILE");
  command
      ->add_option("--output-kind", options.kind,
                   "input_ids, last_hidden_state, pooler_output, sentence_embedding or logits")
      ->required()
      ->check(CLI::IsMember({"input_ids", "last_hidden_state", "pooler_output", "sentence_embedding", "logits"}));
  command->add_option("--mask", options.mask, "Attention mask")->check(CLI::IsMember({"full", "causal"}));
  command->add_option("--format", options.format, "text: a text a line; jsonl (default)")
      ->check(CLI::IsMember({"text", "jsonl"}));
  command->add_flag("--strict", options.strict, "Fail at the first bad line");
  command->add_option("--max-errors", options.max_errors, "Bad lines named on stderr before they are only counted")
      ->check(check_whole_number)
      ->excludes("--strict");
}

void add_convert(CLI::App& app, ConvertCommandOptions& options) {
  CLI::App* command = add_command(app, "convert", "Writes a Hugging Face directory again: safetensors, dtype, shards",
                                  "seqguard convert --from model --to model-half --dtype fp16", options.common);
  command->add_option("--from", options.from, "Directory to read, with safetensors or pytorch_model.bin")
      ->type_name("DIR")
      ->required();
  command->add_option("--to", options.to, "Directory to write; may be the same")->type_name("DIR")->required();
  command
      ->add_option("--merge-adapters", options.merge_adapters,
                   "An adapter of PEFT (LoRA) for this model, which is written with it in its weights")
      ->type_name("DIR");
  command->add_option("--dtype", options.dtype, "Of the weights: fp32, fp16 or bf16 (default: as it is)")
      ->check(CLI::IsMember({"fp32", "fp16", "bf16"}));
  command->add_option("--max-shard-size", options.max_shard_size, "Bytes of a file, or with a unit: 200MB")
      ->transform(CLI::AsSizeValue(true))
      ->check(check_positive_number);
  add_flag_to_come(*command, "--prune", "");
  add_flag_to_come(*command, "--share-layers", "");
}

void add_recalibrate(CLI::App& app, RecalibrateCommandOptions& options) {
  CLI::App* command = add_command(app, "recalibrate",
                                  "Moves the thresholds of a model to recent normal traffic; what it has learned stays",
                                  "seqguard simulate --preset shop --users 500 --seed 9 --output recent\n"
                                  "  seqguard recalibrate --model model --input recent/clean.csv --output model-new",
                                  options.common);
  command->add_option("--model", options.model, "Folder written by fit")->type_name("DIR")->required();
  add_input(*command, options.input, "--input", "Recent normal sequences that fit has not seen, - for stdin");
  command->get_option("--input")->required();
  command->add_option("--output", options.output, "The new model's folder; may be the same")
      ->type_name("DIR")
      ->required();
  command
      ->add_option("--target-fpr", options.target_fpr,
                   "Share of normal sequences that may be called abnormal (default: as it is)")
      ->check(check_target_fpr);
}

/// All commands' options side by side, and the one that was chosen.
struct AllOptions {
  SimulateOptions simulate;
  InspectOptions inspect;
  FitCommandOptions fit;
  ScoreCommandOptions score;
  EvaluateOptions evaluate;
  RepairCommandOptions repair;
  EncodeOptions encode;
  ConvertCommandOptions convert;
  RecalibrateCommandOptions recalibrate;

  Command chosen(const std::string& name) const {
    if (name == "simulate") return simulate;
    if (name == "inspect") return inspect;
    if (name == "fit") return fit;
    if (name == "score") return score;
    if (name == "evaluate") return evaluate;
    if (name == "repair") return repair;
    if (name == "convert") return convert;
    if (name == "recalibrate") return recalibrate;
    return encode;
  }
};

/// The text of --help or --version.
int print_answer(const CLI::App& app, const CLI::ParseError& question) {
  std::ostringstream text;
  app.exit(question, text, text);
  try {
    write_output("-", text.str());
  } catch (const Error& error) {
    std::cerr << "seqguard: " << error.what() << "\n";
    return k_failed;
  }
  return k_done;
}

/// What was given and is no flag: of a flag that is required and missing most likely the reason.
std::string unknown_flags(const CLI::App& app) {
  std::string names;
  for (const std::string& argument : app.remaining(true))
    if (argument.size() > 1 && argument[0] == '-')
      names += (names.empty() ? "; not known: " : ", ") + argument.substr(0, argument.find('='));
  return names;
}

int print_usage_error(const std::string& message, const std::string& command) {
  std::cerr << "seqguard" << (command.empty() ? "" : " " + command) << ": " << message << " (see seqguard"
            << (command.empty() ? "" : " " + command) << " --help)\n";
  return k_wrong_usage;
}

}  // namespace

std::optional<Command> parse_arguments(int argc, char** argv, int& exit_code) {
  CLI::App app("Finds and repairs anomalies in user-behaviour sequences.", "seqguard");
  AllOptions options;
  app.set_version_flag("--version", version_text);
  app.require_subcommand(1);
  app.footer(
      "\nsimulate, fit, score, evaluate and repair work one after another; `seqguard COMMAND --help` shows an "
      "example.");
  add_simulate(app, options.simulate);
  add_inspect(app, options.inspect);
  add_fit(app, options.fit);
  add_score(app, options.score);
  add_evaluate(app, options.evaluate);
  add_repair(app, options.repair);
  add_encode(app, options.encode);
  add_convert(app, options.convert);
  add_recalibrate(app, options.recalibrate);

  const std::string first = argc > 1 ? argv[1] : "";
  const auto to_come = std::find(std::begin(k_commands_to_come), std::end(k_commands_to_come), first);
  if (to_come != std::end(k_commands_to_come)) {
    exit_code = print_usage_error("command \"" + first + "\" is not built yet", "");
    return std::nullopt;
  }
  std::string names;
  bool known = first.empty() || first.starts_with('-');
  for (const CLI::App* command : app.get_subcommands({})) {
    names += (names.empty() ? "" : ", ") + command->get_name();
    known |= command->get_name() == first;
  }
  if (!known) {
    exit_code = print_usage_error("unknown command \"" + first + "\", expected one of " + names, "");
    return std::nullopt;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const auto used = app.get_subcommands();
    const bool asked = error.get_exit_code() == 0;  // --help, --version
    std::string what = error.what();
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) what += unknown_flags(app);
    exit_code =
        asked ? print_answer(app, error) : print_usage_error(what, used.empty() ? "" : used.front()->get_name());
    return std::nullopt;
  }
  return options.chosen(app.get_subcommands().front()->get_name());
}

}  // namespace seqguard::cli
