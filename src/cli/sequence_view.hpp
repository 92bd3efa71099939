// A sequence on a terminal, with what an explanation says of its events.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/events_view.hpp"
#include "seqguard/sequence_scorer/explanation.hpp"

namespace seqguard::cli {

/// Without the control characters with which a value could write over a terminal; "" in quotes.
std::string printable(std::string_view text);

/// Where people read: what stands out is coloured, else put in brackets.
class Paint {
 public:
  explicit Paint(bool colours) : colours_(colours) {}
  /// Colours where stderr is a terminal that has them, unless NO_COLOR is set (no-color.org).
  static Paint of_stderr();
  std::string bad(const std::string& text) const {
    return colours_ ? "\x1b[1;31m" + text + "\x1b[0m" : "[" + text + "]";
  }
  std::string odd(const std::string& text) const { return colours_ ? "\x1b[33m" + text + "\x1b[0m" : text; }
  std::string bold(const std::string& text) const { return colours_ ? "\x1b[1m" + text + "\x1b[0m" : text; }
  /// What the colours mean.
  std::string legend() const;

 private:
  bool colours_;
};

/// The events of a sequence in lines of about 100 columns: those that were described stand out, also those of the
/// stretch without which the score falls most; of long sequences the neighbourhood of both.
std::vector<std::string> sequence_lines(const ColumnView& values, const Explanation& explanation, const Paint& paint);

/// The alignment with a normal sequence: how many events in a row are the same, and what stands for what where they
/// differ; the first dozen of the differences.
std::string alignment_text(const NearestNormal& nearest, const Paint& paint);

}  // namespace seqguard::cli
