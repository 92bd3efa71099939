#include "sequence_scorer/fit_trainings.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {

FitTrainings::FitTrainings(const FitOptions& options, std::size_t trainings, StateDescription description,
                           Executor& executor, ProgressSink progress)
    : options_(options),
      trainings_(trainings),
      description_(std::move(description)),
      executor_(executor),
      progress_(progress) {
  resumed_ = options_.resume && !options_.state_file.empty() && file_exists(options_.state_file);
  if (resumed_) state_ = load_state<FitState>(options_.state_file, description_);
}

double FitTrainings::run(Trainer<float>& trainer, std::size_t steps, const std::string& phase) {
  using Clock = std::chrono::steady_clock;
  if (state_.has_trainer) trainer.restore(std::move(state_.trainer));
  const double end_at = deadline();
  Clock::time_point saved = Clock::now();
  const auto save_trainer = [&] {
    state_.has_trainer = true;
    state_.trainer = trainer.state();
    save();
    saved = Clock::now();
  };
  try {
    trainer.run(executor_, phase, progress_, [&] {
      if (!trainer.finished() && seconds() > end_at) trainer.stop();
      const double since = std::chrono::duration<double>(Clock::now() - saved).count();
      if (since >= options_.save_seconds || trainer.finished()) save_trainer();
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::cancelled) throw;
    save_trainer();
    stopped_after("step " + std::to_string(state_.trainer.step) + " of " + std::to_string(steps) + " of ", state_.job,
                  phase);
  }
  const TrainerState<float>& end = trainer.state();
  state_.cut_at.push_back(end.stopped ? end.step : 0);
  return end.early_stopping.best_loss;
}

/// When the present training has used its share of FitOptions::max_minutes, in seconds of this fit: of the time that is
/// left each training that is left may use the same.
double FitTrainings::deadline() const {
  if (options_.max_minutes <= 0) return std::numeric_limits<double>::infinity();
  const double now = seconds(), left = 60 * options_.max_minutes - now;
  return now + left / static_cast<double>(trainings_ - state_.job);
}

void FitTrainings::finish() {
  ++state_.job;
  state_.has_trainer = false;
  state_.trainer = {};
  save();
}

void FitTrainings::save() const {
  if (!options_.state_file.empty()) save_state(state_, options_.state_file, description_);
}

void FitTrainings::report_calibration(const std::string& phase, std::size_t sequences) const {
  Progress report;
  report.phase = "calibration";
  report.done = report.total = sequences;
  const std::size_t last = std::max<std::size_t>(1, state_.cut_at.size());
  if (!progress_.report(report)) stopped_after("", last - 1, phase);
}

void FitTrainings::stopped_after(const std::string& step, std::size_t training, const std::string& phase) const {
  std::string what = "stopped after " + step + "training " + std::to_string(training + 1) + " of " +
                     std::to_string(trainings_) + " (" + phase + ")";
  if (!options_.state_file.empty()) what += "; saved in " + options_.state_file;
  fail(ErrorCode::cancelled, "fit", what);
}

}  // namespace v0
}  // namespace seqguard
