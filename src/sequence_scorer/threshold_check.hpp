// Whether the threshold of a finished model holds: on its own normals, on held-out ones, and by what is not known.
#pragma once

#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/normals.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"

namespace seqguard {
inline namespace v0 {

/// Judges the model's own normals, and its calibration normals by each other. The same numbers at any concurrency.
AlarmRates alarm_rates(const BehaviourModel& model, const FitInput& input, Executor& executor);

/// Its calibration normals alone.
AlarmRates held_out_alarm_rates(const BehaviourModel& model);

/// What does not hold, or cannot be known to hold (FitReport::warnings):
/// - more alarms among its own or the held-out normals than the target explains (binomial, 99.9 %);
/// - a target below a fifth of 1 / (n + 1), n normals that calibrate: a tail that nobody has seen would decide;
/// - a sequence of unknown events that is not called abnormal;
/// - hardly a normal that is the only one of its kind, and few normals: nothing tells how a new kind would score. Of n
///   normals none of which is new, up to 3 / n of the traffic may be (rule of three, 95 %).
std::vector<std::string> threshold_warnings(const AlarmRates& rates, const Normals& normals);

}  // namespace v0
}  // namespace seqguard
