#include "cli/flag_checks.hpp"
#include "cli/flag_groups.hpp"

namespace seqguard::cli {

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

void add_fine_tune(CLI::App& app, FineTuneCommandOptions& options) {
  CLI::App* command = add_command(app, "fine-tune", "Learns from labels what a model of normal behaviour does not know",
                                  "seqguard fine-tune --model model --input shop/events.csv --labels shop/labels.csv "
                                  "--unlabelled normal --output model-tuned",
                                  options.common);
  const auto add = [&](const char* flag, auto& value, const char* what) {
    return command->add_option(flag, value, what);
  };
  add("--model", options.model, "Folder written by fit")->type_name("DIR")->required();
  add_input(*command, options.input, "--input", "Labelled sequences, or some that are");
  command->get_option("--input")->required();
  add("--output", options.output, "The new model's folder; may be the same")->type_name("DIR")->required();
  add("--labels", options.labels, "CSV: key, label of each labelled sequence, or key, position, label of its events")
      ->type_name("FILE");
  add("--label-column", options.label_column,
      "Column of the label: of --labels (default: label or kind), else of --input")
      ->type_name("NAME");
  add("--normal-label", options.normal_label, "The label that means normal (default: normal, none, 0 or no text)")
      ->type_name("TEXT");
  add("--unlabelled", options.unlabelled, "What sequences without a label are")
      ->check(CLI::IsMember({"unknown", "normal"}));
  command->add_flag("--binary", options.binary, "All labels but the normal one are one class, abnormal");
  add("--loss", options.loss, "bce (cross-entropy) or focal")->check(CLI::IsMember({"bce", "ce", "focal"}));
  add("--focal-gamma", options.focal_gamma, "How much focal loss passes over what is certain (default: 2)")
      ->check(check_above_zero);
  add("--focal-alpha", options.focal_alpha, "Its weight of abnormal beside normal (default: by --class-weights)")
      ->check(check_share);
  add("--label-smoothing", options.label_smoothing, "Share of each label that is spread over all classes")
      ->check(check_share);
  add("--class-weights", options.class_weights, "balanced: each class counts alike; none: each sequence")
      ->check(CLI::IsMember({"balanced", "none"}));
  add("--folds", options.folds,
      "Parts of the labels, each judged by networks that have not seen it; those of all parts are kept")
      ->check(check_folds);
  add("--members", options.members, "Networks of each part; their judgements are averaged")
      ->check(check_positive_number);
  add("--epochs", options.epochs, "Passes over the labelled sequences")->check(check_positive_number);
  add("--hidden", options.hidden, "Width of a network")->check(check_positive_number);
  add("--dropout", options.dropout, "Share of features and hidden values left out in training")->check(check_share);
  add("--learning-rate", options.learning_rate, "Of AdamW; decays linearly")->check(check_above_zero);
  add("--weight-decay", options.weight_decay, "Of AdamW")->check(check_not_negative);
  add("--label-weight", options.label_weight, "Weight of the labels beside the other views (default: chosen)")
      ->check(check_above_zero);
  add("--statistics", options.statistics,
      "Statistics of normal behaviour: keep, refit on the labelled normals, or auto: refit where fit has learned from "
      "most of them")
      ->check(CLI::IsMember({"auto", "keep", "refit"}));
  add("--target-fpr", options.target_fpr, "Share of normal sequences that may be called abnormal (default: as it is)")
      ->check(check_target_fpr);
  add("--threshold", options.threshold, "best-f1: the rate whose F1 is best on labelled sequences, instead of a target")
      ->check(CLI::IsMember({"best-f1"}));
}

}  // namespace seqguard::cli
