#include "events/dataset_builder.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "events/clean_events.hpp"
#include "events/parse_value.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

template <class T>
void permute(std::vector<T>& values, const std::vector<std::size_t>& order) {
  if (values.empty()) return;
  std::vector<T> result;
  result.reserve(values.size());
  for (const std::size_t i : order) result.push_back(values[i]);
  values.swap(result);
}

/// The length of a row in its file; of a row that is in no file, that of its texts.
std::size_t bytes_of(const EventRow& row) {
  if (!row.raw.empty()) return row.lead.size() + row.raw.size();
  std::size_t bytes = row.key.size() + row.order_text.size();
  for (const RowValue& value : row.values) bytes += value.text.size() + 1;
  return bytes;
}

/// By length, the first eight bytes and the last eight.
std::uint64_t place_of(std::string_view text) {
  std::uint64_t first = 0, last = 0;
  const std::size_t size = std::min(text.size(), sizeof first);
  std::memcpy(&first, text.data(), size);
  std::memcpy(&last, text.data() + text.size() - size, size);
  constexpr std::uint64_t k_odd = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio: spreads to the upper bits
  return ((first ^ (last * k_odd) ^ text.size()) * k_odd) >> 40;
}

/// Whether the data of the fit had events without a value.
bool knows_empty_events(const EventSchema& schema) {
  const Vocabulary& events = schema.primary_column().vocabulary;
  return events.type("") < events.types();
}

}  // namespace

std::string_view StringPool::keep(std::string_view text) {
  constexpr std::size_t k_chunk = std::size_t{1} << 16;
  if (text.empty()) return {};
  std::string_view& recent = recent_[place_of(text) % recent_.size()];
  if (recent == text) return recent;
  if (const auto found = known_.find(text); found != known_.end()) return recent = *found;
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
  return recent = kept;
}

DatasetBuilder::DatasetBuilder(const SourceInfo& source, const ColumnPlan& plan, const ReadOptions& options)
    : out_(std::make_unique<Dataset::Storage>()),
      source_(source),
      keep_raw_(options.keep_raw),
      strict_(options.strict),
      has_order_(plan.order.has_value()),
      has_time_(plan.time.has_value()),
      line_is_sequence_(source.line_is_sequence),
      knows_empty_events_(options.schema != nullptr && knows_empty_events(*options.schema)),
      kept_rejects_(options.kept_rejects),
      schema_(options.schema) {
  out_->style.format = source.format;
  out_->style.separator = source.separator;
  out_->style.decimal = source.decimal;
  out_->style.comment_lines = source.comment_lines;
  out_->findings = plan.findings;
  if (source.format == DataFormat::jsonl)
    for (const SourceColumn& column : source.columns) out_->style.names.push_back(column.name);
  out_->line_is_sequence = source.line_is_sequence;
  out_->compression = source.compression;
  out_->rejected.file = source.name;
  out_->columns = plan.columns;
  out_->primary = plan.primary;
  out_->fields.count = source.columns.size();
  const auto keep = [](const std::optional<ColumnPlan::Field>& field, std::string& name,
                       std::optional<std::size_t>& number) {
    if (!field) return;
    name = field->name;
    number = field->field;
  };
  keep(plan.key, out_->key_column, out_->fields.key);
  keep(plan.profile_key, out_->profile_key_column, out_->fields.profile_key);
  keep(plan.order, out_->order_column, out_->fields.order);
  keep(plan.time, out_->time_column, out_->fields.time);
  out_->reading = plan.reading;
  out_->ignored = plan.ignored;
  out_->values.resize(plan.columns.size());
  rows_of_note_.grouped.resize(plan.columns.size());
  if (keep_raw_) out_->head = source.head;
}

