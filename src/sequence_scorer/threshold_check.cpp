#include "sequence_scorer/threshold_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <span>

#include "seqguard/core/random.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "sequence_scorer/given_numbers.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr double k_confidence = 0.999;
/// Normals of which there is one: with fewer than TailCalibration needs for a scale, it tells nothing about new kinds.
constexpr std::size_t k_fewest_single = 5;
/// Of n normals the most abnormal one stands for a share of 1 / (n + 1); what is rarer is read off a tail that goes on
/// beyond it. bench/thresholds.sh shows that the tail holds for a fifth of that share: 20 normals at 1 %.
constexpr double k_extrapolated = 5;
/// A share of new kinds that may be so many times the target is warned of.
constexpr double k_tolerated = 5;

std::size_t own_alarms(const BehaviourModel& model, const FitInput& input, std::span<const std::uint32_t> judged,
                       Executor& executor) {
  const std::vector<double> given = given_numbers(model, input.data, judged, executor);
  const std::size_t views = given.size() / judged.size();
  auto scratches = make_per_worker(executor, [] { return SequenceDetector::Scratch(); });
  std::vector<std::uint8_t> alarm(judged.size());
  executor.run(judged.size(), [&](std::size_t k, std::size_t worker) {
    alarm[k] = model.detector.predict(input.data.types(judged[k]), scratches[worker],
                                      std::span(given).subspan(k * views, views));
  });
  return static_cast<std::size_t>(std::count(alarm.begin(), alarm.end(), 1));
}

/// Scores that a threshold made of the nine tenths without them would call abnormal.
std::size_t held_out_alarms(const TailCalibration& calibration, double target) {
  constexpr std::size_t k_parts = 10;
  constexpr std::uint64_t k_stream = 0xA1A7;
  std::vector<double> shuffled(calibration.scores().begin(), calibration.scores().end());
  Random(1, k_stream).shuffle(shuffled);
  std::size_t alarms = 0;
  for (std::size_t part = 0; part < k_parts; ++part) {
    std::vector<double> others, own;
    for (std::size_t i = 0; i < shuffled.size(); ++i) (i % k_parts == part ? own : others).push_back(shuffled[i]);
    if (others.size() < 2) return 0;
    const TailCalibration tail(others, TailRule::cautious);
    for (const double score : own) alarms += tail.p_value(score) < target ? 1 : 0;
  }
  return alarms;
}

std::string number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}
std::string percent(double share) { return number(100 * share) + " %"; }

/// So many sequences at least.
std::string count(double sequences) {
  constexpr double k_readable = 1e15;
  return sequences < k_readable ? std::to_string(static_cast<std::uint64_t>(std::ceil(sequences))) : number(sequences);
}

/// Of the normal of median length, each event replaced by one of its own that nobody has seen. The encoder's opinion is
/// left out (NaN), so that the statistics alone must see it.
double unknown_p_value(const BehaviourModel& model, const EncodedData& data) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i < data.size(); ++i) lengths.push_back(data[i].n);
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  std::vector<TypeId> unknown(*middle);
  for (std::size_t i = 0; i < unknown.size(); ++i) unknown[i] = k_unseen_type | static_cast<TypeId>(i);
  const std::vector<double> no_opinion(model.detector.given().size(), std::numeric_limits<double>::quiet_NaN());
  SequenceDetector::Scratch scratch;
  return model.detector.judge(unknown, no_opinion, scratch).p_value;
}

/// Empty if the target explains the alarms.
std::string excess(std::size_t alarms, std::size_t judged, double target, const std::string& whose) {
  if (judged == 0 || alarms <= binomial_quantile(judged, target, k_confidence)) return "";
  return "the threshold does not hold: " + percent(static_cast<double>(alarms) / static_cast<double>(judged)) +
         " of its " + whose + " (" + std::to_string(alarms) + " of " + std::to_string(judged) +
         ") are called abnormal, the target is " + percent(target);
}

}  // namespace

AlarmRates alarm_rates(const BehaviourModel& model, const FitInput& input, Executor& executor) {
  constexpr std::size_t k_most = 1000;
  const std::size_t n = input.data.size();
  std::vector<std::uint32_t> judged(std::min(n, k_most));
  for (std::size_t k = 0; k < judged.size(); ++k) judged[k] = static_cast<std::uint32_t>(k * n / judged.size());
  AlarmRates rates = held_out_alarm_rates(model);
  rates.own_judged = judged.size();
  rates.own_alarms = own_alarms(model, input, judged, executor);
  rates.unknown_p_value = unknown_p_value(model, input.data);
  return rates;
}

AlarmRates held_out_alarm_rates(const BehaviourModel& model) {
  const TailCalibration& calibration = model.detector.calibration().combined();
  AlarmRates rates;
  rates.target = model.target_fpr;
  rates.held_out = calibration.size();
  rates.held_out_alarms = held_out_alarms(calibration, model.target_fpr);
  return rates;
}

std::vector<std::string> threshold_warnings(const AlarmRates& rates, const Normals& normals) {
  std::vector<std::string> warnings;
  for (const std::string& warning :
       {excess(rates.own_alarms, rates.own_judged, rates.target, "own training sequences"),
        excess(rates.held_out_alarms, rates.held_out, rates.target, "held-out normal sequences")})
    if (!warning.empty()) warnings.push_back(warning + "; give more sequences, or raise --target-fpr");
  std::size_t single = 0;
  for (std::size_t i = 0; i < normals.size(); ++i) single += normals.copies(i) == 1 ? 1 : 0;
  const auto n = static_cast<double>(normals.total());
  const double supported = rates.held_out > 0 ? 1 / (k_extrapolated * static_cast<double>(rates.held_out + 1)) : 0;
  const bool few_kinds = single <= k_fewest_single && 3 / n > k_tolerated * rates.target;
  if (rates.target < supported)
    warnings.push_back(
        "the target of " + percent(rates.target) + " cannot be promised: " + std::to_string(rates.held_out) +
        " normal sequences that calibrate support one of " + percent(supported) + " or more; give more sequences (" +
        count(1 / (k_extrapolated * rates.target)) + " support it), or raise --target-fpr");
  if (rates.unknown_p_value >= rates.target)
    warnings.push_back(
        "even a sequence of unknown events is not called abnormal (p-value " + number(rates.unknown_p_value) +
        ", target " + percent(rates.target) +
        "): too few normal sequences, or some that are far from the others, hide it; give more sequences, "
        "or raise --target-fpr");
  else if (few_kinds)
    warnings.push_back("the target of " + percent(rates.target) + " cannot be promised: of " +
                       std::to_string(normals.total()) + " normal sequences " +
                       std::to_string(normals.total() - single) +
                       " have copies, one that is new will be called abnormal, and up to " + percent(3 / n) +
                       " of normal traffic may be new; give more sequences (" + count(3 / rates.target) +
                       " show it), or raise --target-fpr");
  return warnings;
}

}  // namespace v0
}  // namespace seqguard
