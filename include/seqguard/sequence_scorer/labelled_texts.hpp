// Texts with what is known about them, from a file: a class, classes or a number for each text, or classes of its
// parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/text/tokenizer.hpp"

namespace seqguard {
inline namespace v0 {

/// What is known about each text. The first three are the values of problem_type in transformers' config.json.
enum class TextProblem {
  single_label_classification,  ///< one class
  multi_label_classification,   ///< a set of classes, which may be empty: none of them applies
  regression,                   ///< a number
  spans,                        ///< classes of parts of it
};
std::string_view to_string(TextProblem problem) noexcept;
/// @throws Error invalid_argument for another name than those above.
TextProblem text_problem_from_string(std::string_view name);

/// A part of a text that has a class.
struct LabelledSpan {
  TextSpan characters;    ///< of the text
  std::size_t label = 0;  ///< place in LabelledTexts::classes
};

struct LabelledText {
  std::string text, pair;                ///< pair: the second text of the frame, mostly empty
  std::size_t label = 0;                 ///< place in LabelledTexts::classes, where texts have one class
  std::vector<LabelledSpan> spans;       ///< where parts have one: by their beginnings, none overlaps another
  std::uint64_t line = 0;                ///< of the file, from 1
  std::vector<std::size_t> labels = {};  ///< places of all its classes, where texts have a set of them
  double number = 0;                     ///< where texts have a number: finite
};

struct LabelledTexts {
  std::string file;  ///< for messages
  TextProblem problem = TextProblem::single_label_classification;
  std::vector<std::string> classes;  ///< of a regression one name, that of the number
  std::vector<LabelledText> texts;
  /// The labels could be read in another way too: what they were taken for, and why, in words for people; mostly empty.
  std::string guess = {};

  bool is(TextProblem what) const noexcept { return problem == what; }
  /// "file:line" of a text.
  std::string place(const LabelledText& text) const { return file + ":" + std::to_string(text.line); }
};

enum class TextFileFormat {
  guess,  ///< by the extension: .csv, .jsonl or .ndjson
  csv,    ///< RFC 4180 with header: text[,text_pair] and the label
  /// An object a line: "text"[, "text_pair"] and the label, an array of labels where a text has several; or "text" and
  /// "spans": [[begin, end, "CLASS"], ..].
  jsonl,
};

/// What the numbers of a span count.
enum class SpanUnit { characters, bytes };

struct LabelledTextOptions {
  TextFileFormat format = TextFileFormat::guess;
  std::string label_column = "label";
  SpanUnit unit = SpanUnit::characters;
  /// Empty: by the labels. An array in JSON is a set of classes. Where all labels are numbers and one of them has a
  /// fraction they are numbers; else each is a class.
  std::optional<TextProblem> problem = {};
  char separator = '|';  ///< of several classes in one field of a CSV file; blanks around it do not count
  /// The classes, in the order of the logits; a label that is none of them is an error. Empty: those of the file by
  /// name, numbers by size, "normal", "none" or "0" first. Of two classes the second is the one that is looked for. Of
  /// a regression at most one name, of the number; empty: the name of its column.
  std::vector<std::string> classes = {};
};

/// Reads a file, or standard input for "-" (with a format). Labels are texts, or in JSON integers and booleans as they
/// are written; other columns and members are not looked at. Several classes of a text are an array in JSON, and in a
/// CSV field parted by the separator, where none is an empty field.
/// @throws Error file_not_found, io_error; bad_event "file:line: .." for a row that cannot be read, has no label (of a
/// set: no field of it), no number where one is expected, a class twice, or spans outside the text, inside a character
/// or over each other; bad_format: no such column, no text, one class only (of spans: none), all sets or all numbers
/// alike; invalid_argument: no format for this name, a class twice.
LabelledTexts read_labelled_texts(const std::string& path, const LabelledTextOptions& options = {});
/// The same from memory; `name` stands for the file.
LabelledTexts read_labelled_texts_from_text(std::string_view text, const std::string& name,
                                            const LabelledTextOptions& options = {});

}  // namespace v0
}  // namespace seqguard
