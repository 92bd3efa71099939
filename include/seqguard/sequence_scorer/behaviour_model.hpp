// Everything a behaviour model consists of, in memory and as a directory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "seqguard/detection/event_detector.hpp"
#include "seqguard/detection/sequence_detector.hpp"
#include "seqguard/detection/tail_calibration.hpp"
#include "seqguard/events/schema.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {

/// Calibration of single events on the events of held-out normals.
struct EventCalibration {
  TailCalibration next;     ///< surprise of the past alone; empty: not calibrated
  TailCalibration masked;   ///< surprise of both sides
  double repeat_share = 1;  ///< share of the normals' events that occurred before in their sequence
  double unseen_share = 1;  ///< Vocabulary::unseen_share() of the primary column; follows from the schema, in no file
  /// Where normals rarely repeat, a repeated event is suspicious by itself and not a candidate of a repair.
  bool repeats_are_rare() const noexcept { return repeat_share < k_rare; }
  /// Where normals rarely bring a new value, one that nobody has seen is suspicious by itself.
  bool unseen_are_rare() const noexcept { return unseen_share < k_rare; }
};

/// Immutable once built; shared by all scorers.
struct BehaviourModel {
  EventSchema schema;
  Model<float> encoder;
  SequenceDetector detector;
  EventCalibration events;
  double target_fpr = 0.01;
  double drift_auroc = 0.5;     ///< second half of the training normals against the first
  std::string training = "{}";  ///< JSON object: the plan that fit followed, for people
};

/// Writes config.json, model.safetensors, event_schema.json, profile.safetensors and detector.json, complete or not at
/// all.
/// @throws Error io_error; unsupported: a model that was loaded; copy its directory instead.
void save_behaviour_model(const BehaviourModel& model, const std::string& directory);

/// Opens a directory for scoring: it cannot be saved again (Model::values()). detector.json names the SHA-256 of every
/// file that belongs to it: mixed generations are refused.
/// @throws Error as SequenceScorer::load.
std::shared_ptr<const BehaviourModel> load_behaviour_model(const std::string& directory,
                                                           const LoadOptions& options = {});

}  // namespace seqguard
