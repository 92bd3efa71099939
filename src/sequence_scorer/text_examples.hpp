// Labelled texts as a training sees them: tokens, a target for each text or token, and which of them are held out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "seqguard/sequence_scorer/text_input.hpp"
#include "seqguard/training/label_loss.hpp"
#include "seqguard/training/labels.hpp"

namespace seqguard {
inline namespace v0 {

/// Rows, of texts or of all their tokens, are in the order of the texts: first those to learn from.
struct TextExamples {
  TextProblem problem = TextProblem::single_label_classification;
  std::vector<std::string> classes;
  std::vector<Encoding> train, held_out;
  /// One class or spans, by row: place in `classes`, or k_unknown_class (it is not asked).
  std::vector<std::size_t> targets;
  std::vector<std::uint8_t> members;    ///< sets [texts, classes]: 1 where the text has the class
  std::vector<double> numbers;          ///< of a regression, by text
  double mean = 0, deviation = 1;       ///< of the numbers to learn from: the head learns (number - mean) / deviation
  std::vector<std::size_t> first_rows;  ///< of tokens as in LabelTable; else empty
  std::vector<std::string> warnings;

  std::size_t learned_rows() const noexcept { return first_rows.empty() ? train.size() : first_rows[train.size()]; }
  std::span<const std::size_t> held_out_targets() const { return std::span(targets).subspan(learned_rows()); }
  std::span<const std::uint8_t> held_out_members() const {
    return std::span(members).subspan(train.size() * classes.size());
  }
  std::span<const double> held_out_numbers() const { return std::span(numbers).subspan(train.size()); }
  /// How often each class is a target; of a regression the texts.
  std::vector<std::size_t> counts(bool held_out) const;

  /// Appends what is known about a text; `lost` counts the spans that no token has.
  void add(const LabelledText& text, const Encoding& tokens, const FineTuneTextOptions& options, std::size_t& lost);
  /// Sets mean and deviation. @throws Error invalid_argument: the numbers to learn from do not differ.
  void standardise();
};

/// Tokenizes and splits. Texts that are equal are on one side of the split; of each class as good as
/// the same share is held out (hold_out_texts()).
/// @throws Error of TextInput::encode(), with file and line.
TextExamples make_text_examples(const LabelledTexts& texts, const TextInput& input, const FineTuneTextOptions& options);

/// Tokenizes texts that are only judged: all are held out.
TextExamples make_judged_examples(const LabelledTexts& texts, const TextInput& input,
                                  const FineTuneTextOptions& options);

/// The targets for a head of this loss with so many outputs: one output of two classes is the second's.
LabelTable label_table(const TextExamples& examples, std::size_t outputs);

/// What the options say of the loss, with weights for the outputs of the head.
LabelLossOptions text_loss_options(const FineTuneTextOptions& options, const TextExamples& examples,
                                   std::size_t outputs);

}  // namespace v0
}  // namespace seqguard
