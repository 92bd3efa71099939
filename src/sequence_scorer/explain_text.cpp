#include "seqguard/sequence_scorer/explain_text.hpp"

#include <algorithm>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/model/integrated_gradients.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// What stands for a token that is not known: the mask if the tokenizer has one, else padding.
std::int32_t hidden_id(const TextModel& model) {
  for (const std::string_view token : {"[MASK]", "<mask>", "[PAD]", "<pad>"})
    if (const auto id = model.tokenizer().token_to_id(token);
        id && static_cast<std::size_t>(*id) < model.model().config().vocab_size)
      return *id;
  fail(ErrorCode::unsupported, "text explanation", "the tokenizer has neither a mask nor a padding token");
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

/// The byte at which each character of a text begins, and its size.
std::vector<std::uint32_t> character_bytes(std::string_view text) {
  std::vector<std::uint32_t> begins;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) begins.push_back(static_cast<std::uint32_t>(i));
  begins.push_back(static_cast<std::uint32_t>(text.size()));
  return begins;
}

/// Adds what the tokens of one of both texts contribute to the words they lie in.
void add_words(std::string_view text, std::int8_t sequence, const Encoding& tokens, const std::vector<double>& values,
               std::vector<WordAttribution>& words) {
  const std::vector<std::uint32_t> bytes = character_bytes(text);
  const std::size_t first = words.size();
  for (std::uint32_t at = 0; at < text.size();) {
    const auto is = [&](std::uint32_t i, bool blank) { return i < text.size() && is_blank(text[i]) == blank; };
    while (is(at, true)) ++at;
    const std::uint32_t begin = at;
    while (is(at, false)) ++at;
    if (at > begin) words.push_back({std::string(text.substr(begin, at - begin)), {begin, at}, sequence, 0});
  }
  std::size_t word = first;
  for (std::size_t t = 0; t < values.size() && first < words.size(); ++t) {
    if (tokens.sequence[t] != sequence) continue;
    // A token may begin with the blank before its word, as those of byte-level tokenizers do: its last character tells.
    const std::uint32_t end = tokens.offsets[t].end;
    const std::uint32_t last = end > tokens.offsets[t].begin ? end - 1 : end;
    const std::uint32_t byte = bytes[std::min<std::size_t>(last, bytes.size() - 1)];
    while (word + 1 < words.size() && words[word].bytes.end <= byte) ++word;
    words[word].value += values[t];
  }
}

}  // namespace

struct TextExplainer::Parts {
  TextModel model;
  TextModel::Scratch scratch;
  IntegratedGradients<float> gradients;
  std::int32_t hidden = 0;
};

TextExplainer::TextExplainer(const TextModel& model) {
  if (model.labels().empty())
    fail(ErrorCode::unsupported, "text explanation", "the model has no head that classifies texts");
  const std::int32_t hidden = hidden_id(model);
  parts_ =
      std::make_unique<Parts>(Parts{model, model.make_scratch(), IntegratedGradients<float>(model.model()), hidden});
}
TextExplainer::TextExplainer(TextExplainer&&) noexcept = default;
TextExplainer& TextExplainer::operator=(TextExplainer&&) noexcept = default;
TextExplainer::~TextExplainer() = default;
const Encoding& TextExplainer::tokens() const noexcept { return parts_->scratch.tokens(); }

TextExplanation TextExplainer::explain(std::string_view text, std::string_view pair, std::optional<std::size_t> label) {
  const TextModel& model = parts_->model;
  const auto labels = model.labels();
  TextExplanation result;
  std::vector<float> probabilities(labels.size());
  model.classify(text, pair, probabilities, parts_->scratch);
  if (label && *label >= labels.size())
    fail(ErrorCode::out_of_range, "text explanation", "label", "below " + std::to_string(labels.size()),
         std::to_string(*label));
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  result.label = label.value_or(static_cast<std::size_t>(best - probabilities.begin()));
  result.name = labels[result.label];

  const TokenSequence sequence = model.encode(text, pair, parts_->scratch);
  const Encoding& tokens = parts_->scratch.tokens();
  std::vector<std::int32_t> masked(sequence.ids.begin(), sequence.ids.end());
  for (std::size_t t = 0; t < masked.size(); ++t)
    if (tokens.sequence[t] >= 0) masked[t] = parts_->hidden;
  const std::size_t offsets[] = {0, masked.size()};
  EncoderInput input, baseline;
  input.ids = sequence.ids;
  baseline.ids = masked;
  input.token_type_ids = baseline.token_type_ids = sequence.type_ids;
  input.offsets = baseline.offsets = offsets;
  const ModelSpec& spec = model.model().spec();
  const std::size_t head = spec.index_of(*spec.checkpoint_head(Head::sequence_classification));
  IntegratedGradientsOptions options;
  const bool is_one_of_many = model.output_transform() == OutputTransform::softmax && labels.size() > 1;
  const Attributions found = is_one_of_many
                                 ? parts_->gradients.of_log_odds(input, baseline, head, 0, result.label, options)
                                 : parts_->gradients.of_logit(input, baseline, head, 0, result.label, options);
  result.log_odds = found.value;
  result.baseline = found.baseline;
  result.complete = found.is_complete(options.tolerance);
  result.truncated = tokens.truncated;
  for (std::size_t t = 0; t < masked.size(); ++t) result.tokens.push_back(found.of_token(t));
  add_words(text, 0, tokens, result.tokens, result.words);
  if (!pair.empty()) add_words(pair, 1, tokens, result.tokens, result.words);
  return result;
}

}  // namespace v0
}  // namespace seqguard