void DatasetBuilder::add(const EventRow& row) {
  if (!row.problem.empty()) return reject(row.line, row.problem);
  if (row.line != line_) check_memory();
  line_ = row.line;
  bytes_ += bytes_of(row);
  const std::size_t sequence = sequence_of(row);
  if (const std::string_view own = out_->sequences[sequence].profile_key; own != row.profile_key)
    return reject(row.line,
                  "column " + quoted(out_->profile_key_column) + ": " + quoted(row.profile_key) +
                      ", but its sequence has the profile key " + quoted(own) + " since " +
                      (source_.files.empty() ? "line " + std::to_string(out_->sequences[sequence].line)
                                             : place_of(source_.files, {}, out_->sequences[sequence].line).text()));
  sequence_of_event_.push_back(static_cast<std::uint32_t>(sequence));
  if (has_order_) {
    order_.push_back(row.order);
    out_->orders.push_back(out_->pool.keep(row.order_text));
    rows_of_note_.orders.add(row.order_form, row.line);
  }
  if (has_time_) keep_time(row);
  note_values(row);
  for (std::size_t c = 0; c < row.values.size(); ++c) {
    if (out_->columns[c].kind == ColumnKind::numeric)
      out_->values[c].numbers.push_back(row.values[c].number);
    else
      out_->values[c].texts.push_back(out_->pool.keep(row.values[c].text));
  }
  out_->rows.push_back(row.line);
  if (keep_raw_) out_->slices.push_back(keep_raw(row.raw));
}

Dataset DatasetBuilder::finish(const RowSource& source) {
  check_memory();
  out_->blank_lines = source.blank_lines();
  out_->files = source.info().files;
  const std::vector<DataFinding>& of_source = source.info().findings;
  out_->findings.insert(out_->findings.end(), of_source.begin(), of_source.end());
  sort_events();
  clean_events(*out_, sequence_of_event_, schema_);
  make_views();
  Dataset::Storage& storage = *out_;
  if (storage.reading.cleaning.empty && !storage.reading.cleaning.only_report) rows_of_note_.empty = {};
  Dataset data(std::move(out_));
  if (data.events() == 0) return data;
  std::vector<DataFinding> found = find_in_rows(data, rows_of_note_);
  storage.findings.insert(storage.findings.end(), found.begin(), found.end());
  return data;
}

void DatasetBuilder::reject(std::uint64_t line, const std::string& problem) {
  RejectReport& rejected = out_->rejected;
  const RowPlace place = place_of(source_.files, rejected.file, line);
  if (strict_) fail(ErrorCode::bad_event, place.text(), problem);
  ++rejected.count;
  if (rejected.rows.size() < kept_rejects_)
    rejected.rows.push_back({place.line, problem, source_.files.empty() ? std::string() : place.file});
}

std::size_t DatasetBuilder::sequence_of(const EventRow& row) {
  const std::vector<DataSequence>& sequences = out_->sequences;
  if (line_is_sequence_)
    return sequences.empty() || sequences.back().line != row.line ? begin_sequence(row) : sequences.size() - 1;
  // The rows of a sequence mostly stand together.
  if (!sequence_of_event_.empty() && sequences[sequence_of_event_.back()].key == row.key)
    return sequence_of_event_.back();
  if (const auto found = sequence_of_key_.find(row.key); found != sequence_of_key_.end()) return found->second;
  const std::size_t sequence = begin_sequence(row);
  sequence_of_key_.emplace(sequences[sequence].key, static_cast<std::uint32_t>(sequence));
  return sequence;
}

std::size_t DatasetBuilder::begin_sequence(const EventRow& row) {
  out_->sequences.push_back({out_->pool.keep(row.key), row.line, 0, 0, out_->pool.keep(row.profile_key)});
  if (keep_raw_ && line_is_sequence_) out_->leads.push_back(keep_raw(row.lead));
  return out_->sequences.size() - 1;
}

RawSlice DatasetBuilder::keep_raw(std::string_view bytes) {
  const RawSlice slice{out_->raw.size(), bytes.size()};
  out_->raw += bytes;
  return slice;
}

void DatasetBuilder::keep_time(const EventRow& row) {
  out_->times.push_back(row.time_ms);
  rows_of_note_.times.add(row.time_form, row.line);
  if (!row.likelier_unit.empty()) {
    rows_of_note_.too_large.add(row.line);
    rows_of_note_.likelier_unit = row.likelier_unit;
  }
  // Most files have times in milliseconds or coarser.
  if (row.time_ns != 0 || !out_->times_ns.empty()) {
    out_->times_ns.resize(out_->times.size());
    out_->times_ns.back() = row.time_ns;
  }
}

