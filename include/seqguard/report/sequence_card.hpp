// A judged sequence as a reader sees it: its events as coloured blocks, the suspicious ones marked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

/// An event, or several that are not shown.
struct EventBlock {
  std::string value;
  bool is_suspicious = false;  ///< to the model
  bool is_wrong = false;       ///< the labels say so
  std::size_t hidden = 0;      ///< > 0: so many events are left out here
  std::string tip;
};

struct SequenceCard {
  std::string name;                ///< "user u17"
  std::string facts;               ///< "score 12.3, p 0.0004, .."
  std::vector<EventBlock> blocks;  ///< in the order of the sequence
  std::vector<std::string> lines;  ///< what else there is to say
};

/// Makes cards of the sequences of a data set.
class CardMaker {
 public:
  /// Both are borrowed.
  CardMaker(const SequenceScorer& scorer, const Dataset& data);
  /// Judges sequence s with both surprises. `wrong`: 1 for each of its events that the labels name; may be empty.
  SequenceCard make(std::size_t s, std::span<const std::uint8_t> wrong = {});

 private:
  const SequenceScorer& scorer_;
  const Dataset& data_;
  SequenceScorer::Scratch scratch_;
};

}  // namespace v0
}  // namespace seqguard
