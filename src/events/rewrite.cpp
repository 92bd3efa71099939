#include "seqguard/events/rewrite.hpp"

#include <algorithm>

#include "events/json_rewrite.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Where field number `field` of a CSV row lies, quotes included.
bool find_csv_field(std::string_view row, char separator, std::size_t field, std::size_t& begin, std::size_t& end) {
  const std::size_t stop = row.size() - (row.ends_with("\r\n") ? 2 : row.ends_with('\n') ? 1 : 0);
  bool in_quotes = false;
  begin = 0;
  for (std::size_t i = 0; i <= stop; ++i) {
    const bool at_end = i == stop;
    if (at_end || (!in_quotes && row[i] == separator)) {
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

bool find_field(std::string_view row, const RowStyle& style, std::size_t field, std::size_t& begin, std::size_t& end) {
  return style.format == DataFormat::csv ? find_csv_field(row, style.separator, field, begin, end)
                                         : find_tab_field(row, field, begin, end);
}

[[noreturn]] void refuse_field(std::size_t field) {
  fail(ErrorCode::invalid_argument, "row", "the row has no field " + std::to_string(field));
}

[[noreturn]] void refuse_format() {
  fail(ErrorCode::invalid_argument, "row", "the format has no rows of fields", "csv, recbole or jsonl", "lines");
}

void append_csv_field(std::string& text, char separator, std::string_view value) {
  const auto needs_quotes = [separator](char c) { return c == separator || c == '"' || c == '\r' || c == '\n'; };
  if (std::none_of(value.begin(), value.end(), needs_quotes)) {
    text += value;
    return;
  }
  text += '"';
  for (const char c : value) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

void append_field(std::string& text, const RowStyle& style, std::string_view value) {
  if (style.format == DataFormat::csv) return append_csv_field(text, style.separator, value);
  const bool is_table = style.format == DataFormat::recbole;
  if (value.find_first_of(is_table ? "\t\r\n" : " \t\r\n") != std::string_view::npos)
    fail(ErrorCode::invalid_argument, "row",
         std::string("the value holds a separator of the format ") + (is_table ? "recbole" : "lines"));
  text += value;
}

}  // namespace

void append_row(std::string& text, const RowStyle& style, std::span<const std::string_view> fields,
                std::string_view like) {
  if (style.format == DataFormat::jsonl) return append_json_row(text, style.names, fields, like);
  if (style.format != DataFormat::csv && style.format != DataFormat::recbole) refuse_format();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += style.separator;
    append_field(text, style, fields[i]);
  }
  text += '\n';
}

void write_table(RowSource& source, DataFormat format, FunctionRef<void(std::string_view)> write) {
  constexpr std::size_t k_piece = std::size_t{1} << 20;
  std::string text;
  SourceRow row;
  RowStyle style(format);
  for (const SourceColumn& column : source.info().columns) style.names.push_back(column.name);
  if (format != DataFormat::jsonl) {
    row.fields.assign(style.names.begin(), style.names.end());
    append_row(text, style, row.fields);
  }
  while (source.next(row)) {
    if (!row.problem.empty())
      fail(ErrorCode::bad_event, source.info().name + ":" + std::to_string(row.line), row.problem);
    append_row(text, style, row.fields);
    if (text.size() < k_piece) continue;
    write(text);
    text.clear();
  }
  write(text);
}

std::string table_text(RowSource& source, DataFormat format) {
  std::string text;
  write_table(source, format, [&](std::string_view piece) { text += piece; });
  return text;
}

std::string field_value(std::string_view row, const RowStyle& style, std::size_t field) {
  std::size_t begin = 0, end = 0;
  if (style.format == DataFormat::lines || style.format == DataFormat::guess) refuse_format();
  if (style.format == DataFormat::jsonl) {
    if (field >= style.names.size()) refuse_field(field);
    return json_field_value(row, style.names[field]);
  }
  if (!find_field(row, style, field, begin, end)) refuse_field(field);
  std::string_view text = row.substr(begin, end - begin);
  if (style.format == DataFormat::recbole || !text.starts_with('"')) return std::string(text);
  std::string value;
  for (text.remove_prefix(1), text.remove_suffix(1); !text.empty();
       text.remove_prefix(text.starts_with("\"\"") ? 2 : 1))
    value += text[0];
  return value;
}

std::string replace_field(std::string_view row, const RowStyle& style, std::size_t field, std::string_view value) {
  if (style.format == DataFormat::jsonl) {
    if (field >= style.names.size()) refuse_field(field);
    return replace_json_field(row, style.names[field], value);
  }
  std::size_t begin = 0, end = std::min(row.find_first_of(" \t\r\n"), row.size());
  if (style.format == DataFormat::lines ? field != 0 : !find_field(row, style, field, begin, end)) refuse_field(field);
  std::string text(row.substr(0, begin));
  append_field(text, style, value);
  text += row.substr(end);
  return text;
}

}  // namespace v0
}  // namespace seqguard
