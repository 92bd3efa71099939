#include "seqguard/evaluation/reading_facts.hpp"

#include "seqguard/events/event_row.hpp"

namespace seqguard {
inline namespace v0 {

std::vector<std::pair<std::string, std::string>> reading_facts(const Dataset& data) {
  const RowStyle& style = data.row_style();
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&](bool is_told, const char* name, const std::string& value) {
    if (is_told) facts.emplace_back(name, value);
  };
  const bool is_table = style.format == DataFormat::csv || style.format == DataFormat::recbole;
  const bool is_other = is_table && style.separator != (style.format == DataFormat::csv ? ',' : '\t');
  const std::string separator = style.separator == '\t'  ? "tab"
                                : style.separator == ' ' ? "blank"
                                                         : std::string(1, style.separator);
  add(style.format == DataFormat::recbole || style.format == DataFormat::jsonl, "format",
      style.format == DataFormat::jsonl ? "jsonl" : "recbole");
  add(is_other, "separator", separator);
  add(is_table && style.decimal != '.', "decimal sign", std::string(1, style.decimal));
  add(data.compression() != Compression::none, "compression",
      data.compression() == Compression::gzip ? "gzip" : "zstd");
  add(style.comment_lines > 0, "comment lines", std::to_string(style.comment_lines));
  add(!data.files().empty(), "files", std::to_string(data.files().size()));
  const TimeReading& time = data.reading().time;
  const DateOrder dates = time.date_order != DateOrder::unknown ? time.date_order : data.reading().order.date_order;
  add(!time.format.empty(), "time format", time.format);
  add(dates != DateOrder::unknown, "dates", dates == DateOrder::day_first ? "day first" : "month first");
  std::string missing;
  for (const std::string& text : data.reading().missing) missing += (missing.empty() ? "\"" : ", \"") + text + "\"";
  add(!missing.empty(), "missing values", missing);
  return facts;
}

}  // namespace v0
}  // namespace seqguard
