#include "cli/flag_checks.hpp"
#include "cli/flag_groups.hpp"

namespace seqguard::cli {

void add_fit(CLI::App& app, FitCommandOptions& options) {
  CLI::App* command = add_command(app, "fit", "Learns normal behaviour from unlabelled sequences",
                                  "seqguard fit --input shop/clean.csv --output model --threads 2", options.common);
  add_input(*command, options.input, "--input", "Sequences of normal traffic, - for stdin", &options.table);
  command->get_option("--input")->required();
  add_memory(*command, options.input,
             "Memory for the data and what is learned from them, about: of larger inputs a sample of whole sequences "
             "is learned from");
  command->add_option("--output", options.output, "The model's folder")->type_name("DIR")->required();
  command
      ->add_option("--profile-key", options.table.profile_key,
                   "Column that names whose behaviour a sequence is (user, account), where --key names a session of "
                   "theirs: each gets a profile, and sequences that are less like their own than others are odd. Of "
                   "lines: key, what stands before a tab")
      ->type_name("NAME");
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
  command
      ->add_option("--valid", options.valid,
                   "Sequences of normal traffic in the form of --input, watched by early stopping instead; they are "
                   "not learned from, and calibrate nothing")
      ->type_name("FILE")
      ->excludes("--valid-fraction");
  command->add_option("--max-minutes", options.max_minutes, "Stop training after so long (0: no limit)")
      ->check(check_minutes);
  command->add_flag("--resume", options.resume, "Go on where an interrupted fit with this --output stopped");
  command->add_flag("--no-repair", options.no_repair,
                    "Learn to judge sequences only, in half the time; the model then repairs nothing");
  command
      ->add_flag("--gate-view", options.gate_view,
                 "Judge by what the repair sees too: finds repeated, foreign and missing events far better, where the "
                 "order of events means nothing it does harm")
      ->excludes("--no-repair");
  add_flag_to_come(*command, "--schema", "columns are chosen by --key, --order, --time and --columns");
  add_flag_to_come(*command, "--config", "sizes are chosen by --size");
}

void add_profiles(CLI::App& app, ProfilesOptions& options) {
  CLI::App* command = add_command(
      app, "profiles",
      "Adds recent normal sequences to the profiles of their keys, or forgets keys; nothing is learned anew",
      "seqguard fit --input sessions.csv --key session --profile-key user --output model\n"
      "  seqguard profiles --model model --input recent.csv --forget u17",
      options.common);
  command->add_option("--model", options.model, "Folder written by fit --profile-key")->type_name("DIR")->required();
  add_input(*command, options.input, "--input", "Normal sequences to add, - for stdin");
  command->add_option("--forget", options.forget, "Keys whose profiles go, after sequences were added")
      ->type_name("KEY,..")
      ->delimiter(',');
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

constexpr const char* k_text_flags = "Text checkpoints";

/// Flags that only they know.
void add_text_tuning(CLI::App& command, TextTuningOptions& options) {
  const auto add = [&](const char* flag, auto& value, const char* what) {
    return command.add_option(flag, value, what)->group(k_text_flags);
  };
  const auto add_flag = [&](const char* flag, bool& value, const char* what) {
    command.add_flag(flag, value, what)->group(k_text_flags);
  };
  add("--problem-type", options.problem_type,
      "What labels are: single_label_classification, multi_label_classification (a set of classes for each text) or "
      "regression (a number); by default arrays in JSON are sets, numbers of which one has a fraction are numbers")
      ->type_name("TYPE");
  add("--label-separator", options.label_separator, "Parts several classes in one field of a CSV file")
      ->type_name("CHARACTER");
  add("--freeze", options.freeze,
      "What does not learn: the number of lowest layers, embeddings, base (all but the head), all-but-biases")
      ->type_name("PART,..");
  add("--memory", options.memory,
      "Bytes for the hidden states of an encoder of which nothing learns, or with a unit: 200MB (default: 1GB). They "
      "are "
      "computed once where they fit, else at every step")
      ->transform(CLI::AsSizeValue(true))
      ->type_name("SIZE");
  add("--lora", options.lora, "Adapters of this rank learn, and the head")->check(check_positive_number);
  add("--lora-alpha", options.lora_alpha, "lora_alpha of PEFT (default: 8)")->check(check_above_zero)->needs("--lora");
  add("--lora-dropout", options.lora_dropout, "lora_dropout of PEFT (default: 0)")->check(check_share)->needs("--lora");
  add("--lora-targets", options.lora_targets, "target_modules of PEFT, or all-linear (default: query and value)")
      ->needs("--lora")
      ->delimiter(',');
  add_flag("--adapters", options.adapters, "Write the adapter alone, as PEFT does, instead of merged weights");
  command.get_option("--adapters")->needs("--lora");
  add("--schedule", options.schedule, "Of the learning rate: linear, cosine, constant, .. (default: linear)");
  add("--warm-up", options.warm_up, "Share of the steps in which it rises (default: 0.1)")->check(check_share);
  add("--optimizer", options.optimizer, "adamw, adam, sgd or rmsprop (default: adamw)");
  add("--layer-decay", options.layer_decay, "Factor of the learning rate from each layer to the one below (default: 1)")
      ->check(check_above_zero);
  add("--adversarial-steps", options.adversarial_steps,
      "Learn each text also with its embeddings moved to where the loss rises: 1 is FGM, more are PGD; a step takes so "
      "many passes more")
      ->check(check_whole_number);
  add("--adversarial-epsilon", options.adversarial_epsilon, "How far they are moved, for each text (default: 0.2)")
      ->check(check_above_zero)
      ->needs("--adversarial-steps");
  add("--adversarial-step-size", options.adversarial_step_size, "Of a step of PGD (default: 0.1)")
      ->check(check_above_zero)
      ->needs("--adversarial-steps");
  add("--stochastic-depth", options.stochastic_depth,
      "Share of the texts that leave out the blocks of the last layer in training, lower layers less (default: 0)")
      ->check(check_share);
  add("--early-stop", options.early_stop,
      "Which weights are the best on held-out texts: loss; of classes accuracy, auroc, ap, f1, macro_f1, micro_f1; of "
      "numbers mae, rmse, spearman; training stops after so many validations without better ones (default: loss, "
      "never)")
      ->type_name("METRIC[:PATIENCE]");
  add("--valid-fraction", options.valid_fraction, "Share of the texts that is held out (default: 0.1)")
      ->check(check_share);
  add("--steps", options.steps, "Steps of training, instead of --epochs")->check(check_positive_number);
  add("--batch-tokens", options.batch_tokens, "Tokens of a step (default: those of 16 texts)")
      ->check(check_positive_number);
  add("--max-tokens", options.max_tokens, "Texts are cut to so many (default: what the model takes)")
      ->check(check_positive_number);
  add("--classes", options.classes, "All classes, in the order of the logits (default: those of the file by name)")
      ->delimiter(',');
  add("--spans", options.spans, "What the numbers of spans count")->check(CLI::IsMember({"characters", "bytes"}));
  add("--tags", options.tags, "Classes of the tokens of a span: bio (B-, I-) or plain")
      ->check(CLI::IsMember({"bio", "plain"}));
  add_flag("--first-pieces-only", options.first_pieces, "Of words in spans only the first token has a class");
  add("--search", options.search,
      "JSON of settings to compare by --early-stop, on held-out texts or with --folds: {\"learning_rate\": [2e-5, "
      "5e-5], "
      "..}; the best one is written")
      ->type_name("FILE");
  add("--curves", options.curves, "JSON lines of every validation")->type_name("FILE");
  add_flag("--resume", options.resume, "Go on where an interrupted fine-tune with this --output stopped");
}

void add_fine_tune(CLI::App& app, FineTuneCommandOptions& options) {
  CLI::App* command = add_command(app, "fine-tune", "Learns from labels what a model of normal behaviour does not know",
                                  "seqguard fine-tune --model model --input shop/events.csv --labels shop/labels.csv "
                                  "--unlabelled normal --output model-tuned",
                                  options.common);
  const auto add = [&](const char* flag, auto& value, const char* what) {
    return command->add_option(flag, value, what);
  };
  add("--model", options.model, "Folder written by fit, or a text checkpoint")->type_name("DIR")->required();
  add_input(*command, options.input, "--input",
            "Labelled sequences, or some that are; labelled texts: CSV text[,text_pair],label, or JSON lines");
  command->get_option("--input")->required();
  add("--output", options.output, "The new model's folder; may be the same")->type_name("DIR")->required();
  add("--labels", options.labels, "CSV: key, label of each labelled sequence, or key, position, label of its events")
      ->type_name("FILE");
  add("--task", options.task,
      "What labels are of: sequence (labels of events are folded into one for each sequence) or event: the model then "
      "points at the wrong events too, and judges sequences by them; it takes labels with a position")
      ->check(CLI::IsMember({"sequence", "event"}));
  add("--label-column", options.label_column,
      "Column of the label: of --labels (default: label or kind), else of --input")
      ->type_name("NAME");
  add("--normal-label", options.normal_label, "The label that means normal (default: normal, none, 0 or no text)")
      ->type_name("TEXT");
  add("--unlabelled", options.unlabelled, "What sequences, or with --task event events, without a label are")
      ->check(CLI::IsMember({"unknown", "normal"}));
  command->add_flag("--binary", options.binary, "All labels but the normal one are one class, abnormal");
  add("--loss", options.loss,
      "bce (cross-entropy) or focal; of text checkpoints also ce, their default, and of numbers mse")
      ->check(CLI::IsMember({"bce", "ce", "focal", "mse"}));
  add("--focal-gamma", options.focal_gamma, "How much focal loss passes over what is certain (default: 2)")
      ->check(check_above_zero);
  add("--focal-alpha", options.focal_alpha, "Its weight of abnormal beside normal (default: 1 each)")
      ->check(check_share);
  add("--label-smoothing", options.label_smoothing, "Share of each label that is spread over all classes")
      ->check(check_share);
  add("--class-weights", options.class_weights,
      "none: each sequence counts alike; balanced: each class; of text checkpoints each class may have its number")
      ->type_name("balanced|none|W,W,..");
  add("--folds", options.folds,
      "Parts of the labels, each judged by networks that have not seen it; those of all parts are kept. Of text "
      "checkpoints cross-validation before the training (default: none)")
      ->check(check_folds);
  add("--members", options.members, "Networks of each part; their judgements are averaged")
      ->check(check_positive_number);
  add("--epochs", options.epochs,
      "Passes over the labelled sequences, over events at most so many; over texts by default 3, and at least 100 "
      "steps")
      ->check(check_positive_number);
  add("--hidden", options.hidden, "Width of a network")->check(check_positive_number);
  add("--dropout", options.dropout, "Share of features and hidden values left out in training")->check(check_share);
  add("--learning-rate", options.learning_rate,
      "Of AdamW; decays linearly. Of text checkpoints by default 5e-5, with --lora 2e-3, of a head alone 1e-2")
      ->check(check_above_zero);
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
  add_text_tuning(*command, options.text);
  command->callback([command, &options] {
    for (const CLI::Option* option : command->get_options())
      if (option->count() > 0)
        (option->get_group() == k_text_flags ? options.text.given : options.given).push_back(option->get_name());
  });
}

}  // namespace seqguard::cli
