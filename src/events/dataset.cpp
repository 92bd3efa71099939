#include "seqguard/events/dataset.hpp"

#include <algorithm>
#include <numeric>

#include "events/dataset_storage.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
std::string RejectReport::message(std::size_t i) const {
  return (rows[i].file.empty() ? file : rows[i].file) + ":" + std::to_string(rows[i].line) + ": " + rows[i].reason;
}

RowPlace place_of(std::span<const SourceFile> files, const std::string& name, std::uint64_t line) {
  const auto behind = std::find_if(files.begin(), files.end(), [&](const auto& f) { return f.lines_before >= line; });
  if (behind == files.begin()) return {name, line};
  const SourceFile& file = *std::prev(behind);
  return {file.name, line - file.lines_before};
}

DataFormat data_format_from_string(std::string_view name) {
  if (name == "lines") return DataFormat::lines;
  if (name == "csv") return DataFormat::csv;
  if (name == "recbole") return DataFormat::recbole;
  if (name == "jsonl") return DataFormat::jsonl;
  fail(ErrorCode::invalid_argument, "format (--format)", "unknown", "lines, csv, recbole or jsonl", name);
}

Dataset::Dataset() : Dataset(std::make_unique<Storage>()) {}
Dataset::Dataset(std::unique_ptr<Storage> storage) : storage_(std::move(storage)) {}
Dataset::~Dataset() = default;
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;

std::span<const DataSequence> Dataset::sequences() const noexcept { return storage_->sequences; }
std::size_t Dataset::events() const noexcept { return storage_->rows.size(); }
std::span<const DataColumn> Dataset::columns() const noexcept { return storage_->columns; }
std::size_t Dataset::primary() const noexcept { return storage_->primary; }
const std::string& Dataset::key_column() const noexcept { return storage_->key_column; }
const std::string& Dataset::profile_key_column() const noexcept { return storage_->profile_key_column; }
const std::string& Dataset::order_column() const noexcept { return storage_->order_column; }
const std::string& Dataset::time_column() const noexcept { return storage_->time_column; }
const std::string& Dataset::time_unit() const noexcept { return storage_->reading.time.unit; }
DataFormat Dataset::format() const noexcept { return storage_->style.format; }
const RowStyle& Dataset::row_style() const noexcept { return storage_->style; }
const ReadingChoices& Dataset::reading() const noexcept { return storage_->reading; }
std::optional<UsualNumbers> Dataset::usual_numbers(std::size_t column) const {
  return column < storage_->usual.size() ? storage_->usual[column] : std::nullopt;
}
bool Dataset::line_is_sequence() const noexcept { return storage_->line_is_sequence; }
Compression Dataset::compression() const noexcept { return storage_->compression; }
const RowFields& Dataset::row_fields() const noexcept { return storage_->fields; }
std::int32_t Dataset::time_ns(std::size_t event) const noexcept {
  return storage_->times_ns.empty() ? 0 : storage_->times_ns[event];
}
std::uint64_t Dataset::row(std::size_t event) const noexcept { return storage_->rows[event]; }
std::span<const SourceFile> Dataset::files() const noexcept { return storage_->files; }
RowPlace Dataset::place(std::uint64_t row) const { return place_of(storage_->files, storage_->rejected.file, row); }
std::string_view Dataset::head() const noexcept { return storage_->head; }
const RejectReport& Dataset::rejected() const noexcept { return storage_->rejected; }
std::span<const DataFinding> Dataset::findings() const noexcept { return storage_->findings; }
std::uint64_t Dataset::blank_lines() const noexcept { return storage_->blank_lines; }
std::span<const std::string> Dataset::ignored_columns() const noexcept { return storage_->ignored; }

EventsView Dataset::view(std::size_t sequence) const noexcept {
  const DataSequence& s = storage_->sequences[sequence];
  const std::size_t columns = storage_->columns.size();
  EventsView result{s.count, {storage_->views.data() + sequence * columns, columns}, {}, s.profile_key};
  if (!storage_->times.empty()) result.time_ms = {storage_->times.data() + s.first, s.count};
  return result;
}

std::string_view Dataset::order_text(std::size_t event) const noexcept {
  return storage_->orders.empty() ? std::string_view() : storage_->orders[event];
}

std::string_view Dataset::raw(std::size_t event) const noexcept {
  if (storage_->slices.empty()) return {};
  return std::string_view(storage_->raw).substr(storage_->slices[event].offset, storage_->slices[event].size);
}

std::string_view Dataset::lead(std::size_t sequence) const noexcept {
  if (storage_->leads.empty()) return {};
  return std::string_view(storage_->raw).substr(storage_->leads[sequence].offset, storage_->leads[sequence].size);
}

std::vector<std::size_t> Dataset::file_order() const {
  std::vector<std::size_t> order(events());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return row(a) < row(b); });
  return order;
}

}  // namespace v0
}  // namespace seqguard
