// The known truth about a data set: which sequences and events are abnormal, and in which way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/events/dataset.hpp"

namespace seqguard {
inline namespace v0 {

struct Truth {
  /// Per sequence: what is wrong with it; empty: normal.
  std::vector<std::string> kinds;
  /// Per event of the data set: 1 if it is abnormal; empty: only sequences are judged.
  std::vector<std::uint8_t> events;
};

/// Reads labels: a CSV file with header, a row for each abnormal event, whose columns are the key (named as in the
/// data; `line`, from 1, for data without key), `position` (the value of the data's order column; without one the place
/// in its sequence, from 0) and `kind`. Without `position` a row stands for a whole sequence. Sequences without a row
/// are normal; the kind of a sequence is that of its first row. @throws Error file_not_found, io_error, bad_format: a
/// row of no sequence or event of the data, naming it; bad_event for a malformed row.
Truth read_truth(const std::string& path, const Dataset& data);

}  // namespace v0
}  // namespace seqguard
