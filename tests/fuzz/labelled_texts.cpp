#include "seqguard/sequence_scorer/labelled_texts.hpp"

#include <cmath>

#include "fuzz/targets.hpp"

/// The first byte chooses the form, what spans count, and from 100 on what labels are; the rest is the file.
void seqguard::fuzz_labelled_texts(std::string_view input) {
  if (input.empty()) return;
  const int first = static_cast<unsigned char>(input[0]), choice = first % 3, problem = first / 100;
  LabelledTextOptions options;
  options.format = choice == 0 ? TextFileFormat::csv : TextFileFormat::jsonl;
  if (choice == 2) options.unit = SpanUnit::bytes;
  if (problem == 1) options.problem = TextProblem::multi_label_classification;
  if (problem == 2) options.problem = TextProblem::regression;
  const LabelledTexts texts = read_labelled_texts_from_text(input.substr(1), "input", options);
  keep(!texts.texts.empty() && !texts.classes.empty(), "texts have classes");
  for (const LabelledText& text : texts.texts) {
    keep(text.label < texts.classes.size() || texts.is(TextProblem::spans), "a class of the file");
    for (const std::size_t label : text.labels) keep(label < texts.classes.size(), "a class of the file");
    keep(std::isfinite(text.number), "a finite number");
    std::uint32_t end = 0;
    for (const LabelledSpan& span : text.spans) {
      keep(span.label < texts.classes.size(), "a class of the file");
      keep(span.characters.begin >= end && span.characters.begin < span.characters.end, "spans follow one another");
      end = span.characters.end;
      keep(byte_span(text.text, span.characters).end > byte_span(text.text, span.characters).begin, "within the text");
    }
  }
}
