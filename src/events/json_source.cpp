// JSON lines: an event a line, or a sequence a line.
#include <algorithm>

#include "events/json_line.hpp"
#include "events/open_source.hpp"
#include "events/parse_value.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

class JsonSource final : public RowSource {
 public:
  JsonSource(std::unique_ptr<LineReader> lines, const ReadOptions& options, std::vector<DataFinding> findings)
      : lines_(std::move(lines)), names_(std::min(options.max_columns, k_most_names)), line_(options.max_columns) {
    info_.name = lines_->name();
    info_.format = DataFormat::jsonl;
    info_.compression = lines_->compression();
    info_.findings = std::move(findings);
    look_at_first_lines();
    if (options.schema != nullptr) add_columns_of(*options.schema);
    const bool has_more = names_.all().size() >= names_.most();
    notes_late_fields_ = options.schema == nullptr && !has_more;
    names_.close();
    for (const JsonNames::Name& name : names_.all()) {
      const bool is_array = name.arrays > 0 && name.scalars == 0;
      info_.columns.push_back({name.text, std::nullopt, name.text.empty() ? "no name" : is_array ? "array" : ""});
    }
    if (has_more) info_.columns.push_back({"..", std::nullopt, "further fields: more than 1,000 names"});
  }

  const SourceInfo& info() const noexcept override { return info_; }
  std::uint64_t blank_lines() const noexcept override { return blank_lines_; }
  std::uint64_t bytes_read() const noexcept override { return lines_->bytes_read(); }
  std::uint64_t bytes_in_all() const noexcept override { return lines_->bytes_in_all(); }

  bool next(SourceRow& row) override {
    while (event_ == line_.events().size()) {
      if (!next_line(row.problem)) return false;
      row.line = lines_->line();
      row.lead = {};
      row.raw = lines_->text();
      event_ = 0;
      if (!row.problem.empty()) {
        event_ = line_.events().size();
        return true;
      }
      if (!info_.line_is_sequence) {
        fill(row, line_.cells());
        return true;
      }
      if (line_.events().empty()) note(empty_, {}, lines_->line());
    }
    next_event(row);
    return true;
  }

 private:
  /// Objects whose members are named after items or users have as many names as these; each would be a column.
  static constexpr std::size_t k_most_names = 1000;

