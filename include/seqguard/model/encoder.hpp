// The network: one loop over the layers, one call per line; the backward pass under the forward pass.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/embedding.hpp"
#include "seqguard/layers/feed_forward.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/model/parameters.hpp"

namespace seqguard {

template <class Real>
struct PackedEncoderLayer {
  PackedSelfAttention<Real> attention;
  PackedFeedForward<Real> feed_forward;
};

/// All linear weights of a model, packed once for scoring, or after every step in training.
template <class Real>
struct PackedModel {
  std::vector<PackedEncoderLayer<Real>> layers;
  PackedLinear<Real> embedding_projection, pooler, dense, transform, classifier;
  std::vector<PackedDecoder<Real>> decoders;
  std::vector<Real> relative_bias;  ///< [A, stride] by distance, for `reach` tokens; empty: none
  std::size_t reach = 0;
  RotaryTable<Real> global_rotary, local_rotary;

  /// Packs, or packs again with new values without allocating.
  void pack(const Context<Real>& context, const ModelConfig& config, const ModelParameters<const Real>& p,
            bool for_training);

  /// The values of a linear layer's weight; they are needed until the next call.
  using ReadMatrix = FunctionRef<const Real*(const LinearParameters<const Real>&)>;
  /// Packs for scoring where p has no matrices: each is read, packed into `storage`, and not needed again.
  void pack(const Context<Real>& context, const ModelConfig& config, const ModelParameters<const Real>& p,
            ReadMatrix read, Arena& storage);
  /// What that takes from `storage` at most.
  static std::size_t storage_bytes(const Context<Real>& context, const ModelParameters<const Real>& p);
};

template <class Real>
struct EncoderLayerCache {
  SelfAttentionCache<Real> attention;
  FeedForwardCache<Real> feed_forward;
};

/// Activations of one chunk. In scoring all layers share the memory of one.
template <class Real>
struct EncoderCache {
  EmbeddingCache<Real> embedding;
  std::span<EncoderLayerCache<Real>> layers;
  LayerNormCache<Real> final_norm;
  MatrixView<Real> normalised;  ///< [N, H] after the final LayerNorm; null: there is none

  static EncoderCache allocate(Arena& arena, const ModelConfig& config, std::size_t n, bool for_training);
  /// Hidden states of the last layer [N, H].
  MatrixView<Real> last_hidden_state() const {
    if (normalised.data != nullptr) return normalised;
    return layers.empty() ? embedding.out : layers.back().feed_forward.sublayer.out;
  }
};

/// What a call is told besides the model: which events see which, and dropout (training).
struct EncoderOptions {
  AttentionMask mask = AttentionMask::full;
  Dropout dropout;
};

/// cache.last_hidden_state() of a ragged chunk. The chunk's activations should fit the L2 cache: about 128 tokens.
/// @throws Error, before anything is computed: out_of_range (an id beyond its table, a sequence of no tokens or more
/// than config.max_tokens()); invalid_argument (columns that do not fit together).
template <class Real>
void encoder_forward(const Context<Real>& context, EncoderCache<Real>& cache, const EncoderInput& input,
                     const ModelConfig& config, const ModelParameters<const Real>& p, const PackedModel<Real>& packed,
                     const EncoderOptions& options, Arena& scratch);

/// Accumulates d_p; d_hidden[N, H] (the gradient of the last hidden states) is destroyed: it ends as the gradient of
/// the sum of embeddings.
template <class Real>
void encoder_backward(const Context<Real>& context, const ModelParameters<Real>& d_p, MatrixView<Real> d_hidden,
                      const EncoderCache<Real>& cache, const EncoderInput& input, const ModelConfig& config,
                      const ModelParameters<const Real>& p, const PackedModel<Real>& packed,
                      const EncoderOptions& options, Arena& scratch);

// Instantiated once, in the library: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_ENCODER(PREFIX, Real)                                                                        \
  PREFIX template struct PackedModel<Real>;                                                                   \
  PREFIX template struct EncoderCache<Real>;                                                                  \
  PREFIX template void encoder_forward(const Context<Real>&, EncoderCache<Real>&, const EncoderInput&,        \
                                       const ModelConfig&, const ModelParameters<const Real>&,                \
                                       const PackedModel<Real>&, const EncoderOptions&, Arena&);              \
  PREFIX template void encoder_backward(const Context<Real>&, const ModelParameters<Real>&, MatrixView<Real>, \
                                        const EncoderCache<Real>&, const EncoderInput&, const ModelConfig&,   \
                                        const ModelParameters<const Real>&, const PackedModel<Real>&,         \
                                        const EncoderOptions&, Arena&);
SEQGUARD_ENCODER(extern, float)
SEQGUARD_ENCODER(extern, double)

}  // namespace seqguard
