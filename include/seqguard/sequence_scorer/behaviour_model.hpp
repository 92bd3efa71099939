// Everything a behaviour model consists of, in memory and as a directory.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/core/load_options.hpp"
#include "seqguard/core/load_report.hpp"
#include "seqguard/detection/event_calibration.hpp"
#include "seqguard/detection/key_store.hpp"
#include "seqguard/detection/label_classifier.hpp"
#include "seqguard/detection/number_profile.hpp"
#include "seqguard/detection/self_views.hpp"
#include "seqguard/detection/sequence_detector.hpp"
#include "seqguard/events/schema.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/repair/sequence_repairer.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

/// Immutable once built; shared by all scorers.
struct BehaviourModel {
  EventSchema schema;
  Model<float> encoder;
  SequenceDetector detector;
  EventCalibration events;
  double target_fpr = 0.01;                    ///< a sequence with a smaller p-value is called abnormal
  double drift_auroc = 0.5;                    ///< second half of the training normals against the first; .5: no drift
  std::string training = "{}";                 ///< JSON object: the plan that fit followed, for people
  std::optional<LabelClassifier> labels = {};  ///< what fine_tune() has learned; its view is k_label_view of the recipe
  std::optional<SequenceRepairer> repairer = {};  ///< nullopt: fitted without one; the model repairs nothing
  std::optional<SelfViews> self = {};             ///< profiles of keys: what their views compare with (self_views())
  std::shared_ptr<KeyStore> profiles =
      {};                           ///< of the keys; the one part of a model that may change: not null with self
  bool judges_by_gate = false;      ///< the recipe has k_gate_view, whose numbers the repairer gives
  std::size_t recalibrated_on = 0;  ///< normals that recalibrate() put in the place of those of fit; 0: never
  Precision calibrated_in = Precision::fp32;  ///< of the products whose scores the calibration has seen
  LoadReport report = {};                     ///< of the load; nothing after a fit
  NumberProfile numbers = {};  ///< gives NumberProfile::views() of the recipe; empty: the recipe has none
  /// Of single events, by event_label_features(); `labels` reads what it says. nullopt: no labels of events.
  std::optional<LabelClassifier> event_labels = {};
};

/// Which numbers come with each sequence beside the surprises of the encoder.
struct GivenKinds {
  bool numbers = false;  ///< NumberProfile::views()
  bool gate = false;
  bool labels = false;
};

/// Their names: surprise_views(), those of numbers, the view of the gate, self_views() where the schema has a profile
/// key, and the view of the labels, where there are such.
std::vector<std::string> given_views(const EventSchema& schema, const GivenKinds& kinds);

/// Writes config.json, model.safetensors, event_schema.json, profile.safetensors, event_calibration.safetensors and
/// detector.json, numbers.safetensors where numbers are views, labels.safetensors where labels were learned,
/// event_labels.safetensors where they were of events, tagger/
/// where there is a repair, population.safetensors and key_profiles.bin where keys have profiles, complete or not at
/// all.
/// @throws Error io_error; unsupported: a model that was loaded, whose weights are packed; copy its directory
/// instead.
void save_behaviour_model(const BehaviourModel& model, const std::string& directory);

/// Writes the profiles of the keys, which may have changed since the model was loaded, in the place of those of
/// `directory`, complete or not at all. @throws Error io_error; unsupported: a model without profiles;
/// bad_checkpoint: another model is there.
void save_profiles(const BehaviourModel& model, const std::string& directory);

/// Whether a directory is meant to hold such a model, by its files: it has detector.json or event_schema.json.
bool holds_behaviour_model(const std::string& directory);

/// Opens a directory for scoring: it cannot be saved again (Model::values()). detector.json names the SHA-256 of
/// every file that belongs to it: mixed generations are refused. Each file is read once, and parsed from the bytes
/// whose digest was compared (under FileAccess::map, the encoder's weights from one mapping).
/// @throws Error as SequenceScorer::load.
std::shared_ptr<const BehaviourModel> load_behaviour_model(const std::string& directory,
                                                           const LoadOptions& options = {});

}  // namespace v0
}  // namespace seqguard
