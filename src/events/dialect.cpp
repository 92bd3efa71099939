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

/// "1.5", "2.125": digits, a point, digits.
bool has_point(std::string_view cell) {
  double number = 0;
  return cell.find('.') != std::string_view::npos && parse_number(cell, number) == ParseStatus::ok;
}

void guess_decimal(std::span<const std::string> lines, Dialect& dialect) {
  std::size_t commas = 0, points = 0;
  bool is_point = false;
  std::string_view shown;
  for (const std::string& line : lines)
    for_each_cell(line, dialect.separator, [&](std::string_view cell) {
      const bool is_quoted = cell.data() != line.data() && cell.data()[-1] == '"';
      is_point = is_point || (dialect.separator == ',' && !is_quoted && has_point(cell));
      points += is_decimal(cell, '.') ? 1 : 0;
      if (!is_decimal(cell, ',')) return;
      ++commas;
      if (shown.empty()) shown = cell;
    });
  if (is_point || commas <= points) return;
  dialect.decimal = ',';
  dialect.decimal_shown = shown;
}

/// Whether one of the cells is the key; without the name of one, a name such as user.
bool has_key(std::string_view line, char separator, std::string_view key) {
  bool found = false;
  for_each_cell(line, separator, [&](std::string_view cell) {
    cell = trimmed(cell.substr(0, cell.rfind(":token")));
    found = found || (key.empty() ? names_a_key(cell) : cell == key);
  });
  return found;
}

/// The separator that Excel's first line "sep=;" names; 0: it is no such line.
char separator_by_excel(std::string_view line) {
  return line.size() == 5 && (line.starts_with("sep=") || line.starts_with("SEP=")) ? line[4] : '\0';
}

/// "#user,event" with a line of as many cells behind it, which is not the same without '#'.
bool is_marked_header(std::span<const std::string> lines, char separator, std::string_view key) {
  if (lines.size() < 2) return false;
  const std::string bare(trimmed(std::string_view(lines[0]).substr(1)));
  if (separator == 0) separator = separator_of_header(std::span(&bare, 1));
  const std::size_t count = count_of(bare, separator);
  return count > 0 && count_of(lines[1], separator) == count && has_key(bare, separator, key) && lines[1] != bare;
}

/// Lines in front that begin with '#' and are no rows of a table without a header.
std::size_t comments_among_rows(std::span<const std::string> lines, char separator) {
  const auto first = std::find_if(lines.begin(), lines.end(), [](const auto& line) { return !line.starts_with('#'); });
  if (lines.empty()) return 0;
  const std::span<const std::string> rows(first == lines.end() ? lines.begin() : first, lines.end());
  if (separator == 0) separator = separator_of_rows(rows);
  const std::size_t count = count_of(first == lines.end() ? lines.back() : *first, separator);
  std::size_t comments = 0;
  while (lines[comments].starts_with('#') && count_of(lines[comments], separator) != count) ++comments;
  return comments;
}

}  // namespace

bool begins_table(std::string_view header, std::string_view row, std::string_view key) {
  for (const char separator : k_separators) {
    if (separator == ' ' || count_of(header, separator) == 0) continue;
    bool has_blank = false;
    for_each_cell(header, separator, [&](std::string_view cell) {
      has_blank = has_blank || trimmed(cell).find_first_of(" \t") != std::string_view::npos;
    });
    if (!has_blank && has_key(header, separator, key) && count_of(header, separator) == count_of(row, separator))
      return true;
  }
  return false;
}

bool looks_like_header(std::string_view line, std::string_view key) {
  for (const char separator : k_separators) {
    if (separator == ' ' || count_of(line, separator) == 0) continue;
    if (has_key(line, separator, key)) return true;
  }
  return false;
}

Dialect guess_dialect(std::span<const std::string> lines, DataFormat format, const ReadOptions& options) {
  Dialect dialect{format, format == DataFormat::recbole ? '\t' : ',', '.', {}, 0};
  const char by_excel = lines.empty() ? '\0' : separator_by_excel(lines[0]);
  const std::size_t before = by_excel != 0 ? 1 : 0;
  lines = lines.subspan(before);
  const char said = options.separator != 0 ? options.separator : by_excel;
  const auto separator_in = [&](std::span<const std::string> rows) {
    if (said != 0) return said;
    if (rows.empty()) return dialect.separator;
    if (format == DataFormat::recbole && rows[0].find('\t') != std::string::npos) return '\t';
    const char found = options.no_header ? separator_of_rows(rows) : separator_of_header(rows);
    return format == DataFormat::recbole && count_of(rows[0], found) == 0 ? '\t' : found;
  };
  const std::string_view key = options.schema != nullptr ? std::string_view(options.schema->sequence.key) : options.key;
  std::size_t comments = 0;
  while (comments < lines.size() && lines[comments].starts_with('#')) ++comments;
  if (options.no_header)
    comments = comments_among_rows(lines, said);
  else if (comments > 0 && is_marked_header(lines, said, key))
    comments = 0;
  std::span<const std::string> rows = lines.subspan(comments);
  dialect.separator = separator_in(rows);
  if (comments > 0 && !options.no_header) {
    const std::string& last = lines[comments - 1];
    const std::size_t count = count_of(last, dialect.separator);
    const bool may_be_header = count > 0 && count_of(rows.empty() ? last : rows[0], dialect.separator) == count;
    if (rows.empty() || (may_be_header && !looks_like_header(rows[0], key))) {
      rows = lines.subspan(--comments);
      if (rows.size() == 1) dialect.separator = separator_in(rows);
    }
  }
  dialect.comment_lines = before + comments;
  if (dialect.separator != '\t') dialect.format = DataFormat::csv;
  const std::size_t header = options.no_header || rows.empty() ? 0 : 1;
  dialect.decimal = options.decimal;
  if (options.decimal == 0) {
    dialect.decimal = '.';
    guess_decimal(rows.subspan(header), dialect);
  }
  return dialect;
}

}  // namespace v0
}  // namespace seqguard
