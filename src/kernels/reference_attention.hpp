// The attention entries of the reference table: plain loops over queries and keys, nothing blocked, nothing kept.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/dropout_hash.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {

/// a . b over one head.
template <class Real>
Real reference_dot(const Real* a, const Real* b, std::size_t n) {
  Real total = 0;
  for (std::size_t i = 0; i < n; ++i) total += a[i] * b[i];
  return total;
}

/// The keys that query i sees: [first, end).
struct VisibleKeys {
  std::size_t first, end;
};
template <class Call>
VisibleKeys visible_keys(const Call& p, std::size_t i) {
  VisibleKeys keys{0, p.causal ? i + 1 : p.length};
  if (p.window == 0) return keys;
  if (i > p.window) keys.first = i - p.window;
  if (keys.end > i + p.window + 1) keys.end = i + p.window + 1;
  return keys;
}

/// Added to the score of query i and key j.
template <class Real>
Real relative_bias(const RelativeBias<Real>& bias, std::size_t head, std::size_t i, std::size_t j) {
  return bias.values == nullptr ? Real(0) : bias.values[head * bias.stride + bias.reach - 1 + i - j];
}

/// What the probability of query i and key j is multiplied with.
template <class Real>
Real dropout_factor(const AttentionDropout<Real>& dropout, std::size_t heads, std::size_t head, std::size_t i,
                    std::size_t j) {
  if (dropout.rate == 0) return 1;
  const std::uint64_t row = (dropout.first_token + i) * heads + head;
  const std::uint32_t hash = dropout_hash(dropout_key(dropout.key, row << 32), static_cast<std::uint32_t>(j));
  return hash >= dropout_threshold(dropout.rate) ? 1 / (1 - dropout.rate) : 0;
}

template <class Real>
void reference_attention_forward(const AttentionForward<Real>& p) {
  const std::size_t hidden = p.heads * p.head_dim;
  for (std::size_t head = 0; head < p.heads; ++head) {
    const Real* const q = p.qkv + head * p.head_dim;
    const Real *const k = q + hidden, *const v = k + hidden;
    for (std::size_t i = 0; i < p.length; ++i) {
      const VisibleKeys visible = visible_keys(p, i);
      const auto score = [&](std::size_t j) {
        return p.scale * reference_dot(q + i * p.qkv_stride, k + j * p.qkv_stride, p.head_dim) +
               relative_bias(p.bias, head, i, j);
      };
      Real maximum = score(visible.first), total = 0;
      for (std::size_t j = visible.first + 1; j < visible.end; ++j) {
        const Real s = score(j);
        maximum = s > maximum ? s : maximum;
      }
      Real* const out = p.out + i * p.out_stride + head * p.head_dim;
      for (std::size_t d = 0; d < p.head_dim; ++d) out[d] = 0;
      for (std::size_t j = visible.first; j < visible.end; ++j) {
        const Real weight = std::exp(score(j) - maximum);
        total += weight;
        const Real kept = weight * dropout_factor(p.dropout, p.heads, head, i, j);
        for (std::size_t d = 0; d < p.head_dim; ++d) out[d] += kept * v[j * p.qkv_stride + d];
      }
      for (std::size_t d = 0; d < p.head_dim; ++d) out[d] /= total;
      if (p.log_sum_exp != nullptr) p.log_sum_exp[head * p.length + i] = maximum + std::log(total);
    }
  }
}

/// With P_ij = exp(s_ij - lse_i), the factor m_ij of dropout (1 without), dP_ij = m_ij d_out_i . v_j and
/// delta_i = d_out_i . out_i = sum_j P_ij dP_ij:
///   dS_ij = P_ij (dP_ij - delta_i)
///   d_q_i = scale sum_j dS_ij k_j      d_k_j = scale sum_i dS_ij q_i      d_v_j = sum_i m_ij P_ij d_out_i
///   d_bias at a distance: sum of dS_ij over the pairs at that distance
template <class Real>
void reference_attention_backward(const AttentionBackward<Real>& p) {
  const std::size_t hidden = p.heads * p.head_dim, stride = p.qkv_stride;
  for (std::size_t i = 0; i < p.length; ++i)
    for (std::size_t c = 0; c < 3 * hidden; ++c) p.d_qkv[i * stride + c] = 0;
  for (std::size_t head = 0; head < p.heads; ++head) {
    const std::size_t q = head * p.head_dim, k = q + hidden, v = k + hidden;
    for (std::size_t i = 0; i < p.length; ++i) {
      const Real* const d_out = p.d_out + i * p.out_stride + q;
      const Real delta = reference_dot(d_out, p.out + i * p.out_stride + q, p.head_dim);
      const VisibleKeys visible = visible_keys(p, i);
      for (std::size_t j = visible.first; j < visible.end; ++j) {
        const Real *const row_i = p.qkv + i * stride, *const row_j = p.qkv + j * stride;
        Real *const d_row_i = p.d_qkv + i * stride, *const d_row_j = p.d_qkv + j * stride;
        const Real score =
            p.scale * reference_dot(row_i + q, row_j + k, p.head_dim) + relative_bias(p.bias, head, i, j);
        const Real weight = std::exp(score - p.log_sum_exp[head * p.length + i]);
        const Real factor = dropout_factor(p.dropout, p.heads, head, i, j);
        const Real d_score = weight * (factor * reference_dot(d_out, row_j + v, p.head_dim) - delta);
        if (p.d_bias != nullptr) p.d_bias[head * p.bias.stride + p.bias.reach - 1 + i - j] += d_score;
        for (std::size_t d = 0; d < p.head_dim; ++d) {
          d_row_i[q + d] += p.scale * d_score * row_j[k + d];
          d_row_j[k + d] += p.scale * d_score * row_i[q + d];
          d_row_j[v + d] += weight * factor * d_out[d];
        }
      }
    }
  }
}

}  // namespace v0
}  // namespace seqguard
