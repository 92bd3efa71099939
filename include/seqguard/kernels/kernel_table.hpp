// Every arithmetic kernel of the library but the matrix products (kernels/matmul_kernels.hpp): formula, shapes and
// aliasing rules. One table per instruction set.
//
// Conventions: outputs first, then inputs, then sizes, then scalars. All matrices are row-major and dense unless a
// stride is named. d_x is the gradient of x; a parameter's gradient is accumulated (+=), an activation's is
// overwritten, unless said otherwise. "out may alias in": the two may be the same array; otherwise arrays do not
// overlap. No alignment is required. A kernel never allocates, never throws, never starts a thread, and may be called
// by any number of threads at once. Each is found by its name: plain loops in src/kernels/reference.hpp, vectors in
// src/kernels/*.inl.hpp, its error bounds in tests/kernels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "seqguard/core/isa.hpp"

namespace seqguard {
inline namespace v0 {

/// Elements of a RelativeBias behind its last distance: vectors are read beyond that.
inline constexpr std::size_t k_relative_padding = 32;

/// What is added to the score of query i and key j because of their distance: for head h
/// values[h * stride + reach - 1 + i - j]. Null values: nothing.
template <class Real>
struct RelativeBias {
  const Real* values = nullptr;  ///< [A, stride]
  std::size_t reach = 0;         ///< at least L
  std::size_t stride = 0;        ///< at least 2 reach - 1 + k_relative_padding
};

/// Dropout of attention probabilities, in training: with P the softmax over all visible keys, value j of head h enters
/// the output of query i with the weight
///   keep ? P_ij / (1 - rate) : 0,   keep = hash32(key, index) >= rate * 2^32,
///   index = ((first_token + i) * A + h) * 2^32 + j.
/// So the mask depends on the query's place in the whole batch, and not on how the batch was cut into calls. Tokens
/// times heads of a batch must stay below 2^32. hash32: src/kernels/dropout_hash.hpp. The same bits on every
/// instruction set.
template <class Real>
struct AttentionDropout {
  Real rate = 0;                  ///< in [0, 1); 0 turns dropout off
  std::uint64_t key = 0;          ///< the same in forward and backward
  std::uint64_t first_token = 0;  ///< place of the sequence's first token in the whole batch
};

/// Fused multi-head attention over one sequence of L events, with A heads of width D; H = A * D:
///   score_ij = scale q_i . k_j + bias_ij,   out_i = sum_j dropout(softmax_j(score_ij)) v_j,   over the visible j.
template <class Real>
struct AttentionForward {
  Real* out;          ///< [L, H], row stride `out_stride`: concatenated heads
  Real* log_sum_exp;  ///< [A, L] or null: log sum_j exp(score_ij) over all visible j, kept for the backward pass
  const Real* qkv;    ///< [L, 3H], row stride `qkv_stride`: query, key, value side by side, heads inside each
  std::size_t length, heads, head_dim, qkv_stride, out_stride;  ///< L, A, D
  Real scale;                                                   ///< 1 / sqrt(D)
  bool causal;                                                  ///< event i sees the events j <= i only; otherwise all
  std::size_t window = 0;                                       ///< > 0: only events at a distance of at most `window`
  RelativeBias<Real> bias = {};
  AttentionDropout<Real> dropout = {};
};

/// Its gradients, from what the forward pass was given and what it left; the same settings again.
template <class Real>
struct AttentionBackward {
  Real* d_qkv;              ///< [L, 3H], overwritten, row stride `qkv_stride`
  const Real* d_out;        ///< [L, H], row stride `out_stride`
  const Real* out;          ///< [L, H] of the forward pass, row stride `out_stride`
  const Real* log_sum_exp;  ///< [A, L] of the forward pass
  const Real* qkv;          ///< [L, 3H] of the forward pass
  std::size_t length, heads, head_dim, qkv_stride, out_stride;
  Real scale;
  bool causal;
  Real* scratch;  ///< attention_backward_scratch(length, head_dim) elements
  std::size_t window = 0;
  RelativeBias<Real> bias = {};
  Real* d_bias = nullptr;  ///< null, or accumulated: laid out as bias.values
  AttentionDropout<Real> dropout = {};
};

/// One step of n parameters, t = 1, 2, ... counting the steps (Loshchilov and Hutter 2019).
template <class Real>
struct AdamW {
  Real* parameter;       ///< [n], updated
  Real* m;               ///< [n], first moment
  Real* v;               ///< [n], second moment
  const Real* gradient;  ///< [n]
  std::size_t n;
  Real gradient_scale;  ///< multiplies the gradient first (clipping)
  Real learning_rate, beta1, beta2, eps;
  Real weight_decay;      ///< decoupled: parameter -= learning_rate * weight_decay * parameter
  Real bias_correction1;  ///< 1 - beta1^t
  Real bias_correction2;  ///< 1 - beta2^t
};

/// The kernels of one instruction set.
template <class Real>
struct KernelTable {
  Isa isa;
  const char* name;  ///< to_string(isa); "reference" for the scalar table

  // --- element-wise ------------------------------------------------------------------------------------------------
  /// out = a + b. out may alias a or b.
  void (*add)(Real* out, const Real* a, const Real* b, std::size_t n);
  /// out = a * b, element by element. out may alias a or b.
  void (*multiply)(Real* out, const Real* a, const Real* b, std::size_t n);
  /// y += alpha * x.
  void (*axpy)(Real* y, const Real* x, std::size_t n, Real alpha);
  /// x[r, :] += bias.   x: [rows, cols], row stride `stride`.
  void (*add_bias)(Real* x, const Real* bias, std::size_t rows, std::size_t cols, std::size_t stride);
  /// out[c] += sum_r x[r, c], rows in order.
  void (*column_sums)(Real* out, const Real* x, std::size_t rows, std::size_t cols, std::size_t stride);
  /// out = x * Phi(x) = x/2 (1 + erf(x / sqrt 2)). out may alias in. |error| <= 4 eps max(1, |x|).
  void (*gelu_forward)(Real* out, const Real* in, std::size_t n);
  /// d_in = d_out * (Phi(x) + x phi(x)). d_in may alias d_out.
  void (*gelu_backward)(Real* d_in, const Real* d_out, const Real* in, std::size_t n);
  /// out = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). out may alias in.
  void (*gelu_tanh_forward)(Real* out, const Real* in, std::size_t n);
  /// d_in = d_out * the derivative of that at in. d_in may alias d_out.
  void (*gelu_tanh_backward)(Real* d_in, const Real* d_out, const Real* in, std::size_t n);
  /// out = max(x, 0). out may alias in.
  void (*relu_forward)(Real* out, const Real* in, std::size_t n);
  /// d_in = x > 0 ? d_out : 0. d_in may alias d_out.
  void (*relu_backward)(Real* d_in, const Real* d_out, const Real* in, std::size_t n);
  /// out = x sigmoid(factor x), factor > 0: 1 is SiLU, 1.702 "quick GELU". out may alias in.
  void (*silu_forward)(Real* out, const Real* in, std::size_t n, Real factor);
  /// With s = sigmoid(factor x): d_in = d_out * s (1 + factor x (1 - s)). d_in may alias d_out.
  void (*silu_backward)(Real* d_in, const Real* d_out, const Real* in, std::size_t n, Real factor);
  /// out = tanh(x). out may alias in.
  void (*tanh_forward)(Real* out, const Real* in, std::size_t n);
  /// d_in = d_out * (1 - out^2). d_in may alias d_out.
  void (*tanh_backward)(Real* d_in, const Real* d_out, const Real* out, std::size_t n);
  /// x = keep ? x / (1 - rate) : 0, keep = hash32(key, index) >= rate * 2^32, index = first + position.
  /// The same call on a gradient is the backward pass. Identical bits on every instruction set.
  void (*dropout)(Real* x, std::size_t n, Real rate, std::uint64_t key, std::uint64_t first);

  // --- rows --------------------------------------------------------------------------------------------------------
  /// sum = in + residual (residual may be null: sum = in; sum may alias in or residual);
  /// out[r, :] = (sum[r, :] - mean[r]) * rstd[r] * gamma + beta.
  /// mean, rstd: [rows]. Variance in two passes; eps is added to it. out may alias sum, then sum is lost.
  void (*layer_norm_forward)(Real* out, Real* sum, Real* mean, Real* rstd, const Real* in, const Real* residual,
                             const Real* gamma, const Real* beta, std::size_t rows, std::size_t cols, Real eps);
  /// d_sum, the gradient of both in and residual, is overwritten and may alias d_out; d_gamma, d_beta are accumulated.
  void (*layer_norm_backward)(Real* d_sum, Real* d_gamma, Real* d_beta, const Real* d_out, const Real* sum,
                              const Real* mean, const Real* rstd, const Real* gamma, std::size_t rows,
                              std::size_t cols);
  /// out[r, :] = softmax(in[r, :]), maximum subtracted. out may alias in.
  void (*softmax_forward)(Real* out, const Real* in, std::size_t rows, std::size_t cols);
  /// d_in = out * (d_out - sum_c d_out * out). d_in may alias d_out.
  void (*softmax_backward)(Real* d_in, const Real* d_out, const Real* out, std::size_t rows, std::size_t cols);
  /// Running log-sum-exp over tiles of columns: per row, with new maximum M = max(maximum, max_c x),
  /// sum = sum * exp(maximum - M) + sum_c exp(x - M); maximum = M. Start with maximum = -inf, sum = 0.
  void (*log_sum_exp_update)(Real* maximum, Real* sum, const Real* x, std::size_t rows, std::size_t cols,
                             std::size_t stride);
  /// x[r, c] = exp(x[r, c] - log_sum_exp[r]) * factor[r]: probabilities of a tile, times a weight per row.
  void (*exp_minus)(Real* x, const Real* log_sum_exp, const Real* factor, std::size_t rows, std::size_t cols,
                    std::size_t stride);

  // --- embeddings --------------------------------------------------------------------------------------------------
  /// out[t, :] += table[ids[t], :]. ids are in range (checked by the caller).
  void (*gather_add)(Real* out, const Real* table, const std::int32_t* ids, std::size_t rows, std::size_t cols);
  /// d_table[ids[t], :] += d_out[t, :], t in order.
  void (*scatter_add)(Real* d_table, const Real* d_out, const std::int32_t* ids, std::size_t rows, std::size_t cols);

  // --- attention ---------------------------------------------------------------------------------------------------
  /// By a blocked online softmax: working memory does not grow with L^2.
  void (*attention_forward)(const AttentionForward<Real>&);
  /// The probabilities are made again from log_sum_exp; formulas in src/kernels/reference_attention.hpp.
  void (*attention_backward)(const AttentionBackward<Real>&);

  // --- losses and optimiser ----------------------------------------------------------------------------------------
  /// Binary cross-entropy of logits z with targets y in [0, 1]: loss = softplus(z) - y z; d_logit = sigmoid(z) - y.
  /// Returns the sum of weight * loss; d_logits (may be null) gets weight * derivative. weights may be null (all 1).
  Real (*bce_with_logits)(Real* d_logits, const Real* logits, const Real* targets, const Real* weights, std::size_t n);
  /// Focal loss (Lin et al. 2017): -alpha_t (1 - p_t)^gamma log p_t, where of targets y, 0 or 1, p_t is the probability
  /// of y and alpha_t = y ? alpha : 1 - alpha. Otherwise as bce_with_logits.
  Real (*focal_with_logits)(Real* d_logits, const Real* logits, const Real* targets, const Real* weights, std::size_t n,
                            Real gamma, Real alpha);
  /// g = gradient_scale * gradient; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2;
  /// parameter -= lr ((m/c1) / (sqrt(v/c2) + eps) + decay * parameter), with the bias corrections c1 and c2.
  void (*adamw)(const AdamW<Real>&);
  /// sum x^2, accumulated in double.
  double (*squared_norm)(const Real* x, std::size_t n);
  /// true if every element is finite.
  bool (*all_finite)(const Real* x, std::size_t n);
};

/// Elements of AttentionBackward::scratch.
constexpr std::size_t attention_backward_scratch(std::size_t length, std::size_t head_dim) {
  return 2 * length + 8 * 64 * (head_dim + 64);
}

/// @throws Error unsupported_isa if the instruction set is not built in or not offered by this CPU.
const KernelTable<float>& kernels_for(Isa isa);

/// Plain loops in double precision: what the others are compared with, and what gradients are checked in.
const KernelTable<double>& reference_kernels();

}  // namespace v0
}  // namespace seqguard
