// The network: one loop over the layers, one call per line; the backward pass under the forward pass.
//
//   const EncoderCache<float> cache = run_encoder(model, input, {.mask = AttentionMask::causal}, workspace);
//   ... cache.last_hidden_state() ...
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/embedding.hpp"
#include "seqguard/layers/feed_forward.hpp"
#include "seqguard/layers/relative_position.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/layers/stochastic_depth.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/workspace.hpp"

namespace seqguard {
inline namespace v0 {

/// What a call is told besides the model.
struct EncoderOptions {
  AttentionMask mask = AttentionMask::full;
  Dropout dropout = {};         ///< of embeddings and of what each block adds: hidden_dropout_prob
  bool for_training = false;    ///< keep what run_encoder_backward() needs: the activations of every layer
  float attention_dropout = 0;  ///< rate for the attention probabilities, with the key of `dropout`
  float lora_dropout = 0;       ///< rate for what adapters read, likewise
  /// Share of the sequences for which both blocks of the last layer are left out, with the key of `dropout`; of layer l
  /// of L (l + 1) / L of it.
  float stochastic_depth = 0;
};

/// Of a training step, with the rates of dropout that configuration and adapters have. `key` and `first_token`: see
/// Dropout.
EncoderOptions training_step_options(const ModelSpec& spec, AttentionMask mask, std::uint64_t key,
                                     std::uint64_t first_token);

template <class Real>
struct EncoderLayerCache {
  SelfAttentionCache<Real> attention;
  FeedForwardCache<Real> feed_forward;
};

/// Activations of one call, in the memory of its workspace.
template <class Real>
struct EncoderCache {
  EmbeddingCache<Real> embedding;
  std::span<EncoderLayerCache<Real>> layers;  ///< those that no backward pass reads share the memory of one
  LayerNormCache<Real> final_norm;
  MatrixView<Real> normalised;  ///< [N, H] after the final LayerNorm; null: there is none

  /// `kept_from`: the first layer call whose activations a backward pass will read; config.layer_calls() in scoring.
  static EncoderCache allocate(Arena& arena, const ModelConfig& config, std::size_t n, std::size_t kept_from);
  /// Hidden states of the last layer [N, H].
  MatrixView<Real> last_hidden_state() const {
    if (normalised.data != nullptr) return normalised;
    return layers.empty() ? embedding.out : layers.back().feed_forward.sublayer.out;
  }
};

/// Hidden states of a ragged batch, in `workspace` (see Workspace::activations). A pure function of each sequence: the
/// bits do not depend on the others. The batch should have about k_chunk_tokens tokens. shift[N, E], if it is not null,
/// is added to the sums of embeddings.
/// @throws Error, before anything is computed: out_of_range (an id beyond its table, a sequence of no tokens or more
/// than config.max_tokens()); invalid_argument (columns that do not fit together).
template <class Real>
EncoderCache<Real> run_encoder(const Model<Real>& model, const EncoderInput& input, const EncoderOptions& options,
                               Workspace& workspace, MatrixView<const Real> shift = {});

/// The same with sums[N, E] in the place of the sums of embeddings that sum_embeddings() makes of an input. Nothing is
/// checked.
template <class Real>
EncoderCache<Real> run_encoder_on_sums(const Model<Real>& model, MatrixView<const Real> sums, Offsets offsets,
                                       const EncoderOptions& options, Workspace& workspace);

/// From the cache of a call with the same input and options (for_training). Accumulates d_p; d_hidden[N, H], the
/// gradient of the last hidden states, is destroyed: where embeddings learn it ends as the gradient of their sum (with
/// a projection that goes to d_sum[N, E] alone, if it is not null). Ends at the lowest block that learns
/// (ParameterTable::reach()): without one it returns at once.
template <class Real>
void run_encoder_backward(const Model<Real>& model, const ModelParameters<Real>& d_p, MatrixView<Real> d_hidden,
                          const EncoderCache<Real>& cache, const EncoderInput& input, const EncoderOptions& options,
                          Workspace& workspace, MatrixView<Real> d_sum = {});

/// The first layer call whose activations a call with these options keeps.
std::size_t first_kept_call(const ParameterTable& table, const ModelConfig& config, bool for_training) noexcept;

/// What the tables are indexed with, before anything is computed: a tenth of a percent of the work.
/// @throws Error as run_encoder().
void check_encoder_input(const EncoderInput& input, const ModelSpec& spec);

// --- the loop --------------------------------------------------------------------------------------------------------

/// Places at which a pass drops out: one stream of random numbers each.
enum class DropoutSite : std::uint64_t { embedding = 0, attention = 1, feed_forward = 2, probabilities = 3 };
inline std::uint64_t dropout_site(std::size_t layer, DropoutSite site) {
  return 4 * (layer + 1) + static_cast<std::uint64_t>(site);
}
/// Of what adapters read: streams of their own at the same sites, behind those of layers and heads.
inline Dropout lora_dropout(const EncoderOptions& options, std::uint64_t site) {
  constexpr std::uint64_t k_first_site = std::uint64_t{1} << 33;
  return Dropout{options.lora_dropout, options.dropout.key, options.dropout.first_token}.at(k_first_site + site);
}

/// Of one block of layer call `call` of `calls`: streams of their own at its site, behind those of adapters.
StochasticDepth block_depth(const EncoderOptions& options, std::size_t call, std::size_t calls, DropoutSite site,
                            Offsets offsets);

template <class Real>
EmbeddingOptions<Real> embedding_options(const ModelConfig& config, const EncoderOptions& options) {
  return {static_cast<Real>(config.layer_norm_eps), config.traits().positions,
          static_cast<std::int32_t>(config.position_padding()),
          options.dropout.at(static_cast<std::uint64_t>(DropoutSite::embedding)),
          lora_dropout(options, static_cast<std::uint64_t>(DropoutSite::embedding))};
}

template <class Real>
SelfAttentionOptions<Real> attention_options(const Model<Real>& model, const EncoderOptions& options, std::size_t layer,
                                             Offsets offsets) {
  const ModelConfig& config = model.config();
  const PackedModel<Real>& packed = model.packed();
  SelfAttentionOptions<Real> result{config.num_attention_heads, static_cast<Real>(config.layer_norm_eps), options.mask,
                                    options.dropout.at(dropout_site(layer, DropoutSite::attention))};
  result.probability_dropout = Dropout{options.attention_dropout, options.dropout.key, options.dropout.first_token}.at(
      dropout_site(layer, DropoutSite::probabilities));
  result.lora_dropout = lora_dropout(options, dropout_site(layer, DropoutSite::attention));
  result.depth = block_depth(options, layer, config.layer_calls(), DropoutSite::attention, offsets);
  const bool global = config.is_global_layer(layer);
  result.norm = config.traits().norm;
  if (!global) result.window = config.local_attention / 2;
  if (config.traits().positions == PositionRule::rotary)
    result.rotary = global ? &packed.global_rotary : &packed.local_rotary;
  if (!packed.relative_bias.empty())
    result.bias = {packed.relative_bias.data(), packed.reach, relative_bias_stride(packed.reach)};
  return result;
}

template <class Real>
FeedForwardOptions<Real> feed_forward_options(const ModelConfig& config, const EncoderOptions& options,
                                              std::size_t layer, Offsets offsets) {
  return {config.hidden_act,
          static_cast<Real>(config.layer_norm_eps),
          options.dropout.at(dropout_site(layer, DropoutSite::feed_forward)),
          config.traits().norm,
          lora_dropout(options, dropout_site(layer, DropoutSite::feed_forward)),
          block_depth(options, layer, config.layer_calls(), DropoutSite::feed_forward, offsets)};
}

template <class Real>
EncoderCache<Real> EncoderCache<Real>::allocate(Arena& arena, const ModelConfig& config, std::size_t n,
                                                std::size_t kept_from) {
  const std::size_t hidden = config.hidden_size;
  const FamilyTraits& traits = config.traits();
  EncoderCache cache;
  const bool projected = traits.projection == EmbeddingProjection::always || config.embedding_width() != hidden;
  cache.embedding = EmbeddingCache<Real>::allocate(arena, n, config.embedding_width(), hidden, projected);
  cache.layers = arena.allocate<EncoderLayerCache<Real>>(config.layer_calls());
  for (std::size_t l = 0; l < cache.layers.size(); ++l) {
    const bool is_kept = l >= kept_from;
    if (l > 0 && !is_kept) {
      cache.layers[l] = cache.layers[0];
      continue;
    }
    cache.layers[l] = {SelfAttentionCache<Real>::allocate(arena, n, hidden, config.num_attention_heads, traits.norm),
                       FeedForwardCache<Real>::allocate(arena, n, hidden, config.intermediate_size,
                                                        traits.gated_feed_forward, traits.norm, is_kept)};
  }
  if (traits.norm == NormPlacement::pre) {
    cache.final_norm = LayerNormCache<Real>::allocate(arena, n, hidden);
    cache.normalised = {arena.allocate<Real>(n * hidden).data(), n, hidden};
  }
  return cache;
}

/// From cache.embedding.out on.
template <class Real>
void run_encoder_layers(const Model<Real>& model, EncoderCache<Real>& cache, Offsets offsets,
                        const EncoderOptions& options, Arena& scratch) {
  const Context<Real>& context = model.context();
  const ModelConfig& config = model.config();
  const ModelParameters<const Real>& p = model.parameters();
  const PackedModel<Real>& packed = model.packed();
  MatrixView<Real> x = cache.embedding.out;
  for (std::size_t call = 0; call < cache.layers.size(); ++call) {
    EncoderLayerCache<Real>& layer = cache.layers[call];
    const std::size_t l = config.layer_of(call);
    self_attention_forward<Real>(context, layer.attention, x, offsets, p.layers[l].attention,
                                 packed.layers[l].attention, attention_options<Real>(model, options, call, offsets),
                                 scratch);
    feed_forward_forward<Real>(context, layer.feed_forward, layer.attention.sublayer.out, p.layers[l].feed_forward,
                               packed.layers[l].feed_forward,
                               feed_forward_options<Real>(config, options, call, offsets), scratch);
    x = layer.feed_forward.sublayer.out;
  }
  if (p.final_norm.weight != nullptr)
    layer_norm_forward<Real>(*context.kernels, cache.normalised, cache.final_norm, x, {}, p.final_norm,
                             static_cast<Real>(config.layer_norm_eps));
}

template <class Real>
EncoderCache<Real> run_encoder(const Model<Real>& model, const EncoderInput& input, const EncoderOptions& options,
                               Workspace& workspace, MatrixView<const Real> shift) {
  check_encoder_input(input, model.spec());
  const ModelConfig& config = model.config();
  auto cache = EncoderCache<Real>::allocate(workspace.activations, config, input.ids.size(),
                                            first_kept_call(model.table(), config, options.for_training));
  embedding_forward<Real>(model.context(), cache.embedding, input, model.parameters().embeddings,
                          model.packed().embedding_projection, embedding_options<Real>(config, options),
                          workspace.scratch, shift);
  run_encoder_layers<Real>(model, cache, input.offsets, options, workspace.scratch);
  return cache;
}

template <class Real>
EncoderCache<Real> run_encoder_on_sums(const Model<Real>& model, MatrixView<const Real> sums, Offsets offsets,
                                       const EncoderOptions& options, Workspace& workspace) {
  const ModelConfig& config = model.config();
  auto cache = EncoderCache<Real>::allocate(workspace.activations, config, sums.rows,
                                            first_kept_call(model.table(), config, options.for_training));
  std::copy_n(sums.data, sums.rows * sums.cols, cache.embedding.layer_norm.sum);
  normalise_embeddings<Real>(model.context(), cache.embedding, model.parameters().embeddings,
                             model.packed().embedding_projection, embedding_options<Real>(config, options),
                             workspace.scratch);
  run_encoder_layers<Real>(model, cache, offsets, options, workspace.scratch);
  return cache;
}

template <class Real>
void run_encoder_backward(const Model<Real>& model, const ModelParameters<Real>& d_p, MatrixView<Real> d_hidden,
                          const EncoderCache<Real>& cache, const EncoderInput& input, const EncoderOptions& options,
                          Workspace& workspace, MatrixView<Real> d_sum) {
  const BackwardReach& reach = model.table().reach();
  if (!reach.encoder) return;
  const Context<Real>& context = model.context();
  const ModelConfig& config = model.config();
  const ModelParameters<const Real>& p = model.parameters();
  const PackedModel<Real>& packed = model.packed();
  Arena& scratch = workspace.scratch;
  const Arena::Frame frame(scratch);
  const MatrixView<Real> d_attention(scratch.allocate<Real>(d_hidden.rows * d_hidden.cols).data(), d_hidden.rows,
                                     d_hidden.cols);
  const bool bias_learns = d_p.relative_attention_bias.weight != nullptr;
  const std::span<Real> d_bias = scratch.allocate<Real>(bias_learns ? packed.relative_bias.size() : 0);
  std::fill(d_bias.begin(), d_bias.end(), Real(0));

  if (p.final_norm.weight != nullptr)
    layer_norm_backward<Real>(*context.kernels, d_hidden, d_p.final_norm, d_hidden, cache.final_norm, p.final_norm);
  const auto unless_last = [&](std::size_t block, MatrixView<Real> d_x) {
    return reach.passes(block) ? d_x : MatrixView<Real>();
  };
  for (std::size_t call = cache.layers.size(); call-- > reach.lowest_call();) {
    const EncoderLayerCache<Real>& layer = cache.layers[call];
    const std::size_t l = config.layer_of(call), attention = 2 * call, feed_forward = attention + 1;
    feed_forward_backward<Real>(context, unless_last(feed_forward, d_attention), d_p.layers[l].feed_forward, d_hidden,
                                layer.feed_forward, layer.attention.sublayer.out, p.layers[l].feed_forward,
                                packed.layers[l].feed_forward,
                                feed_forward_options<Real>(config, options, call, input.offsets), scratch);
    if (!reach.reaches(attention)) break;
    const MatrixView<Real> x = call > 0 ? cache.layers[call - 1].feed_forward.sublayer.out : cache.embedding.out;
    self_attention_backward<Real>(context, unless_last(attention, d_hidden), d_p.layers[l].attention, d_attention,
                                  layer.attention, x, input.offsets, p.layers[l].attention, packed.layers[l].attention,
                                  attention_options<Real>(model, options, call, input.offsets),
                                  d_bias.empty() ? nullptr : d_bias.data(), scratch);
  }
  if (!d_bias.empty())
    reduce_relative_bias<Real>(d_p.relative_attention_bias, d_bias, config.num_attention_heads, packed.reach);
  if (!reach.embeddings) return;
  embedding_backward<Real>(context, d_p.embeddings, d_hidden, cache.embedding, input, p.embeddings,
                           packed.embedding_projection, embedding_options<Real>(config, options), scratch, d_sum);
}

template <class Real>
Workspace::Workspace(const Model<Real>& model, std::size_t tokens, bool for_training) {
  const ModelConfig& config = model.config();
  {
    const Arena::Frame frame(activations);  // an arena keeps what it has seen
    EncoderCache<Real>::allocate(activations, config, tokens, first_kept_call(model.table(), config, for_training));
    // The heads: hidden states of the predicted tokens, and what their transform makes of them.
    activations.allocate<Real>(tokens * (config.hidden_size + 4 * config.embedding_width() + 4));
  }
  // Copies of rows whose distance is a multiple of 4 KB, or one tile of the vocabulary's logits; in training the
  // gradients of one block; below single precision the rounded rows of a block, which are half as wide, beside those.
  const std::size_t widest = std::max(config.intermediate_size, config.hidden_size) + 64;
  const bool has_rows = model.context().matmul->rows != nullptr;
  const std::size_t rounded = has_rows ? std::max(widest, 3 * config.hidden_size) + config.hidden_size + 64 : 0;
  const std::size_t per_token = std::max(widest, k_vocabulary_tile + 2) + (for_training ? 8 * widest : 0) + rounded;
  scratch.reserve(tokens * per_token * sizeof(Real));
}

// Instantiated once, in the library: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_ENCODER(PREFIX, Real)                                                                                 \
  PREFIX template struct EncoderCache<Real>;                                                                           \
  PREFIX template EmbeddingOptions<Real> embedding_options(const ModelConfig&, const EncoderOptions&);                 \
  PREFIX template SelfAttentionOptions<Real> attention_options(const Model<Real>&, const EncoderOptions&, std::size_t, \
                                                               Offsets);                                               \
  PREFIX template FeedForwardOptions<Real> feed_forward_options(const ModelConfig&, const EncoderOptions&,             \
                                                                std::size_t, Offsets);                                 \
  PREFIX template Workspace::Workspace(const Model<Real>&, std::size_t, bool);                                         \
  PREFIX template void run_encoder_layers(const Model<Real>&, EncoderCache<Real>&, Offsets, const EncoderOptions&,     \
                                          Arena&);                                                                     \
  PREFIX template EncoderCache<Real> run_encoder(const Model<Real>&, const EncoderInput&, const EncoderOptions&,       \
                                                 Workspace&, MatrixView<const Real>);                                  \
  PREFIX template EncoderCache<Real> run_encoder_on_sums(const Model<Real>&, MatrixView<const Real>, Offsets,          \
                                                         const EncoderOptions&, Workspace&);                           \
  PREFIX template void run_encoder_backward(const Model<Real>&, const ModelParameters<Real>&, MatrixView<Real>,        \
                                            const EncoderCache<Real>&, const EncoderInput&, const EncoderOptions&,     \
                                            Workspace&, MatrixView<Real>);
SEQGUARD_ENCODER(extern, float)
SEQGUARD_ENCODER(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_ENCODER
#endif

}  // namespace v0
}  // namespace seqguard
