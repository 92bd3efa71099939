// Learning from labels: the loss of a classification head on whole sequences, on tokens or on gaps between tokens.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/training/label_loss.hpp"
#include "seqguard/training/labels.hpp"
#include "seqguard/training/objective.hpp"

namespace seqguard {
inline namespace v0 {

/// Head `head` of the model against labels, with the loss that its HeadSpec names. What is_known() says nothing about
/// is not asked.
template <class Real>
class Classification final : public Objective<Real> {
 public:
  /// `table`: which of TrainingChunk::labels. @throws Error invalid_argument: there is no such head, or it classifies
  /// neither sequences nor tokens nor gaps; as check_label_loss().
  Classification(const ModelSpec& spec, std::size_t head, const LabelLossOptions& options = {}, std::size_t table = 0);
  void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random& random) const override;
  double loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets, const LossGradient<Real>* gradient,
              Workspace& workspace) const override;

 private:
  bool of_tokens_;
  std::size_t head_, outputs_, table_;
  HeadLoss loss_;
  LabelLossOptions options_;
};

// --- bodies ----------------------------------------------------------------------------------------------------------

template <class Real>
Classification<Real>::Classification(const ModelSpec& spec, std::size_t head, const LabelLossOptions& options,
                                     std::size_t table)
    : head_(head), table_(table), options_(options) {
  const auto is = [&](Head kind) { return head < spec.heads.size() && spec.heads[head].kind == kind; };
  of_tokens_ = is(Head::token_classification) || is(Head::gap_classification);
  if (!of_tokens_ && !is(Head::sequence_classification))
    fail(ErrorCode::invalid_argument, "training", "head to train", "one that classifies sequences, tokens or gaps",
         "head " + std::to_string(head) + " of " + std::to_string(spec.heads.size()));
  outputs_ = head_outputs(spec.config, spec.heads[head]);
  loss_ = spec.heads[head].loss;
  check_label_loss(options_, loss_, outputs_);
}

template <class Real>
void Classification<Real>::corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random&) const {
  const Offsets offsets = chunk.batch.offsets();
  const std::size_t rows = of_tokens_ ? offsets.back() : chunk.batch.sequences();
  const std::size_t found = table_ < chunk.labels.size() ? chunk.labels[table_].size() : 0;
  if (found != outputs_ * rows)
    fail(ErrorCode::invalid_argument, "training",
         "number of labels of " + std::to_string(rows) + (of_tokens_ ? " tokens" : " sequences"),
         std::to_string(outputs_ * rows), std::to_string(found));
  const std::span<const float> labels = chunk.labels[table_];
  const std::size_t first = of_tokens_ ? offsets[sequence] : sequence;
  const std::size_t end = of_tokens_ ? offsets[sequence + 1] : sequence + 1;
  for (std::size_t row = first; row < end; ++row)
    if (is_known(loss_, labels.subspan(row * outputs_, outputs_)))
      targets.rows.push_back(static_cast<std::uint32_t>(row));
}

template <class Real>
double Classification<Real>::loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets,
                                  const LossGradient<Real>* gradient, Workspace& workspace) const {
  const Model<Real>& model = encoded.model;
  const std::size_t rows = head_rows(model.spec().heads[head_], encoded.offsets);
  const auto matrix = [&] {
    return MatrixView<Real>(workspace.activations.allocate<Real>(rows * outputs_).data(), rows, outputs_);
  };
  const MatrixView<Real> logits = matrix(), d_logits = matrix(), labels = matrix();
  std::copy(encoded.chunk.labels[table_].begin(), encoded.chunk.labels[table_].end(), labels.data);
  std::fill_n(d_logits.data, rows * outputs_, Real(0));
  const Dropout dropout = gradient == nullptr
                              ? Dropout{}
                              : head_dropout(model.spec(), head_, encoded.dropout.key, encoded.dropout.first_token);
  const auto cache = run_head<Real>(model, head_, logits, encoded.hidden, encoded.offsets, dropout, workspace);
  const double sum = label_loss<Real>(*model.context().kernels, loss_, options_, d_logits, logits, labels, targets.rows,
                                      gradient == nullptr ? 0 : gradient->factor, workspace.scratch);
  if (gradient != nullptr)
    run_head_backward<Real>(model, head_, gradient->d_hidden, gradient->d_p, d_logits, cache, encoded.hidden,
                            encoded.offsets, workspace);
  return sum;
}

extern template class Classification<float>;
extern template class Classification<double>;

}  // namespace v0
}  // namespace seqguard
