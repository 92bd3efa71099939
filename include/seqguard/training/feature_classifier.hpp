// A small network on features of examples: how few labels teach without touching the encoder.
//
//   logits = W2 dropout(gelu(W1 dropout(x) + b1)) + b2,   x = clip((features - shift) scale)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/kernel_table.hpp"
#include "seqguard/training/label_loss.hpp"

namespace seqguard {
inline namespace v0 {

/// Rows of few features each, in ascending order of their columns.
template <class Real>
struct SparseRows {
  std::size_t columns = 0;              ///< features there are
  std::vector<std::size_t> offsets{0};  ///< [rows + 1]
  std::vector<std::uint32_t> column;
  std::vector<Real> value;

  std::size_t rows() const noexcept { return offsets.size() - 1; }
  void append(std::uint32_t feature, Real of_it) {
    column.push_back(feature);
    value.push_back(of_it);
  }
  void end_row() { offsets.push_back(column.size()); }
};

/// Defaults are those of the reference measurement on system-call traces (reference/detection.md, section 8).
struct FeatureClassifierOptions {
  std::size_t hidden = 64;
  double dropout = 0.3;  ///< of features and of hidden values
  std::size_t epochs = 25;
  std::size_t batch = 64;
  double learning_rate = 2e-3;  ///< decays linearly to 0
  double weight_decay = 0.01;
  HeadLoss loss = HeadLoss::binary;
  LabelLossOptions label_loss = {};
  std::uint64_t seed = 1;
};

/// The parameters of one network, in one buffer: W1 [columns, hidden] (a feature's weights lie side by side), b1, W2
/// [outputs, hidden], b2.
template <class Real>
struct FeatureNetwork {
  std::size_t columns = 0, hidden = 0, outputs = 0;
  std::vector<Real> values;

  FeatureNetwork() = default;
  FeatureNetwork(std::size_t columns, std::size_t hidden, std::size_t outputs, std::uint64_t seed);
  std::size_t first_bias() const noexcept { return columns * hidden; }
  std::size_t second_weight() const noexcept { return first_bias() + hidden; }
  std::size_t second_bias() const noexcept { return second_weight() + outputs * hidden; }
};

/// Memory of one thread.
template <class Real>
struct FeatureScratch {
  std::vector<Real> before, after, d_after, d_before, logits, d_logits;  ///< [rows, hidden] or [rows, outputs]
  Arena arena;
};

/// How features become inputs of the network; fitted on the rows that are learned from.
template <class Real>
struct FeatureScale {
  std::vector<Real> shift;  ///< [columns] the mean of a feature that every row has, else 0: absent features stay 0
  /// [columns] 1 / standard deviation; 0 where it does not vary. To the variance of a feature that some rows do not
  /// have, k_shrinkage times the mean variance of all those is added.
  std::vector<Real> scale;
  /// Rare features are not blown up to the size of common ones. Held-out AUROC of labels with 0 / 1 / 10: simulated
  /// shop .898 .930 .950, system-call traces with an attack kind that was not labelled .896 .921 (1).
  static constexpr double k_shrinkage = 10;
  /// Inputs are clipped at +- this: a count that was always 0 or 1 and is 500 once says no more than that it is high.
  static constexpr Real k_most = 8;

  static FeatureScale fit(const SparseRows<Real>& rows, std::span<const std::uint32_t> learned);
  void apply(SparseRows<Real>& rows) const;
};

/// logits[rows.size(), outputs] of these rows of x; with `dropout` > 0 features and hidden values are dropped by random
/// numbers of `key`. Leaves in the scratch what the backward pass reads.
template <class Real>
void feature_network_forward(const KernelTable<Real>& kernels, const FeatureNetwork<Real>& network,
                             const SparseRows<Real>& x, std::span<const std::uint32_t> rows, double dropout,
                             std::uint64_t key, FeatureScratch<Real>& scratch);
/// Adds to gradient, laid out as network.values, what scratch.d_logits demands; the arguments are the forward's.
template <class Real>
void feature_network_backward(const KernelTable<Real>& kernels, const FeatureNetwork<Real>& network,
                              std::span<Real> gradient, const SparseRows<Real>& x, std::span<const std::uint32_t> rows,
                              double dropout, std::uint64_t key, FeatureScratch<Real>& scratch);

/// Trains a network on rows `learned` of x with labels[row, outputs] (as LabelTable::values, of all rows of x). A pure
/// function of its arguments. @throws Error invalid_argument: no rows; non_finite.
template <class Real>
FeatureNetwork<Real> train_feature_network(const KernelTable<Real>& kernels, const SparseRows<Real>& x,
                                           std::span<const Real> labels, std::size_t outputs,
                                           std::span<const std::uint32_t> learned,
                                           const FeatureClassifierOptions& options);

// --- bodies ----------------------------------------------------------------------------------------------------------

/// Streams of random numbers of one training.
enum FeatureStream : std::uint64_t { k_feature_weights = 201, k_feature_order, k_feature_dropout };
/// Draws of a row of a batch: those of its features, then those of its hidden values.
constexpr std::uint64_t k_hidden_draws = std::uint64_t{1} << 32;

/// Draw number `index` of row `row`: by what a value is multiplied.
template <class Real>
Real dropout_factor(double rate, std::uint64_t key, std::uint64_t row, std::uint64_t index) {
  if (rate <= 0) return 1;
  const double uniform = static_cast<double>(random_bits(key, row, index) >> 11) * 0x1p-53;
  return uniform < rate ? Real(0) : static_cast<Real>(1 / (1 - rate));
}

template <class Real>
FeatureNetwork<Real>::FeatureNetwork(std::size_t columns_, std::size_t hidden_, std::size_t outputs_,
                                     std::uint64_t seed)
    : columns(columns_), hidden(hidden_), outputs(outputs_), values(second_bias() + outputs_) {
  // The nn.Linear of torch: uniform in +- 1 / sqrt(inputs); biases begin at 0.
  Random random(seed, k_feature_weights);
  const auto fill = [&](std::size_t first, std::size_t count, std::size_t inputs) {
    const double most = 1 / std::sqrt(static_cast<double>(inputs));
    for (std::size_t i = first; i < first + count; ++i)
      values[i] = static_cast<Real>((2 * random.uniform() - 1) * most);
  };
  fill(0, columns * hidden, std::max<std::size_t>(1, columns));
  fill(second_weight(), outputs * hidden, hidden);
}

template <class Real>
FeatureScale<Real> FeatureScale<Real>::fit(const SparseRows<Real>& rows, std::span<const std::uint32_t> learned) {
  std::vector<double> sum(rows.columns), squares(rows.columns);
  std::vector<std::size_t> count(rows.columns);
  for (const std::uint32_t r : learned)
    for (std::size_t i = rows.offsets[r]; i < rows.offsets[r + 1]; ++i) {
      const auto value = static_cast<double>(rows.value[i]);
      sum[rows.column[i]] += value;
      squares[rows.column[i]] += value * value;
      ++count[rows.column[i]];
    }
  const auto n = static_cast<double>(learned.size());
  const auto variance = [&](std::size_t c) { return std::max(0.0, squares[c] / n - sum[c] / n * (sum[c] / n)); };
  double of_sparse = 0, sparse = 0;
  for (std::size_t c = 0; c < rows.columns; ++c) {
    if (count[c] == 0 || count[c] == learned.size()) continue;
    of_sparse += variance(c);
    ++sparse;
  }
  const double added = sparse > 0 ? k_shrinkage * of_sparse / sparse : 0;
  FeatureScale result{std::vector<Real>(rows.columns), std::vector<Real>(rows.columns)};
  for (std::size_t c = 0; c < rows.columns; ++c) {
    if (count[c] == 0) continue;
    const bool always = count[c] == learned.size();
    const double mean = sum[c] / n, deviation = std::sqrt(variance(c) + (always ? 0 : added));
    if (always) result.shift[c] = static_cast<Real>(mean);
    // Rounding leaves a constant feature a deviation of about 1e-8 of its mean.
    if (deviation > 1e-6 * std::abs(mean)) result.scale[c] = static_cast<Real>(1 / deviation);
  }
  return result;
}

template <class Real>
void FeatureScale<Real>::apply(SparseRows<Real>& rows) const {
  for (std::size_t i = 0; i < rows.value.size(); ++i) {
    const std::uint32_t c = rows.column[i];
    rows.value[i] = std::clamp((rows.value[i] - shift[c]) * scale[c], -k_most, k_most);
  }
}

template <class Real>
void feature_network_forward(const KernelTable<Real>& kernels, const FeatureNetwork<Real>& network,
                             const SparseRows<Real>& x, std::span<const std::uint32_t> rows, double dropout,
                             std::uint64_t key, FeatureScratch<Real>& scratch) {
  const std::size_t hidden = network.hidden, outputs = network.outputs;
  const Real* const values = network.values.data();
  scratch.before.resize(rows.size() * hidden);
  scratch.after.resize(rows.size() * hidden);
  scratch.logits.resize(rows.size() * outputs);
  for (std::size_t b = 0; b < rows.size(); ++b) {
    Real* const before = scratch.before.data() + b * hidden;
    std::copy_n(values + network.first_bias(), hidden, before);
    const std::size_t first = x.offsets[rows[b]], end = x.offsets[rows[b] + 1];
    for (std::size_t i = first; i < end; ++i) {
      const Real value = x.value[i] * dropout_factor<Real>(dropout, key, b, i - first);
      const Real* const weights = values + x.column[i] * hidden;
      for (std::size_t h = 0; h < hidden; ++h) before[h] += value * weights[h];
    }
  }
  kernels.gelu_forward(scratch.after.data(), scratch.before.data(), scratch.after.size());
  for (std::size_t b = 0; b < rows.size(); ++b) {
    Real* const after = scratch.after.data() + b * hidden;
    for (std::size_t h = 0; h < hidden; ++h) after[h] *= dropout_factor<Real>(dropout, key, b, k_hidden_draws + h);
    for (std::size_t o = 0; o < outputs; ++o) {
      const Real* const weights = values + network.second_weight() + o * hidden;
      double logit = static_cast<double>(values[network.second_bias() + o]);
      for (std::size_t h = 0; h < hidden; ++h) logit += static_cast<double>(weights[h]) * static_cast<double>(after[h]);
      scratch.logits[b * outputs + o] = static_cast<Real>(logit);
    }
  }
}

template <class Real>
void feature_network_backward(const KernelTable<Real>& kernels, const FeatureNetwork<Real>& network,
                              std::span<Real> gradient, const SparseRows<Real>& x, std::span<const std::uint32_t> rows,
                              double dropout, std::uint64_t key, FeatureScratch<Real>& scratch) {
  const std::size_t hidden = network.hidden, outputs = network.outputs;
  const Real* const values = network.values.data();
  scratch.d_after.assign(rows.size() * hidden, Real(0));
  scratch.d_before.resize(rows.size() * hidden);
  for (std::size_t b = 0; b < rows.size(); ++b) {
    const Real* const after = scratch.after.data() + b * hidden;
    Real* const d_after = scratch.d_after.data() + b * hidden;
    for (std::size_t o = 0; o < outputs; ++o) {
      const Real d_logit = scratch.d_logits[b * outputs + o];
      const Real* const weights = values + network.second_weight() + o * hidden;
      Real* const d_weights = gradient.data() + network.second_weight() + o * hidden;
      gradient[network.second_bias() + o] += d_logit;
      for (std::size_t h = 0; h < hidden; ++h) {
        d_weights[h] += d_logit * after[h];
        d_after[h] += d_logit * weights[h];
      }
    }
    for (std::size_t h = 0; h < hidden; ++h) d_after[h] *= dropout_factor<Real>(dropout, key, b, k_hidden_draws + h);
  }
  kernels.gelu_backward(scratch.d_before.data(), scratch.d_after.data(), scratch.before.data(),
                        scratch.d_before.size());
  for (std::size_t b = 0; b < rows.size(); ++b) {
    const Real* const d_before = scratch.d_before.data() + b * hidden;
    Real* const d_bias = gradient.data() + network.first_bias();
    for (std::size_t h = 0; h < hidden; ++h) d_bias[h] += d_before[h];
    const std::size_t first = x.offsets[rows[b]], end = x.offsets[rows[b] + 1];
    for (std::size_t i = first; i < end; ++i) {
      const Real value = x.value[i] * dropout_factor<Real>(dropout, key, b, i - first);
      Real* const d_weights = gradient.data() + x.column[i] * hidden;
      for (std::size_t h = 0; h < hidden; ++h) d_weights[h] += value * d_before[h];
    }
  }
}

/// One step on a batch: its gradient replaces `gradient`. Returns the sum of the losses.
template <class Real>
double feature_network_loss(const KernelTable<Real>& kernels, const FeatureNetwork<Real>& network,
                            std::span<Real> gradient, const SparseRows<Real>& x, std::span<const Real> labels,
                            std::span<const std::uint32_t> batch, const FeatureClassifierOptions& options,
                            std::uint64_t key, FeatureScratch<Real>& scratch) {
  const std::size_t outputs = network.outputs;
  feature_network_forward<Real>(kernels, network, x, batch, options.dropout, key, scratch);
  scratch.d_logits.assign(batch.size() * outputs, Real(0));
  std::vector<Real> of_batch;
  std::vector<std::uint32_t> places(batch.size());
  for (std::size_t b = 0; b < batch.size(); ++b) {
    places[b] = static_cast<std::uint32_t>(b);
    const std::span<const Real> row = labels.subspan(batch[b] * outputs, outputs);
    of_batch.insert(of_batch.end(), row.begin(), row.end());
  }
  const auto matrix = [&](auto* data) { return MatrixView(data, batch.size(), outputs); };
  const double loss = label_loss<Real>(kernels, options.loss, options.label_loss, matrix(scratch.d_logits.data()),
                                       matrix(static_cast<const Real*>(scratch.logits.data())),
                                       matrix(static_cast<const Real*>(of_batch.data())), places,
                                       1 / static_cast<double>(batch.size()), scratch.arena);
  std::fill(gradient.begin(), gradient.end(), Real(0));
  feature_network_backward<Real>(kernels, network, gradient, x, batch, options.dropout, key, scratch);
  return loss;
}

template <class Real>
FeatureNetwork<Real> train_feature_network(const KernelTable<Real>& kernels, const SparseRows<Real>& x,
                                           std::span<const Real> labels, std::size_t outputs,
                                           std::span<const std::uint32_t> learned,
                                           const FeatureClassifierOptions& options) {
  if (learned.empty()) fail(ErrorCode::invalid_argument, "training", "no rows to learn from");
  check_label_loss(options.label_loss, options.loss, outputs);
  FeatureNetwork<Real> network(x.columns, options.hidden, outputs, options.seed);
  std::vector<Real> m(network.values.size()), v(m.size()), gradient(m.size());
  std::vector<std::uint32_t> order(learned.begin(), learned.end());
  FeatureScratch<Real> scratch;
  const std::size_t per_epoch = (order.size() + options.batch - 1) / options.batch, steps = options.epochs * per_epoch;
  constexpr double k_beta1 = 0.9, k_beta2 = 0.999;
  for (std::size_t step = 0; step < steps; ++step) {
    const std::size_t first = step % per_epoch * options.batch;
    if (first == 0) Random(options.seed, random_bits(options.seed, k_feature_order, step)).shuffle(order);
    const std::span<const std::uint32_t> batch =
        std::span<const std::uint32_t>(order).subspan(first, std::min(options.batch, order.size() - first));
    const double loss = feature_network_loss<Real>(kernels, network, gradient, x, labels, batch, options,
                                                   random_bits(options.seed, k_feature_dropout, step), scratch);
    if (!std::isfinite(loss)) fail(ErrorCode::non_finite, "training", "the loss of a batch is not finite");
    const auto t = static_cast<double>(step + 1);
    const double rate = options.learning_rate * (1 - static_cast<double>(step) / static_cast<double>(steps));
    kernels.adamw({.parameter = network.values.data(),
                   .m = m.data(),
                   .v = v.data(),
                   .gradient = gradient.data(),
                   .n = m.size(),
                   .gradient_scale = Real(1),
                   .learning_rate = static_cast<Real>(rate),
                   .beta1 = static_cast<Real>(k_beta1),
                   .beta2 = static_cast<Real>(k_beta2),
                   .eps = static_cast<Real>(1e-8),
                   .weight_decay = static_cast<Real>(options.weight_decay),
                   .bias_correction1 = static_cast<Real>(1 - std::pow(k_beta1, t)),
                   .bias_correction2 = static_cast<Real>(1 - std::pow(k_beta2, t))});
  }
  return network;
}

#define SEQGUARD_FEATURE_CLASSIFIER(PREFIX, Real)                                                                     \
  PREFIX template struct FeatureNetwork<Real>;                                                                        \
  PREFIX template struct FeatureScale<Real>;                                                                          \
  PREFIX template Real dropout_factor(double, std::uint64_t, std::uint64_t, std::uint64_t);                           \
  PREFIX template void feature_network_forward(const KernelTable<Real>&, const FeatureNetwork<Real>&,                 \
                                               const SparseRows<Real>&, std::span<const std::uint32_t>, double,       \
                                               std::uint64_t, FeatureScratch<Real>&);                                 \
  PREFIX template void feature_network_backward(                                                                      \
      const KernelTable<Real>&, const FeatureNetwork<Real>&, std::span<Real>, const SparseRows<Real>&,                \
      std::span<const std::uint32_t>, double, std::uint64_t, FeatureScratch<Real>&);                                  \
  PREFIX template double feature_network_loss(const KernelTable<Real>&, const FeatureNetwork<Real>&, std::span<Real>, \
                                              const SparseRows<Real>&, std::span<const Real>,                         \
                                              std::span<const std::uint32_t>, const FeatureClassifierOptions&,        \
                                              std::uint64_t, FeatureScratch<Real>&);                                  \
  PREFIX template FeatureNetwork<Real> train_feature_network(                                                         \
      const KernelTable<Real>&, const SparseRows<Real>&, std::span<const Real>, std::size_t,                          \
      std::span<const std::uint32_t>, const FeatureClassifierOptions&);
SEQGUARD_FEATURE_CLASSIFIER(extern, float)
SEQGUARD_FEATURE_CLASSIFIER(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_FEATURE_CLASSIFIER
#endif

}  // namespace v0
}  // namespace seqguard
