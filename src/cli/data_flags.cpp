#include "cli/flag_checks.hpp"
#include "cli/flag_groups.hpp"

namespace seqguard::cli {

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
                  "seqguard inspect shop/events.csv --html shop.html --model model", options.common);
  add_input(*command, options.input, "path", "Model directory or data file", &options.table);
  command->get_option("path")->required()->type_name("PATH");
  command
      ->add_option("--html", options.html,
                   "Write the data file as a page of figures: one file of HTML that loads and runs nothing")
      ->type_name("FILE");
  command
      ->add_option(
          "--model", options.model,
          "Folder written by fit: the page and --json also say how it judges the data; its schema names the columns")
      ->type_name("DIR");
}

void add_split(CLI::App& app, SplitCommandOptions& options) {
  CLI::App* command = add_command(
      app, "split", "Parts a data file and its labels into what is learned from and what is judged",
      "seqguard split --input shop/events.csv --labels shop/labels.csv --test .3 --output parts", options.common);
  add_input(*command, options.input, "--input", "Data file, - for stdin", &options.table);
  command->get_option("--input")->required();
  command
      ->add_option("--output", options.output,
                   "Folder for train, valid and test in the form of the input, byte for byte its rows")
      ->type_name("DIR")
      ->required();
  command
      ->add_option("--by", options.by,
                   "user: each sequence in one part; time: the test part is the latest; user-time: users of one part "
                   "in the time of that part, the rest is left out")
      ->check(CLI::IsMember({"user", "time", "user-time"}));
  command
      ->add_option("--profile-key", options.table.profile_key,
                   "Column that names the user where --key names a session: all sessions of a user stay together")
      ->type_name("NAME");
  command->add_option("--test", options.test, "Share of the test part (default: 0.2)")
      ->check(check_share)
      ->type_name("SHARE");
  command->add_option("--valid", options.valid, "Share of a part between the two")
      ->check(check_share)
      ->type_name("SHARE");
  command
      ->add_option("--at", options.at, "Time at which the test part begins, whatever share of the events is behind it")
      ->type_name("TIME");
  command
      ->add_option("--folds", options.folds, "K test parts instead, each of other users: fold-1/train, fold-1/test, ..")
      ->check(check_folds)
      ->type_name("K")
      ->excludes("--test")
      ->excludes("--valid")
      ->excludes("--at");
  command
      ->add_option("--labels", options.labels,
                   "CSV: key[, position], kind: each part of users has its share of every kind, and its own file of "
                   "labels")
      ->type_name("FILE");
}

}  // namespace seqguard::cli
