// Tables with a header, an event a row: CSV (RFC 4180) and RecBole's tab-separated fields.
#include <algorithm>
#include <unordered_set>

#include "core/secret_hash.hpp"
#include "events/open_source.hpp"
#include "events/parse_value.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Follows the quotes of a CSV record line by line, so that joining its lines takes linear time.
class QuoteTracker {
 public:
  enum class State { closed, open, malformed };

  State add(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (in_quotes_) {
        if (c != '"') continue;
        if (i + 1 < line.size() && line[i + 1] == '"') {
          ++i;
          continue;
        }
        in_quotes_ = false;
        const char after = i + 1 < line.size() ? line[i + 1] : '\n';
        if (after != ',' && after != '\n' && after != '\r') return State::malformed;
      } else {
        in_quotes_ = c == '"' && field_start_;
        field_start_ = c == ',';
      }
    }
    return in_quotes_ ? State::open : State::closed;
  }

 private:
  bool in_quotes_ = false, field_start_ = true;
};

/// Splits one CSV record without its line end. Quoted fields are unescaped into `buffer`, the others are views of
/// `record`. Returns what is wrong, or an empty text.
std::string split_csv(std::string_view record, std::size_t max_fields, std::string& buffer,
                      std::vector<std::string_view>& fields) {
  fields.clear();
  buffer.clear();
  buffer.reserve(record.size());  // fields point into it: it must not move
  std::size_t at = 0;
  while (true) {
    if (fields.size() == max_fields) return "more than " + std::to_string(max_fields) + " fields";
    if (at < record.size() && record[at] == '"') {
      const std::size_t start = buffer.size();
      for (++at;; ++at) {
        const std::size_t quote = record.find('"', at);
        if (quote == std::string_view::npos) return "unterminated quote";
        buffer.append(record.substr(at, quote - at));
        at = quote + 1;
        if (at == record.size() || record[at] != '"') break;
        buffer += '"';
      }
      if (at < record.size() && record[at] != ',')
        return "text after a closing quote in field " + std::to_string(fields.size() + 1);
      fields.push_back(std::string_view(buffer).substr(start));
    } else {
      const std::size_t comma = std::min(record.find(',', at), record.size());
      fields.push_back(record.substr(at, comma - at));
      at = comma;
    }
    if (at == record.size()) return {};
    ++at;
  }
}

/// Splits at tabs.
std::string split_tabs(std::string_view record, std::size_t max_fields, std::vector<std::string_view>& fields) {
  fields.clear();
  std::size_t at = 0;
  while (true) {
    if (fields.size() == max_fields) return "more than " + std::to_string(max_fields) + " fields";
    const std::size_t tab = std::min(record.find('\t', at), record.size());
    fields.push_back(record.substr(at, tab - at));
    if (tab == record.size()) return {};
    at = tab + 1;
  }
}

/// Names from a header row. @throws Error bad_format: an empty name, a name twice.
std::vector<SourceColumn> read_header(const std::vector<std::string_view>& fields, DataFormat format,
                                      const std::string& file) {
  std::vector<SourceColumn> header;
  std::unordered_set<std::string, SecretHash> names;
  for (const std::string_view field : fields) {
    SourceColumn column{std::string(field), std::nullopt, {}};
    const std::size_t colon = field.rfind(':');
    if (format == DataFormat::recbole && colon != std::string_view::npos) {
      const std::string_view type = field.substr(colon + 1);
      if (type == "token") column.kind = ColumnKind::categorical;
      if (type == "float") column.kind = ColumnKind::numeric;
      if (type == "token_seq" || type == "float_seq") column.unusable = type;
      if (column.kind || !column.unusable.empty()) column.name = field.substr(0, colon);
    }
    if (column.name.empty())
      fail(ErrorCode::bad_format, file + ":1",
           "column " + std::to_string(header.size() + 1) + " of the header has no name");
    if (!names.insert(column.name).second)
      fail(ErrorCode::bad_format, file + ":1", "column " + quoted(column.name) + " stands twice in the header");
    header.push_back(std::move(column));
  }
  return header;
}

class TableSource final : public RowSource {
 public:
  TableSource(std::unique_ptr<LineReader> lines, DataFormat format, const ReadOptions& options)
      : lines_(std::move(lines)), max_fields_(options.max_columns) {
    info_.name = lines_->name();
    info_.format = format;
    info_.compression = lines_->compression();
    SourceRow header;
    if (!next_record(header)) fail(ErrorCode::bad_format, info_.name, "the file is empty", "a header row", "nothing");
    if (!header.problem.empty())
      fail(ErrorCode::bad_format, info_.name + ":" + std::to_string(header.line), "header: " + header.problem);
    info_.columns = read_header(header.fields, format, info_.name);
    info_.head = header.raw;
  }

  const SourceInfo& info() const noexcept override { return info_; }
  std::uint64_t blank_lines() const noexcept override { return blank_lines_; }

  bool next(SourceRow& row) override {
    if (!next_record(row)) return false;
    if (row.problem.empty() && row.fields.size() != info_.columns.size())
      row.problem =
          "expected " + std::to_string(info_.columns.size()) + " fields, found " + std::to_string(row.fields.size());
    return true;
  }

 private:
  bool next_record(SourceRow& row) {
    while (lines_->next()) {
      if (!lines_->too_long() && lines_->content().find_first_not_of(' ') == std::string_view::npos) {
        ++blank_lines_;
        continue;
      }
      row.problem = lines_->problem();
      if (row.problem.empty() && info_.format == DataFormat::csv) row.problem = join_quoted_lines();
      if (row.problem.empty()) row.problem = split(row.fields);
      row.line = lines_->line();
      row.lead = {};
      row.raw = lines_->text();
      return true;
    }
    return false;
  }

  std::string split(std::vector<std::string_view>& fields) {
    return info_.format == DataFormat::csv ? split_csv(lines_->content(), max_fields_, buffer_, fields)
                                           : split_tabs(lines_->content(), max_fields_, fields);
  }

  /// Adds lines to the record until its quotes are closed. Returns what is wrong, or an empty text.
  std::string join_quoted_lines() {
    if (lines_->text().find('"') == std::string_view::npos) return {};
    QuoteTracker quotes;
    // behind a byte order mark
    auto seen = static_cast<std::size_t>(lines_->content().data() - lines_->text().data());
    std::uint64_t last = lines_->line();
    QuoteTracker::State state;
    while ((state = quotes.add(lines_->text().substr(seen))) == QuoteTracker::State::open) {
      seen = lines_->text().size();
      if (last < given_up_ || !lines_->extend()) break;
      ++last;
    }
    if (state == QuoteTracker::State::closed) return last > lines_->line() ? lines_->problem() : std::string();
    std::vector<std::string_view> fields;
    std::string problem = state == QuoteTracker::State::malformed ? split(fields) : "unterminated quote";
    given_up_ = std::max(given_up_, last);
    lines_->shrink();  // only the first line is given up: what follows it may be sound
    return problem;
  }

  std::unique_ptr<LineReader> lines_;
  std::size_t max_fields_;
  SourceInfo info_;
  std::string buffer_;  // of unescaped fields
  std::uint64_t blank_lines_ = 0;
  /// Last line of the records given up so far. A quote was open at the end of each line before it, so another record
  /// with a quote open there has the same end: it is given up too, and joining takes linear time on any input.
  std::uint64_t given_up_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> open_table(std::unique_ptr<LineReader> lines, DataFormat format,
                                      const ReadOptions& options) {
  return std::make_unique<TableSource>(std::move(lines), format, options);
}

}  // namespace v0
}  // namespace seqguard
