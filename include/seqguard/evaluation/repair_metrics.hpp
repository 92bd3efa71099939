// What repairs are worth: compared with the sequences as they were before they were damaged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

/// Values of the primary column of one sequence.
using Values = std::vector<std::string_view>;

/// Fewest replacements, deletions and insertions of one value that turn `a` into `b` (Levenshtein).
/// Time |a| |b|, memory |b|.
std::size_t edit_distance(std::span<const std::string_view> a, std::span<const std::string_view> b);

/// The values of a sequence after its edits: those of times and those that are only reported change none. The result
/// borrows from both. @throws Error out_of_range for a position beyond it.
Values apply_edits(std::span<const std::string_view> values, std::span<const Edit> edits);

/// One group of sequences.
struct RepairMetrics {
  std::string kind;
  std::size_t sequences = 0;  ///< damaged ones: the primary column differs from the clean twin
  std::size_t errors = 0;     ///< edit distance of the damaged sequences from their clean twins, summed
  std::size_t left = 0;       ///< the same after the repair; sequences of which only times are damaged count too
  std::size_t edits = 0;      ///< of values: one for each event that is replaced, removed or inserted
  std::size_t located = 0;    ///< edits of an event that is wrong or missing, whatever was put in its place
  std::size_t right = 0;      ///< edits that bring the sequence one step closer to its clean twin
  std::size_t exact = 0;      ///< damaged sequences that equal their clean twin after the repair
  std::size_t reported = 0;   ///< events of stretches that are only reported

  std::size_t undamaged = 0;  ///< sequences that equal their clean twin, times included where they are given
  std::size_t touched = 0;    ///< of those: with an edit of a value or a time
  std::size_t harm = 0;       ///< their edit distance from the clean twins after the repair, summed

  std::size_t time_edits = 0;    ///< events whose time is set
  std::size_t wrong_times = 0;   ///< events that the clean twin has with another time
  std::size_t near_before = 0;   ///< of those: within a minute of the truth
  std::size_t near_after = 0;    ///< the same after the repair; a removed event is not
  std::size_t clocks = 0;        ///< sequences with a wrong time
  std::size_t clocks_right = 0;  ///< of those: all wrong times are within a minute of the truth after the repair

  void add(const RepairMetrics& other) noexcept;
  /// The honest figure: by which share the repair reduces the edit distance of all damaged sequences together; below 0
  /// if it makes them worse. 0 without errors.
  double net_reduction() const noexcept;
  /// right / errors; 0 without errors.
  double put_right() const noexcept;
};

/// One sequence: edits are applied from the last to the first, each is judged by the distance that it saves. An event
/// is wrong if some shortest way to the clean twin changes it: striking it out does not increase the distance; missing,
/// if anything in its place does not. Times are those of an alignment of the two sequences with the fewest edits and,
/// among those, the fewest differences of times; k_no_time: not known; without any, no times are judged.
/// Time (|damaged| + edits) |clean|, memory |clean| for each edited event.
/// @throws Error out_of_range: a position beyond the sequence; invalid_argument: numbers of times and values differ.
RepairMetrics measure_repair(std::span<const std::string_view> damaged, std::span<const std::string_view> clean,
                             std::span<const Edit> edits, std::span<const std::int64_t> damaged_times = {},
                             std::span<const std::int64_t> clean_times = {});

}  // namespace v0
}  // namespace seqguard
