// The oracle: every kernel of KernelTable as plain loops, in the order of the table, which documents each of them.
// double: the truth of the kernel tests and the engine of finite differences.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>

#include "kernels/dropout_hash.hpp"
#include "kernels/reference_attention.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct ReferenceKernels {
  using Size = std::size_t;

  // --- element-wise ------------------------------------------------------------------------------------------------
  static void add(Real* out, const Real* a, const Real* b, Size n) {
    for (Size i = 0; i < n; ++i) out[i] = a[i] + b[i];
  }

  static void multiply(Real* out, const Real* a, const Real* b, Size n) {
    for (Size i = 0; i < n; ++i) out[i] = a[i] * b[i];
  }

  static void axpy(Real* y, const Real* x, Size n, Real alpha) {
    for (Size i = 0; i < n; ++i) y[i] += alpha * x[i];
  }

  static void add_bias(Real* x, const Real* bias, Size rows, Size cols, Size stride) {
    for (Size r = 0; r < rows; ++r)
      for (Size c = 0; c < cols; ++c) x[r * stride + c] += bias[c];
  }

  static void column_sums(Real* out, const Real* x, Size rows, Size cols, Size stride) {
    for (Size r = 0; r < rows; ++r)
      for (Size c = 0; c < cols; ++c) out[c] += x[r * stride + c];
  }

  static void gelu_forward(Real* out, const Real* in, Size n) {
    for (Size i = 0; i < n; ++i) out[i] = in[i] * normal_cdf(in[i]);
  }

  static void gelu_backward(Real* d_in, const Real* d_out, const Real* in, Size n) {
    for (Size i = 0; i < n; ++i) {
      const Real density =
          std::exp(-in[i] * in[i] / 2) * (std::numbers::inv_sqrtpi_v<Real> / std::numbers::sqrt2_v<Real>);
      d_in[i] = d_out[i] * (normal_cdf(in[i]) + (density > 0 ? in[i] * density : 0));
    }
  }

  static void gelu_tanh_forward(Real* out, const Real* in, Size n) {
    for (Size i = 0; i < n; ++i) out[i] = in[i] * sigmoid(2 * gelu_tanh_argument(in[i]));
  }

  static void gelu_tanh_backward(Real* d_in, const Real* d_out, const Real* in, Size n) {
    // x/2 (1 + tanh u) = x s with s = sigmoid(2u), hence s + x s (1 - s) 2 u'. Where s (1 - s) is 0, u' may overflow.
    for (Size i = 0; i < n; ++i) {
      const Real x = in[i], u = gelu_tanh_argument(x), s = sigmoid(2 * u), slope = s * sigmoid(-2 * u);
      const Real d_u = k_gelu_scale * (1 + 3 * k_gelu_cubic * x * x);
      d_in[i] = d_out[i] * (s + (slope > 0 ? x * slope * 2 * d_u : 0));
    }
  }

  static void relu_forward(Real* out, const Real* in, Size n) {
    for (Size i = 0; i < n; ++i) out[i] = in[i] > 0 ? in[i] : 0;
  }

  static void relu_backward(Real* d_in, const Real* d_out, const Real* in, Size n) {
    for (Size i = 0; i < n; ++i) d_in[i] = in[i] > 0 ? d_out[i] : 0;
  }

  static void silu_forward(Real* out, const Real* in, Size n, Real factor) {
    for (Size i = 0; i < n; ++i) out[i] = in[i] * sigmoid(factor * in[i]);
  }

  static void silu_backward(Real* d_in, const Real* d_out, const Real* in, Size n, Real factor) {
    for (Size i = 0; i < n; ++i) {
      const Real u = factor * in[i], s = sigmoid(u), slope = s * sigmoid(-u);
      d_in[i] = d_out[i] * (s + (slope > 0 ? u * slope : 0));
    }
  }

  static void tanh_forward(Real* out, const Real* in, Size n) {
    for (Size i = 0; i < n; ++i) out[i] = std::tanh(in[i]);
  }

  static void tanh_backward(Real* d_in, const Real* d_out, const Real* out, Size n) {
    for (Size i = 0; i < n; ++i) d_in[i] = d_out[i] * (1 - out[i] * out[i]);
  }

  static void dropout(Real* x, Size n, Real rate, std::uint64_t key, std::uint64_t first) {
    const std::uint32_t threshold = dropout_threshold(rate);
    const Real scale = 1 / (1 - rate);
    for (Size i = 0; i < n; ++i) {
      const std::uint64_t index = first + i;
      const std::uint32_t hash = dropout_hash(dropout_key(key, index), static_cast<std::uint32_t>(index));
      x[i] = hash >= threshold ? x[i] * scale : 0;
    }
  }

  // --- rows --------------------------------------------------------------------------------------------------------
  static void layer_norm_forward(Real* out, Real* sum, Real* mean, Real* rstd, const Real* in, const Real* residual,
                                 const Real* gamma, const Real* beta, Size rows, Size cols, Real eps) {
    for (Size r = 0; r < rows; ++r) {
      Real* const row = sum + r * cols;
      Real total = 0, square = 0;
      for (Size c = 0; c < cols; ++c) {
        row[c] = in[r * cols + c] + (residual != nullptr ? residual[r * cols + c] : 0);
        total += row[c];
      }
      mean[r] = total / static_cast<Real>(cols);
      for (Size c = 0; c < cols; ++c) square += (row[c] - mean[r]) * (row[c] - mean[r]);
      rstd[r] = 1 / std::sqrt(square / static_cast<Real>(cols) + eps);
      for (Size c = 0; c < cols; ++c) out[r * cols + c] = (row[c] - mean[r]) * rstd[r] * gamma[c] + beta[c];
    }
  }

  static void layer_norm_backward(Real* d_sum, Real* d_gamma, Real* d_beta, const Real* d_out, const Real* sum,
                                  const Real* mean, const Real* rstd, const Real* gamma, Size rows, Size cols) {
    // With n = (sum - mean) rstd and g = d_out gamma: d_sum = rstd (g - mean(g) - n mean(g n)).
    for (Size r = 0; r < rows; ++r) {
      const Real *x = sum + r * cols, *d = d_out + r * cols;
      Real g_total = 0, gn_total = 0;
      for (Size c = 0; c < cols; ++c) {
        const Real normal = (x[c] - mean[r]) * rstd[r];
        g_total += d[c] * gamma[c];
        gn_total += d[c] * gamma[c] * normal;
        d_gamma[c] += d[c] * normal;
        d_beta[c] += d[c];
      }
      const Real g_mean = g_total / static_cast<Real>(cols), gn_mean = gn_total / static_cast<Real>(cols);
      for (Size c = 0; c < cols; ++c)
        d_sum[r * cols + c] = rstd[r] * (d[c] * gamma[c] - g_mean - (x[c] - mean[r]) * rstd[r] * gn_mean);
    }
  }

  static void softmax_forward(Real* out, const Real* in, Size rows, Size cols) {
    for (Size r = 0; r < rows; ++r) {
      const Real* x = in + r * cols;
      Real* const y = out + r * cols;
      Real maximum = x[0], total = 0;
      for (Size c = 1; c < cols; ++c) maximum = x[c] > maximum ? x[c] : maximum;
      for (Size c = 0; c < cols; ++c) total += y[c] = std::exp(x[c] - maximum);
      for (Size c = 0; c < cols; ++c) y[c] /= total;
    }
  }

  static void softmax_backward(Real* d_in, const Real* d_out, const Real* out, Size rows, Size cols) {
    for (Size r = 0; r < rows; ++r) {
      Real dot = 0;
      for (Size c = 0; c < cols; ++c) dot += d_out[r * cols + c] * out[r * cols + c];
      for (Size c = 0; c < cols; ++c) d_in[r * cols + c] = out[r * cols + c] * (d_out[r * cols + c] - dot);
    }
  }

  static void log_sum_exp_update(Real* maximum, Real* sum, const Real* x, Size rows, Size cols, Size stride) {
    for (Size r = 0; r < rows; ++r) {
      Real top = maximum[r];
      for (Size c = 0; c < cols; ++c) top = x[r * stride + c] > top ? x[r * stride + c] : top;
      if (top == -std::numeric_limits<Real>::infinity()) continue;
      Real total = sum[r] * std::exp(maximum[r] - top);
      for (Size c = 0; c < cols; ++c) total += std::exp(x[r * stride + c] - top);
      maximum[r] = top;
      sum[r] = total;
    }
  }

  static void exp_minus(Real* x, const Real* log_sum_exp, const Real* factor, Size rows, Size cols, Size stride) {
    for (Size r = 0; r < rows; ++r)
      for (Size c = 0; c < cols; ++c) x[r * stride + c] = std::exp(x[r * stride + c] - log_sum_exp[r]) * factor[r];
  }

  // --- embeddings --------------------------------------------------------------------------------------------------
  static void gather_add(Real* out, const Real* table, const std::int32_t* ids, Size rows, Size cols) {
    for (Size t = 0; t < rows; ++t)
      for (Size c = 0; c < cols; ++c) out[t * cols + c] += table[static_cast<Size>(ids[t]) * cols + c];
  }

  static void scatter_add(Real* d_table, const Real* d_out, const std::int32_t* ids, Size rows, Size cols) {
    for (Size t = 0; t < rows; ++t)
      for (Size c = 0; c < cols; ++c) d_table[static_cast<Size>(ids[t]) * cols + c] += d_out[t * cols + c];
  }

  // --- losses and optimiser ----------------------------------------------------------------------------------------
  static Real bce_with_logits(Real* d_logits, const Real* logits, const Real* targets, const Real* weights, Size n) {
    double total = 0;
    for (Size i = 0; i < n; ++i) {
      const Real weight = weights != nullptr ? weights[i] : 1;
      total += static_cast<double>(weight * (softplus(logits[i]) - targets[i] * logits[i]));
      if (d_logits != nullptr) d_logits[i] = weight * (sigmoid(logits[i]) - targets[i]);
    }
    return static_cast<Real>(total);
  }

  static Real focal_with_logits(Real* d_logits, const Real* logits, const Real* targets, const Real* weights, Size n,
                                Real gamma, Real alpha) {
    // With s = y ? z : -z: p_t = sigmoid(s), -log p_t = softplus(-s), (1 - p_t)^gamma = exp(-gamma softplus(s)), and
    // d loss / ds = alpha_t (1 - p_t)^gamma (gamma p_t log p_t - (1 - p_t)).
    double total = 0;
    for (Size i = 0; i < n; ++i) {
      const bool positive = targets[i] > Real(0.5);
      const Real s = positive ? logits[i] : -logits[i];
      const Real weight = (weights != nullptr ? weights[i] : 1) * (positive ? alpha : 1 - alpha);
      const Real factor = weight * std::exp(-gamma * softplus(s)), surprise = softplus(-s);
      total += static_cast<double>(factor * surprise);
      const Real d_s = -factor * (gamma * sigmoid(s) * surprise + sigmoid(-s));
      if (d_logits != nullptr) d_logits[i] = positive ? d_s : -d_s;
    }
    return static_cast<Real>(total);
  }

  static void adamw(const AdamW<Real>& a) {
    for (Size i = 0; i < a.n; ++i) {
      const Real g = a.gradient[i] * a.gradient_scale;
      a.m[i] = a.beta1 * a.m[i] + (1 - a.beta1) * g;
      a.v[i] = a.beta2 * a.v[i] + (1 - a.beta2) * g * g;
      const Real step = (a.m[i] / a.bias_correction1) / (std::sqrt(a.v[i] / a.bias_correction2) + a.eps);
      a.parameter[i] -= a.learning_rate * (step + a.weight_decay * a.parameter[i]);
    }
  }

  static double squared_norm(const Real* x, Size n) {
    double total = 0;
    for (Size i = 0; i < n; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return total;
  }

  static bool all_finite(const Real* x, Size n) {
    for (Size i = 0; i < n; ++i)
      if (!std::isfinite(x[i])) return false;
    return true;
  }

 private:
  static constexpr Real k_gelu_cubic = Real(0.044715);
  static constexpr Real k_gelu_scale = std::numbers::sqrt2_v<Real> * std::numbers::inv_sqrtpi_v<Real>;

  /// Phi(x); erfc keeps its relative accuracy far below zero.
  static Real normal_cdf(Real x) { return std::erfc(-x / std::numbers::sqrt2_v<Real>) / 2; }
  static Real gelu_tanh_argument(Real x) { return k_gelu_scale * x * (1 + k_gelu_cubic * x * x); }
  static Real sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }
  /// log(1 + e^x)
  static Real softplus(Real x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))); }
};

