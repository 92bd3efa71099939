// The losses of labels, with their gradients: cross-entropies (softmax and binary), focal, squared error.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/kernel_table.hpp"
#include "seqguard/model/model_spec.hpp"

namespace seqguard {
inline namespace v0 {

/// What a loss does beyond the cross-entropy of its head (HeadSpec::loss). None of it applies to squared errors.
struct LabelLossOptions {
  /// > 0: focal loss (Lin et al. 2017, arXiv:1708.02002), which multiplies the loss of a label whose probability is p
  /// by (1 - p)^gamma, so that what is certain already counts little. 2 is the paper's choice.
  double focal_gamma = 0;
  /// Of binary focal losses: weight of positive labels, beside 1 - alpha of negative ones; empty: 1 for both.
  std::optional<double> focal_alpha = std::nullopt;
  /// Labels become (1 - e) y + e / C of C classes, or (1 - e) y + e / 2 of a binary label. In [0, 1).
  double label_smoothing = 0;
  /// Of a softmax: the weight of each class; of a binary head: the weight of the positive side of each label. Empty: 1.
  /// A mean over rows is not divided by their weights (torch does): weights around 1 keep the learning rate's meaning.
  std::vector<double> class_weights = {};
};

/// @throws Error invalid_argument: a number out of its range; weights that are not one for each of `outputs`.
void check_label_loss(const LabelLossOptions& options, HeadLoss loss, std::size_t outputs);

/// Sum of the losses of these rows of logits z[R, C] with labels y[R, C], and in the same rows of d_z factor times
/// their derivatives. w: class_weights; p = softmax(z) or sigmoid(z); y as label_smoothing leaves it; g: focal_gamma.
///   softmax        sum_c w_c y_c (1 - p_c)^g -log p_c
///   binary         mean over known c of  a w_c y_c (1 - p_c)^g -log p_c  +  a' (1 - y_c) p_c^g -log(1 - p_c),
///                  a = focal_alpha, a' = 1 - focal_alpha, or both 1
///   squared_error  mean over known c of (z_c - y_c)^2
/// From logits, stable at any size of them. Labels that are NaN have no gradient; a softmax must know all of its row.
template <class Real>
double label_loss(const KernelTable<Real>& kernels, HeadLoss loss, const LabelLossOptions& options,
                  MatrixView<Real> d_z, MatrixView<const Real> z, MatrixView<const Real> y,
                  std::span<const std::uint32_t> rows, double factor, Arena& scratch);

// --- bodies ----------------------------------------------------------------------------------------------------------

/// One row of a softmax: d[C] gets the derivatives. `terms` is a buffer of C.
template <class Real>
double softmax_label_loss(const LabelLossOptions& options, std::span<Real> d, std::span<const Real> z,
                          std::span<const Real> y, std::span<double> terms) {
  const std::size_t n = z.size();
  const double largest = static_cast<double>(*std::max_element(z.begin(), z.end()));
  double total = 0;
  for (const Real logit : z) total += std::exp(static_cast<double>(logit) - largest);
  const auto share = [&](std::size_t c) { return std::exp(static_cast<double>(z[c]) - largest) / total; };
  // With f_c = (1 - p_c)^g -log p_c:  df_c / dz_k = terms_c (p_k - [k = c]),
  // terms_c = (1 - p_c)^g (1 - g p_c log p_c / (1 - p_c)), in which log p_c / (1 - p_c) tends to -1 as p_c tends to 1.
  double sum = 0, sum_of_terms = 0;
  for (std::size_t c = 0; c < n; ++c) {
    double others = 0;  // 1 - p_c, exact also where p_c is almost 1
    for (std::size_t k = 0; options.focal_gamma > 0 && k < n; ++k) others += k == c ? 0 : share(k);
    const double log_p = static_cast<double>(z[c]) - largest - std::log(total);
    const double smooth = options.label_smoothing;
    const double label = (1 - smooth) * static_cast<double>(y[c]) + smooth / static_cast<double>(n);
    const double weight = label * (options.class_weights.empty() ? 1.0 : options.class_weights[c]);
    const double focus = options.focal_gamma > 0 ? std::pow(others, options.focal_gamma) : 1.0;
    const double ratio = others > 0 ? log_p / others : -1.0;
    sum -= weight * focus * log_p;
    terms[c] = weight * focus * (options.focal_gamma > 0 ? 1 - options.focal_gamma * share(c) * ratio : 1.0);
    sum_of_terms += terms[c];
  }
  for (std::size_t c = 0; c < n; ++c) d[c] = static_cast<Real>(share(c) * sum_of_terms - terms[c]);
  return sum;
}

/// One row of a binary head. `targets` and `weights` are buffers of C, `other` one for a gradient.
template <class Real>
double binary_label_loss(const KernelTable<Real>& kernels, const LabelLossOptions& options, std::span<Real> d,
                         std::span<const Real> z, std::span<const Real> y, std::span<Real> targets,
                         std::span<Real> weights, std::span<Real> other) {
  const std::size_t n = z.size();
  const auto positive = [&](std::size_t c) {  // share and weight of a positive label
    const double smooth = options.label_smoothing;
    const double label = (1 - smooth) * static_cast<double>(y[c]) + smooth / 2;
    return std::pair(label, options.class_weights.empty() ? 1.0 : options.class_weights[c]);
  };
  const auto fill = [&](const auto& target_and_weight) {
    for (std::size_t c = 0; c < n; ++c) {
      const auto [target, weight] = std::isnan(y[c]) ? std::pair(0.0, 0.0) : target_and_weight(c);
      targets[c] = static_cast<Real>(target);
      weights[c] = static_cast<Real>(weight);
    }
  };
  if (options.focal_gamma <= 0) {
    // w y softplus(-z) + (1 - y) softplus(z) is the loss of the label w y / u with the weight u = w y + 1 - y.
    fill([&](std::size_t c) {
      const auto [label, weight] = positive(c);
      const double both = weight * label + 1 - label;
      return std::pair(both > 0 ? weight * label / both : 0.0, both);
    });
    return static_cast<double>(kernels.bce_with_logits(d.data(), z.data(), targets.data(), weights.data(), n));
  }
  // The kernel knows certain labels: both sides of an uncertain one, each by its share.
  const auto gamma = static_cast<Real>(options.focal_gamma),
             alpha = static_cast<Real>(options.focal_alpha.value_or(0.5));
  const double both = options.focal_alpha ? 1.0 : 2.0;
  fill([&](std::size_t c) {
    const auto [label, weight] = positive(c);
    return std::pair(1.0, both * weight * label);
  });
  const Real of_positive =
      kernels.focal_with_logits(d.data(), z.data(), targets.data(), weights.data(), n, gamma, alpha);
  fill([&](std::size_t c) { return std::pair(0.0, both * (1 - positive(c).first)); });
  const Real of_negative =
      kernels.focal_with_logits(other.data(), z.data(), targets.data(), weights.data(), n, gamma, alpha);
  kernels.add(d.data(), d.data(), other.data(), n);
  return static_cast<double>(of_positive) + static_cast<double>(of_negative);
}

/// One row of numbers.
template <class Real>
double squared_error_loss(std::span<Real> d, std::span<const Real> z, std::span<const Real> y) {
  double sum = 0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    const Real difference = std::isnan(y[c]) ? Real(0) : z[c] - y[c];
    sum += static_cast<double>(difference) * static_cast<double>(difference);
    d[c] = 2 * difference;
  }
  return sum;
}

template <class Real>
double label_loss(const KernelTable<Real>& kernels, HeadLoss loss, const LabelLossOptions& options,
                  MatrixView<Real> d_z, MatrixView<const Real> z, MatrixView<const Real> y,
                  std::span<const std::uint32_t> rows, double factor, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t n = z.cols;
  const auto buffer = [&] { return scratch.allocate<Real>(n); };
  const std::span<Real> targets = buffer(), weights = buffer(), other = buffer();
  const std::span<double> terms = scratch.allocate<double>(n);
  double sum = 0;
  for (const std::uint32_t row : rows) {
    const std::span<Real> d(d_z.row(row), n);
    const std::span<const Real> logits(z.row(row), n), labels(y.row(row), n);
    double of_row = 0, share = 1;
    switch (loss) {
      case HeadLoss::softmax:
        of_row = softmax_label_loss<Real>(options, d, logits, labels, terms);
        break;
      case HeadLoss::binary:
        of_row = binary_label_loss<Real>(kernels, options, d, logits, labels, targets, weights, other);
        break;
      case HeadLoss::squared_error:
        of_row = squared_error_loss<Real>(d, logits, labels);
        break;
    }
    if (loss != HeadLoss::softmax) {
      const auto known = std::count_if(labels.begin(), labels.end(), [](Real label) { return !std::isnan(label); });
      share = 1 / static_cast<double>(known);
    }
    sum += share * of_row;
    for (Real& value : d) value *= static_cast<Real>(share * factor);
  }
  return sum;
}

#define SEQGUARD_LABEL_LOSS(PREFIX, Real)                                                                           \
  PREFIX template double softmax_label_loss(const LabelLossOptions&, std::span<Real>, std::span<const Real>,        \
                                            std::span<const Real>, std::span<double>);                              \
  PREFIX template double binary_label_loss(const KernelTable<Real>&, const LabelLossOptions&, std::span<Real>,      \
                                           std::span<const Real>, std::span<const Real>, std::span<Real>,           \
                                           std::span<Real>, std::span<Real>);                                       \
  PREFIX template double squared_error_loss(std::span<Real>, std::span<const Real>, std::span<const Real>);         \
  PREFIX template double label_loss(const KernelTable<Real>&, HeadLoss, const LabelLossOptions&, MatrixView<Real>,  \
                                    MatrixView<const Real>, MatrixView<const Real>, std::span<const std::uint32_t>, \
                                    double, Arena&);
SEQGUARD_LABEL_LOSS(extern, float)
SEQGUARD_LABEL_LOSS(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_LABEL_LOSS
#endif

}  // namespace v0
}  // namespace seqguard
