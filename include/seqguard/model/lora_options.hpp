// Which linear layers of the encoder get adapters (layers/lora.hpp), by the names that PEFT uses.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// With a rank the base model rests and its adapters learn, beside the heads. Fields as in PEFT's LoraConfig.
struct LoraOptions {
  std::size_t rank = 0;  ///< r, 1 .. 65,536; 0: no adapters
  double alpha = 8;      ///< lora_alpha, finite
  /// lora_dropout, in [0, 1): of what an adapter reads, in training; the pooler's does not drop.
  double dropout = 0;
  /// A linear layer of the encoder is adapted if its module's name in transformers is one of these, or ends with "."
  /// and one of them: "query", "attn.Wqkv", "encoder.layer.0.output.dense". "all-linear": all of them, the pooler too.
  /// Empty: query and value, or the layer that holds them. Never in frozen embeddings and frozen layers.
  std::vector<std::string> target_modules = {};
  bool use_rslora = false;  ///< alpha / sqrt(r) instead of alpha / r (Kalajdzievski 2023)

  double scale() const noexcept;  ///< what B A x is multiplied by
};

}  // namespace v0
}  // namespace seqguard
