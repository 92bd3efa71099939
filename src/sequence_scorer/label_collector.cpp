#include "sequence_scorer/label_collector.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "events/class_order.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using enum TextProblem;

constexpr std::array<std::pair<TextProblem, std::string_view>, 4> k_problems{
    {{single_label_classification, "single_label_classification"},
     {multi_label_classification, "multi_label_classification"},
     {regression, "regression"},
     {spans, "spans"}}};

/// More whole numbers than this are hardly classes.
constexpr std::size_t k_many_numbers = 10;

std::optional<double> finite_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value) ? std::optional(value)
                                                                                          : std::nullopt;
}

/// What a row with labels of this kind has, for messages.
std::string_view words_of(TextProblem problem) {
  return problem == spans ? "\"spans\"" : problem == multi_label_classification ? "an array of labels" : "a label";
}

}  // namespace

std::string_view to_string(TextProblem problem) noexcept {
  return std::find_if(k_problems.begin(), k_problems.end(), [&](const auto& known) { return known.first == problem; })
      ->second;
}

TextProblem text_problem_from_string(std::string_view name) {
  std::string known;
  for (const auto& [problem, text] : k_problems) {
    if (text == name) return problem;
    known.append(known.empty() ? "" : ", ").append(text);
  }
  fail(ErrorCode::invalid_argument, "labelled texts", "problem type", "one of " + known, name);
}

LabelCollector::LabelCollector(std::string file, const LabelledTextOptions& options) : options_(options) {
  result_.file = std::move(file);
  for (const std::string& name : options.classes)
    if (!ids_.emplace(name, ids_.size()).second)
      fail(ErrorCode::invalid_argument, "classes", "each once", "\"" + name + "\" once", "twice");
  if (options.problem == regression && options.classes.size() > 1)
    fail(ErrorCode::invalid_argument, "classes", "of a regression", "at most one name",
         std::to_string(options.classes.size()));
}

void LabelCollector::refuse(std::uint64_t line, std::string_view what) const {
  fail(ErrorCode::bad_event, place(line), what);
}

LabelledText& LabelCollector::add_text(std::string_view text, std::string_view pair, std::uint64_t line) {
  return result_.texts.emplace_back(std::string(text), std::string(pair), std::size_t{0}, std::vector<LabelledSpan>(),
                                    line);
}

void LabelCollector::demand(TextProblem problem, std::uint64_t line) {
  if (options_.problem && (*options_.problem == spans) != (problem == spans))
    refuse(line, "has " + std::string(words_of(problem)) + ", and the problem type is " +
                     std::string(to_string(*options_.problem)));
  if (!of_rows_) of_rows_ = problem;
  if (problem == *of_rows_) return;
  refuse(line,
         "has " + std::string(words_of(problem)) + ", but the rows before it have " + std::string(words_of(*of_rows_)));
}

void LabelCollector::set_label(LabelledText& text, std::string_view label, bool is_text) {
  demand(single_label_classification, text.line);
  const std::optional<double> number = is_text ? std::nullopt : finite_number(label);
  if (options_.problem == regression && !number)
    fail(ErrorCode::bad_event, place(text.line), "label", "a finite number", "\"" + std::string(label) + "\"");
  all_numbers_ = all_numbers_ && number.has_value();
  any_fraction_ = any_fraction_ || (number && *number != std::floor(*number));
  text.number = number.value_or(0);
  if (options_.problem != regression) text.label = id_of(label, text.line);
}

void LabelCollector::set_labels(LabelledText& text, const std::vector<std::string>& labels) {
  if (options_.problem && !wants_sets())
    refuse(text.line, "has several labels, and the problem type is " + std::string(to_string(*options_.problem)));
  demand(multi_label_classification, text.line);
  for (const std::string& label : labels) {
    const std::size_t id = id_of(label, text.line);
    if (std::find(text.labels.begin(), text.labels.end(), id) != text.labels.end())
      refuse(text.line, "has the class \"" + label + "\" twice");
    text.labels.push_back(id);
  }
}

