// How often a model alarms on normal sequences, for people and as JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/json_writer.hpp"
#include "seqguard/sequence_scorer/fit.hpp"

namespace seqguard::cli {

/// "1.2 % (12 of 1,000)".
std::string alarms_text(std::size_t alarms, std::size_t judged);

/// The members "target_fpr", "own_judged", "own_alarms", "held_out", "held_out_alarms" and "warnings" of a summary.
void write_alarms(const AlarmRates& alarms, std::span<const std::string> warnings, JsonWriter& json);

}  // namespace seqguard::cli
