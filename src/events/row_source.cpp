#include "events/row_source.hpp"

#include <algorithm>

#include "seqguard/core/utf8.hpp"

namespace seqguard {
namespace {

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

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

}  // namespace

std::string_view without_line_end(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

std::string line_problem(std::string_view text, bool too_long, std::size_t max_line_bytes) {
  if (too_long) return "line longer than " + std::to_string(max_line_bytes) + " bytes";
  if (text.find('\0') != std::string_view::npos) return "NUL byte (is the file text, and not UTF-16?)";
  if (!is_valid_utf8(text)) return "invalid UTF-8";
  return {};
}

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

std::string_view RowSource::record() const {
  std::string_view record = without_line_end(lines_.text());
  if (lines_.line() == 1 && record.starts_with(k_byte_order_mark)) record.remove_prefix(k_byte_order_mark.size());
  return record;
}

void RowSource::join_quoted_lines() {
  QuoteTracker quotes;
  std::size_t seen = static_cast<std::size_t>(record().data() - lines_.text().data());  // behind a byte order mark
  std::uint64_t last = lines_.line();
  while (true) {
    const QuoteTracker::State state = quotes.add(lines_.text().substr(seen));
    if (state == QuoteTracker::State::closed) return;
    seen = lines_.text().size();
    if (state == QuoteTracker::State::malformed) {
      problem_ = split_csv(record(), max_fields_, buffer_, fields_);
    } else if (last >= given_up_ && lines_.extend()) {
      ++last;
      continue;
    } else {
      problem_ = "unterminated quote";
    }
    given_up_ = std::max(given_up_, last);
    lines_.shrink();  // only the first line is given up: what follows it may be sound
    return;
  }
}

void RowSource::split() {
  problem_ = line_problem(lines_.text(), lines_.too_long(), max_line_bytes_);
  if (problem_.empty() && format_ == DataFormat::csv) join_quoted_lines();
  if (problem_.empty()) problem_ = line_problem(lines_.text(), false, max_line_bytes_);
  if (problem_.empty())
    problem_ = format_ == DataFormat::csv ? split_csv(record(), max_fields_, buffer_, fields_)
                                          : split_tabs(record(), max_fields_, fields_);
}

bool RowSource::next() {
  while (lines_.next()) {
    if (!lines_.too_long() && without_line_end(lines_.text()).find_first_not_of(" ") == std::string_view::npos) {
      ++blank_lines_;
      continue;
    }
    split();
    return true;
  }
  return false;
}

}  // namespace seqguard
