// A model with every kind of column, and ragged batches for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/prediction.hpp"

namespace seqguard {

inline ModelSpec whole_spec(std::size_t hidden, std::size_t heads, std::size_t intermediate) {
  ModelSpec spec;
  spec.config.vocab_size = 600;  // more than one tile of the vocabulary
  spec.config.hidden_size = hidden;
  spec.config.num_hidden_layers = 2;
  spec.config.num_attention_heads = heads;
  spec.config.intermediate_size = intermediate;
  spec.config.max_position_embeddings = 80;
  spec.config.type_vocab_size = 1;
  spec.config.initializer_range = 0.1;
  spec.config.layer_norm_eps = 1e-12;
  spec.features.categorical = {{"category", 9}};
  spec.features.numeric = {"price"};
  spec.features.time_gap_buckets = 8;
  spec.heads = {{"", Head::masked_lm}};
  return spec;
}

template <class Real>
Model<Real> whole_model(const Context<Real>& context, const ModelSpec& spec) {
  Model<Real> model(context, spec);
  model.initialize(5);
  for (const ParameterInfo& info : model.table().entries())
    for (std::size_t i = info.offset; i < info.offset + info.count; ++i) {
      if (info.role == ParameterRole::layer_norm || info.role == ParameterRole::bias)
        model.values()[i] += static_cast<Real>(0.3 * Random(6, i).normal());
      model.values()[i] =
          static_cast<Real>(static_cast<float>(model.values()[i]));  // the same numbers in any precision
    }
  model.pack(false);
  return model;
}

/// Columns of a batch put together from sequences; sequence s is a function of s and its length alone.
struct WholeBatch {
  std::vector<std::int32_t> ids, features, gaps;
  std::vector<float> numbers;
  std::vector<NumericState> states;
  std::vector<std::size_t> offsets{0};

  void append(std::uint64_t sequence, std::size_t length) {
    Random random(77, sequence);
    for (std::size_t t = 0; t < length; ++t) {
      ids.push_back(static_cast<std::int32_t>(random.below(600)));
      features.push_back(static_cast<std::int32_t>(random.below(9)));
      gaps.push_back(static_cast<std::int32_t>(random.below(8)));
      numbers.push_back(static_cast<float>(random.normal()));
      states.push_back(static_cast<NumericState>(random.below(3)));
    }
    offsets.push_back(ids.size());
  }
};

/// Hidden states [N, H], then the surprises of every token's own columns [3, N].
template <class Real>
struct WholeResult {
  std::vector<Real> hidden, losses;
};

template <class Real>
WholeResult<Real> run_whole(const Model<Real>& model, const WholeBatch& batch, AttentionMask mask) {
  const std::span<const std::int32_t> features[] = {batch.features};
  const NumericInput numerics[] = {{batch.numbers, batch.states}};
  EncoderInput input;
  input.ids = batch.ids;
  input.features = features;
  input.numerics = numerics;
  input.time_gaps = batch.gaps;
  input.offsets = batch.offsets;
  const std::size_t n = batch.ids.size(), hidden = model.config().hidden_size;
  std::vector<std::uint32_t> rows;
  for (std::size_t t = 0; t < n; ++t) rows.push_back(static_cast<std::uint32_t>(t));
  std::vector<std::int32_t> targets(batch.ids);
  targets.insert(targets.end(), batch.features.begin(), batch.features.end());
  targets.insert(targets.end(), batch.gaps.begin(), batch.gaps.end());

  Workspace workspace;
  const auto cache = run_encoder<Real>(model, input, {.mask = mask}, workspace);
  auto prediction = PredictionCache<Real>::allocate(workspace.activations, model.config(), n, 3);
  prediction_forward<Real>(model, prediction, cache.last_hidden_state(), {rows, targets}, workspace.scratch);
  const MatrixView<Real> states = cache.last_hidden_state();
  return {{states.data, states.data + n * hidden}, {prediction.losses.begin(), prediction.losses.end()}};
}

}  // namespace seqguard
