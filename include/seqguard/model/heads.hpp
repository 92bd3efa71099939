// The heads of a model on hidden states of the encoder; each forward pass with its backward pass. Several heads share
// one encoder pass. Predicting events, which never materialises their logits, is model/prediction.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

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
  MatrixView<Real> pooled;  ///< [B, H] of sequence classification; null: the head reads every token
  ClassificationHeadOptions options;
  ClassificationHeadCache<Real> classifier;
};

/// The dropout of a head in a training step, with the rate that the configuration gives it (classifier_dropout, or
/// hidden_dropout_prob where it is absent or the family's class does not read it). `key` and `first_token` as in
/// EncoderOptions::dropout.
Dropout head_dropout(const ModelSpec& spec, std::size_t head, std::uint64_t key, std::uint64_t first_token);

/// Rows that classify: sequences, or tokens.
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
/// layer with tanh on the pooled sequence, and nothing before the classifier of tokens.
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

template <class Real>
HeadCache<Real> run_head(const Model<Real>& model, std::size_t head, MatrixView<Real> logits,
                         MatrixView<const Real> hidden, Offsets offsets, const Dropout& dropout, Workspace& workspace) {
  const ClassificationHeadParameters<const Real>& p = model.parameters().heads[head].classifier;
  HeadCache<Real> cache;
  cache.options = head_options(model.spec(), head, dropout);
  MatrixView<const Real> x = hidden;
  if (model.spec().heads[head].kind == Head::sequence_classification) {
    const std::size_t sequences = offsets.size() - 1;
    cache.pooled = {workspace.activations.allocate<Real>(sequences * hidden.cols).data(), sequences, hidden.cols};
    pooling_forward<Real>(*model.context().kernels, cache.pooled, head_pooling(model.spec(), head), hidden, offsets);
    x = cache.pooled;
  }
  cache.classifier =
      ClassificationHeadCache<Real>::allocate(workspace.activations, x.rows, x.cols, p.transform.dense.exists(),
                                              p.transform.layer_norm.weight != nullptr, cache.options);
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
  const MatrixView<const Real> x = cache.pooled.data != nullptr ? MatrixView<const Real>(cache.pooled) : hidden;
  const bool passes = model.table().reach().encoder;
  MatrixView<Real> d_x;
  if (passes) d_x = {scratch.allocate<Real>(x.rows * x.cols).data(), x.rows, x.cols};
  classification_head_backward<Real>(model.context(), d_x, d_p.heads[head].classifier, d_logits, cache.classifier, x,
                                     model.parameters().heads[head].classifier, packed_head(model, head), cache.options,
                                     scratch);
  if (!passes) return;
  if (cache.pooled.data != nullptr)
    pooling_backward<Real>(kernels, d_hidden, head_pooling(model.spec(), head), d_x, offsets);
  else
    kernels.add(d_hidden.data, d_hidden.data, d_x.data, x.rows * x.cols);
}

#define SEQGUARD_HEADS(PREFIX, Real)                                                                                   \
  PREFIX template PackedClassificationHead<Real> packed_head(const Model<Real>&, std::size_t);                         \
  PREFIX template void pooler_output(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Offsets, Arena&);   \
  PREFIX template void masked_lm_logits(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Arena&);         \
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
