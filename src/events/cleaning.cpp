#include "seqguard/events/cleaning.hpp"

#include <charconv>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_forms =
    "duplicates, repeats=500ms, times=missing|drop, outliers=clip|missing|drop, empty, min-events=N, max-events=N or "
    "report";

[[noreturn]] void refuse(std::string_view rule) {
  fail(ErrorCode::invalid_argument, "--cleaning", "unknown rule", k_forms, "\"" + std::string(rule) + "\"");
}

std::uint64_t number_of(std::string_view text, std::string_view rule) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > 1'000'000'000'000) refuse(rule);
  return number;
}

OddValue odd_value_of(std::string_view text, bool may_clip, std::string_view rule) {
  if (text == "missing") return OddValue::missing;
  if (text == "drop") return OddValue::drop;
  if (text == "clip" && may_clip) return OddValue::clip;
  refuse(rule);
}

std::string_view text_of(OddValue value) {
  constexpr std::string_view texts[] = {"keep", "missing", "clip", "drop"};
  return texts[static_cast<std::size_t>(value)];
}

std::int64_t milliseconds_of(std::string_view text, std::string_view rule) {
  const bool is_ms = text.ends_with("ms");
  if (!is_ms && !text.ends_with("s")) refuse(rule);
  text.remove_suffix(is_ms ? 2 : 1);
  return static_cast<std::int64_t>(number_of(text, rule) * (is_ms ? 1 : 1000));
}

void add_rule(std::string_view rule, CleaningRules& rules) {
  const std::size_t equals = rule.find('=');
  const std::string_view name = rule.substr(0, equals),
                         value = equals == rule.npos ? std::string_view() : rule.substr(equals + 1);
  if (rule == "duplicates")
    rules.duplicates = true;
  else if (rule == "empty")
    rules.empty = true;
  else if (name == "repeats")
    rules.repeats_ms = milliseconds_of(value, rule);
  else if (name == "times")
    rules.times = odd_value_of(value, false, rule);
  else if (name == "outliers")
    rules.outliers = odd_value_of(value, true, rule);
  else if (name == "min-events")
    rules.least_events = number_of(value, rule);
  else if (name == "max-events")
    rules.most_events = number_of(value, rule);
  else
    refuse(rule);
}

}  // namespace

CleaningRules cleaning_from_string(std::string_view text) {
  CleaningRules rules;
  if (text == "report")
    return {.duplicates = true,
            .times = OddValue::missing,
            .outliers = OddValue::missing,
            .empty = true,
            .only_report = true};
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    add_rule(text.substr(0, comma), rules);
    text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
  }
  return rules;
}

std::string to_string(const CleaningRules& rules) {
  if (rules.only_report) return "report";
  std::string text;
  const auto add = [&](bool is_there, const std::string& rule) {
    if (is_there) text += (text.empty() ? "" : ",") + rule;
  };
  const CleaningRules none;
  add(rules.duplicates, "duplicates");
  add(rules.repeats_ms.has_value(), "repeats=" + std::to_string(rules.repeats_ms.value_or(0)) + "ms");
  add(rules.times != OddValue::keep, "times=" + std::string(text_of(rules.times)));
  add(rules.outliers != OddValue::keep, "outliers=" + std::string(text_of(rules.outliers)));
  add(rules.empty, "empty");
  add(rules.least_events != none.least_events, "min-events=" + std::to_string(rules.least_events));
  add(rules.most_events != none.most_events, "max-events=" + std::to_string(rules.most_events));
  return text;
}

}  // namespace v0
}  // namespace seqguard
