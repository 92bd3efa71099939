#include "seqguard/model/heads.hpp"

#include <algorithm>

#include "seqguard/layers/dense_activation.hpp"
#include "seqguard/layers/linear.hpp"
#include "seqguard/layers/prediction_head.hpp"

namespace seqguard {
namespace {

template <class Real>
MatrixView<Real> matrix(Arena& arena, std::size_t rows, std::size_t cols) {
  return {arena.allocate<Real>(rows * cols).data(), rows, cols};
}

/// Hidden states of the first token of each sequence [B, H].
template <class Real>
MatrixView<Real> first_tokens(MatrixView<const Real> hidden, Offsets offsets, Arena& arena) {
  const MatrixView<Real> first = matrix<Real>(arena, offsets.size() - 1, hidden.cols);
  for (std::size_t b = 0; b < first.rows; ++b) std::copy_n(hidden.row(offsets[b]), hidden.cols, first.row(b));
  return first;
}

/// What a family whose heads share one transform classifies: the first token, or the mean of the sequence [B, H].
template <class Real>
MatrixView<Real> summaries(const Model<Real>& model, MatrixView<const Real> hidden, Offsets offsets, Arena& arena) {
  if (!model.config().classifier_mean_pooling) return first_tokens<Real>(hidden, offsets, arena);
  const MatrixView<Real> mean = matrix<Real>(arena, offsets.size() - 1, hidden.cols);
  std::fill_n(mean.data, mean.rows * mean.cols, Real(0));
  for (std::size_t b = 0; b < mean.rows; ++b) {
    const std::size_t length = offsets[b + 1] - offsets[b];
    model.context().kernels->column_sums(mean.row(b), hidden.row(offsets[b]), length, hidden.cols, hidden.stride);
    for (std::size_t c = 0; c < mean.cols; ++c) mean(b, c) /= static_cast<Real>(length);
  }
  return mean;
}

/// d_hidden += the gradient of summaries().
template <class Real>
void summaries_backward(const Model<Real>& model, MatrixView<Real> d_hidden, MatrixView<const Real> d_summaries,
                        Offsets offsets) {
  const KernelTable<Real>& kernels = *model.context().kernels;
  for (std::size_t b = 0; b < d_summaries.rows; ++b) {
    const bool mean = model.config().classifier_mean_pooling;
    const std::size_t length = mean ? offsets[b + 1] - offsets[b] : 1;
    for (std::size_t t = offsets[b]; t < offsets[b] + length; ++t)
      kernels.axpy(d_hidden.row(t), d_summaries.row(b), d_hidden.cols, Real(1) / static_cast<Real>(length));
  }
}

/// logits = classifier(transform(x)).
template <class Real>
PredictionTransformCache<Real> transform_logits(const Model<Real>& model, MatrixView<Real> logits,
                                                MatrixView<const Real> x, Arena& scratch) {
  auto cache = PredictionTransformCache<Real>::allocate(scratch, x.rows, x.cols);
  prediction_transform_forward<Real>(model.context(), cache, x, model.parameters().transform, model.packed().transform,
                                     model.config().masked_lm_activation(),
                                     static_cast<Real>(model.config().layer_norm_eps), scratch);
  if (logits.data != nullptr) linear_forward<Real>(logits, cache.out, model.packed().classifier, scratch);
  return cache;
}

/// d_x overwritten; the transform is computed again.
template <class Real>
void transform_logits_backward(const Model<Real>& model, MatrixView<Real> d_x, const ModelParameters<Real>& d_p,
                               MatrixView<const Real> d_logits, MatrixView<const Real> x, Arena& scratch) {
  const auto cache = transform_logits<Real>(model, {}, x, scratch);
  const MatrixView<Real> d_transformed = matrix<Real>(scratch, x.rows, x.cols);
  linear_backward<Real>(model.context(), d_transformed, d_p.classifier, d_logits, cache.out, model.packed().classifier,
                        scratch);
  prediction_transform_backward<Real>(model.context(), d_x, d_p.transform, d_transformed, cache, x,
                                      model.parameters().transform, model.packed().transform,
                                      model.config().masked_lm_activation(), scratch);
}

/// The dense layer between the first token and the classifier: the pooler's, or the head's own.
template <class Real>
const PackedLinear<Real>& classifier_dense(const Model<Real>& model) {
  return model.config().traits().classifies_by_pooler ? model.packed().pooler : model.packed().dense;
}

}  // namespace

template <class Real>
void pooler_output(const Model<Real>& model, MatrixView<Real> pooled, MatrixView<const Real> hidden, Offsets offsets,
                   Arena& scratch) {
  const Arena::Frame frame(scratch);
  const MatrixView<Real> first = first_tokens<Real>(hidden, offsets, scratch);
  linear_forward<Real>(pooled, first, model.packed().pooler, scratch);
  activation_forward(*model.context().kernels, Activation::tanh, pooled.data, pooled.data, pooled.rows * pooled.cols);
}

template <class Real>
void masked_lm_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden,
                      Arena& scratch) {
  const Arena::Frame frame(scratch);
  auto cache =
      PredictionTransformCache<Real>::allocate(scratch, hidden.rows, model.parameters().transform.dense.out_features);
  prediction_transform_forward<Real>(model.context(), cache, hidden, model.parameters().transform,
                                     model.packed().transform, model.config().masked_lm_activation(),
                                     static_cast<Real>(model.config().layer_norm_eps), scratch);
  const PackedDecoder<Real>& decoder = model.packed().decoders.front();
  for (std::size_t tile = 0; tile < decoder.tiles(); ++tile) {
    const std::size_t first = decoder.first_of(tile), width = decoder.width_of(tile);
    const MatrixView<Real> part(logits.data + first, logits.rows, width, logits.stride);
    decoder.forward[tile].multiply(part, cache.out, {.bias = decoder.bias + first}, scratch);
  }
}

