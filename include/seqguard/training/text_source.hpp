// Whole texts, as their tokens, with labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/model/config.hpp"
#include "seqguard/text/tokenizer.hpp"
#include "seqguard/training/batch_source.hpp"

namespace seqguard {
inline namespace v0 {

struct LabelledTexts {
  std::span<const Encoding> texts;
  /// [texts, labels of a text]: probabilities of the labels, which a softmax wants to sum to 1, or numbers for a
  /// regression; NaN: unknown. May be empty.
  std::span<const float> labels = {};
};

/// Texts and labels are borrowed.
class TextSource final : public BatchSource {
 public:
  /// @throws Error invalid_argument: a text without tokens; labels that are not as many for each text.
  TextSource(const ModelConfig& config, const LabelledTexts& train, const LabelledTexts& held_out, std::uint64_t seed);

  void epoch(std::uint64_t number, std::vector<Example>& out) const override;
  std::span<const Example> held_out() const noexcept override { return held_out_; }
  TrainingChunk make_chunk() const override { return {}; }
  void append(const Example& example, TrainingChunk& chunk) const override;

 private:
  LabelledTexts train_, other_;
  std::size_t labels_ = 0;  // of a text
  bool reads_types_;        // whether the network reads type ids
  std::uint64_t seed_;
  std::vector<Example> examples_, held_out_;
};

}  // namespace v0
}  // namespace seqguard
