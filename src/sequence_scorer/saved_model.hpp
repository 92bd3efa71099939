// The files of a behaviour model, for what changes some of them and keeps the others.
#pragma once

#include <string>

#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard {
inline namespace v0 {

/// load_behaviour_model() as a value.
BehaviourModel read_behaviour_model(const std::string& directory, const LoadOptions& options);

/// Tells one fit of a directory from another: the digests of its files. @throws Error file_not_found, io_error.
std::string generation_of(const std::string& directory);

/// Writes to directory `to` what is calibrated and decided (detector and events) from `model`, and every other file of
/// the model in `from` as it is there. `to` may be `from`. @throws Error as load_behaviour_model(); io_error;
/// bad_checkpoint: `from` is no longer of that generation.
void save_calibration(const BehaviourModel& model, const std::string& from, const std::string& generation,
                      const std::string& to);

}  // namespace v0
}  // namespace seqguard
