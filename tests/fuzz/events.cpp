#include "fuzz/targets.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/compare_with_schema.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
namespace {

void check(std::span<const DataFinding> findings) {
  for (const DataFinding& finding : findings)
    keep(finding.share > 0 && finding.share <= 1 && !finding.message.empty(), "a finding has its share");
}

/// `lists`: the first column is one of lists, if it can be, and some texts are missing values.
void read_as(DataFormat format, bool keyed_lines, bool lists, std::string_view input) {
  ReadOptions options{.format = format, .keyed_lines = keyed_lines, .keep_raw = true, .max_line_bytes = 2'000};
  if (lists) {
    options.columns = {{"items"}};
    options.missing = {"a", "NA"};
  }
  const Dataset data = read_events_from_text(input, "fuzz", options);
  std::size_t events = 0, bytes = data.head().size();
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const DataSequence& sequence = data.sequences()[s];
    keep(sequence.first == events && data.view(s).columns.size() == data.columns().size(), "sequences side by side");
    for (const ColumnView& column : data.view(s).columns) keep(column.size() == sequence.count, "a value per event");
    events += sequence.count;
    bytes += data.lead(s).size();
  }
  keep(events == data.events() && data.file_order().size() == events, "each event once");
  for (std::size_t e = 0; e < events; ++e) bytes += data.raw(e).size();
  keep(bytes <= input.size(), "raw bytes are parts of the file");
  check(data.findings());
  check(compare_with_schema(data, fit_schema(data)));
}

}  // namespace

void fuzz_events(std::string_view input) {
  for (const auto format : {DataFormat::lines, DataFormat::csv, DataFormat::recbole, DataFormat::jsonl})
    for (const bool keyed_lines : {false, true})
      for (const bool lists : {false, true}) try {
          read_as(format, keyed_lines, lists, input);
        } catch (const Error&) {  // refused by name; the other formats may take it
        }
}

}  // namespace seqguard
