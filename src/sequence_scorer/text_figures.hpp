// How good a classifier of texts or tokens is on held-out texts, while it learns and at the end.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "seqguard/training/label_loss.hpp"
#include "seqguard/training/text_source.hpp"
#include "seqguard/training/trainer.hpp"

namespace seqguard {
inline namespace v0 {

/// All but the loss, of probabilities [rows, classes] and the class of each row; rows whose class is k_unknown_class
/// do not count.
TextFigures text_figures(std::span<const double> probabilities, std::size_t classes,
                         std::span<const std::size_t> targets);

/// Probabilities [rows, classes] from logits [rows, outputs]; one output is the second of two classes.
std::vector<double> text_probabilities(HeadLoss loss, std::span<const float> logits, std::size_t outputs,
                                       std::size_t classes);

/// The held-out examples of a source under the model's only head. Remembers what it found last.
class HeldOutTexts final : public Validation<float> {
 public:
  /// Everything is borrowed.
  HeldOutTexts(const TextSource& source, const LabelTable& labels, std::span<const std::size_t> targets,
               std::size_t classes, const LabelLossOptions& loss, TextMetric metric)
      : source_(source), labels_(labels), targets_(targets), classes_(classes), loss_(loss), metric_(metric) {}

  /// The loss, or 1 - metric.
  double loss(const Model<float>& model, Executor& executor) const override;
  /// fit_temperature() of the held-out rows with a class.
  double temperature(const Model<float>& model, Executor& executor) const;
  /// Of the last validation, and how many there were.
  const TextFigures& figures() const noexcept { return figures_; }
  std::size_t validations() const noexcept { return validations_; }

 private:
  std::vector<float> logits_of(const Model<float>& model, Executor& executor) const;

  const TextSource& source_;
  const LabelTable& labels_;
  std::span<const std::size_t> targets_;  // of the held-out rows
  std::size_t classes_;
  const LabelLossOptions& loss_;
  TextMetric metric_;
  // One validation at a time: a trainer runs in one thread.
  mutable TextFigures figures_;
  mutable std::size_t validations_ = 0;
};

}  // namespace v0
}  // namespace seqguard
