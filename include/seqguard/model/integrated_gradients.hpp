// Integrated gradients (Sundararajan, Taly and Yan, 2017): what each column of each token contributes to a number that
// the network computes. On the straight way from the sums of embeddings s(b) of a baseline to s(x) of the input,
//
//   a_tc = (e_tc(x) - e_tc(b)) . G_t,    G_t = integral over u in [0, 1] of d f / d s_t at s(b) + u (s(x) - s(b))
//
// where e_tc is the embedding of column c at token t and s_t = sum_c e_tc is what the first LayerNorm reads: the way is
// straight in every column at once. Completeness: sum_tc a_tc = f(x) - f(b).
//
// The integral is one of Gauss and Legendre with 8 points on pieces of the way. A piece must give the difference of f
// between its ends; the piece that misses it most is halved until the whole is exact enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/function_ref.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/attention_mask.hpp"
#include "seqguard/layers/embedding.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/prediction.hpp"
#include "seqguard/model/unread_gradients.hpp"
#include "seqguard/model/workspace.hpp"

namespace seqguard {
inline namespace v0 {

struct IntegratedGradientsOptions {
  AttentionMask mask = AttentionMask::full;
  double tolerance = 0.01;         ///< |f(x) - f(b) - sum of attributions| at most this share of |f(x) - f(b)|
  std::size_t most_points = 1024;  ///< points at which the gradient is asked for; then it ends, complete or not
};

/// What the columns of the tokens contribute.
struct Attributions {
  std::size_t tokens = 0;
  std::size_t columns = 0;     ///< the primary one, further categorical ones, numeric ones, the time gap
  std::vector<double> values;  ///< [columns, tokens]
  double value = 0;            ///< f(x)
  double baseline = 0;         ///< f(b)
  std::size_t points = 0;      ///< at which the gradient was asked for
  double rounding = 0;         ///< share of f that rounding may be: f is a sum of logarithms and products

  double at(std::size_t column, std::size_t token) const { return values[column * tokens + token]; }
  double of_token(std::size_t token) const;
  /// f(x) - f(b) that no attribution accounts for.
  double missing() const;
  /// |missing()| is at most `tolerance` |f(x) - f(b)|, or what rounding makes of f.
  bool is_complete(double tolerance) const;
};

/// A model's gradients with respect to its input. A copy of the model's weights, packed for the backward pass, and
/// buffers: one per thread; 8 bytes for each matrix element and 4 bytes for any other parameter.
template <class Real>
class IntegratedGradients {
 public:
  /// Also of a model that only scores, exactly: its packed matrices are multiplied by the identity.
  explicit IntegratedGradients(const Model<Real>& model);

  /// Of f = sum_cr factors[c * R + r] losses[c, r] (model/prediction.hpp). `input` and `baseline`: the same tokens with
  /// other values. A factor must be 0 where there is no target.
  /// @throws Error as run_encoder(); invalid_argument: sizes that differ; unsupported: no head that predicts events.
  Attributions of_surprise(const EncoderInput& input, const EncoderInput& baseline, const PredictionTargets& targets,
                           std::span<const Real> factors, const IntegratedGradientsOptions& options = {});

  /// Of a logit of a classification head: row `row` (a sequence, or a token), class `label`.
  /// @throws Error likewise; out_of_range: no such head, row or class.
  Attributions of_logit(const EncoderInput& input, const EncoderInput& baseline, std::size_t head, std::size_t row,
                        std::size_t label, const IntegratedGradientsOptions& options = {});

  /// The same of the log odds of a class among all of its row: logit - log of the sum of exp of the others.
  Attributions of_log_odds(const EncoderInput& input, const EncoderInput& baseline, std::size_t head, std::size_t row,
                           std::size_t label, const IntegratedGradientsOptions& options = {});

  /// Attention roll-out (Abnar and Zuidema, 2020) of one sequence [L, L]: row i says how much of token j's vector
  /// reaches token i if attention, averaged over the heads, were all that moves information, half of it the residual's:
  /// product over the layers of (A + I) / 2. Rows sum to 1. @throws Error as run_encoder(); invalid_argument: not one
  /// sequence.
  std::vector<double> attention_rollout(const EncoderInput& input, AttentionMask mask);

  const Model<Real>& model() const noexcept { return model_; }

 private:
  /// f of the last hidden states [N, H]; its gradient is added to d_hidden unless that is null.
  using Scalar = FunctionRef<double(MatrixView<const Real> hidden, MatrixView<Real> d_hidden)>;
  class Way;
  /// d_logits[classes] of a row of logits; returns the number that is explained.
  using OfLogits = FunctionRef<double(std::span<const Real> logits, std::span<Real> d_logits)>;
  Attributions of_logits(const EncoderInput& input, const EncoderInput& baseline, std::size_t head, std::size_t row,
                         std::size_t label, OfLogits number, const IntegratedGradientsOptions& options);
  Attributions integrate(const EncoderInput& input, const EncoderInput& baseline, Scalar scalar,
                         const IntegratedGradientsOptions& options);

  Model<Real> model_;
  UnreadGradients<Real> no_gradients_;  // of its parameters
  Workspace workspace_;
};

extern template class IntegratedGradients<float>;
extern template class IntegratedGradients<double>;

}  // namespace v0
}  // namespace seqguard
