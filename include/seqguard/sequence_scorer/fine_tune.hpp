// Learning from labels: a behaviour model that also knows what was found to be wrong before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/detection/label_classifier.hpp"
#include "seqguard/events/class_labels.hpp"
#include "seqguard/sequence_scorer/fit.hpp"

namespace seqguard {
inline namespace v0 {

/// What becomes of the statistics of normal behaviour.
enum class NormalStatistics {
  automatic,  ///< made again where most of the labelled normals are ones that fit has learned from
  keep,       ///< those of fit; the labelled normals that fit has not learned from calibrate
  refit,      ///< made again from the labelled normals alone, so that what is labelled abnormal is in none of them
};

/// How the decision is made.
enum class LabelThreshold {
  target_fpr,  ///< FineTuneOptions::target_fpr of the normals are called abnormal
  best_f1,     ///< the rate whose F1 is the best on labelled sequences that were not learned from
};

struct FineTuneOptions {
  FeatureClassifierOptions network;  ///< its loss, class weights and seed are set by the fields below
  std::size_t members = 2;           ///< networks of each fold (LabelClassifierOptions)
  double focal_gamma = 0;            ///< > 0: focal loss
  std::optional<double> focal_alpha = std::nullopt;
  double label_smoothing = 0;
  /// Each class counts as much as the others, unless focal_alpha says how; else each sequence. Probabilities are then
  /// those of a world in which the classes are equally frequent.
  bool balanced = false;
  std::size_t folds = 5;              ///< of the labelled sequences: each is judged by networks that have not seen it
  std::optional<double> view_weight;  ///< of the labels in the recipe; empty: the best of a few on held-out sequences
  NormalStatistics statistics = NormalStatistics::automatic;
  LabelThreshold threshold = LabelThreshold::target_fpr;
  std::optional<double> target_fpr;  ///< empty: the model's
  std::uint64_t seed = 1;
  LoadOptions compute;
};

/// Figures on labelled sequences that were not learned from.
struct HeldOutFigures {
  double auroc = 0.5, average_precision = 0;
  double recall = 0;  ///< of the abnormal ones, at the rate that decides (AlarmRates::target)
};

/// A weight of the labels in the recipe that was tried.
struct WeightTrial {
  double weight = 0;
  HeldOutFigures figures;
};

/// How well numbers point at abnormal events, all labelled events together.
struct EventLabelFigures {
  double auroc = 0.5, average_precision = 0;
  double precision_at_n = 0;  ///< of as many events with the highest numbers as are abnormal (r_precision())
};

/// Of labels of events; figures on events of sequences that were not learned from.
struct EventLabelReport {
  std::size_t normal = 0, abnormal = 0;  ///< labelled events
  EventLabelFigures labels, surprise;    ///< by what was learned, and by the encoder's surprise of the past alone
  double precision = 0, recall = 0;      ///< of the events whose probability of being abnormal is a half or more
  std::size_t sequences = 0;             ///< with an event labelled abnormal
  std::size_t worst_hits = 0;            ///< of those: the most probable event is labelled abnormal
  double temperature = 1;
};

struct FineTuneReport {
  std::vector<std::string> classes;
  std::vector<std::size_t> class_counts;  ///< sequences
  std::size_t unlabelled = 0;             ///< sequences without a label: not used
  std::size_t left_out = 0;               ///< labelled, but learned by the statistics that stay: not used
  HeldOutFigures without_labels, labels_alone, together;
  std::vector<WeightTrial> trials;
  double weight = 0, temperature = 1;
  bool refitted = false;  ///< the statistics of normal behaviour were made again
  double seconds = 0;
  AlarmRates alarms;                            ///< own_judged is 0
  std::vector<std::string> warnings;            ///< in words, for people
  std::optional<EventLabelReport> events = {};  ///< where the labels were of events
};

/// Learns from labels what the model in directory `from` does not know, and writes to `to` (which
/// may be `from`) a model that judges by both: the encoder stays byte for byte, a few small networks (LabelClassifier)
/// learn on top of it, and their log odds become one more view of the recipe, calibrated like the others on normals
/// that they have not seen. What no label named is still found by the other views. Freezing the encoder and adding the
/// counts is better with few labels than fine-tuning all of it, and fifty times cheaper (reference/detection.md,
/// section 8).
///
/// Labels of events (ClassLabels::of_events) teach two things: further networks on features of each event
/// (event_label_features()) point at the abnormal ones (Score::event_probabilities), and what they say of a sequence's
/// events, beside sequence_labels(), is what its label is learned from. Events without a label (k_unknown_class) are
/// not learned from. Sequences, not events, are cut into folds.
///
/// A model that has learned from labels before forgets them: give all labels again.
/// Deterministic for a seed at any concurrency of the executor. Progress: phases "encoder", of labels of
/// events "events, fold i/n", and "labels, fold i/n"; weighing the view and making statistics again, which follow, are
/// not reported.
/// @throws Error as load_behaviour_model(); bad_event: columns that do not fit the model; invalid_argument: fewer than
/// 20 labelled normal sequences or 2 abnormal ones, options out of range; cancelled; io_error: `to`
/// cannot be written, and is then as it was.
FineTuneReport fine_tune(const std::string& from, const Dataset& data, const ClassLabels& labels, const std::string& to,
                         const FineTuneOptions& options = {}, Executor& executor = inline_executor(),
                         ProgressSink progress = {});

}  // namespace v0
}  // namespace seqguard
