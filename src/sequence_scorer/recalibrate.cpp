#include "seqguard/sequence_scorer/recalibrate.hpp"

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

std::size_t alarms_of(const BehaviourModel& model, std::span<const TypeSequence> types, std::span<const double> given) {
  SequenceDetector::Scratch scratch;
  const std::size_t views = given.size() / types.size();
  std::size_t alarms = 0;
  for (std::size_t i = 0; i < types.size(); ++i)
    alarms +=
        model.detector.judge(types[i], given.subspan(i * views, views), scratch).p_value < model.target_fpr ? 1 : 0;
  return alarms;
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
         std::to_string(k_least_sequences), std::to_string(n));
  if (options.target_fpr && !(*options.target_fpr > 0 && *options.target_fpr < 1))
    fail(ErrorCode::invalid_argument, "recalibrate", "target false-positive rate", "between 0 and 1",
         std::to_string(*options.target_fpr));
  const auto go_on = [&](std::size_t done) {
    const Progress judged{.phase = "recalibration", .done = done, .total = n};
    if (!progress.report(judged)) fail(ErrorCode::cancelled, "recalibrate", "stopped on request");
  };
  go_on(0);
  const std::string generation = generation_of(from);
  BehaviourModel model = read_behaviour_model(from, options.compute);

  const FitInput input{FitOptions(), model.schema, EncodedData(normals, model.schema), FitPlan()};
  FitJob all;
  all.held_out.resize(n);
  std::iota(all.held_out.begin(), all.held_out.end(), 0u);
  FitState state;
  state.next.assign(n * surprise_views(model.schema).size(), std::numeric_limits<double>::quiet_NaN());
  add_held_out_surprise(state, model.encoder, input, all, executor);
  go_on(n);

  std::vector<TypeSequence> types;
  for (std::size_t i = 0; i < n; ++i) types.push_back(input.data.types(i));
  const std::size_t alarms_before = alarms_of(model, types, state.next);
  if (options.target_fpr) model.target_fpr = *options.target_fpr;
  const Normals distinct(types);
  model.detector.recalibrate(types, state.next);
  model.events.next = calibrate_events(state.event_next);
  if (state.event_masked.size() >= 2) model.events.masked = calibrate_events(state.event_masked);
  model.events.rules.repeat_share = share_of_repeats(distinct);
  model.recalibrated_on = n;

  RecalibrationReport report;
  report.sequences = n;
  report.alarms_before = alarms_before;
  report.alarms = held_out_alarm_rates(model);
  report.warnings = threshold_warnings(report.alarms, distinct);
  warn_of_learned(model.detector.count_learned(types), n, report.warnings);
  go_on(n);
  save_calibration(model, from, generation, to);
  return report;
}

}  // namespace v0
}  // namespace seqguard
