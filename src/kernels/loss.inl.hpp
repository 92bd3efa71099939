// Losses of logits. Their arrays are one number per sequence or event: clarity before speed, one logit at a time.
#pragma once

#include "kernels/simd.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

inline float sigmoid(float x) { return 1 / (1 + __builtin_expf(-x)); }

/// log(1 + e^x)
inline float softplus(float x) { return (x > 0 ? x : 0) + __builtin_log1pf(__builtin_expf(-__builtin_fabsf(x))); }

float bce_with_logits(float* d_logits, const float* logits, const float* targets, const float* weights, Size n) {
  double total = 0;
  for (Size i = 0; i < n; ++i) {
    const float weight = weights != nullptr ? weights[i] : 1;
    total += static_cast<double>(weight * (softplus(logits[i]) - targets[i] * logits[i]));
    if (d_logits != nullptr) d_logits[i] = weight * (sigmoid(logits[i]) - targets[i]);
  }
  return static_cast<float>(total);
}

float focal_with_logits(float* d_logits, const float* logits, const float* targets, const float* weights, Size n,
                        float gamma, float alpha) {
  // With s = y ? z : -z: p_t = sigmoid(s), -log p_t = softplus(-s), (1 - p_t)^gamma = exp(-gamma softplus(s)), and
  // d loss / ds = alpha_t (1 - p_t)^gamma (gamma p_t log p_t - (1 - p_t)).
  double total = 0;
  for (Size i = 0; i < n; ++i) {
    const bool positive = targets[i] > 0.5F;
    const float s = positive ? logits[i] : -logits[i];
    const float weight = (weights != nullptr ? weights[i] : 1) * (positive ? alpha : 1 - alpha);
    const float factor = weight * __builtin_expf(-gamma * softplus(s)), surprise = softplus(-s);
    total += static_cast<double>(factor * surprise);
    const float d_s = -factor * (gamma * sigmoid(s) * surprise + sigmoid(-s));
    if (d_logits != nullptr) d_logits[i] = positive ? d_s : -d_s;
  }
  return static_cast<float>(total);
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
