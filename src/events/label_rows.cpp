#include "seqguard/events/label_rows.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <memory>
#include <unordered_map>

#include "core/secret_hash.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/event_row.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Index = std::unordered_map<std::string, std::size_t, SecretHash>;

constexpr std::size_t k_ambiguous = std::numeric_limits<std::size_t>::max();

/// Sequences and events of a data set by the texts that name them.
class Names {
 public:
  explicit Names(const Dataset& data) : data_(data) {
    if (data.key_column().empty() && !data.files().empty())
      fail(ErrorCode::unsupported, data.rejected().file,
           "labels name sequences without a key by their lines, which several files have each; label one file, or give "
           "the sequences keys");
    const auto sequences = data.sequences();
    for (std::size_t s = 0; s < sequences.size(); ++s)
      sequences_.emplace(data.key_column().empty() ? std::to_string(sequences[s].line) : std::string(sequences[s].key),
                         s);
  }
  std::optional<std::size_t> sequence(const std::string& name) const { return find(sequences_, name); }
  /// Empty if there is none; k_ambiguous if several have the same order.
  std::optional<std::size_t> event(std::size_t sequence, const std::string& position) {
    const auto [events, is_new] = events_.try_emplace(sequence);
    if (is_new) index_events(sequence, events->second);
    return find(events->second, position);
  }

 private:
  static std::optional<std::size_t> find(const Index& index, const std::string& name) {
    const auto found = index.find(name);
    return found == index.end() ? std::nullopt : std::optional(found->second);
  }
  void index_events(std::size_t s, Index& events) const {
    const DataSequence& sequence = data_.sequences()[s];
    for (std::size_t i = 0; i < sequence.count; ++i) {
      const std::size_t event = sequence.first + i;
      const auto [entry, is_new] = events.emplace(
          data_.order_column().empty() ? std::to_string(i) : std::string(data_.order_text(event)), event);
      if (!is_new) entry->second = k_ambiguous;
    }
  }

  const Dataset& data_;
  Index sequences_;
  std::unordered_map<std::size_t, Index> events_;  // of the sequences that were asked for
};

/// Place of the first of these names among the columns of a file.
std::optional<std::size_t> column_of(const SourceInfo& info, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    for (std::size_t c = 0; c < info.columns.size(); ++c)
      if (!name.empty() && info.columns[c].name == name && info.columns[c].unusable.empty()) return c;
  return std::nullopt;
}

std::size_t require_column(const SourceInfo& info, std::initializer_list<std::string_view> names,
                           const std::string& expected) {
  if (const auto found = column_of(info, names)) return *found;
  std::string header;
  for (const SourceColumn& column : info.columns) header += (header.empty() ? "" : ",") + column.name;
  fail(ErrorCode::bad_format, info.name, "columns of the labels", expected, header);
}

}  // namespace

LabelRows read_label_rows(const std::string& path, const Dataset& data, std::string_view column) {
  const std::unique_ptr<RowSource> source = open_rows(path, {.format = DataFormat::csv});
  const SourceInfo& info = source->info();
  const std::string key_name = data.key_column().empty() ? "line" : data.key_column();
  const std::size_t key = require_column(info, {key_name}, "\"" + key_name + "\", which names the sequence");
  const std::size_t label = column.empty()
                                ? require_column(info, {"label", "kind"}, "\"label\" or \"kind\"")
                                : require_column(info, {column}, "\"" + std::string(column) + "\", the label");
  const auto position = column_of(info, {"position", data.order_column()});
  if (position && data.order_column().empty() && data.reading().cleaning.any() && !data.reading().cleaning.only_report)
    fail(ErrorCode::bad_format, info.name,
         "positions count the rows of a sequence, of which cleaning may have left some out: labels of events need a "
         "column of an order here, or data that are not cleaned");
  LabelRows labels{info.name, position.has_value(), key, position.value_or(0), {}};
  Names names(data);
  SourceRow row;
  while (source->next(row)) {
    LabelRow found{0, std::nullopt, {}, row.line};
    if (!row.problem.empty()) fail(ErrorCode::bad_event, labels.place(found), row.problem);
    const std::string name(row.fields[key]);
    const auto sequence = names.sequence(name);
    if (!sequence)
      fail(ErrorCode::bad_format, labels.place(found),
           "the data have no sequence \"" + name + "\"; labels and data must belong together" +
               (data.reading().cleaning.any() ? ", or cleaning has left it out" : ""));
    found.sequence = *sequence;
    if (position) {
      const std::string where(row.fields[*position]);
      found.event = names.event(*sequence, where);
      if (!found.event)
        fail(ErrorCode::bad_format, labels.place(found),
             "sequence \"" + name + "\" has no event at position " + where +
                 (data.reading().cleaning.any() ? ", or cleaning has left it out" : ""));
      if (*found.event == k_ambiguous)
        fail(ErrorCode::bad_format, labels.place(found),
             "sequence \"" + name + "\" has several events at position " + where + "; the label could be of any");
    }
    found.text = row.fields[label];
    labels.rows.push_back(std::move(found));
  }
  return labels;
}

}  // namespace v0
}  // namespace seqguard