  /// Which fields there are, and whether a line is a sequence: by as many lines as columns are inferred from.
  void look_at_first_lines() {
    constexpr std::size_t k_lines = 20'000, k_bytes = std::size_t{64} << 20;
    lines_->keep_from_start();
    bool is_first = true, form_is_known = false;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < k_lines && bytes < k_bytes && lines_->next() && !lines_->too_long(); ++i) {
      bytes += lines_->text().size();
      if (is_blank_line() || !lines_->problem().empty()) continue;
      if (is_first) refuse_other_json(lines_->content());
      is_first = false;
      const std::size_t known = names_.all().size();
      std::string problem = line_.read(lines_->content(), names_, info_.line_is_sequence);
      if (problem.empty() && form_is_known) problem = of_other_form();
      if (!problem.empty()) names_.keep(known);  // a bad row brings no column
      if (!problem.empty() || form_is_known) continue;
      form_is_known = true;
      if (line_.has_events_array()) {
        info_.line_is_sequence = true;
        names_ = JsonNames(names_.most());  // without "events"
        if (!line_.read(lines_->content(), names_, true).empty()) names_.keep(0);
      }
    }
    lines_->rewind();
    line_.clear();
  }

  void refuse_other_json(std::string_view first) const {
    const std::string_view text = trimmed(first);
    const auto refuse = [&](const char* what, const char* command) {
      fail(ErrorCode::unsupported, info_.name + ":" + std::to_string(lines_->line()), what,
           "an object a line; `" + std::string(command) + " FILE | seqguard ... - --format jsonl` makes such lines",
           quoted(text));
    };
    if (text.starts_with('[')) refuse("a JSON array", "jq -c '.[]'");
    if (text == "{") refuse("an object over several lines", "jq -c .");
  }

  /// Fields that a schema names may be missing from all lines, but for key, order and primary column; from no lines,
  /// all may.
  void add_columns_of(const EventSchema& schema) {
    const bool is_empty = names_.all().empty();
    for (std::size_t c = 0; c < schema.columns.size(); ++c)
      if (c != schema.primary || is_empty) names_.place(schema.columns[c].name);
    if (schema.time) names_.place(schema.time->name);
    if (!is_empty) return;
    for (const std::string& name : {schema.sequence.key, schema.sequence.order_by})
      if (!name.empty()) names_.place(name);
  }

  bool is_blank_line() const { return lines_->content().find_first_not_of(" \t") == std::string_view::npos; }

  /// What is wrong with a sequence among lines that are events.
  std::string of_other_form() const {
    return info_.line_is_sequence || !line_.has_events_array()
               ? ""
               : "an array \"events\", but the lines before are single events: a file has one form";
  }

  /// Lines that say something once, at the end.
  struct Note {
    std::uint64_t count = 0, line = 0;  ///< of the first
    std::string field;
  };
  static void note(Note& note, const std::string& field, std::uint64_t line) {
    if (note.count++ > 0) return;
    note.line = line;
    note.field = field;
  }

  void say_notes() {
    const auto say = [&](Note& note, DataFinding::Kind kind, const std::string& text) {
      if (note.count > 0)
        info_.findings.push_back(
            {kind, note.field, static_cast<double>(note.count) / static_cast<double>(sound_lines_), note.line,
             info_.name + ": " + std::to_string(note.count) + " of " + std::to_string(sound_lines_) + " lines " + text +
                 " (the first: line " + std::to_string(note.line) + ")"});
      note = {};
    };
    say(late_, DataFinding::Kind::late_field,
        "have a field that none of the first 20,000 lines (or 64 MiB) has, " + quoted(late_.field) +
            ": such fields are not read; a line with all fields in front brings them");
    say(empty_, DataFinding::Kind::no_events, "have no events: they are left out");
  }

  bool next_line(std::string& problem) {
    while (lines_->next()) {
      if (!lines_->too_long() && is_blank_line()) {
        ++blank_lines_;
        continue;
      }
      problem = lines_->problem();
      if (!problem.empty()) return true;
      const std::uint64_t missed = names_.missed();
      problem = line_.read(lines_->content(), names_, info_.line_is_sequence);
      if (problem.empty()) problem = of_other_form();
      if (!problem.empty()) {
        if (late_.count == 0) names_.forget_missed();
        return true;
      }
      ++sound_lines_;
      if (notes_late_fields_ && names_.missed() > missed) note(late_, names_.first_missed(), lines_->line());
      return true;
    }
    say_notes();
    return false;
  }

  void fill(SourceRow& row, std::span<const JsonCell> cells) const {
    row.fields.assign(info_.columns.size(), {});
    put(row, cells);
  }
  static void put(SourceRow& row, std::span<const JsonCell> cells) {
    for (const JsonCell& cell : cells) row.fields[cell.place] = cell.text;
  }

  /// An event of a sequence: the fields of the line, and above them its own.
  void next_event(SourceRow& row) {
    const std::span<const JsonEvent> events = line_.events();
    const JsonEvent& event = events[event_];
    const std::string_view line = lines_->text();
    const std::size_t start = static_cast<std::size_t>(lines_->content().data() - line.data());  // byte order mark
    const std::size_t end = event_ + 1 < events.size() ? start + events[event_ + 1].begin : line.size();
    row.problem.clear();
    row.line = lines_->line();
    row.lead = event_ == 0 ? line.substr(0, start + event.begin) : std::string_view();
    row.raw = line.substr(start + event.begin, end - start - event.begin);
    fill(row, line_.cells());
    put(row, line_.event_cells().subspan(event.first_cell, event.end_cell - event.first_cell));
    ++event_;
  }

  std::unique_ptr<LineReader> lines_;
  JsonNames names_;
  JsonLine line_;
  SourceInfo info_;
  std::size_t event_ = 0;  // of the line, the next one
  std::uint64_t blank_lines_ = 0, sound_lines_ = 0;
  bool notes_late_fields_ = false;
  Note late_, empty_;
};

}  // namespace

std::unique_ptr<RowSource> open_json(std::unique_ptr<LineReader> lines, const ReadOptions& options,
                                     std::vector<DataFinding> findings) {
  return std::make_unique<JsonSource>(std::move(lines), options, std::move(findings));
}

}  // namespace v0
}  // namespace seqguard
