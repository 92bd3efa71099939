#include "seqguard/events/rewrite.hpp"

#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

/// Where field number `field` of a CSV row lies, quotes included.
bool find_csv_field(std::string_view row, std::size_t field, std::size_t& begin, std::size_t& end) {
  const std::size_t stop = row.size() - (row.ends_with("\r\n") ? 2 : row.ends_with('\n') ? 1 : 0);
  bool in_quotes = false;
  begin = 0;
  for (std::size_t i = 0; i <= stop; ++i) {
    const bool at_end = i == stop;
    if (at_end || (!in_quotes && row[i] == ',')) {
      if (field-- == 0) {
        end = i;
        return true;
      }
      if (at_end) return false;
      begin = i + 1;
    } else if (row[i] == '"' && (in_quotes || i == begin)) {
      in_quotes = !in_quotes || (i + 1 < row.size() && row[i + 1] == '"' && ++i);
    }
  }
  return false;
}

bool find_tab_field(std::string_view row, std::size_t field, std::size_t& begin, std::size_t& end) {
  for (begin = 0; field > 0; --field) {
    const std::size_t tab = row.find('\t', begin);
    if (tab == std::string_view::npos) return false;
    begin = tab + 1;
  }
  end = row.find_first_of("\t\r\n", begin);
  if (end == std::string_view::npos) end = row.size();
  return true;
}

void require_without(std::string_view value, std::string_view forbidden, std::string_view format) {
  if (value.find_first_of(forbidden) != std::string_view::npos)
    fail(ErrorCode::invalid_argument, "replace_field",
         "the value holds a separator of the format " + std::string(format));
}

}  // namespace

std::string csv_field(std::string_view value) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(value);
  std::string result = "\"";
  for (const char c : value) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

std::string replace_field(std::string_view row, DataFormat format, std::size_t field, std::string_view value) {
  std::size_t begin = 0, end = 0;
  bool found = false;
  std::string text(value);
  if (format == DataFormat::csv) {
    found = find_csv_field(row, field, begin, end);
    text = csv_field(value);
  } else if (format == DataFormat::recbole) {
    require_without(value, "\t\r\n", "recbole");
    found = find_tab_field(row, field, begin, end);
  } else {
    require_without(value, " \t\r\n", "lines");
    end = std::min(row.find_first_of(" \t\r\n"), row.size());
    found = field == 0;
  }
  if (!found) fail(ErrorCode::invalid_argument, "replace_field", "the row has no field " + std::to_string(field));
  return std::string(row.substr(0, begin)) + text + std::string(row.substr(end));
}

}  // namespace seqguard
