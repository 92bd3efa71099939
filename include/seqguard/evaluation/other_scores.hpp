// Scores that another system gave the same sequences.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// What a sequence is known by: its key, or without one its line; with neither its place among the others.
struct SequenceId {
  std::string key;
  std::uint64_t line = 0;
};

/// Reads JSON lines with `score`, higher = more abnormal, and `key` (where the sequences have keys), else `line` (where
/// they have lines), else one line for each sequence in their order. Other fields are passed over, so that the output
/// of another `seqguard score` will do. @return one score for each sequence, in their order.
/// @throws Error file_not_found, io_error; bad_format "file:line: ..": no JSON, no score, a sequence that is missing,
/// that is there twice, or that is not among `sequences`.
std::vector<double> read_other_scores(const std::string& path, std::span<const SequenceId> sequences);

/// The same from memory; `name` is for messages.
std::vector<double> read_other_scores_from_text(const std::string& text, const std::string& name,
                                                std::span<const SequenceId> sequences);

}  // namespace v0
}  // namespace seqguard
