#include "seqguard/events/reader.hpp"

#include "events/dataset_storage.hpp"
#include "events/line_reader.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

DataFormat guess_format(std::string_view name) {
  if (name.ends_with(".csv")) return DataFormat::csv;
  if (name.ends_with(".inter") || name.ends_with(".tsv")) return DataFormat::recbole;
  if (name.ends_with(".jsonl")) return data_format_from_string("jsonl");
  return DataFormat::lines;
}

Dataset read(LineReader& lines, const ReadOptions& options) {
  const DataFormat format = options.format == DataFormat::guess ? guess_format(lines.name()) : options.format;
  return Dataset(format == DataFormat::lines ? read_lines(lines, options) : read_table(lines, format, options));
}

}  // namespace

ColumnRequest column_request_from_string(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  ColumnRequest request{std::string(text.substr(0, colon)), std::nullopt};
  if (request.name.empty())
    fail(ErrorCode::invalid_argument, "columns", "a column without name", "NAME or NAME:KIND", text);
  if (colon != std::string_view::npos) request.kind = column_kind_from_string(text.substr(colon + 1));
  return request;
}

Dataset read_events(const std::string& path, const ReadOptions& options) {
  LineReader lines(path, options.max_line_bytes);
  return read(lines, options);
}

Dataset read_events_from_text(std::string_view text, const std::string& name, const ReadOptions& options) {
  LineReader lines(text, name, options.max_line_bytes);
  return read(lines, options);
}

}  // namespace seqguard
