// Texts with what is known about them, from a file: a class for each text, or classes of parts of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/text/tokenizer.hpp"

namespace seqguard {
inline namespace v0 {

/// A part of a text that has a class.
struct LabelledSpan {
  TextSpan characters;    ///< of the text
  std::size_t label = 0;  ///< place in LabelledTexts::classes
};

struct LabelledText {
  std::string text, pair;           ///< pair: the second text of the frame, mostly empty
  std::size_t label = 0;            ///< place in LabelledTexts::classes, where whole texts have a class
  std::vector<LabelledSpan> spans;  ///< where parts have one: by their beginnings, none overlaps another
  std::uint64_t line = 0;           ///< of the file, from 1
};

struct LabelledTexts {
  std::string file;  ///< for messages
  bool of_spans = false;
  std::vector<std::string> classes;
  std::vector<LabelledText> texts;

  /// "file:line" of a text.
  std::string place(const LabelledText& text) const { return file + ":" + std::to_string(text.line); }
};

enum class TextFileFormat {
  guess,  ///< by the extension: .csv, .jsonl or .ndjson
  csv,    ///< RFC 4180 with header: text[,text_pair] and the label
  jsonl,  ///< an object a line: "text"[, "text_pair"] and the label, or "text" and "spans": [[begin, end, "CLASS"], ..]
};

/// What the numbers of a span count.
enum class SpanUnit { characters, bytes };

struct LabelledTextOptions {
  TextFileFormat format = TextFileFormat::guess;
  std::string label_column = "label";
  SpanUnit unit = SpanUnit::characters;
  /// The classes, in the order of the logits; a label that is none of them is an error. Empty: those of the file by
  /// name, numbers by size, "normal", "none" or "0" first. Of two classes the second is the one that is looked for.
  std::vector<std::string> classes = {};
};

/// Reads a file, or standard input for "-" (with a format). Labels are texts, or in JSON integers and booleans as they
/// are written; other columns and members are not looked at.
/// @throws Error file_not_found, io_error; bad_event "file:line: .." for a row that cannot be read, has no label, or
/// spans outside the text, inside a character or over each other; bad_format: no such column, no text, one class only
/// (of spans: none); invalid_argument: no format for this name, a class twice.
LabelledTexts read_labelled_texts(const std::string& path, const LabelledTextOptions& options = {});
/// The same from memory; `name` stands for the file.
LabelledTexts read_labelled_texts_from_text(std::string_view text, const std::string& name,
                                            const LabelledTextOptions& options = {});

}  // namespace v0
}  // namespace seqguard
