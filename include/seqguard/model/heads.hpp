// The heads of a model on hidden states of the encoder; each forward pass with its backward pass. Several heads share
// one encoder pass. Predicting events, which never materialises their logits, is model/prediction.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "seqguard/core/views.hpp"
#include "seqguard/layers/classification_head.hpp"
#include "seqguard/layers/pooling.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/workspace.hpp"

namespace seqguard {
inline namespace v0 {

/// What the backward pass of a classification head needs, in the memory of its workspace.
template <class Real>
struct HeadCache {
  /// What the classifier reads where that is not the hidden states themselves: [B, H] pooled sequences, or [N, 2H] of
  /// gaps, a token beside the next one.
  MatrixView<Real> input;
  ClassificationHeadOptions options;
  ClassificationHeadCache<Real> classifier;
};

/// The dropout of a head in a training step, with the rate that the configuration gives it (classifier_dropout, or
/// hidden_dropout_prob where it is absent or the family's class does not read it). `key` and `first_token` as in
/// EncoderOptions::dropout.
Dropout head_dropout(const ModelSpec& spec, std::size_t head, std::uint64_t key, std::uint64_t first_token);

/// Rows that classify: sequences, or tokens. The row of a gap is that of the token before it; the last token of a
/// sequence has none behind it, and a row that means nothing.
inline std::size_t head_rows(const HeadSpec& head, Offsets offsets) {
  return head.kind == Head::sequence_classification ? offsets.size() - 1 : offsets.back();
}

/// pooled[B, H] = tanh(W h[first token] + b) from hidden[N, H]: the model's pooler.
template <class Real>
void pooler_output(const Model<Real>& model, MatrixView<Real> pooled, MatrixView<const Real> hidden, Offsets offsets,
                   Arena& scratch);

/// logits[N, V] of the primary column of head masked_lm_head().
template <class Real>
void masked_lm_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Arena& scratch);

/// pairs[R, 2H]: the hidden states of tokens rows[r] and of those behind them; zeros behind the last of hidden[N, H].
template <class Real>
void gather_gaps(MatrixView<Real> pairs, MatrixView<const Real> hidden, std::span<const std::uint32_t> rows);

/// logits[head_rows(), outputs] of classification head `head` from hidden[N, H]; replaced tokens: [N, 1], high where a
/// token was replaced. `dropout`: from head_dropout(), in training.
template <class Real>
HeadCache<Real> run_head(const Model<Real>& model, std::size_t head, MatrixView<Real> logits,
                         MatrixView<const Real> hidden, Offsets offsets, const Dropout& dropout, Workspace& workspace);

/// From d_logits: d_hidden[N, H] += the gradient through the head, if anything of the encoder learns; d_p accumulated.
template <class Real>
void run_head_backward(const Model<Real>& model, std::size_t head, MatrixView<Real> d_hidden,
                       const ModelParameters<Real>& d_p, MatrixView<const Real> d_logits, const HeadCache<Real>& cache,
                       MatrixView<const Real> hidden, Offsets offsets, Workspace& workspace);

// --- bodies ----------------------------------------------------------------------------------------------------------

/// How the layers of a head compute: the family's way for the head that transformers knows; for a named one a dense
/// layer with tanh on the pooled sequence, nothing or a dense layer with GELU before the classifier of tokens
/// (HeadSpec::hidden_layer), a dense layer with GELU and a LayerNorm before that of gaps.
ClassificationHeadOptions head_options(const ModelSpec& spec, std::size_t head, const Dropout& dropout);
Pooling head_pooling(const ModelSpec& spec, std::size_t head) noexcept;

template <class Real>
PackedClassificationHead<Real> packed_head(const Model<Real>& model, std::size_t head) {
  const auto& packed = model.packed().heads[head];
  const LinearParameters<const Real>& dense = model.parameters().heads[head].classifier.transform.dense;
  if (!dense.exists()) return {nullptr, &packed.out_proj};
  const bool is_poolers = packed.transform.forward.n() == 0;
  return {is_poolers ? &model.packed().pooler : &packed.transform, &packed.out_proj};
}

template <class Real>
void pooler_output(const Model<Real>& model, MatrixView<Real> pooled, MatrixView<const Real> hidden, Offsets offsets,
                   Arena& scratch) {
  const Arena::Frame frame(scratch);
  const MatrixView<Real> first(scratch.allocate<Real>(pooled.rows * hidden.cols).data(), pooled.rows, hidden.cols);
  pooling_forward<Real>(*model.context().kernels, first, Pooling::cls, hidden, offsets);
  linear_forward<Real>(pooled, first, model.packed().pooler, scratch);
  activation_forward(*model.context().kernels, Activation::tanh, pooled.data, pooled.data, pooled.rows * pooled.cols);
}

template <class Real>
void masked_lm_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden,
                      Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t head = model.masked_lm_head();
  const auto& packed = model.packed().heads[head];
  const HeadTransformParameters<const Real>& p = model.parameters().heads[head].classifier.transform;
  auto cache = HeadTransformCache<Real>::allocate(scratch, hidden.rows, p.dense.out_features, true);
  head_transform_forward<Real>(model.context(), cache, hidden, p, packed.transform,
                               {model.config().masked_lm_activation(), model.config().layer_norm_eps}, scratch);
  const PackedDecoder<Real>& decoder = packed.decoders.front();
  for (std::size_t tile = 0; tile < decoder.tiles(); ++tile) {
    const std::size_t first = decoder.first_of(tile), width = decoder.width_of(tile);
    const MatrixView<Real> part(logits.data + first, logits.rows, width, logits.stride);
    decoder.forward[tile].multiply(part, cache.out, {.bias = decoder.bias + first}, scratch);
  }
}