template <class Real>
void sequence_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Offsets offsets,
                     Arena& scratch) {
  const Arena::Frame frame(scratch);
  if (model.config().traits().classifies_by_transform) {
    transform_logits<Real>(model, logits, summaries<Real>(model, hidden, offsets, scratch), scratch);
    return;
  }
  const MatrixView<Real> first = first_tokens<Real>(hidden, offsets, scratch);
  auto dense = DenseActivationCache<Real>::allocate(scratch, first.rows, first.cols);
  dense_activation_forward<Real>(model.context(), dense, first, classifier_dense(model),
                                 model.config().traits().sequence_activation, scratch);
  linear_forward<Real>(logits, dense.out, model.packed().classifier, scratch);
}

template <class Real>
void sequence_logits_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                              MatrixView<const Real> d_logits, MatrixView<const Real> hidden, Offsets offsets,
                              Arena& scratch) {
  const Arena::Frame frame(scratch);
  std::fill_n(d_hidden.data, d_hidden.rows * d_hidden.cols, Real(0));
  if (model.config().traits().classifies_by_transform) {
    const MatrixView<Real> summary = summaries<Real>(model, hidden, offsets, scratch),
                           d_summary = matrix<Real>(scratch, summary.rows, summary.cols);
    transform_logits_backward<Real>(model, d_summary, d_p, d_logits, summary, scratch);
    summaries_backward<Real>(model, d_hidden, d_summary, offsets);
    return;
  }
  const Activation activation = model.config().traits().sequence_activation;
  const MatrixView<Real> first = first_tokens<Real>(hidden, offsets, scratch);
  auto dense = DenseActivationCache<Real>::allocate(scratch, first.rows, first.cols);
  dense_activation_forward<Real>(model.context(), dense, first, classifier_dense(model), activation, scratch);
  const MatrixView<Real> d_dense = matrix<Real>(scratch, first.rows, first.cols),
                         d_first = matrix<Real>(scratch, first.rows, first.cols);
  linear_backward<Real>(model.context(), d_dense, d_p.classifier, d_logits, dense.out, model.packed().classifier,
                        scratch);
  const bool by_pooler = model.config().traits().classifies_by_pooler;
  dense_activation_backward<Real>(model.context(), d_first, by_pooler ? d_p.pooler : d_p.dense, d_dense, dense, first,
                                  classifier_dense(model), activation, scratch);
  for (std::size_t b = 0; b < first.rows; ++b) std::copy_n(d_first.row(b), first.cols, d_hidden.row(offsets[b]));
}

template <class Real>
void token_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Arena& scratch) {
  if (model.config().traits().classifies_by_transform) {
    const Arena::Frame frame(scratch);
    transform_logits<Real>(model, logits, hidden, scratch);
    return;
  }
  if (!model.spec().heads.replaced_tokens) {
    linear_forward<Real>(logits, hidden, model.packed().classifier, scratch);
    return;
  }
  const Arena::Frame frame(scratch);
  auto dense = DenseActivationCache<Real>::allocate(scratch, hidden.rows, hidden.cols);
  dense_activation_forward<Real>(model.context(), dense, hidden, model.packed().dense, model.config().hidden_act,
                                 scratch);
  linear_forward<Real>(logits, dense.out, model.packed().classifier, scratch);
}

template <class Real>
void token_logits_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                           MatrixView<const Real> d_logits, MatrixView<const Real> hidden, Arena& scratch) {
  const Context<Real>& context = model.context();
  if (model.config().traits().classifies_by_transform) {
    const Arena::Frame frame(scratch);
    transform_logits_backward<Real>(model, d_hidden, d_p, d_logits, hidden, scratch);
    return;
  }
  if (!model.spec().heads.replaced_tokens) {
    linear_backward<Real>(context, d_hidden, d_p.classifier, d_logits, hidden, model.packed().classifier, scratch);
    return;
  }
  const Arena::Frame frame(scratch);
  const Activation activation = model.config().hidden_act;
  auto dense = DenseActivationCache<Real>::allocate(scratch, hidden.rows, hidden.cols);
  dense_activation_forward<Real>(context, dense, hidden, model.packed().dense, activation, scratch);
  const MatrixView<Real> d_dense = matrix<Real>(scratch, hidden.rows, hidden.cols);
  linear_backward<Real>(context, d_dense, d_p.classifier, d_logits, dense.out, model.packed().classifier, scratch);
  dense_activation_backward<Real>(context, d_hidden, d_p.dense, d_dense, dense, hidden, model.packed().dense,
                                  activation, scratch);
}

SEQGUARD_HEADS(, float)
SEQGUARD_HEADS(, double)

}  // namespace seqguard
