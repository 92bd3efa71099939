// All linear weights of a model, packed for the products.
#pragma once

#include <cstddef>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/feed_forward.hpp"
#include "seqguard/layers/rotary.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/model/parameters.hpp"

namespace seqguard {

template <class Real>
struct PackedEncoderLayer {
  PackedSelfAttention<Real> attention;
  PackedFeedForward<Real> feed_forward;
};

/// Packed once for scoring, or after every step in training.
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

extern template struct PackedModel<float>;
extern template struct PackedModel<double>;

}  // namespace seqguard