/// The pair of token `t` and the one behind it.
template <class Real>
void copy_pair(Real* pair, MatrixView<const Real> hidden, std::size_t t) {
  std::copy_n(hidden.row(t), hidden.cols, pair);
  if (t + 1 < hidden.rows)
    std::copy_n(hidden.row(t + 1), hidden.cols, pair + hidden.cols);
  else
    std::fill_n(pair + hidden.cols, hidden.cols, Real(0));
}

template <class Real>
void gather_gaps(MatrixView<Real> pairs, MatrixView<const Real> hidden, std::span<const std::uint32_t> rows) {
  for (std::size_t r = 0; r < rows.size(); ++r) copy_pair(pairs.row(r), hidden, rows[r]);
}

/// Adds the gradient of row `r` of pairs to both tokens of the gap behind token `t`.
template <class Real>
void add_gap_gradient(const KernelTable<Real>& kernels, MatrixView<Real> d_hidden, MatrixView<const Real> d_pairs,
                      std::size_t r, std::size_t t) {
  kernels.axpy(d_hidden.row(t), d_pairs.row(r), d_hidden.cols, Real(1));
  if (t + 1 < d_hidden.rows) kernels.axpy(d_hidden.row(t + 1), d_pairs.row(r) + d_hidden.cols, d_hidden.cols, Real(1));
}

/// HeadCache::input.
template <class Real>
MatrixView<Real> head_input(const Model<Real>& model, std::size_t head, MatrixView<const Real> hidden, Offsets offsets,
                            Arena& arena) {
  const auto matrix = [&](std::size_t rows, std::size_t cols) {
    return MatrixView<Real>(arena.allocate<Real>(rows * cols).data(), rows, cols);
  };
  MatrixView<Real> input;
  if (model.spec().heads[head].kind == Head::sequence_classification) {
    input = matrix(offsets.size() - 1, hidden.cols);
    pooling_forward<Real>(*model.context().kernels, input, head_pooling(model.spec(), head), hidden, offsets);
  } else if (model.spec().heads[head].kind == Head::gap_classification) {
    input = matrix(hidden.rows, 2 * hidden.cols);
    for (std::size_t t = 0; t < hidden.rows; ++t) copy_pair(input.row(t), hidden, t);
  }
  return input;
}

