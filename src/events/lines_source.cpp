#include "events/open_source.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Where the next event begins, from `at` on; npos: there is none.
std::size_t find_event(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at < text.size() ? at : std::string_view::npos;
}

std::size_t find_end(std::string_view text, std::size_t at) {
  while (at < text.size() && !is_blank(text[at])) ++at;
  return at;
}

class LinesSource final : public RowSource {
 public:
  LinesSource(std::unique_ptr<LineReader> lines, std::string column, std::optional<std::string> key)
      : lines_(std::move(lines)), keyed_(key.has_value()) {
    info_.name = lines_->name();
    info_.format = DataFormat::lines;
    info_.columns = {{std::move(column)}};
    info_.line_is_sequence = true;
    info_.compression = lines_->compression();
    if (key) info_.columns.push_back({std::move(*key)});
  }

  const SourceInfo& info() const noexcept override { return info_; }
  std::uint64_t blank_lines() const noexcept override { return blank_lines_; }
  std::uint64_t bytes_read() const noexcept override { return lines_->bytes_read(); }
  std::uint64_t bytes_in_all() const noexcept override { return lines_->bytes_in_all(); }

  /// The next event: its bytes reach to the one after it, those of the last one to the end of the line.
  bool next(SourceRow& row) override {
    row.lead = {};
    if (begin_ == std::string_view::npos && !next_line(row)) return false;
    row.line = lines_->line();
    if (!row.problem.empty()) return true;
    const std::size_t end = find_end(events_, begin_);
    const std::size_t after = find_event(events_, end);
    row.fields.resize(info_.columns.size());
    row.fields[0] = events_.substr(begin_, end - begin_);
    if (keyed_) row.fields[1] = key_;
    const char* first = events_.data() + begin_;
    const std::string_view line = lines_->text();
    const char* stop = after == std::string_view::npos ? line.data() + line.size() : events_.data() + after;
    row.raw = {first, static_cast<std::size_t>(stop - first)};
    begin_ = after;
    return true;
  }

 private:
  /// Goes to the first event of the next line, or to a bad line, and says what is wrong with it.
  bool next_line(SourceRow& row) {
    while (lines_->next()) {
      row.problem = lines_->problem();
      events_ = lines_->content();
      begin_ = find_event(events_, 0);
      if (row.problem.empty() && begin_ == std::string_view::npos) {
        ++blank_lines_;
        continue;
      }
      if (row.problem.empty() && keyed_) row.problem = take_key();
      if (!row.problem.empty())
        begin_ = std::string_view::npos;
      else
        row.lead = lines_->text().substr(0, static_cast<std::size_t>(events_.data() + begin_ - lines_->text().data()));
      return true;
    }
    return false;
  }

  std::string take_key() {
    const std::size_t tab = events_.find('\t');
    if (tab == std::string_view::npos || tab == 0) return "expected KEY, a tab and events";
    key_ = events_.substr(0, tab);
    events_.remove_prefix(tab + 1);
    begin_ = find_event(events_, 0);
    return begin_ == std::string_view::npos ? "no events" : "";
  }

  std::unique_ptr<LineReader> lines_;
  bool keyed_;
  SourceInfo info_;
  std::string_view key_, events_;               // of the current line
  std::size_t begin_ = std::string_view::npos;  // of the next event in events_; npos: none is left
  std::uint64_t blank_lines_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> open_lines(std::unique_ptr<LineReader> lines, const ReadOptions& options) {
  const EventSchema* schema = options.schema;
  if (schema == nullptr)
    return std::make_unique<LinesSource>(
        std::move(lines), "event",
        options.keyed_lines || !options.profile_key.empty() ? std::optional<std::string>("key") : std::nullopt);
  if (schema->columns.size() != 1 || schema->time)
    fail(ErrorCode::bad_format, lines->name(), "lines hold one column of events", "a schema of one column",
         std::to_string(schema->columns.size() + (schema->time ? 1 : 0)) + " columns");
  const SequenceRules& rules = schema->sequence;
  const std::string& key = rules.profile_key.empty() ? rules.key : rules.profile_key;
  return std::make_unique<LinesSource>(std::move(lines), schema->columns[0].name,
                                       key.empty() ? std::nullopt : std::optional(key));
}

}  // namespace v0
}  // namespace seqguard
