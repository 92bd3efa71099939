// The outputs of whole heads, as transformers gives them: for `encode`. Scoring never materialises logits
// (model/prediction.hpp).
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

/// logits[B, labels] from hidden[N, H]: pooler, then classifier.
template <class Real>
void sequence_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Offsets offsets,
                     Arena& scratch);

/// logits[N, labels] from hidden[N, H].
template <class Real>
void token_logits(const Model<Real>& model, MatrixView<Real> logits, MatrixView<const Real> hidden, Arena& scratch);

#define SEQGUARD_HEADS(PREFIX, Real)                                                                                   \
  PREFIX template void pooler_output(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Offsets, Arena&);   \
  PREFIX template void masked_lm_logits(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Arena&);         \
  PREFIX template void sequence_logits(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Offsets, Arena&); \
  PREFIX template void token_logits(const Model<Real>&, MatrixView<Real>, MatrixView<const Real>, Arena&);
SEQGUARD_HEADS(extern, float)
SEQGUARD_HEADS(extern, double)

}  // namespace seqguard
