#include "cli/read_input.hpp"

#include <algorithm>
#include <iterator>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "seqguard/events/compare_with_schema.hpp"
#include "seqguard/events/event_row.hpp"
#include "seqguard/events/input_files.hpp"

namespace seqguard::cli {
namespace {

char separator_of(const std::string& text) {
  if (text.empty()) return '\0';
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() != 1 || text == "\"" || text == "\n" || text == "\r")
    throw UsageError("--separator: expected one character or tab, found \"" + text + "\"");
  return text[0];
}

DateOrder date_order_of(const std::string& text) {
  return text.empty() ? DateOrder::unknown : text == "dmy" ? DateOrder::day_first : DateOrder::month_first;
}

Dataset read(const InputOptions& input, ReadOptions options) {
  ProgressBar bar(input.quiet);
  options.progress = bar.sink();
  Dataset data = read_event_files(input_files(input.paths), options);
  bar.finish();
  report_rejected(data.rejected(), input.max_errors);
  report_findings(data.findings(), input.strict);
  if (data.sequences().empty()) refuse_empty(data);
  return data;
}

}  // namespace

void report_rejected(const RejectReport& rejected, std::size_t max_errors) {
  const std::size_t named = std::min(rejected.rows.size(), max_errors);
  for (std::size_t i = 0; i < named; ++i) say(false, rejected.message(i));
  if (rejected.count > 0)
    warn(counted(rejected.count, "bad row") + " of " + rejected.file + (rejected.count == 1 ? " was" : " were") +
         " left out" +
         (rejected.count > named ? ", " + with_commas(named) + " of them named above (--max-errors)" : ""));
}

void report_findings(std::span<const DataFinding> findings, bool strict) {
  for (const DataFinding& finding : findings) {
    if (strict && finding.is_refused_if_strict()) fail(ErrorCode::bad_event, finding.message, "refused (--strict)");
    warn(finding.message);
  }
}

void refuse_empty(const Dataset& data) {
  fail(ErrorCode::bad_format, data.rejected().file, "no sequence to work on", "at least one event",
       data.rejected().count > 0       ? "bad rows only"
       : data.reading().cleaning.any() ? "nothing that cleaning has left"
                                       : "nothing");
}

ReadOptions read_options(const InputOptions& input) {
  ReadOptions options;
  if (!input.format.empty()) options.format = with_our_arguments([&] { return data_format_from_string(input.format); });
  options.separator = separator_of(input.separator);
  options.decimal = input.decimal.empty() ? '\0' : input.decimal[0];
  options.no_header = input.no_header;
  std::vector<ColumnRequest>& columns = input.no_header ? options.header : options.columns;
  for (const std::string& column : input.columns)
    columns.push_back(with_our_arguments([&] { return column_request_from_string(column); }));
  options.missing = input.missing;
  options.time_format = input.time_format;
  options.date_order = date_order_of(input.date_order);
  options.strict = input.strict;
  options.kept_rejects = input.max_errors;
  return options;
}

std::string input_name(const InputOptions& input) {
  if (input.paths.empty()) return {};
  return input.paths[0] + (input.paths.size() == 1 ? "" : " and " + std::to_string(input.paths.size() - 1) + " more");
}

void require_one_file(const InputOptions& input, const std::string& command, const std::string& instead) {
  if (with_our_arguments([&] { return input_files(input.paths).size(); }) > 1)
    throw UsageError(command + ": several files are not written back as one; " + instead);
}

ReadOptions read_options(const InputOptions& input, const TableOptions& table) {
  ReadOptions options = read_options(input);
  options.key = table.key;
  options.order = table.order;
  options.time = table.time;
  options.profile_key = table.profile_key;
  options.cleaning = table.cleaning;
  return options;
}

Dataset read_input(const InputOptions& input, const TableOptions& table, bool keep_raw) {
  return with_our_arguments([&] {
    ReadOptions options = read_options(input, table);
    options.keep_raw = keep_raw;
    return read(input, options);
  });
}

Dataset read_input(const InputOptions& input, const EventSchema& schema, const ModelInputOptions& how) {
  ReadOptions options = read_options(input);
  options.schema = &schema;
  options.keep_raw = how.keep_raw;
  Dataset data = with_our_arguments([&] { return read(input, options); });
  std::vector<DataFinding> differences = compare_with_schema(data, schema);
  report_findings(differences, input.strict && !how.may_differ);
  if (how.findings != nullptr) {
    how.findings->insert(how.findings->end(), data.findings().begin(), data.findings().end());
    std::move(differences.begin(), differences.end(), std::back_inserter(*how.findings));
  }
  return data;
}

void give_reading(const Dataset& data, ReadOptions& options) {
  const ReadingChoices& reading = data.reading();
  options.missing = reading.missing;
  options.time_format = reading.time.format;
  if (options.time_format.empty())
    options.date_order =
        reading.time.date_order != DateOrder::unknown ? reading.time.date_order : reading.order.date_order;
}

void write_findings(std::span<const DataFinding> findings, JsonWriter& json) {
  json.key("findings").begin_array();
  for (const DataFinding& finding : findings) {
    json.begin_object().field("kind", to_string(finding.kind)).field("column", finding.column);
    json.field("line", finding.line).field("share", finding.share).field("message", finding.message).end_object();
  }
  json.end_array();
}

void write_place(const Dataset& data, std::uint64_t row, JsonWriter& json) {
  const RowPlace place = data.place(row);
  if (!data.files().empty()) json.field("file", place.file);
  json.field("line", place.line);
}

std::string row_name(const Dataset& data, std::uint64_t row) {
  return data.files().empty() ? std::to_string(row) : data.place(row).text();
}

int exit_code_for(const Dataset& data) { return data.rejected().count > 0 ? k_rows_rejected : k_done; }

std::string size_text(const Dataset& data) {
  return counted(data.sequences().size(), "sequence") + ", " + counted(data.events(), "event");
}

LoadOptions load_options(const CommonOptions& common) {
  LoadOptions options;
  if (!common.isa.empty()) options.isa = isa_from_string(common.isa);
  options.matmul = matmul_backend_from_string(common.matmul);
  options.precision = precision_from_string(common.precision);
  return options;
}

SequenceScorer load_scorer(const std::string& model, const CommonOptions& common) {
  SequenceScorer scorer = SequenceScorer::load(model, load_options(common));
  for (const std::string& note : scorer.load_report().notes) say(common.quiet, "note: " + note);
  return scorer;
}

std::unique_ptr<Executor> executor_for(const CommonOptions& common) { return make_thread_pool(common.threads); }

}  // namespace seqguard::cli
