// Whole texts, as their tokens, with labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/model/config.hpp"
#include "seqguard/text/tokenizer.hpp"
#include "seqguard/training/batch_source.hpp"
#include "seqguard/training/labels.hpp"

namespace seqguard {
inline namespace v0 {

/// Texts and labels are borrowed.
class TextSource final : public BatchSource {
 public:
  /// `labels`: of the texts to learn from, then of those that are held out; may be empty.
  /// @throws Error invalid_argument: a text without tokens; as check_labels().
  TextSource(const ModelConfig& config, std::span<const Encoding> train, std::span<const Encoding> held_out,
             std::span<const LabelTable> labels, std::uint64_t seed);

  void epoch(std::uint64_t number, std::vector<Example>& out) const override;
  std::span<const Example> held_out() const noexcept override { return held_out_; }
  TrainingChunk make_chunk() const override;
  void append(const Example& example, TrainingChunk& chunk) const override;

 private:
  std::span<const Encoding> train_, other_;
  std::span<const LabelTable> labels_;
  bool reads_types_;  // whether the network reads type ids
  std::uint64_t seed_;
  std::vector<Example> examples_, held_out_;
};

}  // namespace v0
}  // namespace seqguard
