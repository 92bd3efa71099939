// Learning from labels: the loss of a classification head on whole sequences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/training/objective.hpp"

namespace seqguard {
inline namespace v0 {

/// Loss of logits z[L] with labels y[L], and d_z = factor * its derivative:
///   softmax        sum_c y_c (log sum_k exp z_k - z_c), y probabilities of the classes that sum to 1
///   binary         mean_c softplus(z_c) - y_c z_c, y in [0, 1]
///   squared_error  mean_c (z_c - y_c)^2
template <class Real>
double label_loss(const KernelTable<Real>& kernels, HeadLoss loss, std::span<Real> d_z, std::span<const Real> z,
                  std::span<const Real> y, double factor);

/// Head `head` of the model against TrainingChunk::labels, with the loss that its HeadSpec names. A sequence any label
/// of which is unknown is not asked about.
template <class Real>
class SequenceClassification final : public Objective<Real> {
 public:
  /// @throws Error invalid_argument: there is no such head, or it classifies no sequences.
  explicit SequenceClassification(const ModelSpec& spec, std::size_t head = 0);
  void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random& random) const override;
  double loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets, const LossGradient<Real>* gradient,
              Workspace& workspace) const override;

 private:
  std::size_t head_, outputs_;
};

// --- bodies ----------------------------------------------------------------------------------------------------------

template <class Real>
double label_loss(const KernelTable<Real>& kernels, HeadLoss loss, std::span<Real> d_z, std::span<const Real> z,
                  std::span<const Real> y, double factor) {
  const std::size_t n = z.size();
  double sum = 0, scale = factor;
  switch (loss) {
    case HeadLoss::softmax: {
      const double largest = static_cast<double>(*std::max_element(z.begin(), z.end()));
      double total = 0;
      for (const Real logit : z) total += std::exp(static_cast<double>(logit) - largest);
      const double log_total = largest + std::log(total);
      for (std::size_t c = 0; c < n; ++c) {
        const double log_p = static_cast<double>(z[c]) - log_total;
        sum -= static_cast<double>(y[c]) * log_p;
        d_z[c] = static_cast<Real>(std::exp(log_p)) - y[c];
      }
      break;
    }
    case HeadLoss::binary:
      sum = static_cast<double>(kernels.bce_with_logits(d_z.data(), z.data(), y.data(), nullptr, n));
      break;
    case HeadLoss::squared_error:
      for (std::size_t c = 0; c < n; ++c) {
        const Real difference = z[c] - y[c];
        sum += static_cast<double>(difference) * static_cast<double>(difference);
        d_z[c] = 2 * difference;
      }
      break;
  }
  if (loss != HeadLoss::softmax) {
    sum /= static_cast<double>(n);
    scale /= static_cast<double>(n);
  }
  for (Real& value : d_z) value *= static_cast<Real>(scale);
  return sum;
}

template <class Real>
SequenceClassification<Real>::SequenceClassification(const ModelSpec& spec, std::size_t head) : head_(head) {
  if (head >= spec.heads.size() || spec.heads[head].kind != Head::sequence_classification)
    fail(ErrorCode::invalid_argument, "training", "head to train", "one that classifies sequences",
         "head " + std::to_string(head) + " of " + std::to_string(spec.heads.size()));
  outputs_ = head_outputs(spec.config, spec.heads[head]);
}

template <class Real>
void SequenceClassification<Real>::corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence,
                                           Random&) const {
  if (chunk.labels.size() != outputs_ * chunk.batch.sequences())
    fail(ErrorCode::invalid_argument, "training",
         "number of labels of " + std::to_string(chunk.batch.sequences()) + " sequences",
         std::to_string(outputs_ * chunk.batch.sequences()), std::to_string(chunk.labels.size()));
  const auto first = chunk.labels.begin() + static_cast<std::ptrdiff_t>(sequence * outputs_);
  const auto unknown = [](float label) { return std::isnan(label); };
  if (std::none_of(first, first + static_cast<std::ptrdiff_t>(outputs_), unknown))
    targets.rows.push_back(static_cast<std::uint32_t>(sequence));
}

template <class Real>
double SequenceClassification<Real>::loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets,
                                          const LossGradient<Real>* gradient, Workspace& workspace) const {
  const Model<Real>& model = encoded.model;
  const EncoderBatch& batch = encoded.chunk.batch;
  const std::size_t sequences = batch.sequences();
  const auto matrix = [&] {
    return MatrixView<Real>(workspace.activations.allocate<Real>(sequences * outputs_).data(), sequences, outputs_);
  };
  const MatrixView<Real> logits = matrix(), d_logits = matrix(), labels = matrix();
  std::copy(encoded.chunk.labels.begin(), encoded.chunk.labels.end(), labels.data);
  std::fill_n(d_logits.data, sequences * outputs_, Real(0));
  const Dropout dropout = gradient == nullptr
                              ? Dropout{}
                              : head_dropout(model.spec(), head_, encoded.dropout.key, encoded.dropout.first_token);
  const auto cache = run_head<Real>(model, head_, logits, encoded.hidden, batch.offsets(), dropout, workspace);
  double sum = 0;
  for (const std::uint32_t row : targets.rows) {
    const auto of_row = [&](MatrixView<Real> m) { return std::span<Real>(m.row(row), outputs_); };
    sum += label_loss<Real>(*model.context().kernels, model.spec().heads[head_].loss, of_row(d_logits), of_row(logits),
                            of_row(labels), gradient == nullptr ? 0 : gradient->factor);
  }
  if (gradient != nullptr)
    run_head_backward<Real>(model, head_, gradient->d_hidden, gradient->d_p, d_logits, cache, encoded.hidden,
                            batch.offsets(), workspace);
  return sum;
}

extern template double label_loss(const KernelTable<float>&, HeadLoss, std::span<float>, std::span<const float>,
                                  std::span<const float>, double);
extern template double label_loss(const KernelTable<double>&, HeadLoss, std::span<double>, std::span<const double>,
                                  std::span<const double>, double);
extern template class SequenceClassification<float>;
extern template class SequenceClassification<double>;

}  // namespace v0
}  // namespace seqguard
