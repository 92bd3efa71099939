// What the user asked for, one structure per command. Filled by arguments.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace seqguard::cli {

/// Flags of every command.
struct CommonOptions {
  std::size_t threads = 1;
  std::uint64_t seed = 1;
  bool quiet = false;
  std::string json;  ///< file of the machine-readable summary; empty: none; "-": stdout
  std::string isa;   ///< empty: the best that the machine offers
  std::string matmul = "automatic", precision = "fp32";
};

/// Flags of commands that read a data file.
struct InputOptions {
  std::vector<std::string> paths;  ///< files, and patterns of their names
  std::string format;              ///< empty: by the extension
  bool strict = false;
  std::size_t max_errors = 20;
  std::string separator = {}, decimal = {};  ///< of tables; empty: guessed
  bool no_header = false;
  std::vector<std::string> columns = {};  ///< without a header: all, by position; else those of an event
  std::vector<std::string> missing = {};  ///< texts that are no value
  std::string time_format = {}, date_order = {};
  std::uint64_t memory = std::uint64_t{1} << 30;  ///< bytes for the data, about; of fit and score
  std::string temp = {};                          ///< folder of what does not fit into it; empty: the system's
  bool quiet = false;                             ///< no progress of reading

  bool is_given() const { return !paths.empty(); }
  bool is_stdin() const { return paths.size() == 1 && paths[0] == "-"; }
};

/// Flags that override what is inferred from a table's header.
struct TableOptions {
  std::string key, order, time;
  std::string profile_key;  ///< of fit
  std::string cleaning;     ///< rules
};

/// How sequences are repaired.
struct RepairFlags {
  double max_false_edits = 0.01;
  std::optional<double> least_probability;
  bool only_abnormal = false, report_stretches = false;
};

struct SimulateOptions {
  CommonOptions common;
  std::string preset = "shop", output;
  std::size_t users = 2000;
};

struct SplitCommandOptions {
  CommonOptions common;
  InputOptions input;
  TableOptions table;
  std::string output, labels;
  std::string by = "user";
  std::optional<double> test;  ///< share
  double valid = 0;
  std::string at;                    ///< where the test part begins in time; empty: by its share
  std::optional<std::size_t> folds;  ///< instead of one test part
};

struct InspectOptions {
  CommonOptions common;
  InputOptions input;
  TableOptions table;
  std::string html;   ///< file of the page; empty: none; "-": stdout
  std::string model;  ///< judges the data; empty: none
};

struct FitCommandOptions {
  CommonOptions common;
  InputOptions input;
  TableOptions table;
  std::string output;
  std::string valid;  ///< file
  std::string preset = "default", size = "auto";
  std::optional<std::size_t> epochs, window;
  double target_fpr = 0.01, valid_fraction = 0.1, max_minutes = 0;
  bool resume = false;
  bool no_repair = false, gate_view = false;
};

struct ScoreCommandOptions {
  CommonOptions common;
  InputOptions input;
  std::string model, output = "-";
  bool per_event = false;
  std::size_t expected = 3;  ///< alternatives listed for each event
  std::size_t top = 0;       ///< most abnormal sequences shown to people
  std::string html;          ///< page of the most abnormal sequences; empty: none
  bool drift = false;        ///< tell whether the input still looks like the normals
  bool explain = false;      ///< the abnormal sequences, and those of --top
  bool explain_all = false;  ///< the others as well
  std::string normals;       ///< file of normal sequences to look for the nearest one in; empty: none
};

struct EvaluateOptions {
  CommonOptions common;
  InputOptions input;
  std::string model, labels, normal, abnormal, scores, clean;
  RepairFlags repair;
  std::string report;                ///< file of the page; empty: none; "-": stdout
  std::vector<std::string> compare;  ///< files of other systems' scores
  std::optional<std::size_t> folds;  ///< cross-validation instead of a model
  TableOptions table;                ///< with --folds
  std::optional<std::size_t> epochs;
  std::optional<double> target_fpr;
};

struct RepairCommandOptions {
  CommonOptions common;
  InputOptions input;
  std::string model, output = "-", edits;
  RepairFlags repair;
  std::optional<double> max_false_suspects;
  bool dry_run = false, interactive = false;
};

struct EncodeOptions {
  CommonOptions common;
  std::string model, input = "-", output = "-", kind, mask = "full", format = "jsonl";
  std::size_t max_errors = 20;
  bool strict = false;
  bool explain = false;  ///< which words made the most probable class
};

struct ConvertCommandOptions {
  CommonOptions common;
  std::string from, to;
  std::string merge_adapters;  ///< the directory of an adapter; empty: none
  std::string dtype;           ///< fp32, fp16, bf16, int8; empty: as it is
  std::size_t max_shard_size = std::size_t{5'000'000'000};
};

struct ProfilesOptions {
  CommonOptions common;
  InputOptions input;  ///< not given: nothing is added
  std::string model;
  std::vector<std::string> forget;
};

struct RecalibrateCommandOptions {
  CommonOptions common;
  InputOptions input;
  std::string model, output;
  std::optional<double> target_fpr;
};

/// Flags of fine-tune that only text checkpoints know. Without a value: the default of FineTuneTextOptions.
struct TextTuningOptions {
  std::string freeze;    ///< parts by commas
  std::size_t lora = 0;  ///< rank; 0: no adapters
  std::optional<double> lora_alpha, lora_dropout;
  std::vector<std::string> lora_targets, classes;
  std::string schedule, optimizer, early_stop, curves, spans = "characters", tags = "bio";
  std::string problem_type, label_separator = "|", search;
  std::optional<double> warm_up, layer_decay, valid_fraction, adversarial_epsilon, adversarial_step_size,
      stochastic_depth;
  std::size_t adversarial_steps = 0;
  std::optional<std::size_t> steps, batch_tokens, max_tokens, memory;
  bool adapters = false, resume = false, first_pieces = false;
  std::vector<std::string> given;  ///< those of them on the command line
};

/// Defaults of numbers are those of FineTuneOptions.
struct FineTuneCommandOptions {
  CommonOptions common;
  InputOptions input;
  std::string model, output, labels, label_column, normal_label;
  std::string task = "sequence", unlabelled = "unknown", loss = "bce", class_weights = "none", statistics = "auto",
              threshold;
  double label_smoothing = 0, dropout = 0.3, learning_rate = 2e-3, weight_decay = 0.01;
  std::optional<double> focal_gamma, focal_alpha, label_weight, target_fpr;
  bool binary = false;
  std::size_t folds = 5, members = 2, epochs = 25, hidden = 64;
  TextTuningOptions text;
  std::vector<std::string> given;  ///< the other flags on the command line
};

using Command = std::variant<SimulateOptions, InspectOptions, FitCommandOptions, ScoreCommandOptions, EvaluateOptions,
                             RepairCommandOptions, EncodeOptions, ConvertCommandOptions, RecalibrateCommandOptions,
                             FineTuneCommandOptions, ProfilesOptions, SplitCommandOptions>;

}  // namespace seqguard::cli
