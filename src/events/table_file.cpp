// A table with a header, an event a row: CSV and RecBole's tab-separated files.
#include <cmath>
#include <limits>

#include "events/column_plan.hpp"
#include "events/dataset_storage.hpp"
#include "events/line_reader.hpp"
#include "events/parse_value.hpp"
#include "events/row_source.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

/// What one row says, before it is added: a row is added whole or not at all.
struct ParsedRow {
  std::string_view key;
  long double order = 0;
  std::int64_t time = k_no_time;
  std::vector<float> numbers;  // per column
};

std::string explain(const std::string& column, ParseStatus status, std::string_view expected, std::string_view text) {
  const std::string what = status == ParseStatus::missing ? "empty"
                           : status == ParseStatus::bad   ? "not "
                                                          : "out of range for ";
  return "column " + quoted(column) + ": " + what + (status == ParseStatus::missing ? "" : std::string(expected)) +
         ": " + quoted(text);
}

/// An order: an integer of up to 64 bits exactly, another number, or a time.
ParseStatus parse_order(std::string_view text, long double& order) {
  double number = 0;
  ParseStatus status = parse_number(text, number);
  if (status == ParseStatus::ok) {
    const bool exact = text.size() < 16 || text.find_first_not_of("0123456789") != std::string_view::npos;
    std::int64_t integer = 0;
    for (const char c : exact || text.size() > 18 ? std::string_view() : text) integer = integer * 10 + (c - '0');
    order = exact || text.size() > 18 ? static_cast<long double>(number) : static_cast<long double>(integer);
  } else if (status == ParseStatus::bad) {
    std::int64_t ms = 0;
    status = parse_time(text, "ms", ms);
    order = static_cast<long double>(ms);
  }
  return status;
}

class TableReader {
 public:
  TableReader(LineReader& lines, DataFormat format, const ReadOptions& options)
      : rows_(lines, format, options.max_columns, options.max_line_bytes),
        options_(options),
        out_(std::make_unique<Dataset::Storage>()) {
    out_->format = format;
    out_->rejected.file = lines.name();
  }

  std::unique_ptr<Dataset::Storage> read() {
    read_header_row();
    if (options_.schema != nullptr)
      plan_ = plan_from_schema(header_, *options_.schema, out_->rejected.file);
    else
      read_sample();
    prepare();
    replay_sample();
    while (rows_.next()) add(row_problem(), rows_.fields(), rows_.raw(), rows_.line());
    out_->blank_lines = rows_.blank_lines();
    out_->finish(sequence_of_event_, order_);
    return std::move(out_);
  }

 private:
  struct SampleRow {
    std::uint64_t line;
    std::string raw, problem;
  };

  void read_header_row() {
    const std::string& file = out_->rejected.file;
    if (!rows_.next()) fail(ErrorCode::bad_format, file, "the file is empty", "a header row", "nothing");
    if (!rows_.problem().empty())
      fail(ErrorCode::bad_format, file + ":" + std::to_string(rows_.line()), "header: " + rows_.problem());
    header_ = read_header(rows_.fields(), out_->format, file);
    if (options_.keep_raw) out_->head = rows_.raw();
  }

  /// What keeps the current row from being split into the fields of the header, or an empty text.
  std::string row_problem() const {
    if (!rows_.problem().empty() || rows_.fields().size() == header_.size()) return rows_.problem();
    return "expected " + std::to_string(header_.size()) + " fields, found " + std::to_string(rows_.fields().size());
  }

  void read_sample() {
    // Bytes of memory, not of the file: a row of empty fields needs 32 times its length.
    constexpr std::size_t k_rows = 20'000, k_bytes = std::size_t{64} << 20;
    ColumnSample columns(header_.size());
    std::size_t bytes = 0;
    while (sample_.size() < k_rows && bytes < k_bytes && rows_.next()) {
      sample_.push_back({rows_.line(), std::string(), row_problem()});
      if (!sample_.back().problem.empty()) continue;
      for (std::size_t i = 0; i < header_.size(); ++i) columns[i].emplace_back(rows_.fields()[i]);
      sample_.back().raw = rows_.raw();
      bytes += 2 * rows_.raw().size() + header_.size() * sizeof(std::string);
    }
    plan_ = infer_plan(header_, columns, options_, out_->rejected.file);
  }

