// From ids to vectors: the sum of all columns' embeddings, normalised.
//
//   x_t = LN( E_word[id_t] + E_type[type_t] + E_position[t]      the primary column
//           + sum_c E_c[id_ct]                                   further categorical columns
//           + sum_n (v_nt w_n + b_n, or m_n if missing)          numeric columns
//           + E_gap[bucket_t] )                                  the time since the event before
//
// With the primary column alone this is BertEmbeddings of Hugging Face.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/layer_norm.hpp"
#include "seqguard/layers/linear.hpp"

namespace seqguard {
inline namespace v0 {

/// One look-up table.
template <class Real>
struct EmbeddingTable {
  Real* weight = nullptr;  ///< [rows, H]
  std::size_t rows = 0;
};

/// A numeric column enters as value * weight + bias, or as `missing`.
template <class Real>
struct NumericParameters {
  Real* weight = nullptr;   ///< [H]
  Real* bias = nullptr;     ///< [H]
  Real* missing = nullptr;  ///< [H]
};

/// Positions of the tokens of a sequence.
enum class PositionRule {
  counted,        ///< 0, 1, 2, ...
  rotary,         ///< no table: queries and keys are turned (layers/rotary.hpp)
  after_padding,  ///< the padding id p where the id is p; the other tokens count p + 1, p + 2, ... (RoBERTa)
};

/// E is the width of the tables, H that of the encoder: the same without a projection.
template <class Real>
struct EmbeddingParameters {
  EmbeddingTable<Real> word;
  EmbeddingTable<Real> position;                  ///< no rows: the family has none
  EmbeddingTable<Real> token_type;                ///< no rows: the family has none
  std::vector<EmbeddingTable<Real>> features;     ///< categorical columns beside the primary one
  std::vector<NumericParameters<Real>> numerics;  ///< numeric columns
  EmbeddingTable<Real> time_gap;                  ///< no rows: no time column
  LayerNormParameters<Real> layer_norm;
  LinearParameters<Real> projection;  ///< [H, E], or null
};

/// What the layer is told besides its parameters.
template <class Real>
struct EmbeddingOptions {
  Real layer_norm_eps = 0;
  PositionRule positions = PositionRule::counted;
  std::int32_t padding_id = 0;  ///< of after_padding
  Dropout dropout;
  Dropout lora_dropout = {};  ///< of what an adapter of the projection reads
};

/// How a numeric value enters.
enum class NumericState : std::uint8_t {
  present,
  missing,  ///< no value: the learned vector `missing` stands in
  hidden,   ///< masked for prediction: contributes nothing
};

/// One numeric column of a ragged batch.
struct NumericInput {
  std::span<const float> values;        ///< [N], standardised
  std::span<const NumericState> state;  ///< [N]
};

/// A ragged batch of N tokens. Every id must be inside its table (run_encoder() checks). Positions count from 0 in each
/// sequence.
struct EncoderInput {
  std::span<const std::int32_t> ids;                        ///< [N] primary column
  std::span<const std::int32_t> token_type_ids;             ///< [N], or empty: all 0
  std::span<const std::span<const std::int32_t>> features;  ///< per further categorical column [N]
  std::span<const NumericInput> numerics;                   ///< per numeric column
  std::span<const std::int32_t> time_gaps;                  ///< [N] buckets, or empty without a time column
  Offsets offsets;                                          ///< B + 1
};

template <class Real>
struct EmbeddingCache {
  LayerNormCache<Real> layer_norm;
  std::span<std::int32_t> positions;  ///< [N]
  std::span<std::int32_t> zeros;      ///< [N], the token types where none are given
  MatrixView<Real> normalised;        ///< [N, E]
  MatrixView<Real> out;               ///< [N, H]; the same memory as normalised without a projection

  static EmbeddingCache allocate(Arena& arena, std::size_t n, std::size_t width, std::size_t hidden, bool projected) {
    EmbeddingCache cache;
    cache.layer_norm = LayerNormCache<Real>::allocate(arena, n, width);
    cache.positions = arena.allocate<std::int32_t>(n);
    cache.zeros = arena.allocate<std::int32_t>(n);
    cache.normalised = {arena.allocate<Real>(n * width).data(), n, width};
    cache.out = cache.normalised;
    if (projected) cache.out = {arena.allocate<Real>(n * hidden).data(), n, hidden};
    return cache;
  }
};

/// positions[N] of all tokens.
inline void set_positions(std::span<std::int32_t> positions, const EncoderInput& input, PositionRule rule,
                          std::int32_t padding_id) {
  for (std::size_t b = 0; b + 1 < input.offsets.size(); ++b) {
    std::int32_t next = rule == PositionRule::after_padding ? padding_id + 1 : 0;
    for (std::size_t t = input.offsets[b]; t < input.offsets[b + 1]; ++t) {
      const bool padding = rule == PositionRule::after_padding && input.ids[t] == padding_id;
      positions[t] = padding ? padding_id : next++;
    }
  }
}

/// The sum of embeddings of each token, cache.layer_norm.sum[N, E], at cache.positions.
template <class Real>
void sum_embeddings(const KernelTable<Real>& kernels, EmbeddingCache<Real>& cache, const EncoderInput& input,
                    const EmbeddingParameters<const Real>& p) {
  const std::size_t n = input.ids.size(), hidden = cache.normalised.cols;
  std::fill(cache.zeros.begin(), cache.zeros.end(), 0);

  Real* sum = cache.layer_norm.sum;
  std::fill_n(sum, n * hidden, Real(0));
  const auto* types = input.token_type_ids.empty() ? cache.zeros.data() : input.token_type_ids.data();
  kernels.gather_add(sum, p.word.weight, input.ids.data(), n, hidden);
  if (p.token_type.rows > 0) kernels.gather_add(sum, p.token_type.weight, types, n, hidden);
  if (p.position.rows > 0) kernels.gather_add(sum, p.position.weight, cache.positions.data(), n, hidden);
  for (std::size_t c = 0; c < p.features.size(); ++c)
    kernels.gather_add(sum, p.features[c].weight, input.features[c].data(), n, hidden);
  if (p.time_gap.rows > 0) kernels.gather_add(sum, p.time_gap.weight, input.time_gaps.data(), n, hidden);
  for (std::size_t c = 0; c < p.numerics.size(); ++c) {
    const NumericInput& column = input.numerics[c];
    for (std::size_t t = 0; t < n; ++t) {
      Real* row = sum + t * hidden;
      if (column.state[t] == NumericState::missing) kernels.axpy(row, p.numerics[c].missing, hidden, Real(1));
      if (column.state[t] != NumericState::present) continue;
      kernels.axpy(row, p.numerics[c].weight, hidden, static_cast<Real>(column.values[t]));
      kernels.axpy(row, p.numerics[c].bias, hidden, Real(1));
    }
  }
}

/// cache.out[N, H] = projection(dropout(LN(cache.layer_norm.sum))).
template <class Real>
void normalise_embeddings(const Context<Real>& context, EmbeddingCache<Real>& cache,
                          const EmbeddingParameters<const Real>& p, const PackedLinear<Real>& packed_projection,
                          const EmbeddingOptions<Real>& options, Arena& scratch) {
  const MatrixView<const Real> sum(cache.layer_norm.sum, cache.normalised.rows, cache.normalised.cols);
  layer_norm_forward<Real>(*context.kernels, cache.normalised, cache.layer_norm, sum, {}, p.layer_norm,
                           options.layer_norm_eps);
  dropout_apply(*context.kernels, cache.normalised, options.dropout);
  if (p.projection.exists())
    linear_forward<Real>(cache.out, cache.normalised, packed_projection, scratch, options.lora_dropout);
}

/// cache.out[N, H] = projection(dropout(LN(sum of embeddings + shift[N, E]))); shift may be null.
template <class Real>
void embedding_forward(const Context<Real>& context, EmbeddingCache<Real>& cache, const EncoderInput& input,
                       const EmbeddingParameters<const Real>& p, const PackedLinear<Real>& packed_projection,
                       const EmbeddingOptions<Real>& options, Arena& scratch, MatrixView<const Real> shift = {}) {
  set_positions(cache.positions, input, options.positions, options.padding_id);
  sum_embeddings<Real>(*context.kernels, cache, input, p);
  if (shift.data != nullptr)
    context.kernels->add(cache.layer_norm.sum, cache.layer_norm.sum, shift.data, shift.rows * shift.cols);
  normalise_embeddings<Real>(context, cache, p, packed_projection, options, scratch);
}

/// Accumulates the gradients of d_p that are not null; d_out[N, H] is destroyed. Without a projection it ends as the
/// gradient of the sum of embeddings, which d_sum[N, E] gets where it is not null.
template <class Real>
void embedding_backward(const Context<Real>& context, const EmbeddingParameters<Real>& d_p, MatrixView<Real> d_out,
                        const EmbeddingCache<Real>& cache, const EncoderInput& input,
                        const EmbeddingParameters<const Real>& p, const PackedLinear<Real>& packed_projection,
                        const EmbeddingOptions<Real>& options, Arena& scratch, MatrixView<Real> d_sum = {}) {
  const Arena::Frame frame(scratch);
  const std::size_t n = input.ids.size(), hidden = cache.normalised.cols;
  const KernelTable<Real>& kernels = *context.kernels;
  if (p.projection.exists()) {
    const MatrixView<Real> d_normalised(scratch.allocate<Real>(n * hidden).data(), n, hidden);
    linear_backward<Real>(context, d_normalised, d_p.projection, d_out, cache.normalised, packed_projection, scratch,
                          false, options.lora_dropout);
    d_out = d_normalised;
  }
  dropout_apply(kernels, d_out, options.dropout);
  layer_norm_backward<Real>(kernels, d_out, d_p.layer_norm, d_out, cache.layer_norm, p.layer_norm);
  if (d_sum.data != nullptr) std::copy_n(d_out.data, n * hidden, d_sum.data);
  const auto scatter = [&](const EmbeddingTable<Real>& d_table, const std::int32_t* ids) {
    if (d_table.weight != nullptr) kernels.scatter_add(d_table.weight, d_out.data, ids, n, hidden);
  };
  scatter(d_p.word, input.ids.data());
  scatter(d_p.token_type, input.token_type_ids.empty() ? cache.zeros.data() : input.token_type_ids.data());
  scatter(d_p.position, cache.positions.data());
  for (std::size_t c = 0; c < p.features.size(); ++c) scatter(d_p.features[c], input.features[c].data());
  scatter(d_p.time_gap, input.time_gaps.data());
  for (std::size_t c = 0; c < p.numerics.size(); ++c) {
    const NumericInput& column = input.numerics[c];
    const auto add = [&](Real* to, std::size_t token, Real factor) {
      if (to != nullptr) kernels.axpy(to, d_out.row(token), hidden, factor);
    };
    for (std::size_t t = 0; t < n; ++t) {
      if (column.state[t] == NumericState::missing) add(d_p.numerics[c].missing, t, Real(1));
      if (column.state[t] != NumericState::present) continue;
      add(d_p.numerics[c].weight, t, static_cast<Real>(column.values[t]));
      add(d_p.numerics[c].bias, t, Real(1));
    }
  }
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_EMBEDDING(PREFIX, Real)                                                                      \
  PREFIX template void sum_embeddings(const KernelTable<Real>& kernels, EmbeddingCache<Real>& cache,          \
                                      const EncoderInput& input, const EmbeddingParameters<const Real>& p);   \
  PREFIX template void normalise_embeddings(                                                                  \
      const Context<Real>& context, EmbeddingCache<Real>& cache, const EmbeddingParameters<const Real>& p,    \
      const PackedLinear<Real>& packed_projection, const EmbeddingOptions<Real>& options, Arena& scratch);    \
  PREFIX template void embedding_forward(                                                                     \
      const Context<Real>& context, EmbeddingCache<Real>& cache, const EncoderInput& input,                   \
      const EmbeddingParameters<const Real>& p, const PackedLinear<Real>& packed_projection,                  \
      const EmbeddingOptions<Real>& options, Arena& scratch, MatrixView<const Real> shift);                   \
  PREFIX template void embedding_backward(                                                                    \
      const Context<Real>& context, const EmbeddingParameters<Real>& d_p, MatrixView<Real> d_out,             \
      const EmbeddingCache<Real>& cache, const EncoderInput& input, const EmbeddingParameters<const Real>& p, \
      const PackedLinear<Real>& packed_projection, const EmbeddingOptions<Real>& options, Arena& scratch,     \
      MatrixView<Real> d_sum);
SEQGUARD_EMBEDDING(extern, float)
SEQGUARD_EMBEDDING(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_EMBEDDING
#endif

}  // namespace v0
}  // namespace seqguard
