#include "seqguard/training/text_source.hpp"

#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {

TextSource::TextSource(const ModelConfig& config, const LabelledTexts& train, const LabelledTexts& held_out,
                       std::uint64_t seed)
    : train_(train), other_(held_out), reads_types_(config.reads_token_types()), seed_(seed) {
  if (!train.texts.empty()) labels_ = train.labels.size() / train.texts.size();
  std::uint32_t number = 0;
  const auto add = [&](const LabelledTexts& texts, std::vector<Example>& examples) {
    if (texts.labels.size() != labels_ * texts.texts.size())
      fail(ErrorCode::invalid_argument, "texts to learn from", "number of labels",
           std::to_string(labels_ * texts.texts.size()), std::to_string(texts.labels.size()));
    for (const Encoding& text : texts.texts) {
      if (text.ids.empty())
        fail(ErrorCode::invalid_argument, "texts to learn from", "text " + std::to_string(number) + " has no tokens");
      examples.push_back({number++, 0, static_cast<std::uint32_t>(text.ids.size())});
    }
  };
  add(train_, examples_);
  add(other_, held_out_);
}

void TextSource::epoch(std::uint64_t number, std::vector<Example>& out) const {
  out = examples_;
  Random(random_bits(seed_, k_order_stream, 0), number).shuffle(out);
}

void TextSource::append(const Example& example, TrainingChunk& chunk) const {
  const bool learned = example.sequence < train_.texts.size();
  const LabelledTexts& texts = learned ? train_ : other_;
  const std::size_t i = learned ? example.sequence : example.sequence - train_.texts.size();
  const Encoding& text = texts.texts[i];
  chunk.batch.append(text.ids,
                     reads_types_ ? std::span<const std::int32_t>(text.type_ids) : std::span<const std::int32_t>());
  const std::span<const float> labels = texts.labels.subspan(i * labels_, labels_);
  chunk.labels.insert(chunk.labels.end(), labels.begin(), labels.end());
}

}  // namespace v0
}  // namespace seqguard
