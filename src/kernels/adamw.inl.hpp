// The optimiser's step and the two looks at a gradient that precede it.
#pragma once

#include "kernels/simd.inl.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void adamw(const AdamW<float>& a) {
  const Batch scale(a.gradient_scale), beta1(a.beta1), beta2(a.beta2), rest1(1 - a.beta1), rest2(1 - a.beta2);
  const Batch inverse1(1 / a.bias_correction1), inverse2(1 / a.bias_correction2), eps(a.eps);
  const Batch rate(a.learning_rate), decay(a.weight_decay);
  for_batches(a.n, [&](Size i, auto from, auto to) {
    const Batch g = from(a.gradient + i) * scale, p = from(a.parameter + i);
    const Batch m = multiply_add(beta1, from(a.m + i), rest1 * g);
    const Batch v = multiply_add(beta2, from(a.v + i), rest2 * g * g);
    to(a.m + i, m);
    to(a.v + i, v);
    const Batch step = m * inverse1 / (xsimd::sqrt(v * inverse2) + eps);
    to(a.parameter + i, multiply_add(-rate, multiply_add(decay, p, step), p));
  });
}

double squared_norm(const float* x, Size n) {
  // Squares of floats are exact in double; eight chains hide the latency of the additions.
  constexpr Size k_chains = 8;
  double totals[k_chains] = {};
  const Size whole = n / k_chains * k_chains;
  for (Size i = 0; i < whole; i += k_chains)
    for (Size j = 0; j < k_chains; ++j) totals[j] += static_cast<double>(x[i + j]) * static_cast<double>(x[i + j]);
  for (Size i = whole; i < n; ++i) totals[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  double total = 0;
  for (const double part : totals) total += part;
  return total;
}

bool all_finite(const float* x, Size n) {
  // 0 * x is 0 for finite x, NaN otherwise; the sum keeps a NaN.
  Batch zero(0.0F);
  for_batches(n, [&](Size i, auto from, auto) { zero = multiply_add(from(x + i), Batch(0.0F), zero); });
  return xsimd::hadd(zero) == 0.0F;
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
