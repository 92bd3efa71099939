#include "sequence_scorer/text_examples.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/events/class_labels.hpp"
#include "sequence_scorer/text_split.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_most_label_numbers = std::size_t{1} << 28;  // 1 GB

std::string counted(std::size_t n, std::string_view one, std::string_view more) {
  return std::to_string(n) + " " + std::string(n == 1 ? one : more);
}

std::vector<std::string> class_names(const LabelledTexts& texts, SpanTags tags) {
  if (!texts.is(TextProblem::spans)) return texts.classes;
  std::vector<std::string> names = {"O"};
  for (const std::string& name : texts.classes) {
    if (tags == SpanTags::plain) {
      names.push_back(name);
    } else {
      names.push_back("B-" + name);
      names.push_back("I-" + name);
    }
  }
  return names;
}

/// Of each character of a text whether it is an ASCII blank.
std::vector<bool> blanks_of(std::string_view text) {
  std::vector<bool> blanks;
  for (const char byte : text)
    if ((static_cast<unsigned char>(byte) & 0xC0u) != 0x80u)
      blanks.push_back(std::string_view(" \t\n\r\f\v").find(byte) != std::string_view::npos);
  return blanks;
}

/// The targets of a text's tokens, which follow its order; `lost` counts the spans that no token has.
std::vector<std::size_t> token_targets(const LabelledText& text, const Encoding& tokens,
                                       const FineTuneTextOptions& options, std::size_t& lost) {
  const std::vector<bool> blanks = blanks_of(text.text);
  const bool bio = options.tags == SpanTags::bio;
  std::vector<std::size_t> targets;
  std::vector<bool> begun(text.spans.size());
  std::size_t next = 0;  // the first span that does not end before the token
  for (std::size_t t = 0; t < tokens.ids.size(); ++t) {
    targets.push_back(k_unknown_class);
    const TextSpan at = tokens.offsets[t];
    if (tokens.sequence[t] != 0 || at.begin >= at.end) continue;
    // A byte-level token may begin with the blank before its word.
    const bool begins_word = at.begin == 0 || blanks[at.begin - 1] || blanks[at.begin];
    while (next < text.spans.size() && text.spans[next].characters.end <= at.begin) ++next;
    const bool inside = next < text.spans.size() && text.spans[next].characters.begin < at.end;
    const bool begins = inside && !begun[next];
    if (inside) begun[next] = true;
    if (options.first_pieces_only && !begins_word) continue;
    if (!inside) {
      targets.back() = 0;
    } else {
      const std::size_t label = text.spans[next].label;
      targets.back() = 1 + (bio ? 2 * label + (begins ? 0 : 1) : label);
    }
  }
  lost += static_cast<std::size_t>(std::count(begun.begin(), begun.end(), false));
  return targets;
}

Encoding encode(const LabelledTexts& texts, const LabelledText& text, const TextInput& input,
                TokenizerScratch& scratch) {
  Encoding tokens;
  try {
    input.encode(text.text, text.pair, tokens, scratch);
  } catch (const Error& error) {
    fail(ErrorCode::bad_event, texts.place(text), error.what());
  }
  if (!input.gives_type_ids) std::fill(tokens.type_ids.begin(), tokens.type_ids.end(), 0);
  return tokens;
}

}  // namespace

std::vector<std::size_t> TextExamples::counts(bool of_held_out) const {
  std::vector<std::size_t> result(classes.size());
  const auto counts_row = [&](std::size_t row) { return (row >= learned_rows()) == of_held_out; };
  for (std::size_t row = 0; row < targets.size(); ++row)
    if (targets[row] != k_unknown_class && counts_row(row)) ++result[targets[row]];
  for (std::size_t i = 0; i < members.size(); ++i)
    if (members[i] != 0 && counts_row(i / classes.size())) ++result[i % classes.size()];
  if (problem == TextProblem::regression) result = {of_held_out ? held_out.size() : train.size()};
  return result;
}

void TextExamples::add(const LabelledText& text, const Encoding& tokens, const FineTuneTextOptions& options,
                       std::size_t& lost) {
  switch (problem) {
    case TextProblem::single_label_classification:
      targets.push_back(text.label);
      break;
    case TextProblem::multi_label_classification:
      members.resize(members.size() + classes.size());
      for (const std::size_t label : text.labels) members[members.size() - classes.size() + label] = 1;
      break;
    case TextProblem::regression:
      numbers.push_back(text.number);
      break;
    case TextProblem::spans: {
      first_rows.push_back(targets.size());
      const std::vector<std::size_t> of_tokens = token_targets(text, tokens, options, lost);
      targets.insert(targets.end(), of_tokens.begin(), of_tokens.end());
      break;
    }
  }
}

void TextExamples::standardise() {
  const auto learned = static_cast<double>(train.size());
  const std::span<const double> known(numbers.data(), train.size());
  mean = std::accumulate(known.begin(), known.end(), 0.0) / learned;
  double squares = 0;
  for (const double number : known) squares += (number - mean) * (number - mean);
  deviation = std::sqrt(squares / learned);
  if (!(deviation > 0 && std::isfinite(deviation)))
    fail(ErrorCode::invalid_argument, "fine-tune", "numbers to learn from", "finite ones that differ",
         "a deviation of " + std::to_string(deviation));
}

