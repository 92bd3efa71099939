// An input of any size: as one data set where it fits into memory, else in parts of whole sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/read_input.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/events/event_parts.hpp"

namespace seqguard::cli {

/// What names a sequence of the input, whichever part it is in.
struct SequenceName {
  std::string key;
  std::uint64_t line = 0;  ///< DataSequence::line
};

/// Some sequences, in the order in which they were asked for.
struct PickedSequences {
  std::optional<Dataset> own;          ///< where they come from several parts
  const Dataset* whole = nullptr;      ///< else
  std::vector<std::size_t> sequences;  ///< of data()

  const Dataset& data() const noexcept { return own ? *own : *whole; }
};

/// Holds the columns of a model against the input as read_input() does, and says the same on stderr: of a whole input
/// before the work, of parts after it. Borrows its arguments.
class InputParts {
 public:
  /// Reads the input. @throws Error, UsageError as read_input().
  InputParts(const InputOptions& input, const EventSchema& schema);

  /// Calls `work` for each part, in any order of the sequences. @throws Error also if no sequence is left.
  void for_each(FunctionRef<void(const Dataset&)> work);
  std::size_t size() const noexcept { return whole_ ? 1 : parts_->size(); }  ///< number of parts
  /// After for_each().
  PickedSequences pick(const std::vector<SequenceName>& names) const;

  // Of all parts, after for_each().
  std::size_t sequences() const noexcept { return sequences_; }
  std::size_t events() const noexcept { return events_; }
  std::uint64_t rejected_rows() const noexcept { return rejected_.count; }
  const std::string& file() const noexcept { return rejected_.file; }  ///< for messages
  const std::vector<DataFinding>& findings() const noexcept { return findings_; }

 private:
  void count(const Dataset& data);
  void note(const Dataset& data);
  void report();

  const InputOptions& input_;
  const EventSchema& schema_;
  std::optional<Dataset> whole_;
  std::optional<EventParts> parts_;
  std::size_t sequences_ = 0, events_ = 0;
  RejectReport rejected_;
  std::vector<DataFinding> findings_;
  std::vector<std::size_t> parts_of_finding_;
};

/// What fit learns from: the input, or where that is larger than memory a sample of its sequences, which is said.
Dataset read_sample(const InputOptions& input, const TableOptions& table, std::uint64_t seed);

}  // namespace seqguard::cli
