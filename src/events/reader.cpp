#include "seqguard/events/reader.hpp"

#include <utility>

#include "events/dataset_builder.hpp"
#include "events/dialect.hpp"
#include "events/json_line.hpp"
#include "events/open_source.hpp"
#include "events/planned_rows.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// JSON lines begin with an object, a table with a header that has a key and a row of as many cells; all else is lines
/// of events. A schema without a key is one of lines, or of sequences a line of JSON.
DataFormat guess_by_content(LineReader& lines, const ReadOptions& options) {
  const std::vector<std::string> first = lines.first_lines(2);
  if (options.keyed_lines || first.empty()) return DataFormat::lines;
  const bool has_key = options.schema == nullptr || !options.schema->sequence.key.empty();
  JsonNames names(options.max_columns);
  JsonLine line(options.max_columns);
  // JSON over several lines is refused there, in words.
  if (first[0] == "{" || (first[0].starts_with('{') && line.read(first[0], names, false).empty()))
    return has_key || line.has_events_array() ? DataFormat::jsonl : DataFormat::lines;
  const bool is_table = has_key && first.size() == 2 &&
                        begins_table(first[0], first[1], options.schema != nullptr ? options.schema->sequence.key : "");
  return is_table ? DataFormat::csv : DataFormat::lines;
}

/// What made a table or JSON lines of a file whose name did not say so.
std::vector<DataFinding> say_guessed(const LineReader& lines, DataFormat format) {
  if (format == DataFormat::lines) return {};
  const bool is_json = format == DataFormat::jsonl;
  return {{DataFinding::Kind::guessed,
           {},
           1,
           0,
           lines.name() + (is_json ? ": read as jsonl, by its first line; " : ": read as csv, by its header; ") +
               "--format lines reads lines of events, --format " + (is_json ? "jsonl" : "csv") +
               " says that this is right"}};
}

/// Options of tables for what is none.
void refuse_for(const LineReader& lines, DataFormat format, const ReadOptions& options) {
  std::string names;
  for (const auto& [name, is_given] : {std::pair{"--separator", options.separator != 0},
                                       {"--decimal", options.decimal != 0},
                                       {"--no-header", options.no_header}})
    if (is_given) names += (names.empty() ? "" : ", ") + std::string(name);
  if (!names.empty())
    fail(ErrorCode::invalid_argument, lines.name(),
         "read as " + std::string(format == DataFormat::jsonl ? "JSON lines" : "lines of events") +
             ", which are no table: " + names + " would have no effect; a table is read with --format csv");
}

std::unique_ptr<RowSource> open(std::unique_ptr<LineReader> lines, const ReadOptions& options) {
  DataFormat format = options.format == DataFormat::guess ? format_by_name(lines->name()) : options.format;
  std::vector<DataFinding> findings;
  const bool is_said_table = options.separator != 0 || options.decimal != 0 || options.no_header;
  if (format == DataFormat::guess && is_said_table) format = DataFormat::csv;
  if (format == DataFormat::guess) {
    format = guess_by_content(*lines, options);
    findings = say_guessed(*lines, format);
  }
  if (format == DataFormat::jsonl || format == DataFormat::lines) refuse_for(*lines, format, options);
  if (format == DataFormat::jsonl) return open_json(std::move(lines), options, std::move(findings));
  return format == DataFormat::lines ? open_lines(std::move(lines), options)
                                     : open_table(std::move(lines), format, options, std::move(findings));
}

}  // namespace

DataFormat format_by_name(std::string_view name) {
  for (const std::string_view archive : {".gz", ".zst"})
    if (name.ends_with(archive)) name.remove_suffix(archive.size());
  if (name.ends_with(".csv")) return DataFormat::csv;
  if (name.ends_with(".inter") || name.ends_with(".tsv")) return DataFormat::recbole;
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson")) return DataFormat::jsonl;
  return DataFormat::guess;
}

ColumnRequest column_request_from_string(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  ColumnRequest request{std::string(text.substr(0, colon)), std::nullopt, {}};
  if (request.name.empty())
    fail(ErrorCode::invalid_argument, "columns (--columns)", "a column without name", "NAME or NAME:KIND", text);
  if (colon == std::string_view::npos) return request;
  request.whole = text;
  const std::string_view kind = text.substr(colon + 1);
  if (kind == "token") request.kind = ColumnKind::categorical;
  if (kind == "float") request.kind = ColumnKind::numeric;
  try {
    if (!request.kind) request.kind = column_kind_from_string(kind);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unsupported) fail(error.code(), "columns (--columns)", error.what());
    request = {std::string(text), std::nullopt, {}};  // "case:concept:name"
  }
  return request;
}

std::unique_ptr<RowSource> open_rows(const std::string& path, const ReadOptions& options) {
  return open(std::make_unique<LineReader>(path, options), options);
}

std::unique_ptr<RowSource> open_rows_from_text(std::string_view text, const std::string& name,
                                               const ReadOptions& options) {
  return open(std::make_unique<LineReader>(text, name, options), options);
}

Dataset read_events(RowSource& source, const ReadOptions& options) {
  PlannedRows rows(source, options);
  const RowParser parser(rows.plan());
  DatasetBuilder builder(source.info(), parser.plan(), options);
  EventRow event;
  rows.for_each([&](const SourceRow& row) {
    parser.parse(row, event);
    builder.add(event);
  });
  return builder.finish(source);
}

Dataset read_events(const std::string& path, const ReadOptions& options) {
  return read_events(*open_rows(path, options), options);
}

Dataset read_events_from_text(std::string_view text, const std::string& name, const ReadOptions& options) {
  return read_events(*open_rows_from_text(text, name, options), options);
}

}  // namespace v0
}  // namespace seqguard
