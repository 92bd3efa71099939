#include "seqguard/sequence_scorer/recalibrate.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "sequence_scorer/held_out_surprise.hpp"
#include "sequence_scorer/saved_model.hpp"
#include "sequence_scorer/threshold_check.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_least_sequences = 20;

/// What the calibration of before says of the new normals.
struct Before {
  std::size_t alarms = 0;
  std::size_t upper_half = 0;  ///< ranked among the more abnormal half of the normals of before
};

Before judge_by_old(const BehaviourModel& model, std::span<const TypeSequence> types, std::span<const double> given) {
  Before before;
  SequenceDetector::Scratch scratch;
  const std::size_t views = given.size() / types.size();
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Judgement judgement = model.detector.judge(types[i], given.subspan(i * views, views), scratch);
    before.alarms += judgement.p_value < model.target_fpr ? 1 : 0;
    before.upper_half += judgement.p_conformal <= 0.5 ? 1 : 0;
  }
  return before;
}

/// Of new normals half rank in the upper half of held-out ones, or somewhat fewer, since the finished model has seen
/// more than those of the folds (150 visits: .33); of those that the model has learned from .14 to .17 do.
void warn_of_known_normals(const Before& before, std::size_t n, std::vector<std::string>& warnings) {
  constexpr double k_share = 0.25, k_deviations = 2;
  const auto count = static_cast<double>(n);
  if (static_cast<double>(before.upper_half) >
      k_share * count - k_deviations * std::sqrt(k_share * (1 - k_share) * count))
    return;
  warnings.push_back("these sequences look more normal than held-out ones did (" + std::to_string(before.upper_half) +
                     " of " + std::to_string(n) +
                     " in the upper half): were they used in fit? Sequences that the model has learned from make a "
                     "threshold that alarms too often");
}

}  // namespace

RecalibrationReport recalibrate(const std::string& from, const Dataset& normals, const std::string& to,
                                const RecalibrationOptions& options, Executor& executor, ProgressSink progress) {
  const std::size_t n = normals.sequences().size();
  if (n < k_least_sequences)
    fail(ErrorCode::invalid_argument, "recalibrate", "too few sequences to calibrate on",
         std::to_string(k_least_sequences), std::to_string(n));
  BehaviourModel model = read_behaviour_model(from, options.compute);
  if (options.target_fpr) model.target_fpr = *options.target_fpr;
  if (!(model.target_fpr > 0 && model.target_fpr < 1))
    fail(ErrorCode::invalid_argument, "recalibrate", "target false-positive rate", "between 0 and 1",
         std::to_string(model.target_fpr));

  const FitInput input{FitOptions(), model.schema, EncodedData(normals, model.schema), FitPlan()};
  FitJob all;
  all.held_out.resize(n);
  std::iota(all.held_out.begin(), all.held_out.end(), 0u);
  FitState state;
  state.next.assign(n * surprise_views(model.schema).size(), std::numeric_limits<double>::quiet_NaN());
  add_held_out_surprise(state, model.encoder, input, all, executor);
  const Progress judged{.phase = "recalibration", .done = n, .total = n};
  if (!progress.report(judged)) fail(ErrorCode::cancelled, "recalibrate", "stopped on request");

  std::vector<TypeSequence> types;
  for (std::size_t i = 0; i < n; ++i) types.push_back(input.data.types(i));
  const Before before = judge_by_old(model, types, state.next);
  const Normals distinct(types);
  model.detector.recalibrate(types, state.next);
  model.events.next = calibrate_events(state.event_next);
  if (state.event_masked.size() >= 2) model.events.masked = calibrate_events(state.event_masked);
  model.events.rules.repeat_share = share_of_repeats(distinct);
  model.recalibrated_on = n;

  RecalibrationReport report;
  report.sequences = n;
  report.alarms_before = before.alarms;
  report.alarms = held_out_alarm_rates(model);
  report.warnings = threshold_warnings(report.alarms, distinct);
  warn_of_known_normals(before, n, report.warnings);
  save_calibration(model, from, to);
  return report;
}

}  // namespace v0
}  // namespace seqguard
