// What a repair has done, for people and for programs.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "core/json_writer.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

/// Sequences by RepairResult, and the edits that are made.
struct RepairCounts {
  std::array<std::size_t, 4> results{};
  std::size_t edits = 0;
  std::size_t replaced = 0, removed = 0, inserted = 0, times_set = 0;  ///< events
  std::size_t stretches = 0, reported = 0;                             ///< that are only reported, and their events
  std::size_t suspects = 0;                                            ///< Repair::suspects
  std::size_t declined = 0;                                            ///< edits that the user did not want

  std::size_t of(RepairResult result) const { return results[static_cast<std::size_t>(result)]; }
};
RepairCounts count_repairs(const std::vector<Repair>& repairs);

/// JSON lines, one for each edit that is made or reported, and for each suspect.
std::string edits_text(const Dataset& data, const std::vector<Repair>& repairs);

/// "12 of 300 sequences were edited: ..".
std::string summary_text(const RepairCounts& counts);
/// The same as fields of an object.
void write_counts(const RepairCounts& counts, JsonWriter& json);

/// Two lines: where and what, and the events around it.
std::string edit_in_context(const Dataset& data, std::size_t sequence, const Edit& edit);

}  // namespace seqguard::cli
