#include "seqguard/sequence_scorer/recalibrate.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "sequence_scorer/given_numbers.hpp"
#include "sequence_scorer/held_out_surprise.hpp"
#include "sequence_scorer/saved_model.hpp"
#include "sequence_scorer/threshold_check.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_least_sequences = 20;
constexpr std::size_t k_least_masked = 2;  // of TailCalibration
constexpr const char* k_masked_warning =
    "fewer than two of these events can be judged from both sides, the others hold values that are too rare for the "
    "encoder: p-values of single events from both sides stay those of the calibration before";

/// Passes over all sequences: surprise of the encoder, alarms of before, scores of the statistics.
constexpr std::size_t k_passes = 3;

/// Hands tasks on in batches, and reports after each. As each task is a sequence of its own, batches change no bit.
class ReportingExecutor final : public Executor {
 public:
  ReportingExecutor(Executor& executor, ProgressSink progress, std::size_t total)
      : executor_(executor), progress_(progress), total_(total) {}

  std::size_t concurrency() const noexcept override { return executor_.concurrency(); }
  void run(std::size_t count, FunctionRef<void(std::size_t, std::size_t)> function) override {
    const std::size_t batch = k_batch * executor_.concurrency();
    for (std::size_t first = 0; first < count; first += batch) {
      const std::size_t size = std::min(batch, count - first);
      executor_.run(size, [&](std::size_t task, std::size_t worker) { function(first + task, worker); });
      done_ += size;
      report();
    }
  }
  /// @throws Error cancelled.
  void report() const {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began_;
    if (!progress_.report({.phase = "recalibration", .done = done_, .total = total_, .seconds = seconds.count()}))
      fail(ErrorCode::cancelled, "recalibrate", "stopped on request");
  }

 private:
  static constexpr std::size_t k_batch = 16;  // sequences per worker between two reports: well below a second

  Executor& executor_;
  ProgressSink progress_;
  std::size_t total_, done_ = 0;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

std::size_t alarms_of(const BehaviourModel& model, std::span<const TypeSequence> types, std::span<const double> given,
                      Executor& executor) {
  const std::size_t views = given.size() / types.size();
  auto scratches = make_per_worker(executor, [] { return SequenceDetector::Scratch(); });
  std::vector<std::uint8_t> alarm(types.size());
  executor.run(types.size(), [&](std::size_t i, std::size_t worker) {
    const Judgement judgement = model.detector.judge(types[i], given.subspan(i * views, views), scratches[worker]);
    alarm[i] = judgement.p_value < model.target_fpr ? 1 : 0;
  });
  return static_cast<std::size_t>(std::count(alarm.begin(), alarm.end(), 1));
}

void warn_of_learned(std::size_t learned, std::size_t n, std::vector<std::string>& warnings) {
  constexpr double k_share = 0.5;
  if (static_cast<double>(learned) <= k_share * static_cast<double>(n)) return;
  warnings.push_back(
      std::to_string(learned) + " of these " + std::to_string(n) +
      " sequences are ones that fit has learned from: they look too normal, and a threshold made of them "
      "alarms too often; calibrate on traffic that fit has not seen");
}

}  // namespace

RecalibrationReport recalibrate(const std::string& from, const Dataset& normals, const std::string& to,
                                const RecalibrationOptions& options, Executor& executor, ProgressSink progress) {
  const std::size_t n = normals.sequences().size();
  if (n < k_least_sequences)
    fail(ErrorCode::invalid_argument, "recalibrate", "too few sequences to calibrate on",
         "at least " + std::to_string(k_least_sequences) + " sequences", std::to_string(n));
  if (options.target_fpr && !(*options.target_fpr > 0 && *options.target_fpr < 1))
    fail(ErrorCode::invalid_argument, "recalibrate", "target false-positive rate (--target-fpr)", "between 0 and 1",
         std::to_string(*options.target_fpr));
  require_training_precision(options.compute.precision);
  const std::string generation = generation_of(from);
  BehaviourModel model = read_behaviour_model(from, options.compute);
  const bool gives_more =  // than surprises
      model.labels || model.judges_by_gate || model.self || !model.numbers.empty();
  ReportingExecutor reporting(executor, progress, (k_passes + (gives_more ? 1 : 0)) * n);
  reporting.report();

  const FitInput input{FitOptions(), model.schema, EncodedData(normals, model.schema), FitPlan()};
  FitJob all;
  all.held_out.resize(n);
  std::iota(all.held_out.begin(), all.held_out.end(), 0u);
  FitState state;
  state.next.assign(n * surprise_views(model.schema).size(), std::numeric_limits<double>::quiet_NaN());
  add_held_out_surprise(state, model.encoder, input, all, reporting);

  const std::vector<double> given =
      gives_more ? given_numbers(model, input.data, all.held_out, reporting) : std::move(state.next);

  std::vector<TypeSequence> types;
  for (std::size_t i = 0; i < n; ++i) types.push_back(input.data.types(i));
  const std::size_t alarms_before = alarms_of(model, types, given, reporting);
  if (options.target_fpr) model.target_fpr = *options.target_fpr;
  const Normals distinct(types);
  model.detector.recalibrate(types, given, reporting);
  model.events.next = calibrate_events(state.event_next);
  const bool knows_masked = state.event_masked.size() >= k_least_masked;
  if (knows_masked) model.events.masked = calibrate_events(state.event_masked);
  model.events.rules.repeat_share = share_of_repeats(distinct);
  model.recalibrated_on = n;

  RecalibrationReport report;
  report.sequences = n;
  report.alarms_before = alarms_before;
  report.alarms = held_out_alarm_rates(model);
  report.warnings = threshold_warnings(report.alarms, distinct);
  warn_of_learned(model.detector.count_learned(types), n, report.warnings);
  if (!knows_masked) report.warnings.push_back(k_masked_warning);
  save_calibration(model, from, generation, to);
  return report;
}

}  // namespace v0
}  // namespace seqguard