namespace {

/// What cannot be learned from texts as they are.
struct Losses {
  std::size_t cut = 0;   ///< texts that are too long
  std::size_t lost = 0;  ///< spans that no token has
};

Losses collect(const LabelledTexts& texts, const std::vector<bool>& held_out, const TextInput& input,
               const FineTuneTextOptions& options, TextExamples& result) {
  Losses losses;
  result.problem = texts.problem;
  result.classes = class_names(texts, options.tags);
  TokenizerScratch scratch;
  for (const bool held : {false, true}) {
    for (std::size_t i = 0; i < texts.texts.size(); ++i) {
      if (held_out[i] != held) continue;
      const LabelledText& text = texts.texts[i];
      Encoding tokens = encode(texts, text, input, scratch);
      losses.cut += tokens.truncated ? 1 : 0;
      result.add(text, tokens, options, losses.lost);
      (held ? result.held_out : result.train).push_back(std::move(tokens));
    }
  }
  if (texts.is(TextProblem::spans)) result.first_rows.push_back(result.targets.size());
  return losses;
}

}  // namespace

TextExamples make_judged_examples(const LabelledTexts& texts, const TextInput& input,
                                  const FineTuneTextOptions& options) {
  TextExamples result;
  collect(texts, std::vector<bool>(texts.texts.size(), true), input, options, result);
  return result;
}

TextExamples make_text_examples(const LabelledTexts& texts, const TextInput& input,
                                const FineTuneTextOptions& options) {
  TextExamples result;
  const std::vector<bool> held_out = hold_out_texts(texts, options.valid_fraction, options.seed, result.warnings);
  const auto [cut, lost] = collect(texts, held_out, input, options, result);
  if (texts.is(TextProblem::regression)) result.standardise();
  warn_of_contradictions(texts, result.warnings);
  if (cut > 0)
    result.warnings.push_back(std::to_string(cut) + " of " + counted(texts.texts.size(), "text is", "texts are") +
                              " longer than the model takes and cut to " + std::to_string(input.options.max_length) +
                              " tokens");
  if (lost > 0)
    result.warnings.push_back(
        counted(lost, "span has", "spans have") +
        " no token: blank, cut off with the end of the text, or inside a token of the span before");
  return result;
}

LabelTable label_table(const TextExamples& examples, std::size_t outputs) {
  LabelTable table{outputs, {}, examples.first_rows};
  if (examples.problem == TextProblem::multi_label_classification) {
    table.values.assign(examples.members.begin(), examples.members.end());
    return table;
  }
  if (examples.problem == TextProblem::regression) {
    for (const double number : examples.numbers)
      table.values.push_back(static_cast<float>((number - examples.mean) / examples.deviation));
    return table;
  }
  if (examples.targets.size() > k_most_label_numbers / outputs)
    fail(ErrorCode::invalid_argument, "fine-tune",
         "classes of " + std::to_string(examples.targets.size()) + " texts or tokens (is it the right column?)",
         "at most " + std::to_string(k_most_label_numbers / examples.targets.size()), std::to_string(outputs));
  table.values.reserve(examples.targets.size() * outputs);
  for (const std::size_t target : examples.targets)
    for (std::size_t c = 0; c < outputs; ++c) {
      const std::size_t of_output = outputs == 1 ? 1 : c;
      table.values.push_back(target == k_unknown_class ? std::numeric_limits<float>::quiet_NaN()
                                                       : (target == of_output ? 1.0F : 0.0F));
    }
  return table;
}

LabelLossOptions text_loss_options(const FineTuneTextOptions& options, const TextExamples& examples,
                                   std::size_t outputs) {
  LabelLossOptions result{options.loss == TextLoss::focal ? options.focal_gamma : 0,
                          options.loss == TextLoss::focal ? options.focal_alpha : std::nullopt,
                          options.label_smoothing,
                          {}};
  const std::size_t classes = examples.classes.size();
  std::vector<double> weights = options.class_weights;
  const std::vector<std::size_t> counts = examples.counts(false);
  const auto all = examples.problem == TextProblem::multi_label_classification
                       ? static_cast<double>(examples.train.size())
                       : static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  // Each output: its class against the rest.
  const bool of_sides =
      examples.problem == TextProblem::multi_label_classification || (options.loss == TextLoss::bce && outputs > 1);
  if (options.balanced)
    for (const std::size_t count : counts) {
      const auto n = static_cast<double>(count);
      weights.push_back(count == 0 || (of_sides && n == all) ? 1.0
                        : of_sides                           ? (all - n) / n
                                                             : all / (n * static_cast<double>(classes)));
    }
  if (weights.empty()) return result;
  if (weights.size() != classes)
    fail(ErrorCode::invalid_argument, "class weights", "one for each class", std::to_string(classes),
         std::to_string(weights.size()));
  for (const double weight : weights)
    if (!(weight > 0 && std::isfinite(weight)))
      fail(ErrorCode::invalid_argument, "class weights", "weight", "a number above 0", std::to_string(weight));
  const bool second_only = outputs == 1 && classes == 2;
  result.class_weights = second_only ? std::vector<double>{weights[1] / weights[0]} : weights;
  return result;
}

}  // namespace v0
}  // namespace seqguard
