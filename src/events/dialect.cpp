#include "events/dialect.hpp"

#include <algorithm>
#include <array>

#include "events/parse_value.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::array<char, 5> k_separators = {',', ';', '\t', '|', ' '};

/// Calls visit(cell) for the cells of a line; quotes are taken off, and quoted line breaks are not followed.
template <class Visit>
void for_each_cell(std::string_view line, char separator, const Visit& visit) {
  std::size_t begin = 0;
  bool in_quotes = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && (in_quotes || line[i] != separator)) {
      if (line[i] == '"' && (in_quotes || i == begin)) in_quotes = !in_quotes;
      continue;
    }
    std::string_view cell = line.substr(begin, i - begin);
    if (cell.size() > 1 && cell.front() == '"' && cell.back() == '"') cell = cell.substr(1, cell.size() - 2);
    visit(cell);
    begin = i + 1;
  }
}

/// Separators of a line.
std::size_t count_of(std::string_view line, char separator) {
  std::size_t cells = 0;
  for_each_cell(line, separator, [&](std::string_view) { ++cells; });
  return cells - 1;
}

char separator_of_header(std::span<const std::string> lines) {
  char best = ',';
  std::size_t most = 0;
  for (const char separator : k_separators) {
    if (separator == ' ' && most > 0) break;
    const std::size_t count = count_of(lines[0], separator);
    const bool is_even = separator != ' ' || std::all_of(lines.begin(), lines.end(), [&](const std::string& line) {
                           return count_of(line, ' ') == count;
                         });
    if (count <= most || !is_even) continue;
    most = count;
    best = separator;
  }
  return best;
}

char separator_of_rows(std::span<const std::string> lines) {
  char best = ',';
  std::size_t most = 0;
  for (const char separator : k_separators) {
    const std::size_t count = count_of(lines[0], separator);
    const auto equal = static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(), [&](const std::string& line) { return count_of(line, separator) == count; }));
    if (count == 0 || equal <= most) continue;
    most = equal;
    best = separator;
  }
  return best;
}

/// "12,5", "-0,25", "1234,567": digits, the sign, digits; not "1,234", which may be a thousand.
bool is_decimal(std::string_view cell, char sign) {
  cell = trimmed(cell);
  if (!cell.empty() && (cell[0] == '-' || cell[0] == '+')) cell.remove_prefix(1);
  constexpr std::string_view k_digits = "0123456789";
  const std::size_t whole = std::min(cell.find_first_not_of(k_digits), cell.size());
  if (whole == 0 || whole == cell.size() || cell[whole] != sign) return false;
  const std::string_view behind = cell.substr(whole + 1);
  return !behind.empty() && behind.find_first_not_of(k_digits) == std::string_view::npos &&
         !(behind.size() == 3 && whole <= 3 && cell[0] != '0');
}

char guess_decimal(std::span<const std::string> lines, char separator) {
  std::size_t commas = 0, points = 0;
  for (const std::string& line : lines)
    for_each_cell(line, separator, [&](std::string_view cell) {
      commas += is_decimal(cell, ',') ? 1 : 0;
      points += is_decimal(cell, '.') ? 1 : 0;
    });
  return commas > points ? ',' : '.';
}

}  // namespace

bool looks_like_header(std::string_view line, std::string_view key) {
  for (const char separator : k_separators) {
    if (separator == ' ' || count_of(line, separator) == 0) continue;
    bool has_key = false;
    for_each_cell(line, separator, [&](std::string_view cell) {
      cell = trimmed(cell.substr(0, cell.rfind(":token")));
      has_key = has_key || (key.empty() ? names_a_key(cell) : cell == key);
    });
    if (has_key) return true;
  }
  return false;
}

Dialect guess_dialect(std::span<const std::string> lines, DataFormat format, const ReadOptions& options) {
  Dialect dialect{format, format == DataFormat::recbole ? '\t' : ',', '.', 0};
  const auto separator_in = [&](std::span<const std::string> rows) {
    if (options.separator != 0) return options.separator;
    if (rows.empty()) return dialect.separator;
    if (format == DataFormat::recbole && rows[0].find('\t') != std::string::npos) return '\t';
    const char found = options.no_header ? separator_of_rows(rows) : separator_of_header(rows);
    return format == DataFormat::recbole && count_of(rows[0], found) == 0 ? '\t' : found;
  };
  while (dialect.comment_lines < lines.size() && lines[dialect.comment_lines].starts_with('#')) ++dialect.comment_lines;
  std::span<const std::string> rows = lines.subspan(dialect.comment_lines);
  dialect.separator = separator_in(rows);
  if (dialect.comment_lines > 0 && !options.no_header) {
    const std::string& last = lines[dialect.comment_lines - 1];
    const std::size_t count = count_of(last, dialect.separator);
    const std::string_view key =
        options.schema != nullptr ? std::string_view(options.schema->sequence.key) : options.key;
    const bool may_be_header = count > 0 && count_of(rows.empty() ? last : rows[0], dialect.separator) == count;
    if (rows.empty() || (may_be_header && !looks_like_header(rows[0], key))) {
      --dialect.comment_lines;
      rows = lines.subspan(dialect.comment_lines);
      if (rows.size() == 1) dialect.separator = separator_in(rows);
    }
  }
  if (dialect.separator != '\t') dialect.format = DataFormat::csv;
  const std::size_t header = options.no_header || rows.empty() ? 0 : 1;
  dialect.decimal = options.decimal != 0 ? options.decimal : guess_decimal(rows.subspan(header), dialect.separator);
  return dialect;
}

}  // namespace v0
}  // namespace seqguard
