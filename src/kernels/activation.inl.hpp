// GELU in both forms, ReLU, SiLU, tanh.
#pragma once

#include "kernels/simd.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Phi(x) = 1/2 + erf(x / sqrt 2) / 2, |error| <= 2.2 eps; exactly 0 and 1 for |x| >= 5.3, where 1 - Phi < eps / 2.
///
/// erf(x / sqrt 2) = x P(u), u = 2 x^2 / 5.3^2 - 1 in [-1, 1], P of degree 13: a weighted minimax fit of the error of
/// x Phi(x). In u, unlike in x^2, the coefficients fall off (sum of magnitudes 0.8), so Horner's rule does not cancel.
inline Batch normal_cdf(const Batch& x) {
  const Batch clamped = xsimd::min(Batch(5.3F), xsimd::max(Batch(-5.3F), x));
  const Batch u = multiply_add(clamped * clamped, Batch(0.0711997151F), Batch(-1.0F));
  const Batch p = polynomial(u, 0.266785175F, -0.133036599F, 0.0985245109F, -0.079191193F, 0.0642271414F, -0.050473053F,
                             0.0373996831F, -0.0268551856F, 0.0190787539F, -0.0107856169F, 0.00398063613F,
                             -0.00301229279F, 0.00328497798F, -0.00124769472F);
  const Batch error_function = xsimd::min(Batch(1.0F), xsimd::max(Batch(-1.0F), clamped * p));
  return multiply_add(error_function, Batch(0.5F), Batch(0.5F));
}

void gelu_forward(float* out, const float* in, Size n) {
  map(out, in, n, [](const Batch& x) { return x * normal_cdf(x); });
}

void gelu_backward(float* d_in, const float* d_out, const float* in, Size n) {
  const Batch inverse_root_two_pi(0.398942280F);
  for_batches(n, [&](Size i, auto from, auto to) {
    // Beyond 14, the density is below the smallest float; clamping keeps x * 0 from being infinity * 0.
    const Batch x = from(in + i), near = xsimd::min(Batch(14.0F), xsimd::max(Batch(-14.0F), x));
    const Batch density = exp(Batch(-0.5F) * near * near) * inverse_root_two_pi;
    to(d_in + i, from(d_out + i) * multiply_add(near, density, normal_cdf(x)));
  });
}

constexpr float k_gelu_scale = 0.797884561F;  // sqrt(2 / pi)
constexpr float k_gelu_cubic = 0.044715F;

/// 2u of tanh(u), u = sqrt(2/pi) (x + 0.044715 x^3).
inline Batch gelu_tanh_twice(const Batch& x) {
  return x * multiply_add(Batch(2 * k_gelu_scale * k_gelu_cubic), x * x, Batch(2 * k_gelu_scale));
}

void gelu_tanh_forward(float* out, const float* in, Size n) {
  // x/2 (1 + tanh u) = x / (1 + exp(-2u)); where the cube or the exponential overflows, the limits 0 and x come out.
  map(out, in, n, [](const Batch& x) { return x / (Batch(1.0F) + exp(-gelu_tanh_twice(x))); });
}

void gelu_tanh_backward(float* d_in, const float* d_out, const float* in, Size n) {
  // With s = 1 / (1 + exp(-2u)): s + x s (1 - s) 2u', where 1 - s = exp(-2u) s. At |x| = 10, where exp(-2u) is still
  // finite, the derivative is 0 or 1 in single precision.
  for_batches(n, [&](Size i, auto from, auto to) {
    const Batch x = xsimd::min(Batch(10.0F), xsimd::max(Batch(-10.0F), from(in + i)));
    const Batch e = exp(-gelu_tanh_twice(x)), s = Batch(1.0F) / (Batch(1.0F) + e);
    const Batch slope =
        multiply_add(Batch(6 * k_gelu_scale * k_gelu_cubic), x * x, Batch(2 * k_gelu_scale)) * x * (e * s);
    to(d_in + i, from(d_out + i) * multiply_add(slope, s, s));
  });
}

void relu_forward(float* out, const float* in, Size n) {
  map(out, in, n, [](const Batch& x) { return xsimd::max(Batch(0.0F), x); });  // NaN stays: x86 returns the second
}

void relu_backward(float* d_in, const float* d_out, const float* in, Size n) {
  for_batches(n, [&](Size i, auto from, auto to) {
    to(d_in + i, xsimd::select(from(in + i) > Batch(0.0F), from(d_out + i), Batch(0.0F)));
  });
}

void silu_forward(float* out, const float* in, Size n, float factor) {
  // x / (1 + exp(-u)): where the exponential overflows, the limit 0 comes out.
  map(out, in, n, [factor](const Batch& x) { return x / (Batch(1.0F) + exp(Batch(-factor) * x)); });
}

void silu_backward(float* d_in, const float* d_out, const float* in, Size n, float factor) {
  // s + u s (1 - s) with 1 - s = exp(-u) s. At |u| = 30, where exp(-u) is still finite, the derivative is 0 or 1 in
  // single precision.
  for_batches(n, [&](Size i, auto from, auto to) {
    const Batch u = xsimd::min(Batch(30.0F), xsimd::max(Batch(-30.0F), Batch(factor) * from(in + i)));
    const Batch e = exp(-u), s = Batch(1.0F) / (Batch(1.0F) + e);
    to(d_in + i, from(d_out + i) * multiply_add(u * s, e * s, s));
  });
}

void tanh_forward(float* out, const float* in, Size n) {
  map(out, in, n, [](const Batch& x) { return xsimd::tanh(x); });
}

void tanh_backward(float* d_in, const float* d_out, const float* out, Size n) {
  for_batches(n, [&](Size i, auto from, auto to) {
    const Batch y = from(out + i);
    to(d_in + i, from(d_out + i) * (Batch(1.0F) - y * y));
  });
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
