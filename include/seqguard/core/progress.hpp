// What a long computation tells its host, and how the host stops it.
#pragma once

#include <cstddef>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// One report. Strings are valid during the call only.
struct Progress {
  std::string_view phase;      ///< e.g. "pre-training", "fold 2/4", "calibration"
  std::size_t done = 0;        ///< units of work finished in this phase
  std::size_t total = 0;       ///< units of work of this phase
  double seconds = 0;          ///< since the phase began
  double seconds_left = 0;     ///< of this phase, at the pace so far; 0: done, or not known
  double loss = 0;             ///< training loss of the last step; 0 where there is none
  double learning_rate = 0;    ///< of the last step
  double gradient_norm = 0;    ///< of the last step, before clipping; 0 where there is none
  double metric = 0;           ///< what early stopping judged at the last validation since the phase began; 0: nothing
  double validation_loss = 0;  ///< the best of what it has judged; 0 where there is none
  std::size_t skipped = 0;     ///< steps that were left out by the guards
};

/// Return false to stop: the computation ends with Error cancelled, and leaves what was saved before.
using ProgressCallback = bool (*)(const Progress&, void* user);

/// A callback with its context; empty by default.
struct ProgressSink {
  ProgressCallback callback = nullptr;
  void* user = nullptr;
  bool report(const Progress& progress) const { return callback == nullptr || callback(progress, user); }
};

}  // namespace v0
}  // namespace seqguard
