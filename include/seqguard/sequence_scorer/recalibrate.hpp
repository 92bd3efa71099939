// A new calibration of a fitted model from recent normal traffic: thresholds move, what was learned stays.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/fit.hpp"

namespace seqguard {
inline namespace v0 {

struct RecalibrationOptions {
  std::optional<double> target_fpr;  ///< empty: the model's
  LoadOptions compute;
};

/// What a recalibration has to say.
struct RecalibrationReport {
  std::size_t sequences = 0;
  std::size_t alarms_before = 0;  ///< of them, called abnormal by the calibration of before
  AlarmRates alarms;              ///< by the new one; own_judged is 0: all of them calibrate
  /// As FitReport::warnings; also if fewer than two events have a value that the encoder knows: what judges events from
  /// both sides then stays as it was.
  std::vector<std::string> warnings;
};

/// Judges `normals` by the model in directory `from`, and writes to `to` (which may be `from`) a model that has its
/// encoder, vocabulary and statistics byte for byte, and is calibrated on these sequences: p-values of sequences and of
/// events, and the rule for repeated events. The normals must not be those that the model was fitted on, which it
/// knows: they look too normal, and new traffic would alarm too often (warned of if half of them are). The gate of the
/// repair stays on the normals of the fit.
///
/// The same files for the same arguments at any concurrency of the executor. Progress: phase "recalibration"; its
/// units are three for each sequence (four where labels were learned), reported in batches of 16 sequences a worker.
/// @throws Error as load_behaviour_model(); bad_event: columns that do not fit the model; invalid_argument: fewer than
/// 20 sequences, a target outside (0, 1); cancelled; io_error: `to` cannot be written, and is then as it was.
RecalibrationReport recalibrate(const std::string& from, const Dataset& normals, const std::string& to,
                                const RecalibrationOptions& options = {}, Executor& executor = inline_executor(),
                                ProgressSink progress = {});

}  // namespace v0
}  // namespace seqguard
