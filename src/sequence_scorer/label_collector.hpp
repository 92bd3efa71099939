// Labelled texts as their rows come in: what kind of label they have, classes by number, and what they are at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/sequence_scorer/labelled_texts.hpp"

namespace seqguard {
inline namespace v0 {

/// Classes are numbered by first sight, and put in order at the end. A label is a set, a span's class, or one text, of
/// which only the end of the file says whether it is a class or a number.
class LabelCollector {
 public:
  /// @throws Error invalid_argument: a class twice, several names of one number.
  LabelCollector(std::string file, const LabelledTextOptions& options);

  std::string place(std::uint64_t line) const { return result_.file + ":" + std::to_string(line); }
  /// @throws Error bad_event with the line.
  [[noreturn]] void refuse(std::uint64_t line, std::string_view what) const;

  LabelledText& add_text(std::string_view text, std::string_view pair, std::uint64_t line);
  /// Whether the options say that labels are sets of classes.
  bool wants_sets() const noexcept { return options_.problem == TextProblem::multi_label_classification; }

  /// The label of the last text: one class or number. `is_text`: it is a text of JSON, or a boolean, and no number.
  void set_label(LabelledText& text, std::string_view label, bool is_text);
  /// Its classes.
  void set_labels(LabelledText& text, const std::vector<std::string>& labels);
  /// The last text has spans, whose classes are numbered by id_of().
  void begin_spans(const LabelledText& text) { demand(TextProblem::spans, text.line); }
  std::size_t id_of(std::string_view label, std::uint64_t line);

  /// @throws Error as read_labelled_texts().
  LabelledTexts finish() &&;

 private:
  void demand(TextProblem problem, std::uint64_t line);
  void decide();
  void order_classes();
  void check_variety() const;

  const LabelledTextOptions& options_;
  std::map<std::string, std::size_t, std::less<>> ids_;
  LabelledTexts result_;
  std::optional<TextProblem> of_rows_;  // sets, spans or single labels: as the first row
  bool all_numbers_ = true, any_fraction_ = false;
};

}  // namespace v0
}  // namespace seqguard
