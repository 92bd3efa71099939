// Learning normal behaviour from unlabelled sequences: vocabulary, encoder, statistics, calibration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/detection/recipe_preset.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

/// How large an encoder is: width, layers, heads of attention.
enum class EncoderSize {
  automatic,  ///< by the number of values
  tiny,       ///< 64, 2, 2
  small,      ///< 128, 2, 2
  medium,     ///< 256, 4, 4
};
/// "auto", "T", "S", "M".
std::string_view to_string(EncoderSize size) noexcept;
/// @throws Error invalid_argument for an unknown name.
EncoderSize encoder_size_from_string(std::string_view name);

/// What may be asked for; everything else follows from the data.
struct FitOptions {
  RecipePreset preset = RecipePreset::standard;
  EncoderSize size = EncoderSize::automatic;
  std::optional<std::size_t> epochs;  ///< passes over the training data; empty: by the rule
  std::optional<std::size_t> window;  ///< positions that the encoder sees at once (SequenceRules::window)
  double target_fpr = 0.01;           ///< share of normal sequences that may be called abnormal; between 0 and 1
  double valid_fraction = 0.1;        ///< share of the training sequences that early stopping watches
  double max_minutes = 0;  ///< > 0: stop training after so long, shared among the trainings of a cross-fit; gives up
                           ///< the promise of identical bits
  std::uint64_t seed = 1;
  bool repair = true;  ///< train an edit tagger too, without which the model repairs nothing
  /// Judge by what the repair sees too: the largest gain of an edit is one more view, k_gate_view. Finds damage that
  /// resembles the tagger's noise far better, real anomalies no better, and where order means nothing worse
  /// (docs/repair.md has the table); each judgement pays for a pass of the tagger. Needs `repair`.
  bool gate_view = false;
  std::size_t profile_bytes = std::size_t{64} << 20;  ///< most memory of the fitted statistics
  std::size_t key_bytes = 8192;  ///< most bytes of the profile of a key, of data with SequenceRules::profile_key
  std::string state_file;        ///< where the progress is kept for `resume`; empty: nowhere
  bool resume = false;           ///< go on from state_file if it exists
  double save_seconds = 10;      ///< time between two saves of the state; 0: after every step
  LoadOptions compute;           ///< instruction set, matrix products, precision; `access` has no meaning here
};

/// The choices that follow from the data, by one rule; stored in the model. fit_input.hpp shows it before a fit begins.
struct FitPlan {
  std::size_t sequences = 0, events = 0;
  std::size_t vocabulary = 0;   ///< values of the primary column that the encoder knows
  std::size_t rare_values = 0;  ///< those below the frequency cut: UNK for the encoder, types for the statistics
  double rare_share = 0;  ///< share of the events that hold one: they are neither judged from both sides nor repaired
  std::size_t window = 64, hidden = 64, layers = 2, heads = 4;
  std::size_t steps = 0;
  double learning_rate = 2e-3, dropout = 0.1;
  double order_gain = 0;  ///< 1 - (surprise given the event before) / (surprise without): how much order tells
  double masked_share = 0.3;
  std::size_t folds = 0;  ///< > 0: the encoder is cross-fitted in so many folds (few normals, or a low target rate);
                          ///< 0: 75 % train, 25 % calibrate
  std::size_t tagger_steps = 0, tagger_window = 128;  ///< of the edit tagger; 0 steps: none, the model repairs nothing
  double tagger_dropout = 0;
};

/// A JSON object of all its fields; stored with the model.
std::string to_json(const FitPlan& plan);

/// How often the finished model calls normal sequences abnormal, beside the target.
struct AlarmRates {
  double target = 0;
  double unknown_p_value = 0;  ///< of a sequence of median length whose events nobody has seen, by the statistics alone
  std::size_t own_judged = 0;  ///< normals that were judged once more: all, or 1,000 of them, evenly spread
  std::size_t own_alarms = 0;  ///< those of them that the model calls abnormal
  std::size_t held_out = 0;    ///< normals that calibrate the decision
  std::size_t held_out_alarms = 0;  ///< those of them that a threshold made of nine tenths of the others calls abnormal
};

/// What held-out normals say of the repair.
struct RepairFigures {
  std::size_t held_out = 0;  ///< normals that the gate rests on
  double gate = 1;           ///< largest gain that a sequence must exceed to be touched, at a share of 1 % of normals
  double threshold = 0;      ///< least gain of an edit
  double net_share = 0;  ///< of the errors of damaged held-out normals, made by ourselves: put right less made wrong
};

/// What was learned of keys (SequenceRules::profile_key).
struct ProfileFigures {
  std::size_t keys = 0, bytes = 0;  ///< that have a profile; of their profiles
  std::size_t few = 0;              ///< keys with so few normals that the population judges them (k_least_key_normals)
  std::size_t cohort = 0;           ///< keys that all are compared with
};

/// What a fit has to say.
struct FitReport {
  FitPlan plan;
  bool resumed = false;  ///< went on from FitOptions::state_file; false where there was none
  double seconds = 0;
  double validation_loss = 0;           ///< best one of the encoder that is shipped, nats per prediction
  std::size_t calibration_normals = 0;  ///< that calibrate the decision
  std::size_t distinct_normals = 0;     ///< different sequences among the normals, and
  std::size_t kept_normals = 0;         ///< those of them that the statistics hold within FitOptions::profile_bytes
  double drift_auroc = 0.5;             ///< as Drift::auroc
  bool drift_warning = false;
  AlarmRates alarms;
  ProfileFigures profiles;  ///< all 0 without a profile key
  RepairFigures repair;     ///< where a tagger was trained
  /// In words, for people: why the target cannot be promised, or is not held, and what to do. Empty if all is well.
  std::vector<std::string> warnings;
};

/// Learns normal behaviour. Deterministic for a seed at any concurrency; killed and resumed from its state file it
/// gives the same bits. Stopped by `progress` it saves its state first, whatever save_seconds says; the error then
/// names the file, the training and its step. @throws Error bad_format (no events), invalid_argument (fewer than 20
/// sequences, options out of range), cancelled (progress), io_error (state_file), bad_checkpoint (a state file of other
/// data, options, instruction set or backend), non_finite.
std::shared_ptr<const BehaviourModel> fit(const Dataset& data, const FitOptions& options, FitReport* report = nullptr,
                                          Executor& executor = inline_executor(), ProgressSink progress = {});

}  // namespace v0
}  // namespace seqguard
