#include "seqguard/events/dataset.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "events/dataset_storage.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

template <class T>
void permute(std::vector<T>& values, const std::vector<std::size_t>& order) {
  if (values.empty()) return;
  std::vector<T> result;
  result.reserve(values.size());
  for (const std::size_t i : order) result.push_back(values[i]);
  values.swap(result);
}

}  // namespace

std::string_view StringPool::keep(std::string_view text) {
  constexpr std::size_t k_chunk = std::size_t{1} << 16;
  if (text.empty()) return {};
  if (const auto found = known_.find(text); found != known_.end()) return *found;
  if (text.size() > left_) {
    left_ = std::max(k_chunk, text.size());
    bytes_ += left_;
    chunks_.push_back(std::make_unique<char[]>(left_));
    next_ = chunks_.back().get();
  }
  std::memcpy(next_, text.data(), text.size());
  const std::string_view kept(next_, text.size());
  next_ += text.size();
  left_ -= text.size();
  known_.insert(kept);
  return kept;
}

void Dataset::Storage::reject(std::uint64_t line, std::string reason, const ReadOptions& options) {
  if (options.strict) fail(ErrorCode::bad_event, rejected.file + ":" + std::to_string(line), reason);
  ++rejected.count;
  if (rejected.rows.size() < options.kept_rejects) rejected.rows.push_back({line, std::move(reason)});
}

RawSlice Dataset::Storage::keep_raw(std::string_view bytes) {
  const RawSlice slice{raw.size(), bytes.size()};
  raw += bytes;
  return slice;
}

void Dataset::Storage::check_memory(std::size_t bytes) const {
  // A sequence of one letter takes 100 bytes. Files beyond 18 bytes for one are none that anybody has, and small ones
  // keep below 360 MB in any case.
  constexpr std::size_t k_factor = 18, k_always = std::size_t{360} << 20;
  // Of an event: line, sequence and, in tables, order while the file is read, value of each column; of a sequence, its
  // view of each. Lines of short numbers, the usual form of log keys, take 12 bytes for one.
  const std::size_t event = (format == DataFormat::lines ? 12 : 32) + (orders.empty() ? 0 : 48) +
                            (times.empty() ? 0 : 8) + (slices.empty() ? 0 : 16) +
                            values.size() * sizeof(std::string_view);
  const std::size_t sequence =
      sizeof(DataSequence) + (key_column.empty() ? 16 : 64) + values.size() * sizeof(ColumnView);
  const std::size_t most = std::max(k_always, k_factor * bytes);
  const std::size_t taken = rows.size() * event + sequences.size() * sequence + raw.size() + pool.bytes();
  if (taken > most)
    fail(ErrorCode::bad_format, rejected.file, "memory for its rows and columns",
         "at most " + std::to_string(most) + " bytes",
         std::to_string(taken) + " for " + std::to_string(rows.size()) + " events");
}

void Dataset::Storage::sort_events(const std::vector<std::uint32_t>& sequence_of_event,
                                   const std::vector<long double>& order) {
  std::vector<std::size_t> permutation(sequence_of_event.size());
  std::iota(permutation.begin(), permutation.end(), std::size_t{0});
  std::stable_sort(permutation.begin(), permutation.end(), [&](std::size_t a, std::size_t b) {
    if (sequence_of_event[a] != sequence_of_event[b]) return sequence_of_event[a] < sequence_of_event[b];
    return !order.empty() && order[a] < order[b];
  });
  for (ColumnValues& column : values) {
    permute(column.texts, permutation);
    permute(column.numbers, permutation);
  }
  permute(times, permutation);
  permute(rows, permutation);
  permute(orders, permutation);
  permute(slices, permutation);
}

void Dataset::Storage::finish(const std::vector<std::uint32_t>& sequence_of_event,
                              const std::vector<long double>& order) {
  // Lines are in order, and their sorting would take as much memory again.
  if (!order.empty() || !std::is_sorted(sequence_of_event.begin(), sequence_of_event.end()))
    sort_events(sequence_of_event, order);
  for (const std::uint32_t sequence : sequence_of_event) ++sequences[sequence].count;
  std::size_t first = 0;
  for (DataSequence& sequence : sequences) {
    sequence.first = first;
    first += sequence.count;
    for (const ColumnValues& column : values) {
      const ColumnView whole = column.texts.empty() ? ColumnView(std::span<const float>(column.numbers))
                                                    : ColumnView(std::span<const std::string_view>(column.texts));
      views.push_back(whole.slice(sequence.first, sequence.count));
    }
  }
}

std::string RejectReport::message(std::size_t i) const {
  return file + ":" + std::to_string(rows[i].line) + ": " + rows[i].reason;
}

DataFormat data_format_from_string(std::string_view name) {
  if (name == "lines") return DataFormat::lines;
  if (name == "csv") return DataFormat::csv;
  if (name == "recbole") return DataFormat::recbole;
  if (name == "jsonl") fail(ErrorCode::unsupported, "format \"jsonl\"", "not built yet; use lines, csv or recbole");
  fail(ErrorCode::invalid_argument, "format", "unknown", "lines, csv or recbole", name);
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
const std::string& Dataset::order_column() const noexcept { return storage_->order_column; }
const std::string& Dataset::time_column() const noexcept { return storage_->time_column; }
const std::string& Dataset::time_unit() const noexcept { return storage_->time_unit; }
DataFormat Dataset::format() const noexcept { return storage_->format; }
std::uint64_t Dataset::row(std::size_t event) const noexcept { return storage_->rows[event]; }
std::string_view Dataset::head() const noexcept { return storage_->head; }
const RejectReport& Dataset::rejected() const noexcept { return storage_->rejected; }
std::uint64_t Dataset::blank_lines() const noexcept { return storage_->blank_lines; }
std::span<const std::string> Dataset::ignored_columns() const noexcept { return storage_->ignored; }

EventsView Dataset::view(std::size_t sequence) const noexcept {
  const DataSequence& s = storage_->sequences[sequence];
  const std::size_t columns = storage_->columns.size();
  EventsView result{s.count, {storage_->views.data() + sequence * columns, columns}, {}};
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

}  // namespace seqguard
