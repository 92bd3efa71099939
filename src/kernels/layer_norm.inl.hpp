// Layer normalisation with its residual addition.
#pragma once

#include "kernels/elementwise.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void layer_norm_forward(float* out, float* sum, float* mean, float* rstd, const float* in, const float* residual,
                        const float* gamma, const float* beta, Size rows, Size cols, float eps) {
  const float inverse_cols = 1.0F / static_cast<float>(cols);
  const Size tail = cols % k_width, whole = cols - tail;
  for (Size r = 0; r < rows; ++r) {
    float* const row = sum + r * cols;
    if (residual != nullptr) {
      add(row, in + r * cols, residual + r * cols, cols);
    } else if (row != in + r * cols) {
      map(row, in + r * cols, cols, [](const Batch& x) { return x; });
    }
    Batch total(0.0F);
    for_batches(cols, [&](Size c, auto from, auto) { total += from(row + c); });
    const float row_mean = xsimd::hadd(total) * inverse_cols;
    const Batch centre(row_mean);
    Batch square(0.0F);
    for (Size c = 0; c < whole; c += k_width) {
      const Batch d = load(row + c) - centre;
      square = multiply_add(d, d, square);
    }
    float square_total = xsimd::hadd(square);
    for (Size c = whole; c < cols; ++c) square_total += (row[c] - row_mean) * (row[c] - row_mean);
    const float row_rstd = 1.0F / __builtin_sqrtf(square_total * inverse_cols + eps);
    mean[r] = row_mean;
    rstd[r] = row_rstd;
    for_batches(cols, [&](Size c, auto from, auto to) {
      const Batch normal = (from(row + c) - centre) * Batch(row_rstd);
      to(out + r * cols + c, multiply_add(normal, from(gamma + c), from(beta + c)));
    });
  }
}

void layer_norm_backward(float* d_sum, float* d_gamma, float* d_beta, const float* d_out, const float* sum,
                         const float* mean, const float* rstd, const float* gamma, Size rows, Size cols) {
  // With n = (sum - mean) rstd and g = d_out gamma: d_sum = rstd (g - mean(g) - n mean(g n)).
  const float inverse_cols = 1.0F / static_cast<float>(cols);
  for (Size r = 0; r < rows; ++r) {
    const float *const x = sum + r * cols, *const d = d_out + r * cols;
    const Batch centre(mean[r]), scale(rstd[r]);
    Batch g_total(0.0F), gn_total(0.0F);
    for_batches(cols, [&](Size c, auto from, auto to) {
      // In the lanes beyond the row, d is 0, and so is each product.
      const Batch dy = from(d + c), normal = (from(x + c) - centre) * scale, g = dy * from(gamma + c);
      g_total += g;
      gn_total = multiply_add(g, normal, gn_total);
      to(d_gamma + c, multiply_add(dy, normal, from(d_gamma + c)));
      to(d_beta + c, from(d_beta + c) + dy);
    });
    const Batch g_mean(xsimd::hadd(g_total) * inverse_cols), gn_mean(xsimd::hadd(gn_total) * inverse_cols);
    for_batches(cols, [&](Size c, auto from, auto to) {
      const Batch normal = (from(x + c) - centre) * scale;
      const Batch centred = from(d + c) * from(gamma + c) - g_mean;
      to(d_sum + r * cols + c, scale * multiply_add(-normal, gn_mean, centred));
    });
  }
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
