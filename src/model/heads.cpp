#include "seqguard/model/heads.hpp"

#include <algorithm>

#include "seqguard/layers/linear.hpp"
#include "seqguard/layers/pooler.hpp"
#include "seqguard/layers/prediction_head.hpp"

namespace seqguard {

template <class Real>
void pooler_output(const Model<Real>& model, MatrixView<Real> pooled, MatrixView<const Real> hidden, Offsets offsets,
                   Arena& scratch) {
  const Arena::Frame frame(scratch);
  auto cache = PoolerCache<Real>::allocate(scratch, offsets.size() - 1, hidden.cols);
  cache.out = pooled;
  pooler_forward<Real>(model.context(), cache, hidden, offsets, model.packed().pooler, scratch);
}

template <class Real>
void masked_lm_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden,
                      Arena& scratch) {
  const Arena::Frame frame(scratch);
  auto cache = PredictionTransformCache<Real>::allocate(scratch, hidden.rows, hidden.cols);
  prediction_transform_forward<Real>(model.context(), cache, hidden, model.parameters().transform,
                                     model.packed().transform, model.config().hidden_act,
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
  const std::size_t sequences = offsets.size() - 1;
  const MatrixView<Real> pooled(scratch.allocate<Real>(sequences * hidden.cols).data(), sequences, hidden.cols);
  pooler_output<Real>(model, pooled, hidden, offsets, scratch);
  linear_forward<Real>(logits, pooled, model.packed().classifier, scratch);
}

template <class Real>
void sequence_logits_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                              MatrixView<const Real> d_logits, MatrixView<const Real> hidden, Offsets offsets,
                              Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t sequences = offsets.size() - 1;
  auto pooler = PoolerCache<Real>::allocate(scratch, sequences, hidden.cols);
  pooler_forward<Real>(model.context(), pooler, hidden, offsets, model.packed().pooler, scratch);
  const MatrixView<Real> d_pooled(scratch.allocate<Real>(sequences * hidden.cols).data(), sequences, hidden.cols);
  linear_backward<Real>(model.context(), d_pooled, d_p.classifier, d_logits, pooler.out, model.packed().classifier,
                        scratch);
  std::fill_n(d_hidden.data, d_hidden.rows * d_hidden.cols, Real(0));
  pooler_backward<Real>(model.context(), d_hidden, d_p.pooler, d_pooled, pooler, offsets, model.packed().pooler,
                        scratch);
}

template <class Real>
void token_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Arena& scratch) {
  linear_forward<Real>(logits, hidden, model.packed().classifier, scratch);
}

template <class Real>
void token_logits_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                           MatrixView<const Real> d_logits, MatrixView<const Real> hidden, Arena& scratch) {
  linear_backward<Real>(model.context(), d_hidden, d_p.classifier, d_logits, hidden, model.packed().classifier,
                        scratch);
}

SEQGUARD_HEADS(, float)
SEQGUARD_HEADS(, double)

}  // namespace seqguard
