// Softmax of rows, and its pieces for vocabularies that are processed in tiles of columns.
#pragma once

#include "kernels/simd.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr float k_infinity = __builtin_inff();

/// Largest of x[0, n) and `start`.
inline float row_maximum(const float* x, Size n, float start) {
  Batch best(start);
  const Size whole = n / k_width * k_width;
  for (Size c = 0; c < whole; c += k_width) best = xsimd::max(best, load(x + c));
  alignas(64) float lanes[k_width];
  best.store_aligned(lanes);
  float result = start;
  for (Size i = 0; i < k_width; ++i) result = lanes[i] > result ? lanes[i] : result;
  for (Size c = whole; c < n; ++c) result = x[c] > result ? x[c] : result;
  return result;
}

/// Lanes [0, count) of x, the others 0.
inline Batch keep_first(const Batch& x, Size count) {
  return xsimd::select(lane_numbers() < Batch(static_cast<float>(count)), x, Batch(0.0F));
}

/// Sum of exp(x - maximum); the terms are stored where `out` is not null (which may be x).
inline float exp_sum(float* out, const float* x, Size n, float maximum) {
  const Batch top(maximum);
  Batch total(0.0F);
  Size c = 0;
  for (; c + k_width <= n; c += k_width) {
    const Batch e = exp(load(x + c) - top);
    if (out != nullptr) store(out + c, e);
    total += e;
  }
  if (c < n) {
    const Batch e = exp(load_first(x + c, n - c) - top);
    if (out != nullptr) store_first(out + c, e, n - c);
    total += keep_first(e, n - c);
  }
  return xsimd::hadd(total);
}

void softmax_forward(float* out, const float* in, Size rows, Size cols) {
  for (Size r = 0; r < rows; ++r) {
    float* const y = out + r * cols;
    const float maximum = row_maximum(in + r * cols, cols, -k_infinity);
    const Batch factor(1.0F / exp_sum(y, in + r * cols, cols, maximum));
    map(y, y, cols, [&](const Batch& e) { return e * factor; });
  }
}

void softmax_backward(float* d_in, const float* d_out, const float* out, Size rows, Size cols) {
  for (Size r = 0; r < rows; ++r) {
    const float *const d = d_out + r * cols, *const y = out + r * cols;
    Batch products(0.0F);
    for_batches(cols, [&](Size c, auto from, auto) { products = multiply_add(from(d + c), from(y + c), products); });
    const Batch dot(xsimd::hadd(products));
    for_batches(cols, [&](Size c, auto from, auto to) { to(d_in + r * cols + c, from(y + c) * (from(d + c) - dot)); });
  }
}

void log_sum_exp_update(float* maximum, float* sum, const float* x, Size rows, Size cols, Size stride) {
  for (Size r = 0; r < rows; ++r) {
    const float* const row = x + r * stride;
    const float top = row_maximum(row, cols, maximum[r]);
    if (top == -k_infinity) continue;
    sum[r] = sum[r] * __builtin_expf(maximum[r] - top) + exp_sum(nullptr, row, cols, top);
    maximum[r] = top;
  }
}

void exp_minus(float* x, const float* log_sum_exp, const float* factor, Size rows, Size cols, Size stride) {
  for (Size r = 0; r < rows; ++r) {
    const Batch level(log_sum_exp[r]), weight(factor[r]);
    map(x + r * stride, x + r * stride, cols, [&](const Batch& value) { return exp(value - level) * weight; });
  }
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
