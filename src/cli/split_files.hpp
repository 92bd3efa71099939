// What a part of a split holds, in the format of the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/events/label_rows.hpp"
#include "seqguard/events/split.hpp"

namespace seqguard::cli {

struct PartCounts {
  std::size_t sequences = 0, events = 0, labels = 0;
};

/// One part of a split, or several that are written as one. Borrows its arguments; `data` was read with keep_raw.
class PartFiles {
 public:
  /// @param file_order Dataset::file_order().
  PartFiles(const Dataset& data, std::span<const std::size_t> file_order, const Split& split,
            const std::vector<std::uint32_t>& parts);

  /// The head of the input and the rows of the part's events, byte for byte, in the order of the input.
  std::string text() const;
  /// Sequences that have an event here, and events.
  PartCounts counts() const;
  /// The rows of the file of labels that speak of the part, as they stand but for lines and places that other numbers
  /// name here. `count` becomes their number. @throws Error bad_format: the file is no longer what was read.
  std::string labels_text(const std::string& path, const LabelRows& labels, std::size_t& count) const;

 private:
  bool has(std::size_t event) const;
  bool has_any(const DataSequence& sequence) const;
  std::size_t place_in_part(const LabelRow& row) const;

  const Dataset& data_;
  std::span<const std::size_t> file_order_;
  const Split& split_;
  std::vector<bool> is_mine_;      // by part of the split
  std::vector<std::size_t> line_;  // of each sequence in the part, from 1; 0: it is not there
};

}  // namespace seqguard::cli
