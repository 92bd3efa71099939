#include "seqguard/events/event_parts.hpp"

#include <numeric>
#include <utility>

#include "events/dataset_builder.hpp"
#include "events/planned_rows.hpp"
#include "events/row_spill.hpp"
#include "events/selected_rows.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/vocabulary.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Of the keys; a part is one group or several.
constexpr std::size_t k_groups = 1024;

}  // namespace

struct EventParts::Rows {
  Rows(ColumnPlan plan, const ReadOptions& read_options, const PartOptions& part_options)
      : parser(std::move(plan)),
        options(read_options),
        limits(part_options),
        spill(part_options.folder, k_groups, {part_options.buffer_bytes, read_options.keep_raw}) {}

  void add(const SourceRow& row) {
    ++count;
    spill.add(group_of(row), row);
  }
  std::size_t group_of(const SourceRow& row) const {
    const auto& key = parser.plan().key;
    const bool by_line = !row.problem.empty() || info.line_is_sequence || !key;
    const std::uint64_t hash = by_line ? mix64(row.line) : hash_bytes(row.fields[key->field]);
    return random_bits(limits.seed, 0, hash) % k_groups;
  }
  /// Neighbouring groups are one part while they fit.
  void make_parts() {
    std::uint64_t bytes_of_part = 0;
    for (std::size_t group = 0; group < k_groups; ++group) {
      const std::uint64_t bytes_of_group = spill.bytes(group);
      if (parts.empty() || bytes_of_part + bytes_of_group > limits.part_bytes) {
        parts.emplace_back();
        bytes_of_part = 0;
      }
      parts.back().push_back(group);
      bytes_of_part += bytes_of_group;
      bytes += bytes_of_group;
    }
  }
  Dataset build(RowSource& rows) const {
    DatasetBuilder builder(rows.info(), parser.plan(), options);
    EventRow event;
    for (SourceRow row; rows.next(row);) {
      parser.parse(row, event);
      builder.add(event);
    }
    return builder.finish(rows);
  }
  /// The source without what is said once.
  SourceInfo quiet_info() const {
    SourceInfo result = info;
    result.findings.clear();
    return result;
  }

  RowParser parser;
  ReadOptions options;
  PartOptions limits;
  RowSpill spill;
  SourceInfo info;
  std::vector<std::vector<std::size_t>> parts;  // groups
  std::uint64_t count = 0, bytes = 0, blank_lines = 0;
};

EventParts::EventParts(RowSource& source, const ReadOptions& options, const PartOptions& parts) {
  PlannedRows rows(source, options);
  rows_ = std::make_unique<Rows>(rows.plan(), options, parts);
  rows_->info = source.info();
  rows.for_each([&](const SourceRow& row) { rows_->add(row); });
  rows_->spill.finish();
  rows_->info = source.info();  // its files and findings are complete now
  rows_->blank_lines = source.blank_lines();
  rows_->make_parts();
}

EventParts::~EventParts() = default;
EventParts::EventParts(EventParts&&) noexcept = default;
EventParts& EventParts::operator=(EventParts&&) noexcept = default;

std::size_t EventParts::size() const noexcept { return rows_->parts.size(); }
std::uint64_t EventParts::bytes() const noexcept { return rows_->bytes; }
std::uint64_t EventParts::rows() const noexcept { return rows_->count; }
bool EventParts::is_on_disk() const noexcept { return rows_->spill.is_on_disk(); }

Dataset EventParts::read(std::size_t part) const {
  const std::vector<std::size_t>& groups = rows_->parts[part];
  if (groups.size() == 1 && rows_->spill.bytes(groups[0]) > rows_->limits.part_bytes)
    fail(ErrorCode::bad_format, rows_->info.name,
         "the rows of one 1024th of its keys, which must fit into memory together (--memory)",
         "at most " + std::to_string(rows_->limits.part_bytes) + " bytes",
         std::to_string(rows_->spill.bytes(groups[0])));
  const auto rows =
      rows_->spill.rows(groups, part == 0 ? rows_->info : rows_->quiet_info(), part == 0 ? rows_->blank_lines : 0);
  return rows_->build(*rows);
}

Dataset EventParts::read_only(std::span<const std::string> keys, std::span<const std::uint64_t> lines) const {
  std::vector<std::size_t> groups(k_groups);
  std::iota(groups.begin(), groups.end(), std::size_t{0});
  SequenceSet wanted;
  wanted.keys.insert(keys.begin(), keys.end());
  wanted.lines.insert(lines.begin(), lines.end());
  const auto& key = rows_->parser.plan().key;
  const bool by_line = rows_->info.line_is_sequence || !key;
  SelectedRows selected(rows_->spill.rows(groups, rows_->quiet_info()),
                        by_line ? std::nullopt : std::optional(key->field), std::move(wanted));
  return rows_->build(selected);
}

Dataset EventParts::read_sample(std::uint64_t most_bytes, double& share) const {
  std::vector<std::size_t> groups;
  std::uint64_t bytes = 0, least = 0;
  for (std::size_t group = 0; group < k_groups; ++group) {
    const std::uint64_t size = rows_->spill.bytes(group);
    if (size > 0 && (least == 0 || size < least)) least = size;
    if (bytes + size > most_bytes) continue;  // a large user is left out, the others are not
    bytes += size;
    groups.push_back(group);
  }
  if (bytes == 0 && rows_->bytes > 0)
    fail(ErrorCode::bad_format, rows_->info.name, "no sample of whole sequences fits into memory (--memory)",
         "at most " + std::to_string(most_bytes) + " bytes", std::to_string(least) + " for the least of them");
  share = rows_->bytes > 0 ? static_cast<double>(bytes) / static_cast<double>(rows_->bytes) : 1.0;
  const auto rows = rows_->spill.rows(groups, rows_->info, rows_->blank_lines);
  return rows_->build(*rows);
}

}  // namespace v0
}  // namespace seqguard
