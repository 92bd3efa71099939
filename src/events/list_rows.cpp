// Rows of a table in which lists stand, RecBole's token_seq and float_seq: a row is a sequence, and its lists side by
// side are the events.
#include <algorithm>

#include "events/open_source.hpp"
#include "events/parse_value.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Whether one of the options, or the schema, asks for a column.
bool is_asked(const std::string& name, const ReadOptions& options) {
  if (options.schema != nullptr) {
    const EventSchema& schema = *options.schema;
    const auto is_it = [&](const EventColumn& column) { return column.name == name; };
    return schema.sequence.order_by == name || (schema.time && schema.time->name == name) ||
           std::any_of(schema.columns.begin(), schema.columns.end(), is_it);
  }
  const auto is_it = [&](const ColumnRequest& column) { return column.name == name || column.whole == name; };
  return options.order == name || options.time == name ||
         std::any_of(options.columns.begin(), options.columns.end(), is_it);
}

class ListRows final : public RowSource {
 public:
  ListRows(std::unique_ptr<RowSource> rows, std::vector<std::size_t> fields)
      : rows_(std::move(rows)), info_(rows_->info()), fields_(std::move(fields)), lists_(fields_.size()) {
    info_.line_is_sequence = true;
    for (const std::size_t field : fields_) info_.columns[field].unusable.clear();
  }

  const SourceInfo& info() const noexcept override { return info_; }
  std::uint64_t blank_lines() const noexcept override { return rows_->blank_lines(); }
  std::uint64_t bytes_read() const noexcept override { return rows_->bytes_read(); }
  std::uint64_t bytes_in_all() const noexcept override { return rows_->bytes_in_all(); }

  bool next(SourceRow& row) override {
    while (event_ == lists_[0].size()) {
      event_ = 0;
      for (auto& list : lists_) list.clear();
      if (!rows_->next(row_)) {
        say_empty();
        return false;
      }
      if (row_.problem.empty()) row_.problem = take_lists();
      if (!row_.problem.empty()) {
        for (auto& list : lists_) list.clear();
        static_cast<RowOrigin&>(row) = row_;
        return true;
      }
      ++sound_;
      if (lists_[0].empty() && empty_++ == 0) first_empty_ = row_.line;
    }
    static_cast<RowOrigin&>(row) = row_;
    if (event_ > 0) row.raw = {};
    row.fields = row_.fields;
    for (std::size_t i = 0; i < fields_.size(); ++i) row.fields[fields_[i]] = lists_[i][event_];
    ++event_;
    return true;
  }

 private:
  /// Takes the lists of the row apart, by blanks. Returns what is wrong, or an empty text.
  std::string take_lists() {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      std::string_view rest = row_.fields[fields_[i]];
      for (std::size_t at; (at = rest.find_first_not_of(' ')) != std::string_view::npos;) {
        rest.remove_prefix(at);
        const std::size_t end = std::min(rest.find(' '), rest.size());
        lists_[i].push_back(rest.substr(0, end));
        rest.remove_prefix(end);
      }
      if (lists_[i].size() != lists_[0].size())
        return "column " + quoted(info_.columns[fields_[i]].name) + ": " + std::to_string(lists_[i].size()) +
               " elements, but " + std::to_string(lists_[0].size()) + " in column " +
               quoted(info_.columns[fields_[0]].name);
    }
    return {};
  }

  void say_empty() {
    if (empty_ > 0)
      info_.findings.push_back({DataFinding::Kind::no_events, info_.columns[fields_[0]].name,
                                static_cast<double>(empty_) / static_cast<double>(sound_), first_empty_,
                                info_.name + ": " + std::to_string(empty_) + " of " + std::to_string(sound_) +
                                    " rows have no events: they are left out (the first: line " +
                                    std::to_string(first_empty_) + ")"});
    empty_ = 0;
  }

  std::unique_ptr<RowSource> rows_;
  SourceInfo info_;
  std::vector<std::size_t> fields_;                   // that hold lists
  std::vector<std::vector<std::string_view>> lists_;  // of row_, by fields_
  SourceRow row_;
  std::size_t event_ = 0;  // of the lists, the next one
  std::uint64_t sound_ = 0, empty_ = 0, first_empty_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> with_lists(std::unique_ptr<RowSource> rows, const ReadOptions& options) {
  std::vector<std::size_t> fields;
  const std::vector<SourceColumn>& columns = rows->info().columns;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].is_list && is_asked(columns[i].name, options)) fields.push_back(i);
  return fields.empty() ? std::move(rows) : std::make_unique<ListRows>(std::move(rows), std::move(fields));
}

}  // namespace v0
}  // namespace seqguard
