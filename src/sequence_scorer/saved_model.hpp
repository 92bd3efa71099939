// The files of a behaviour model, for what changes some of them and keeps the others.
#pragma once

#include <string>

#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard {
inline namespace v0 {

/// load_behaviour_model() as a value.
BehaviourModel read_behaviour_model(const std::string& directory, const LoadOptions& options);

/// Writes to directory `to` what is calibrated and decided (detector and events) from `model`, and every other file of
/// the model in `from` as it is there. `to` may be `from`. @throws Error as load_behaviour_model(); io_error.
void save_calibration(const BehaviourModel& model, const std::string& from, const std::string& to);

}  // namespace v0
}  // namespace seqguard
