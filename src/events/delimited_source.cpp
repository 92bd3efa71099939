// Tables, an event a row: cells parted by one sign and quoted as in RFC 4180, and RecBole's tab-separated fields.
#include <algorithm>
#include <unordered_map>

#include "core/secret_hash.hpp"
#include "events/dialect.hpp"
#include "events/open_source.hpp"
#include "events/parse_value.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Follows the quotes of a CSV record line by line, so that joining its lines takes linear time.
class QuoteTracker {
 public:
  explicit QuoteTracker(char separator) : separator_(separator) {}
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
        if (after != separator_ && after != '\n' && after != '\r') return State::malformed;
      } else {
        in_quotes_ = c == '"' && field_start_;
        field_start_ = c == separator_;
      }
    }
    return in_quotes_ ? State::open : State::closed;
  }

 private:
  char separator_;
  bool in_quotes_ = false, field_start_ = true;
};

/// Splits one CSV record without its line end. Quoted fields are unescaped into `buffer`, the others are views of
/// `record`. Returns what is wrong, or an empty text.
std::string split_csv(std::string_view record, char separator, std::size_t max_fields, std::string& buffer,
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
      if (at < record.size() && record[at] != separator)
        return "text after a closing quote in field " + std::to_string(fields.size() + 1);
      fields.push_back(std::string_view(buffer).substr(start));
    } else {
      const std::size_t end = std::min(record.find(separator, at), record.size());
      fields.push_back(record.substr(at, end - at));
      at = end;
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

/// A column without a name, or with one that stands twice, harms only whoever asks for it: nobody can.
void mark_unusable(std::vector<SourceColumn>& columns) {
  std::unordered_map<std::string_view, std::size_t, SecretHash> times;
  for (const SourceColumn& column : columns) ++times[column.name];
  for (SourceColumn& column : columns) {
    const char* why = column.name.empty() ? "no name" : times[column.name] > 1 ? "a name that stands twice" : nullptr;
    if (why == nullptr || !(column.unusable.empty() || column.is_list)) continue;
    column.unusable = why;
    column.is_list = false;
  }
}

/// The type that RecBole writes behind a name; empty: none.
std::string_view type_behind(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view type = name.substr(colon + 1);
  for (const std::string_view known : {"token", "float", "token_seq", "float_seq"})
    if (type == known) return type;
  return {};
}

/// Names from a header row; types behind them are those of RecBole where the format is, or where all have one.
std::vector<SourceColumn> read_header(const std::vector<std::string_view>& fields, DataFormat format) {
  std::vector<SourceColumn> header;
  const bool has_types = format == DataFormat::recbole || std::none_of(fields.begin(), fields.end(), [](auto name) {
                           return type_behind(name).empty();
                         });
  for (const std::string_view field : fields) {
    SourceColumn column{
        std::string(header.empty() && field.size() > 1 && field[0] == '#' ? trimmed(field.substr(1)) : field)};
    if (const std::string_view type = has_types ? type_behind(column.name) : std::string_view(); !type.empty()) {
      column.kind = type.starts_with("token") ? ColumnKind::categorical : ColumnKind::numeric;
      column.is_list = type.ends_with("_seq");
      column.name.resize(column.name.size() - type.size() - 1);
      if (column.is_list)
        column.unusable =
            std::string(type) + ", a list: --columns " + column.name + " reads each row as a sequence of it";
    }
    header.push_back(std::move(column));
  }
  mark_unusable(header);
  return header;
}

class TableSource final : public RowSource {
 public:
  TableSource(std::unique_ptr<LineReader> lines, DataFormat format, const ReadOptions& options,
              std::vector<DataFinding> findings)
      : lines_(std::move(lines)), max_fields_(options.max_columns) {
    info_.name = lines_->name();
    info_.compression = lines_->compression();
    std::vector<std::string> first = first_lines();
    const Dialect dialect = guess_dialect(first, format, options);
    info_.format = dialect.format;
    info_.separator = dialect.separator;
    info_.decimal = dialect.decimal;
    info_.comment_lines = dialect.comment_lines;
    info_.findings = std::move(findings);
    if (!dialect.decimal_shown.empty())
      info_.findings.push_back({DataFinding::Kind::guessed,
                                {},
                                1,
                                0,
                                info_.name + ": numbers are read with a decimal comma, as they seem to be written (" +
                                    quoted(dialect.decimal_shown) +
                                    "); --decimal . takes the point, --decimal , says that this is right"});
    for (std::size_t i = 0; i < dialect.comment_lines && lines_->next();) {
      info_.head += bytes_of_record();
      is_blank() ? ++blank_lines_ : ++i;
    }
    if (options.no_header) {
      first.erase(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(dialect.comment_lines));
      name_by_position(options.header, first);
      return;
    }
    SourceRow header;
    if (!next_record(header)) fail(ErrorCode::bad_format, info_.name, "the file is empty", "a header row", "nothing");
    if (!header.problem.empty())
      fail(ErrorCode::bad_format, info_.name + ":" + std::to_string(header.line), "header: " + header.problem);
    info_.columns = read_header(header.fields, info_.format);
    info_.head += header.raw;
  }

  const SourceInfo& info() const noexcept override { return info_; }
  std::uint64_t blank_lines() const noexcept override { return blank_lines_; }
  std::uint64_t bytes_read() const noexcept override { return lines_->bytes_read(); }
  std::uint64_t bytes_in_all() const noexcept override { return lines_->bytes_in_all(); }

  bool next(SourceRow& row) override {
    if (!next_record(row)) return false;
    if (row.problem.empty() && row.fields.size() != info_.columns.size()) fit(row.fields);
    if (row.problem.empty() && row.fields.size() != info_.columns.size())
      row.problem =
          "expected " + std::to_string(info_.columns.size()) + " fields, found " + std::to_string(row.fields.size());
    return true;
  }

 private:
  /// Up to 200 lines that are not blank, within 1 MiB, without line ends; the reader stands at the first again. A byte
  /// order mark belongs to the head.
  std::vector<std::string> first_lines() {
    constexpr std::size_t k_lines = 200, k_bytes = std::size_t{1} << 20, k_blank = 1000;
    std::vector<std::string> lines;
    std::size_t bytes = 0;
    lines_->keep_from_start();
    for (std::size_t i = 0; i < k_blank && lines.size() < k_lines && bytes < k_bytes && lines_->next(); ++i) {
      if (i == 0) info_.head = lines_->text().substr(0, lines_->text().size() - bytes_of_record().size());
      if (lines_->too_long()) break;
      bytes += lines_->text().size();
      if (!is_blank()) lines.emplace_back(lines_->content());
    }
    lines_->rewind();
    return lines;
  }

  /// The columns of a table without a header.
  void name_by_position(const std::vector<ColumnRequest>& names, const std::vector<std::string>& first) {
    std::vector<std::string_view> fields;
    const bool is_sound = !first.empty() && split(first[0], fields).empty();
    if (is_sound && !names.empty() && names.size() != fields.size())
      fail(ErrorCode::invalid_argument, "columns (--no-header --columns)", "names for the columns of " + info_.name,
           std::to_string(fields.size()) + ", as its first row has (- skips one)", std::to_string(names.size()));
    for (const ColumnRequest& name : names)
      info_.columns.push_back({name.name, name.kind, name.name == "-" ? "skipped by name" : ""});
    for (std::size_t i = 0; names.empty() && i < fields.size(); ++i) info_.columns.push_back({std::to_string(i + 1)});
    mark_unusable(info_.columns);
  }

  /// A separator at the end of a row, which is none of the header, or the other way round.
  void fit(std::vector<std::string_view>& fields) const {
    const std::size_t columns = info_.columns.size();
    if (fields.size() == columns + 1 && fields.back().empty())
      fields.pop_back();
    else if (fields.size() + 1 == columns && info_.columns.back().name.empty())
      fields.emplace_back();
  }

  bool next_record(SourceRow& row) {
    while (lines_->next()) {
      if (!lines_->too_long() && is_blank()) {
        ++blank_lines_;
        continue;
      }
      row.problem = lines_->problem();
      if (row.problem.empty() && info_.format == DataFormat::csv) row.problem = join_quoted_lines();
      if (row.problem.empty()) row.problem = split(lines_->content(), row.fields);
      row.line = lines_->line();
      row.lead = {};
      row.raw = bytes_of_record();
      return true;
    }
    return false;
  }

  bool is_blank() const { return lines_->content().find_first_not_of(' ') == std::string_view::npos; }

  /// Without a byte order mark in front.
  std::string_view bytes_of_record() const {
    return lines_->text().substr(static_cast<std::size_t>(lines_->content().data() - lines_->text().data()));
  }

  std::string split(std::string_view record, std::vector<std::string_view>& fields) {
    return info_.format == DataFormat::csv ? split_csv(record, info_.separator, max_fields_, buffer_, fields)
                                           : split_tabs(record, max_fields_, fields);
  }

  /// Adds lines to the record until its quotes are closed. Returns what is wrong, or an empty text.
  std::string join_quoted_lines() {
    if (lines_->text().find('"') == std::string_view::npos) return {};
    QuoteTracker quotes(info_.separator);
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
    std::string problem =
        state == QuoteTracker::State::malformed ? split(lines_->content(), fields) : "unterminated quote";
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

std::unique_ptr<RowSource> open_table(std::unique_ptr<LineReader> lines, DataFormat format, const ReadOptions& options,
                                      std::vector<DataFinding> findings) {
  return with_lists(std::make_unique<TableSource>(std::move(lines), format, options, std::move(findings)), options);
}

}  // namespace v0
}  // namespace seqguard
