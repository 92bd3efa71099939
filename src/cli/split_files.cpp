#include "cli/split_files.hpp"

#include <algorithm>
#include <memory>

#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/rewrite.hpp"

namespace seqguard::cli {

PartFiles::PartFiles(const Dataset& data, std::span<const std::size_t> file_order, const Split& split,
                     const std::vector<std::uint32_t>& parts)
    : data_(data), file_order_(file_order), split_(split), line_(data.sequences().size()) {
  is_mine_.resize(*std::max_element(parts.begin(), parts.end()) + 1);
  for (const std::uint32_t part : parts) is_mine_[part] = true;
  // Lines are counted with those of the header.
  auto line = static_cast<std::size_t>(std::count(data.head().begin(), data.head().end(), '\n'));
  for (std::size_t s = 0; s < line_.size(); ++s)
    if (has_any(data.sequences()[s])) line_[s] = ++line;
}

bool PartFiles::has(std::size_t event) const {
  const std::uint32_t part = split_.part[event];
  return part < is_mine_.size() && is_mine_[part];
}

bool PartFiles::has_any(const DataSequence& sequence) const {
  for (std::size_t e = sequence.first; e < sequence.first + sequence.count; ++e)
    if (has(e)) return true;
  return false;
}

PartCounts PartFiles::counts() const {
  PartCounts counts;
  counts.sequences = line_.size() - static_cast<std::size_t>(std::count(line_.begin(), line_.end(), 0));
  for (const std::size_t event : file_order_) counts.events += has(event) ? 1 : 0;
  return counts;
}

std::string PartFiles::text() const {
  std::string text(data_.head());
  if (data_.line_is_sequence()) {
    for (std::size_t s = 0; s < line_.size(); ++s) {
      if (line_[s] == 0) continue;
      const DataSequence& sequence = data_.sequences()[s];
      text += data_.lead(s);
      for (std::size_t e = sequence.first; e < sequence.first + sequence.count; ++e) text += data_.raw(e);
    }
    return text;
  }
  for (const std::size_t event : file_order_)
    if (has(event)) text += data_.raw(event);
  return text;
}

/// How many events of the part stand before the row's own in its sequence.
std::size_t PartFiles::place_in_part(const LabelRow& row) const {
  std::size_t place = 0;
  for (std::size_t e = data_.sequences()[row.sequence].first; e < *row.event; ++e) place += has(e) ? 1 : 0;
  return place;
}

std::string PartFiles::labels_text(const std::string& path, const LabelRows& labels, std::size_t& count) const {
  const std::unique_ptr<RowSource> source = open_rows(path, {.format = DataFormat::csv});
  RowStyle style(DataFormat::csv);
  style.separator = source->info().separator;
  std::string text = source->info().head;
  SourceRow read;
  count = 0;
  for (const LabelRow& row : labels.rows) {
    if (!source->next(read) || read.line != row.line)
      fail(ErrorCode::bad_format, labels.place(row), "the file changed while it was read");
    if (row.event ? !has(*row.event) : line_[row.sequence] == 0) continue;
    std::string bytes(read.raw);
    if (data_.key_column().empty())
      bytes = replace_field(bytes, style, labels.key_field, std::to_string(line_[row.sequence]));
    if (row.event && data_.order_column().empty())
      bytes = replace_field(bytes, style, labels.position_field, std::to_string(place_in_part(row)));
    text += bytes;
    ++count;
  }
  return text;
}

}  // namespace seqguard::cli