template <class Real>
HeadCache<Real> run_head(const Model<Real>& model, std::size_t head, MatrixView<Real> logits,
                         MatrixView<const Real> hidden, Offsets offsets, const Dropout& dropout, Workspace& workspace) {
  const ClassificationHeadParameters<const Real>& p = model.parameters().heads[head].classifier;
  HeadCache<Real> cache;
  cache.options = head_options(model.spec(), head, dropout);
  cache.input = head_input<Real>(model, head, hidden, offsets, workspace.activations);
  const MatrixView<const Real> x = cache.input.data != nullptr ? MatrixView<const Real>(cache.input) : hidden;
  cache.classifier =
      ClassificationHeadCache<Real>::allocate(workspace.activations, x.rows, x.cols, p.transform, cache.options);
  classification_head_forward<Real>(model.context(), logits, cache.classifier, x, p, packed_head(model, head),
                                    cache.options, workspace.scratch);
  return cache;
}

template <class Real>
void run_head_backward(const Model<Real>& model, std::size_t head, MatrixView<Real> d_hidden,
                       const ModelParameters<Real>& d_p, MatrixView<const Real> d_logits, const HeadCache<Real>& cache,
                       MatrixView<const Real> hidden, Offsets offsets, Workspace& workspace) {
  Arena& scratch = workspace.scratch;
  const Arena::Frame frame(scratch);
  const KernelTable<Real>& kernels = *model.context().kernels;
  const bool reads_input = cache.input.data != nullptr, passes = model.table().reach().encoder;
  const MatrixView<const Real> x = reads_input ? MatrixView<const Real>(cache.input) : hidden;
  MatrixView<Real> d_x;
  if (passes) d_x = {scratch.allocate<Real>(x.rows * x.cols).data(), x.rows, x.cols};
  classification_head_backward<Real>(model.context(), d_x, d_p.heads[head].classifier, d_logits, cache.classifier, x,
                                     model.parameters().heads[head].classifier, packed_head(model, head), cache.options,
                                     scratch);
  if (!passes) return;
  if (!reads_input)
    kernels.add(d_hidden.data, d_hidden.data, d_x.data, x.rows * x.cols);
  else if (model.spec().heads[head].kind == Head::gap_classification)
    for (std::size_t t = 0; t < hidden.rows; ++t) add_gap_gradient<Real>(kernels, d_hidden, d_x, t, t);
  else
    pooling_backward<Real>(kernels, d_hidden, head_pooling(model.spec(), head), d_x, offsets);
}

#define SEQGUARD_HEADS(PREFIX, Real)                                                                                   \
  PREFIX template PackedClassificationHead<Real> packed_head(const Model<Real>&, std::size_t);                         \
  PREFIX template void pooler_output(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Offsets, Arena&);   \
  PREFIX template void masked_lm_logits(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Arena&);         \
  PREFIX template void copy_pair(Real*, MatrixView<const Real>, std::size_t);                                          \
  PREFIX template void gather_gaps(MatrixView<Real>, MatrixView<const Real>, std::span<const std::uint32_t>);          \
  PREFIX template void add_gap_gradient(const KernelTable<Real>&, MatrixView<Real>, MatrixView<const Real>,            \
                                        std::size_t, std::size_t);                                                     \
  PREFIX template MatrixView<Real> head_input(const Model<Real>&, std::size_t, MatrixView<const Real>, Offsets,        \
                                              Arena&);                                                                 \
  PREFIX template HeadCache<Real> run_head(const Model<Real>&, std::size_t, MatrixView<Real>, MatrixView<const Real>,  \
                                           Offsets, const Dropout&, Workspace&);                                       \
  PREFIX template void run_head_backward(const Model<Real>&, std::size_t, MatrixView<Real>,                            \
                                         const ModelParameters<Real>&, MatrixView<const Real>, const HeadCache<Real>&, \
                                         MatrixView<const Real>, Offsets, Workspace&);
SEQGUARD_HEADS(extern, float)
SEQGUARD_HEADS(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_HEADS
#endif

}  // namespace v0
}  // namespace seqguard
