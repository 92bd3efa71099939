// The outputs of whole heads, as transformers gives them, and the gradients of the classification heads. Scoring and
// pre-training never materialise the logits of events (model/prediction.hpp).
#pragma once

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/model/model.hpp"

namespace seqguard {

/// pooled[B, H] = tanh(W h[first token] + b) from hidden[N, H].
template <class Real>
void pooler_output(const Model<Real>& model, MatrixView<Real> pooled, MatrixView<const Real> hidden, Offsets offsets,
                   Arena& scratch);

/// logits[N, V] of the primary column: masked-LM head.
template <class Real>
void masked_lm_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Arena& scratch);

/// logits[B, labels] from hidden[N, H]: a dense layer (the pooler, or the head's own) on the first token of each
/// sequence, the family's activation, classifier.
template <class Real>
void sequence_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Offsets offsets,
                     Arena& scratch);

/// From d_logits[B, labels]: d_hidden[N, H] overwritten, d_p accumulated. The dense layer is computed again.
template <class Real>
void sequence_logits_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                              MatrixView<const Real> d_logits, MatrixView<const Real> hidden, Offsets offsets,
                              Arena& scratch);

/// logits[N, labels] from hidden[N, H]; replaced-token detection: [N, 1], high where a token was replaced.
template <class Real>
void token_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Arena& scratch);

/// From d_logits[N, labels]: d_hidden[N, H] overwritten, d_p accumulated.
template <class Real>
void token_logits_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                           MatrixView<const Real> d_logits, MatrixView<const Real> hidden, Arena& scratch);

#define SEQGUARD_HEADS(PREFIX, Real)                                                                                   \
  PREFIX template void pooler_output(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Offsets, Arena&);   \
  PREFIX template void masked_lm_logits(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Arena&);         \
  PREFIX template void sequence_logits(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Offsets, Arena&); \
  PREFIX template void token_logits(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Arena&);             \
  PREFIX template void sequence_logits_backward(const Model<Real>&, MatrixView<Real>, const ModelParameters<Real>&,    \
                                                MatrixView<const Real>, MatrixView<const Real>, Offsets, Arena&);      \
  PREFIX template void token_logits_backward(const Model<Real>&, MatrixView<Real>, const ModelParameters<Real>&,       \
                                             MatrixView<const Real>, MatrixView<const Real>, Arena&);
SEQGUARD_HEADS(extern, float)
SEQGUARD_HEADS(extern, double)

}  // namespace seqguard
