// A sequence a line, events separated by blanks: "login view view buy", or with a key and a tab before them.
#include <algorithm>

#include "events/dataset_storage.hpp"
#include "events/line_reader.hpp"
#include "events/row_source.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

constexpr std::string_view k_blanks = " \t";

/// Adds the events of one line; every event's raw bytes reach to the next one, the last event's to the end of the line.
void add_events(std::string_view text, std::string_view line, Dataset::Storage& out, const ReadOptions& options,
                std::uint64_t number, std::vector<std::uint32_t>& sequence_of_event) {
  std::size_t begin = text.find_first_not_of(k_blanks);
  const auto lead = static_cast<std::size_t>(text.data() + begin - line.data());
  if (options.keep_raw) out.leads.push_back(out.keep_raw(line.substr(0, lead)));
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(k_blanks, begin), text.size());
    const std::size_t next = text.find_first_not_of(k_blanks, end);
    out.values[0].texts.push_back(out.pool.keep(text.substr(begin, end - begin)));
    out.rows.push_back(number);
    sequence_of_event.push_back(static_cast<std::uint32_t>(out.sequences.size() - 1));
    if (options.keep_raw) {
      const char* stop = next == std::string_view::npos ? line.data() + line.size() : text.data() + next;
      out.slices.push_back(out.keep_raw({text.data() + begin, static_cast<std::size_t>(stop - text.data()) - begin}));
    }
    begin = next;
  }
}

}  // namespace

std::unique_ptr<Dataset::Storage> read_lines(LineReader& lines, const ReadOptions& options) {
  const EventSchema* schema = options.schema;
  if (schema != nullptr && (schema->columns.size() != 1 || schema->time))
    fail(ErrorCode::bad_format, lines.name(), "lines hold one column of events", "a schema of one column",
         std::to_string(schema->columns.size() + (schema->time ? 1 : 0)) + " columns");
  const bool keyed = schema != nullptr ? !schema->sequence.key.empty() : options.keyed_lines;
  auto out = std::make_unique<Dataset::Storage>();
  out->rejected.file = lines.name();
  out->columns.push_back({schema != nullptr ? schema->columns[0].name : "event", ColumnKind::categorical, 0});
  out->values.resize(1);
  if (keyed) out->key_column = schema != nullptr ? schema->sequence.key : "key";
  std::vector<std::uint32_t> sequence_of_event;
  std::size_t bytes = 0;  // of the lines that were added
  while (lines.next()) {
    const std::string_view line = lines.text();
    std::string problem = line_problem(line, lines.too_long(), options.max_line_bytes);
    std::string_view text = without_line_end(line), key;
    if (lines.line() == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (problem.empty() && text.find_first_not_of(k_blanks) == std::string_view::npos) {
      ++out->blank_lines;
      continue;
    }
    if (problem.empty() && keyed) {
      const std::size_t tab = text.find('\t');
      if (tab == std::string_view::npos || tab == 0) problem = "expected KEY, a tab and events";
      key = text.substr(0, tab);
      text.remove_prefix(problem.empty() ? tab + 1 : 0);
    }
    if (problem.empty() && text.find_first_not_of(k_blanks) == std::string_view::npos) problem = "no events";
    if (!problem.empty()) {
      out->reject(lines.line(), std::move(problem), options);
      continue;
    }
    out->sequences.push_back({out->pool.keep(key), lines.line(), 0, 0});
    add_events(text, line, *out, options, lines.line(), sequence_of_event);
    out->check_memory(bytes += line.size());
  }
  out->finish(sequence_of_event, {});
  return out;
}

}  // namespace seqguard