std::size_t LabelCollector::id_of(std::string_view label, std::uint64_t line) {
  const auto found = ids_.find(label);
  if (found != ids_.end()) return found->second;
  if (!options_.classes.empty()) {
    std::string known;
    for (const std::string& name : options_.classes) known += (known.empty() ? "\"" : ", \"") + name + "\"";
    fail(ErrorCode::bad_event, place(line), "label", "one of " + known, "\"" + std::string(label) + "\"");
  }
  return ids_.emplace(label, ids_.size()).first->second;
}

LabelledTexts LabelCollector::finish() && {
  if (result_.texts.empty()) fail(ErrorCode::bad_format, result_.file, "no text");
  decide();
  if (result_.is(regression))
    result_.classes = {options_.classes.empty() ? options_.label_column : options_.classes.front()};
  else
    order_classes();
  check_variety();
  return std::move(result_);
}

/// What single labels are, and what else they could be.
void LabelCollector::decide() {
  result_.problem = options_.problem.value_or(*of_rows_);
  if (options_.problem || !options_.classes.empty() || *of_rows_ != single_label_classification || !all_numbers_)
    return;
  if (any_fraction_) {
    result_.problem = regression;
    result_.guess = "all labels are numbers, some with a fraction: taken as numbers, not as classes";
  } else if (ids_.size() > k_many_numbers) {
    result_.guess = std::to_string(ids_.size()) + " different whole numbers as labels: each taken as a class";
  }
}

void LabelCollector::order_classes() {
  std::vector<std::pair<std::string, std::size_t>> names(ids_.begin(), ids_.end());
  const bool given = !options_.classes.empty();
  std::sort(names.begin(), names.end(), [&](const auto& a, const auto& b) {
    return given ? a.second < b.second : class_precedes(a.first, b.first);
  });
  if (!given && !result_.is(multi_label_classification))
    std::stable_partition(names.begin(), names.end(), [](const auto& name) { return means_normal(name.first); });
  std::vector<std::size_t> places(names.size());
  for (std::size_t c = 0; c < names.size(); ++c) {
    places[names[c].second] = c;
    result_.classes.push_back(names[c].first);
  }
  for (LabelledText& text : result_.texts) {
    if (result_.is(single_label_classification)) text.label = places[text.label];
    for (LabelledSpan& span : text.spans) span.label = places[span.label];
    for (std::size_t& label : text.labels) label = places[label];
    std::sort(text.labels.begin(), text.labels.end());
  }
}

/// A model learns nothing from labels that are all alike.
void LabelCollector::check_variety() const {
  const std::vector<LabelledText>& texts = result_.texts;
  const auto all_as_first = [&](const auto& label_of) {
    return std::all_of(texts.begin(), texts.end(),
                       [&](const LabelledText& text) { return label_of(text) == label_of(texts.front()); });
  };
  switch (result_.problem) {
    case single_label_classification:
      if (!all_as_first([](const LabelledText& text) { return text.label; })) return;
      fail(ErrorCode::bad_format, result_.file,
           "one class only: every label says \"" + result_.classes[texts.front().label] +
               "\"; a model learns from two or more");
    case multi_label_classification:
      if (result_.classes.empty()) fail(ErrorCode::bad_format, result_.file, "no text has a class");
      if (!all_as_first([](const LabelledText& text) { return text.labels; })) return;
      fail(ErrorCode::bad_format, result_.file, "every text has the same classes; a model learns from differences");
    case regression:
      if (!all_as_first([](const LabelledText& text) { return text.number; })) return;
      fail(ErrorCode::bad_format, result_.file, "every label is the same number; a model learns from differences");
    case spans:
      if (std::any_of(texts.begin(), texts.end(), [](const LabelledText& text) { return !text.spans.empty(); })) return;
      fail(ErrorCode::bad_format, result_.file, "no span has a class");
  }
}

}  // namespace v0
}  // namespace seqguard