template <class Real>
constexpr KernelTable<Real> make_reference_table() {
  using K = ReferenceKernels<Real>;
  return {
      .isa = Isa::baseline,
      .name = "reference",
      .add = K::add,
      .multiply = K::multiply,
      .axpy = K::axpy,
      .add_bias = K::add_bias,
      .column_sums = K::column_sums,
      .gelu_forward = K::gelu_forward,
      .gelu_backward = K::gelu_backward,
      .gelu_tanh_forward = K::gelu_tanh_forward,
      .gelu_tanh_backward = K::gelu_tanh_backward,
      .relu_forward = K::relu_forward,
      .relu_backward = K::relu_backward,
      .silu_forward = K::silu_forward,
      .silu_backward = K::silu_backward,
      .tanh_forward = K::tanh_forward,
      .tanh_backward = K::tanh_backward,
      .dropout = K::dropout,
      .layer_norm_forward = K::layer_norm_forward,
      .layer_norm_backward = K::layer_norm_backward,
      .softmax_forward = K::softmax_forward,
      .softmax_backward = K::softmax_backward,
      .log_sum_exp_update = K::log_sum_exp_update,
      .exp_minus = K::exp_minus,
      .gather_add = K::gather_add,
      .scatter_add = K::scatter_add,
      .attention_forward = reference_attention_forward<Real>,
      .attention_backward = reference_attention_backward<Real>,
      .bce_with_logits = K::bce_with_logits,
      .focal_with_logits = K::focal_with_logits,
      .adamw = K::adamw,
      .squared_norm = K::squared_norm,
      .all_finite = K::all_finite,
  };
}

}  // namespace v0
}  // namespace seqguard
