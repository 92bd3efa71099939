#include "seqguard/events/class_labels.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "events/class_order.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_normal_class = "normal";

/// Labels as they come, one for each target: a sequence or an event.
class Collector {
 public:
  /// The lines are those of `file`, or with `rows` of that data set.
  Collector(std::string file, std::size_t targets, const ClassLabelOptions& options, const Dataset* rows = nullptr)
      : file_(std::move(file)), rows_(rows), options_(options), values_(targets, k_unknown_class), lines_(targets) {
    names_.emplace_back(options.normal.empty() ? k_normal_class : std::string_view(options.normal));
    ids_.emplace(names_.front(), 0);
  }

  void add(std::size_t target, std::string_view text, std::uint64_t line) {
    const std::size_t id = id_of(text);
    if (values_[target] != k_unknown_class && values_[target] != id)
      fail(ErrorCode::bad_format, place_of(line),
           "a second label for what " + earlier(lines_[target]) + " has labelled", names_[values_[target]], names_[id]);
    values_[target] = id;
    lines_[target] = line;
  }

  ClassLabels finish(bool of_events) && {
    if (options_.unlabelled_are_normal) std::replace(values_.begin(), values_.end(), k_unknown_class, std::size_t{0});
    ClassLabels labels{{}, of_events, std::move(values_)};
    // The normal class stays first.
    std::vector<std::size_t> order(names_.size()), places(names_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin() + 1, order.end(),
              [&](std::size_t a, std::size_t b) { return class_precedes(names_[a], names_[b]); });
    for (std::size_t i = 0; i < order.size(); ++i) {
      places[order[i]] = i;
      labels.classes.push_back(names_[order[i]]);
    }
    for (std::size_t& value : labels.values)
      if (value != k_unknown_class) value = places[value];
    check(labels);
    return labels;
  }

 private:
  std::string place_of(std::uint64_t line) const {
    return rows_ != nullptr ? rows_->place(line).text() : file_ + ":" + std::to_string(line);
  }
  std::string earlier(std::uint64_t line) const {
    return rows_ != nullptr && !rows_->files().empty() ? place_of(line) : "line " + std::to_string(line);
  }
  bool is_normal(std::string_view text) const {
    return options_.normal.empty() ? means_normal(text) : text == options_.normal;
  }
  std::size_t id_of(std::string_view text) {
    if (is_normal(text)) return 0;
    const auto [entry, is_new] = ids_.emplace(text, names_.size());
    if (is_new) names_.emplace_back(text);
    return entry->second;
  }
  void check(const ClassLabels& labels) const {
    const std::vector<std::size_t> counts = labels.counts();
    if (labels.classes.size() < 2)
      fail(ErrorCode::bad_format, file_,
           "one class only: every label says \"" + labels.classes.front() + "\"; a model learns from two or more");
    if (counts.front() > 0) return;
    const std::string what = options_.normal.empty()
                                 ? "no label says that something is normal (normal, none, 0 or no text)"
                                 : "no label is \"" + options_.normal + "\", the normal one";
    fail(ErrorCode::bad_format, file_,
         what +
             "; name the normal label (--normal-label), or say that what has no label is normal (--unlabelled normal)");
  }

  std::string file_;
  const Dataset* rows_;
  const ClassLabelOptions& options_;
  std::vector<std::string> names_;  // by id; 0 is the normal one
  std::map<std::string, std::size_t, std::less<>> ids_;
  std::vector<std::size_t> values_;   // by target: id
  std::vector<std::uint64_t> lines_;  // by target: where its label stands
};

}  // namespace

std::vector<std::size_t> ClassLabels::counts() const {
  std::vector<std::size_t> result(classes.size());
  for (const std::size_t value : values)
    if (value != k_unknown_class) ++result[value];
  return result;
}

ClassLabels sequence_labels(ClassLabels labels, const Dataset& data) {
  if (!labels.of_events) return labels;
  std::vector<std::size_t> values;
  for (const DataSequence& sequence : data.sequences()) {
    std::size_t value = k_unknown_class;
    for (std::size_t event = sequence.first; event < sequence.first + sequence.count; ++event) {
      if (labels.values[event] == k_unknown_class) continue;
      value = labels.values[event];
      if (value != 0) break;
    }
    values.push_back(value);
  }
  return {std::move(labels.classes), false, std::move(values)};
}

ClassLabels normal_or_abnormal(ClassLabels labels) {
  labels.classes = {labels.classes.front(), "abnormal"};
  for (std::size_t& value : labels.values)
    if (value != k_unknown_class) value = std::min<std::size_t>(value, 1);
  return labels;
}

ClassLabels read_class_labels(const std::string& path, const Dataset& data, const ClassLabelOptions& options) {
  const LabelRows labels = read_label_rows(path, data, options.column);
  Collector collector(labels.file, labels.of_events ? data.events() : data.sequences().size(), options);
  for (const LabelRow& row : labels.rows) collector.add(row.event.value_or(row.sequence), row.text, row.line);
  return std::move(collector).finish(labels.of_events);
}

ClassLabels class_labels_of_column(const Dataset& labels, const Dataset& data, bool of_events,
                                   const ClassLabelOptions& options) {
  std::unordered_map<std::uint64_t, std::string_view> by_row;
  for (std::size_t s = 0; s < labels.sequences().size(); ++s) {
    const DataSequence& sequence = labels.sequences()[s];
    const EventsView view = labels.view(s);
    for (std::size_t i = 0; i < sequence.count; ++i)
      by_row.emplace(labels.row(sequence.first + i), view.columns[labels.primary()].text(i));
  }
  Collector collector(data.rejected().file, of_events ? data.events() : data.sequences().size(), options, &data);
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const DataSequence& sequence = data.sequences()[s];
    for (std::size_t event = sequence.first; event < sequence.first + sequence.count; ++event) {
      const auto found = by_row.find(data.row(event));
      if (found == by_row.end())
        fail(ErrorCode::bad_format, data.place(data.row(event)).text(), "the row has no label that can be read");
      if (found->second.empty()) continue;
      collector.add(of_events ? event : s, found->second, data.row(event));
    }
  }
  return std::move(collector).finish(of_events);
}

}  // namespace v0
}  // namespace seqguard
