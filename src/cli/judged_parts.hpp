// What becomes of the sequences of an input that is judged part by part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/input_parts.hpp"
#include "cli/output.hpp"
#include "events/row_spill.hpp"

namespace seqguard::cli {

/// What remains of each sequence after its line was written.
struct Summary {
  double value = 0, p_value = 1;
  bool is_anomaly = false, has_profile = false;
};

/// Lines of sequences in the order of the input. Those of one part are handed on at once; those of several wait for
/// each other, where their rows do.
class ScoreLines {
 public:
  ScoreLines(Output& output, const InputOptions& input, std::size_t parts);
  /// `line`: of the sequence (DataSequence), rising within a part.
  void write(std::uint64_t line, std::string_view text);
  void end_part() { ++part_; }
  void finish();

 private:
  Output& output_;
  std::optional<RowSpill> waiting_;
  std::size_t part_ = 0;
  SourceRow row_;
};

/// The judgements of all parts.
class Judged {
 public:
  /// Takes in the sequences of a part; `most` worst ones are remembered by name.
  void add(const Dataset& data, const std::vector<Summary>& of_part, std::size_t most);

  const std::vector<Summary>& summaries() const noexcept { return summaries_; }
  std::size_t flagged() const;
  /// The most abnormal sequences, the first one most; of equal ones the earlier.
  std::vector<SequenceName> worst(std::size_t count) const;

 private:
  struct Worst {
    double value = 0;
    SequenceName name;
  };
  std::vector<Summary> summaries_;
  std::vector<Worst> worst_;
};

}  // namespace seqguard::cli
