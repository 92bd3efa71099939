#include "cli/arguments.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/flag_checks.hpp"
#include "cli/flag_groups.hpp"
#include "cli/output.hpp"
#include "cli/version.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard::cli {
namespace {

/// Commands of the contract that this version does not have.
constexpr std::string_view k_commands_to_come[] = {"feedback", "serve"};

void add_score(CLI::App& app, ScoreCommandOptions& options) {
  CLI::App* command =
      add_command(app, "score", "Judges sequences: JSON lines, higher score = more abnormal",
                  "seqguard score --model model --input shop/events.csv --top 5 > scores.jsonl", options.common);
  command->add_option("--model", options.model, "Folder written by fit")->type_name("DIR")->required();
  add_input(*command, options.input, "--input", "Sequences to judge, - for stdin");
  command->get_option("--input")->required();
  add_memory(*command, options.input,
             "Memory for the data, about: larger inputs are judged in parts of whole sequences, with the same result");
  command->add_option("--output", options.output, "Where the JSON lines go")->type_name("FILE");
  command->add_flag("--drift", options.drift, "Tell whether the input still looks like the normals; needs no labels");
  command->add_flag("--per-event", options.per_event, "Add score, p-value and expected values of each event");
  command->add_option("--expected", options.expected, "Expected values listed for each event with --per-event")
      ->check(check_whole_number)
      ->needs("--per-event");
  command->add_option("--top", options.top, "Show the N most abnormal sequences on stderr")
      ->check(check_whole_number)
      ->type_name("N");
  command
      ->add_option("--html", options.html,
                   "Write the most abnormal sequences (--top, else 20) as a page: one file of HTML that loads and runs "
                   "nothing")
      ->type_name("FILE");
  CLI::Option* explain = command->add_flag(
      "--explain", options.explain,
      "Say why a sequence is abnormal: views in words, suspicious events with what was expected instead, attributions, "
      "the smallest repair; about a third of a second for each abnormal sequence. The worst (--top, else 3) are shown");
  command->add_flag("--explain-all", options.explain_all, "Explain sequences that are judged normal too")
      ->needs(explain);
  command
      ->add_option("--normals", options.normals,
                   "Normal sequences, e.g. the file that fit read: an explanation compares with the nearest of them")
      ->type_name("FILE")
      ->needs(explain);
}

void add_evaluate(CLI::App& app, EvaluateOptions& options) {
  CLI::App* command = add_command(app, "evaluate", "Compares judgements with the truth",
                                  "seqguard evaluate --model model --input shop/events.csv --labels shop/labels.csv "
                                  "--clean shop/clean.csv --report report.html",
                                  options.common);
  command->add_option("--model", options.model, "Folder written by fit")->type_name("DIR");
  add_input(*command, options.input, "--input", "Sequences, some of them abnormal, - for stdin", &options.table);
  command->add_option("--labels", options.labels, "CSV: key, position, kind of each abnormal event")->type_name("FILE");
  command->add_option("--normal", options.normal, "Normal sequences")->type_name("FILE");
  command->add_option("--abnormal", options.abnormal, "Abnormal sequences")->type_name("FILE");
  command->add_option("--scores", options.scores, "JSON lines with score, label and is_anomaly instead of a model")
      ->type_name("FILE")
      ->excludes("--format")
      ->excludes("--strict")
      ->excludes("--max-errors");
  command
      ->add_option("--clean", options.clean,
                   "The --input before it was damaged: judges repairs too - net reduction of the edit distance, edits "
                   "at an error and right, sequences restored, undamaged ones touched, times")
      ->type_name("FILE");
  add_repair_flags(*command, options.repair, "--clean");
  command
      ->add_option("--report", options.report,
                   "Write the evaluation as a page of figures: one file of HTML that loads and runs nothing")
      ->type_name("FILE");
  command
      ->add_option(
          "--compare", options.compare,
          "JSON lines with score and key (or line) of another system on the same sequences: AUROC beside ours by "
          "DeLong's test, AP by a paired bootstrap; may be repeated")
      ->type_name("FILE");
  command
      ->add_option("--folds", options.folds,
                   "Cross-validate instead of --model: K fits, each on the keys without a label outside its fold")
      ->check(check_folds)
      ->type_name("K")
      ->excludes("--model");
  CLI::Option* folds = command->get_option("--folds");
  command->add_option("--epochs", options.epochs, "With --folds: as of fit")->check(check_whole_number)->needs(folds);
  command->add_option("--target-fpr", options.target_fpr, "With --folds: as of fit")
      ->check(check_target_fpr)
      ->needs(folds);
  for (const char* flag : {"--key", "--order", "--time", "--cleaning"}) command->get_option(flag)->needs(folds);
}

void add_repair(CLI::App& app, RepairCommandOptions& options) {
  CLI::App* command = add_command(
      app, "repair", "Writes the input again, damaged sequences put right: events deleted, replaced, inserted, timed",
      "seqguard repair --model model --input shop/events.csv --output repaired.csv --edits edits.jsonl",
      options.common);
  command->add_option("--model", options.model, "Folder written by fit")->type_name("DIR")->required();
  add_input(*command, options.input, "--input", "Sequences to repair, - for stdin");
  command->get_option("--input")->required();
  command
      ->add_option("--output", options.output,
                   "Where the repaired sequences go, in the format of the input and packed as it is (.gz, .zst); rows "
                   "that no edit names stay byte for "
                   "byte, an inserted row has an order between its neighbours' (12.5 between 12 and 13). Of JSON only "
                   "an event a line is "
                   "written back, no sequence a line")
      ->type_name("FILE");
  command
      ->add_option("--edits", options.edits,
                   "JSON lines of every edit: where, what, before and after, probability, gain, what was made up")
      ->type_name("FILE");
  add_repair_flags(*command, options.repair);
  command
      ->add_option(
          "--max-false-suspects", options.max_false_suspects,
          "List, among the edits, events more surprising than this share of those of normals, each with the ten "
          "values most likely in its place; nothing is written there (default: 0.001 where the model knows 500 "
          "values or more, else 0)")
      ->check(check_probability)
      ->type_name("SHARE");
  command
      ->add_flag("--dry-run", options.dry_run, "Only tell the edits (to stdout without --edits): no output is written")
      ->excludes("--output");
  command->add_flag("--interactive", options.interactive, "Show each edit and ask whether to make it (on a terminal)");
  add_flag_of_old(
      *command, "--max-edits",
      "every edit is judged by what it is expected to gain, whatever their number; --max-false-edits bounds "
      "how many normal sequences are touched");
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
  command->add_flag("--explain", options.explain,
                    "With --output-kind logits of a classifier: which words of a text made the most probable class");
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
  command
      ->add_option("--dtype", options.dtype,
                   "Of the weights: fp32, fp16, bf16, or int8 with scales, which only seqguard reads "
                   "(default: as it is)")
      ->check(CLI::IsMember({"fp32", "fp16", "bf16", "int8"}));
  command->add_option("--max-shard-size", options.max_shard_size, "Bytes of a file, or with a unit: 200MB")
      ->transform(CLI::AsSizeValue(true))
      ->check(check_positive_number);
  add_flag_to_come(*command, "--prune", "");
  add_flag_to_come(*command, "--share-layers", "");
}

/// All commands' options side by side, and the one that was chosen.
struct AllOptions {
  SimulateOptions simulate;
  InspectOptions inspect;
  SplitCommandOptions split;
  FitCommandOptions fit;
  ScoreCommandOptions score;
  EvaluateOptions evaluate;
  RepairCommandOptions repair;
  EncodeOptions encode;
  ConvertCommandOptions convert;
  RecalibrateCommandOptions recalibrate;
  ProfilesOptions profiles;
  FineTuneCommandOptions fine_tune;

  Command chosen(const std::string& name) const {
    if (name == "simulate") return simulate;
    if (name == "inspect") return inspect;
    if (name == "split") return split;
    if (name == "fit") return fit;
    if (name == "score") return score;
    if (name == "evaluate") return evaluate;
    if (name == "repair") return repair;
    if (name == "convert") return convert;
    if (name == "recalibrate") return recalibrate;
    if (name == "profiles") return profiles;
    if (name == "fine-tune") return fine_tune;
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
  add_split(app, options.split);
  add_fit(app, options.fit);
  add_score(app, options.score);
  add_evaluate(app, options.evaluate);
  add_repair(app, options.repair);
  add_encode(app, options.encode);
  add_convert(app, options.convert);
  add_recalibrate(app, options.recalibrate);
  add_profiles(app, options.profiles);
  add_fine_tune(app, options.fine_tune);

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