void DatasetBuilder::note_values(const EventRow& row) {
  if (!knows_empty_events_ && row.values[out_->primary].text.empty()) rows_of_note_.empty.add(row.line);
  const char mark = out_->style.decimal == '.' ? ',' : '.';
  for (std::size_t c = 0; c < row.values.size(); ++c)
    if (out_->columns[c].kind == ColumnKind::numeric && row.values[c].text.find(mark) != std::string_view::npos)
      rows_of_note_.grouped[c].add(row.line);
}

void DatasetBuilder::check_memory() const {
  // Real files need less than 18 times their bytes; rows or sequences of one letter would need far more (100 bytes for
  // such a sequence) and are refused, unless they fit into 360 MB.
  constexpr std::size_t k_factor = 18, k_always = std::size_t{360} << 20;
  const Dataset::Storage& out = *out_;
  // Of an event: line, sequence and, in tables, order while the file is read, value of each column; of a sequence, its
  // view of each. Lines of short numbers, the usual form of log keys, take 12 bytes for one.
  const std::size_t event = (out.style.format == DataFormat::lines ? 12 : 32) + (has_order_ ? 48 : 0) +
                            (has_time_ ? 8 : 0) + (out.times_ns.empty() ? 0 : 4) + (keep_raw_ ? 16 : 0) +
                            out.values.size() * sizeof(std::string_view);
  const std::size_t sequence =
      sizeof(DataSequence) + (out.key_column.empty() ? 16 : 64) + out.values.size() * sizeof(ColumnView);
  const std::size_t most = std::max(k_always, k_factor * bytes_);
  const std::size_t taken =
      out.rows.size() * event + out.sequences.size() * sequence + out.raw.size() + out.pool.bytes();
  if (taken > most)
    fail(ErrorCode::bad_format, out.rejected.file, "memory for its rows and columns",
         "at most " + std::to_string(most) + " bytes",
         std::to_string(taken) + " for " + std::to_string(out.rows.size()) + " events");
}

std::vector<std::size_t> DatasetBuilder::sorted_events() const {
  const auto precedes = [&](std::size_t a, std::size_t b) {
    if (sequence_of_event_[a] != sequence_of_event_[b]) return sequence_of_event_[a] < sequence_of_event_[b];
    return has_order_ && order_[a] < order_[b];
  };
  // Most files are in order, and sorting would take as much memory again.
  bool is_sorted = true;
  for (std::size_t i = 1; is_sorted && i < sequence_of_event_.size(); ++i) is_sorted = !precedes(i, i - 1);
  if (is_sorted) return {};
  std::vector<std::size_t> permutation(sequence_of_event_.size());
  std::iota(permutation.begin(), permutation.end(), std::size_t{0});
  std::stable_sort(permutation.begin(), permutation.end(), precedes);
  return permutation;
}

/// Brings the events into the order of sequences and, within each, of their keys; ties stay in the order of the rows.
void DatasetBuilder::sort_events() {
  const std::vector<std::size_t> permutation = sorted_events();
  for (std::size_t i = 1; i < order_.size(); ++i) {
    const std::size_t before = permutation.empty() ? i - 1 : permutation[i - 1];
    const std::size_t event = permutation.empty() ? i : permutation[i];
    if (sequence_of_event_[before] == sequence_of_event_[event] && order_[before] == order_[event])
      rows_of_note_.ties.add(out_->rows[event]);
  }
  order_ = {};  // makes room for the copies that follow
  if (permutation.empty()) return;
  for (ColumnValues& column : out_->values) {
    permute(column.texts, permutation);
    permute(column.numbers, permutation);
  }
  permute(out_->times, permutation);
  permute(out_->times_ns, permutation);
  permute(out_->rows, permutation);
  permute(out_->orders, permutation);
  permute(out_->slices, permutation);
  permute(sequence_of_event_, permutation);
}

void DatasetBuilder::make_views() {
  for (const std::uint32_t sequence : sequence_of_event_) ++out_->sequences[sequence].count;
  std::size_t first = 0;
  for (DataSequence& sequence : out_->sequences) {
    sequence.first = first;
    first += sequence.count;
    for (const ColumnValues& column : out_->values) {
      const ColumnView whole = column.texts.empty() ? ColumnView(std::span<const float>(column.numbers))
                                                    : ColumnView(std::span<const std::string_view>(column.texts));
      out_->views.push_back(whole.slice(sequence.first, sequence.count));
    }
  }
}

}  // namespace v0
}  // namespace seqguard
