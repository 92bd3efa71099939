// The trainings of a fit one after another: each goes on where the state file stopped, saves itself, ends in time, and
// says where it was when the host stops it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/sequence_scorer/fit.hpp"
#include "seqguard/training/state_file.hpp"
#include "seqguard/training/trainer.hpp"
#include "sequence_scorer/fit_state.hpp"

namespace seqguard {
inline namespace v0 {

/// Options and executor are borrowed. One fit, one thread.
class FitTrainings {
 public:
  /// `trainings`: how many there are. With FitOptions::resume the state is that of the file, if there is one.
  FitTrainings(const FitOptions& options, std::size_t trainings, StateDescription description, Executor& executor,
               ProgressSink progress);

  FitState& state() noexcept { return state_; }
  bool resumed() const noexcept { return resumed_; }
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(); }

  /// Runs training number state().job, of `steps` steps, to its end. Returns its best held-out loss.
  /// @throws Error cancelled, as FitReport says.
  double run(Trainer<float>& trainer, std::size_t steps, const std::string& phase);
  /// Saves what was made of the training that has run, and goes on with the next one.
  void finish();
  /// Reports that what training `phase` has learned calibrates so many sequences. @throws Error cancelled.
  void report_calibration(const std::string& phase, std::size_t sequences) const;

 private:
  double deadline() const;
  void save() const;
  [[noreturn]] void stopped_after(const std::string& step, std::size_t training, const std::string& phase) const;

  const FitOptions& options_;
  std::size_t trainings_;
  StateDescription description_;
  Executor& executor_;
  ProgressSink progress_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  FitState state_;
  bool resumed_ = false;
};

}  // namespace v0
}  // namespace seqguard
