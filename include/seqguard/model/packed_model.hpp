// All linear weights of a model, packed for the products.
#pragma once

#include <cstddef>
#include <vector>

#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/feed_forward.hpp"
#include "seqguard/layers/rotary.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/layers/vocabulary_loss.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct PackedEncoderLayer {
  PackedSelfAttention<Real> attention;
  PackedFeedForward<Real> feed_forward;
};

/// Packed once for scoring, or after every step in training.
template <class Real>
struct PackedModel {
  struct Head {
    PackedLinear<Real> transform, out_proj;
    std::vector<PackedDecoder<Real>> decoders;
  };
  std::vector<PackedEncoderLayer<Real>> layers;
  PackedLinear<Real> embedding_projection, pooler;
  std::vector<Head> heads;          ///< in the order of ModelSpec::heads
  std::vector<Real> relative_bias;  ///< [A, stride] by distance, for `reach` tokens; empty: none
  std::size_t reach = 0;
  RotaryTable<Real> global_rotary, local_rotary;
};

}  // namespace v0
}  // namespace seqguard
