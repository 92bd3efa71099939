// What a model is: its configuration, the columns of its events, its heads, and which of its parts do not learn.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/layers/pooling.hpp"
#include "seqguard/model/config.hpp"
#include "seqguard/model/lora_options.hpp"

namespace seqguard {
inline namespace v0 {

/// A categorical column beside the primary one.
struct FeatureColumn {
  std::string name;
  std::size_t size = 0;  ///< rows of its table, reserved ids included
};

/// What a behaviour model has beyond a text model: further columns of an event.
struct ModelFeatures {
  std::vector<FeatureColumn> categorical;
  std::vector<std::string> numeric;
  std::size_t time_gap_buckets = 0;  ///< 0: no time column
  bool predicted = true;             ///< a masked-LM head predicts the columns too; false: they are inputs only
};

/// Columns with more values are inputs only: predicting them would cost more than it tells (DESIGN section 10).
inline constexpr std::size_t k_max_predicted_values = 50'000;

/// What a head was trained with, for whoever trains it on.
enum class HeadLoss { softmax, binary, squared_error };

/// One head on the encoder; several share one pass.
struct HeadSpec {
  /// "" is the head that transformers' class of the model has (architectures[0]): its layers are the family's, and its
  /// tensors stand in model.safetensors. Heads with a name of their own stand in heads.safetensors.
  std::string name;
  /// masked_lm predicts events: one decoder per predicted column. There is at most one, and it has no name.
  Head kind = Head::masked_lm;
  std::vector<std::string> labels = {};  ///< of classifications, in the order of the logits
  /// Of sequence classification with a name; the head without one pools as its family does.
  Pooling pooling = Pooling::cls;
  HeadLoss loss = HeadLoss::softmax;
  /// Of token classification with a name: a dense layer with GELU stands before the classifier.
  bool hidden_layer = false;

  bool operator==(const HeadSpec&) const = default;
};

/// Parts that keep their weights in training. They have no gradient and no moments, and the backward pass ends at the
/// lowest block that learns: with `base` it does not enter the encoder at all. Heads always learn.
struct FrozenParts {
  bool embeddings = false;      ///< tables, their LayerNorm and projection, the table of relative positions
  std::size_t layers = 0;       ///< the first so many; at most ModelConfig::distinct_layers()
  bool base = false;            ///< everything but heads and adapters: also the last LayerNorm, and the pooler
  bool all_but_biases = false;  ///< of the parts that are left only what is named bias learns (BitFit, Zaken 2022);
                                ///< with adapters that is PEFT's bias="all"
};

/// Everything that decides which parameters exist.
struct ModelSpec {
  ModelConfig config;
  ModelFeatures features;
  bool pooler = false;  ///< has_pooler() adds those that a classifier reads
  std::vector<HeadSpec> heads;
  FrozenParts frozen;
  LoraOptions lora;

  /// The head of transformers' class, which has no name, or null.
  const HeadSpec* checkpoint_head() const noexcept {
    const auto found = std::find_if(heads.begin(), heads.end(), [](const HeadSpec& h) { return h.name.empty(); });
    return found == heads.end() ? nullptr : &*found;
  }
  /// The same if it is of this kind; heads with names are never meant.
  const HeadSpec* checkpoint_head(Head kind) const noexcept {
    const HeadSpec* const head = checkpoint_head();
    return head != nullptr && head->kind == kind ? head : nullptr;
  }
  /// Its place, or that of another of `heads`.
  std::size_t index_of(const HeadSpec& head) const noexcept { return static_cast<std::size_t>(&head - heads.data()); }
};

/// Whether there is a pooler: a base model's, or one that the classifier without a name reads.
bool has_pooler(const ModelSpec& spec) noexcept;

/// Logits of a head: labels; 1 for replaced tokens; V for masked_lm.
std::size_t head_outputs(const ModelConfig& config, const HeadSpec& head) noexcept;

/// `spec` with the head of transformers' class, which has no name, in the place of all heads; config says the same.
ModelSpec with_head(ModelSpec spec, HeadSpec head);

/// @throws Error invalid_argument: a name twice, or with characters other than a-z, 0-9 and '_'; a named head that
/// predicts events or replaced tokens; a classification without labels; a pooling that heads do not have.
void check_heads(std::span<const HeadSpec> heads);

}  // namespace v0
}  // namespace seqguard
