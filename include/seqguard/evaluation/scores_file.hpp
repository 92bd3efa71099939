// Scores that were written down, together with the truth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace seqguard {
inline namespace v0 {

struct ScoredLine {
  double score = 0;
  std::optional<bool> is_anomaly;
  std::string kind;        ///< empty: normal
  std::string key = {};    ///< what the sequence is known by, where the line says so
  std::uint64_t line = 0;  ///< else its line in the file that was judged, from 1; 0: not said
};

/// Reads JSON lines: objects with `score` (a number), `label` (0, false, null, "" or "normal": normal; 1 or true: kind
/// "abnormal"; another string: the kind) and, if they are there, `is_anomaly`, the decision, `key` and `line`. Other
/// fields are passed over, so that the output of `seqguard score` with a label added to each line will do. Blank lines
/// are passed over.
/// @throws Error file_not_found, io_error, bad_format "file:line: ...".
std::vector<ScoredLine> read_scores(const std::string& path);

/// The same from memory; `name` is for messages.
std::vector<ScoredLine> read_scores_from_text(const std::string& text, const std::string& name);

}  // namespace v0
}  // namespace seqguard