  void prepare() {
    out_->columns = plan_.columns;
    out_->primary = plan_.primary;
    out_->key_column = header_[plan_.key].name;
    if (plan_.order) out_->order_column = header_[*plan_.order].name;
    if (plan_.time) out_->time_column = header_[*plan_.time].name;
    out_->time_unit = plan_.time_unit;
    out_->ignored = plan_.ignored;
    out_->values.resize(plan_.columns.size());
    row_.numbers.resize(plan_.columns.size());
  }

  void replay_sample() {
    std::string buffer;
    std::vector<std::string_view> fields;
    for (const SampleRow& row : sample_) {
      if (out_->format == DataFormat::csv)
        split_csv(without_line_end(row.raw), options_.max_columns, buffer, fields);
      else
        split_tabs(without_line_end(row.raw), options_.max_columns, fields);
      add(row.problem, fields, row.raw, row.line);
    }
    sample_.clear();
    sample_.shrink_to_fit();
  }

  /// Reads the fields into row_; returns what is wrong, or an empty text.
  std::string parse(const std::vector<std::string_view>& fields) {
    row_.key = fields[plan_.key];
    if (row_.key.empty()) return "column " + quoted(header_[plan_.key].name) + ": empty key";
    if (plan_.order) {
      const ParseStatus status = parse_order(fields[*plan_.order], row_.order);
      if (status != ParseStatus::ok)
        return explain(header_[*plan_.order].name, status, "an order", fields[*plan_.order]);
    }
    row_.time = k_no_time;
    if (plan_.time) {
      const ParseStatus status = parse_time(fields[*plan_.time], plan_.time_unit, row_.time);
      if (status != ParseStatus::ok && status != ParseStatus::missing)
        return explain(header_[*plan_.time].name, status, "a time", fields[*plan_.time]);
    }
    for (std::size_t c = 0; c < plan_.columns.size(); ++c) {
      if (plan_.columns[c].kind != ColumnKind::numeric) continue;
      const std::string_view text = fields[plan_.columns[c].field];
      double number = 0;
      ParseStatus status = parse_number(text, number);
      if (status == ParseStatus::ok && std::abs(number) > std::numeric_limits<float>::max())
        status = ParseStatus::out_of_range;
      if (status != ParseStatus::ok && status != ParseStatus::missing)
        return explain(plan_.columns[c].name, status, "a number", text);
      row_.numbers[c] =
          status == ParseStatus::ok ? static_cast<float>(number) : std::numeric_limits<float>::quiet_NaN();
    }
    return {};
  }

  void add(std::string problem, const std::vector<std::string_view>& fields, std::string_view raw, std::uint64_t line) {
    if (problem.empty()) problem = parse(fields);
    if (!problem.empty()) {
      out_->reject(line, std::move(problem), options_);
      return;
    }
    const std::string_view key = out_->pool.keep(row_.key);
    const auto [place, is_new] = sequence_of_key_.try_emplace(key, static_cast<std::uint32_t>(out_->sequences.size()));
    if (is_new) out_->sequences.push_back({key, line, 0, 0});
    sequence_of_event_.push_back(place->second);
    if (plan_.order) {
      order_.push_back(row_.order);
      out_->orders.push_back(out_->pool.keep(fields[*plan_.order]));
    }
    if (plan_.time) out_->times.push_back(row_.time);
    for (std::size_t c = 0; c < plan_.columns.size(); ++c) {
      if (plan_.columns[c].kind == ColumnKind::numeric)
        out_->values[c].numbers.push_back(row_.numbers[c]);
      else
        out_->values[c].texts.push_back(out_->pool.keep(fields[plan_.columns[c].field]));
    }
    out_->rows.push_back(line);
    if (options_.keep_raw) out_->slices.push_back(out_->keep_raw(raw));
    out_->check_memory(bytes_ += raw.size());
  }

  RowSource rows_;
  const ReadOptions& options_;
  std::unique_ptr<Dataset::Storage> out_;
  std::vector<HeaderCell> header_;
  ColumnPlan plan_;
  std::vector<SampleRow> sample_;
  ParsedRow row_;
  std::unordered_map<std::string_view, std::uint32_t, SecretHash> sequence_of_key_;
  std::vector<std::uint32_t> sequence_of_event_;
  std::vector<long double> order_;
  std::size_t bytes_ = 0;  // of the rows that were added
};

}  // namespace

std::unique_ptr<Dataset::Storage> read_table(LineReader& lines, DataFormat format, const ReadOptions& options) {
  return TableReader(lines, format, options).read();
}

}  // namespace seqguard
