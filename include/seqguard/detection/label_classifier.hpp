// What labels teach about sequences, or about single events, on top of an encoder that stays as it is: a few small
// networks on features of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/detection/label_features.hpp"
#include "seqguard/events/class_labels.hpp"
#include "seqguard/model/detail/profile_io.hpp"
#include "seqguard/training/feature_classifier.hpp"

namespace seqguard {
inline namespace v0 {

/// The given view that the log odds of the labels are (abnormal_log_odds()).
inline constexpr std::string_view k_label_view = "labels";

/// Most networks of a classifier, and their width.
inline constexpr std::size_t k_most_label_networks = 1000, k_most_label_hidden = 65536;

/// Buffers of one thread; they grow with the longest sequence and the most different events.
struct LabelScratch {
  LabelFeatureScratch features;
  SparseRows<float> row;
  FeatureScratch<float> network;

  /// Room for sequences of up to max_events: nothing is allocated from then on.
  void reserve(const LabelFeatures& features_of, const EventSchema& schema, std::size_t hidden, std::size_t outputs,
               std::size_t max_events);
};

/// What makes probabilities of logits come true: (z + shift of an abnormal class) / temperature.
struct LogitScale {
  double temperature = 1, shift = 0;
};

/// Of sequences (LabelFeatures), or of events (event_label_features()). Immutable once trained; const calls are
/// thread-safe with a scratch each.
struct LabelClassifier {
  std::vector<std::string> classes;  ///< the normal one first
  LabelFeatures features;
  FeatureScale<float> scale;
  std::vector<FeatureNetwork<float>> members;  ///< their logits are averaged
  /// Logits are divided by it before they become probabilities: calibrated on sequences that were not learned from.
  double temperature = 1;

  /// Two classes: one logit, of the second. More: one each.
  std::size_t outputs() const noexcept { return classes.size() == 2 ? 1 : classes.size(); }
  HeadLoss loss() const noexcept { return classes.size() == 2 ? HeadLoss::binary : HeadLoss::softmax; }

  /// [x.rows(), outputs()] of rows of features, which are scaled in place. `order` is a buffer.
  void logits(const KernelTable<float>& kernels, SparseRows<float>& x, std::vector<std::uint32_t>& order,
              FeatureScratch<float>& scratch, std::span<float> out) const;
  /// [outputs()] of one sequence; arguments as of append_label_features().
  void logits(const KernelTable<float>& kernels, const EventSchema& schema, const EncodedEvents& events,
              const Surprise& surprise, std::span<const double> views, LabelScratch& scratch,
              std::span<float> out) const;
  /// The same classifier with members [first, first + count) alone: those of a fold.
  LabelClassifier of_members(std::size_t first, std::size_t count) const;
  /// Divides logits by a temperature after a shift of those of abnormal classes.
  void calibrate(const LogitScale& scale);
  /// Probabilities [classes] from logits [outputs()].
  void probabilities(std::span<const float> logits, std::span<double> out) const;

  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint.
  static LabelClassifier load(const SafetensorsFile& file, std::vector<std::string> classes,
                              const LabelFeatures& features);
};

/// How a classifier of labels is trained.
struct LabelClassifierOptions {
  FeatureClassifierOptions network;  ///< its loss follows from the number of classes
  /// Networks of a fold. Every second one reads the dense features alone, so that few labels are not lost among
  /// thousands of counts. Held-out AUROC of labels without / with such: simulated shop .950 / .957 and .964 / .967.
  std::size_t members = 2;
};

/// Trains networks for each fold on the rows of the others, and keeps all of them: a new sequence is judged by the mean
/// of all folds, a labelled one - in the returned logits [rows, outputs] - by those that have not learned from it. That
/// is no more certain of a new sequence than of a held-out one, so that a threshold made of these holds; one more
/// training on all rows would be (3.4 % false alarms of 500 at a target of 1 %, three folds). `x`: unscaled features;
/// labels[row]: class; folds[row]: from 0 on. Members in parallel; the same bits at any concurrency. before_fold() is
/// called with each fold's number. @throws Error as train_feature_network().
std::vector<float> train_label_classifier(LabelClassifier& classifier, const KernelTable<float>& kernels,
                                          const SparseRows<float>& x, std::span<const std::size_t> labels,
                                          std::span<const std::size_t> folds, const LabelClassifierOptions& options,
                                          Executor& executor, FunctionRef<void(std::size_t)> before_fold);

/// Logits [rows.size(), outputs] of rows of features x (unscaled).
std::vector<float> label_logits(const LabelClassifier& classifier, const KernelTable<float>& kernels,
                                const SparseRows<float>& x, std::span<const std::uint32_t> rows);

/// The temperature that makes the probabilities of these logits [rows, outputs] most likely: minimal cross-entropy
/// against class labels[rows] (Guo et al. 2017). In [.05, 20].
double fit_temperature(HeadLoss loss, std::span<const float> logits, std::span<const std::size_t> labels);

/// Temperature and shift with minimal cross-entropy: where normals are more frequent than those that were learned from
/// (Platt 1999). The temperature is in [.05, 20]; 1 and 0 where one of the two sides is empty. labels[row]:
/// k_unknown_class is passed over.
LogitScale fit_logit_scale(HeadLoss loss, std::span<const float> logits, std::span<const std::size_t> labels);

/// log of the odds that something is abnormal, from one row of logits: of a softmax, whose first class is the normal
/// one, log (1 - p_0) / p_0; of a binary label its logit.
double abnormal_log_odds(HeadLoss loss, std::span<const float> logits) noexcept;

}  // namespace v0
}  // namespace seqguard
