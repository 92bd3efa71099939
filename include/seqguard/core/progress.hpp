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
  double loss = 0;             ///< training loss, mean since the last report; 0 where there is none
  double validation_loss = 0;  ///< held-out loss of the last validation; 0 where there is none
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
