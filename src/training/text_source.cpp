#include "seqguard/training/text_source.hpp"

#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {

TextSource::TextSource(const ModelConfig& config, std::span<const Encoding> train, std::span<const Encoding> held_out,
                       std::span<const LabelTable> labels, std::uint64_t seed)
    : train_(train), other_(held_out), labels_(labels), reads_types_(config.reads_token_types()), seed_(seed) {
  std::uint32_t number = 0;
  const auto add = [&](std::span<const Encoding> texts, std::vector<Example>& examples) {
    for (const Encoding& text : texts) {
      if (text.ids.empty())
        fail(ErrorCode::invalid_argument, "texts to learn from", "text " + std::to_string(number) + " has no tokens");
      examples.push_back({number++, 0, static_cast<std::uint32_t>(text.ids.size())});
    }
  };
  add(train_, examples_);
  add(other_, held_out_);
  for (const LabelTable& table : labels_)
    check_labels(table, train_.size() + other_.size(), train_.size(), "texts to learn from");
}

void TextSource::epoch(std::uint64_t number, std::vector<Example>& out) const {
  out = examples_;
  Random(random_bits(seed_, k_order_stream, 0), number).shuffle(out);
}

TrainingChunk TextSource::make_chunk() const {
  TrainingChunk chunk;
  chunk.labels.resize(labels_.size());
  return chunk;
}

void TextSource::append(const Example& example, TrainingChunk& chunk) const {
  const bool learned = example.sequence < train_.size();
  const Encoding& text = learned ? train_[example.sequence] : other_[example.sequence - train_.size()];
  chunk.batch.append(text.ids,
                     reads_types_ ? std::span<const std::int32_t>(text.type_ids) : std::span<const std::int32_t>());
  append_labels(labels_, example, chunk);
}

}  // namespace v0
}  // namespace seqguard
