#include <algorithm>
#include <cmath>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/integrated_gradients.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// weights[L, L] += attention probabilities / heads, from the queries and keys of a call with one sequence.
template <class Real>
void add_mean_attention(std::vector<double>& weights, MatrixView<const Real> qkv,
                        const SelfAttentionOptions<Real>& options) {
  const std::size_t n = qkv.rows, hidden = qkv.cols / 3, dim = hidden / options.heads;
  const double scale = 1 / std::sqrt(static_cast<double>(dim));
  std::vector<double> scores(n);
  for (std::size_t head = 0; head < options.heads; ++head)
    for (std::size_t i = 0; i < n; ++i) {
      double highest = -INFINITY, sum = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const std::size_t distance = i > j ? i - j : j - i;
        const bool is_seen =
            !(options.mask == AttentionMask::causal && j > i) && (options.window == 0 || distance <= options.window);
        const Real *q = qkv.row(i) + head * dim, *k = qkv.row(j) + hidden + head * dim;
        double score = 0;
        for (std::size_t d = 0; d < dim; ++d) score += static_cast<double>(q[d]) * static_cast<double>(k[d]);
        score *= scale;
        if (options.bias.values != nullptr)
          score +=
              static_cast<double>(options.bias.values[head * options.bias.stride + options.bias.reach - 1 + i - j]);
        scores[j] = is_seen ? score : -INFINITY;
        highest = std::max(highest, scores[j]);
      }
      for (double& score : scores) sum += score = std::exp(score - highest);
      for (std::size_t j = 0; j < n; ++j) weights[i * n + j] += scores[j] / sum / static_cast<double>(options.heads);
    }
}

}  // namespace

template <class Real>
std::vector<double> IntegratedGradients<Real>::attention_rollout(const EncoderInput& input, AttentionMask mask) {
  if (input.offsets.size() != 2)
    fail(ErrorCode::invalid_argument, "attention roll-out", "sequences", "1",
         std::to_string(input.offsets.empty() ? 0 : input.offsets.size() - 1));
  EncoderOptions options;
  options.mask = mask;
  options.for_training = true;
  const Arena::Frame frame(workspace_.activations);
  const auto cache = run_encoder<Real>(model_, input, options, workspace_);
  const std::size_t n = input.ids.size();
  std::vector<double> rollout(n * n, 0.0), layer(n * n), product(n * n);
  for (std::size_t i = 0; i < n; ++i) rollout[i * n + i] = 1;
  for (std::size_t call = 0; call < cache.layers.size(); ++call) {
    std::fill(layer.begin(), layer.end(), 0.0);
    add_mean_attention<Real>(layer, cache.layers[call].attention.query_key_value,
                             attention_options<Real>(model_, options, call, input.offsets));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double sum = rollout[i * n + j];
        for (std::size_t k = 0; k < n; ++k) sum += layer[i * n + k] * rollout[k * n + j];
        product[i * n + j] = sum / 2;
      }
    }
    rollout.swap(product);
  }
  return rollout;
}

template std::vector<double> IntegratedGradients<float>::attention_rollout(const EncoderInput&, AttentionMask);
template std::vector<double> IntegratedGradients<double>::attention_rollout(const EncoderInput&, AttentionMask);

}  // namespace v0
}  // namespace seqguard
