// How good a classifier of texts or tokens is on held-out texts, while it learns and at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "seqguard/training/frozen_hidden_states.hpp"
#include "seqguard/training/label_loss.hpp"
#include "seqguard/training/text_source.hpp"
#include "seqguard/training/trainer.hpp"
#include "sequence_scorer/text_examples.hpp"

namespace seqguard {
inline namespace v0 {

/// All but the loss, of probabilities [rows, classes] and the class of each row; rows whose class is k_unknown_class
/// do not count.
TextFigures text_figures(std::span<const double> probabilities, std::size_t classes,
                         std::span<const std::size_t> targets);
/// The same of sets: members[rows, classes] is 1 where a row has the class.
TextFigures set_figures(std::span<const double> probabilities, std::size_t classes,
                        std::span<const std::uint8_t> members);
/// The same of numbers.
TextFigures number_figures(std::span<const double> predictions, std::span<const double> numbers);

/// Probabilities [rows, classes] from logits [rows, outputs]; one output of two classes is the second's.
std::vector<double> text_probabilities(HeadLoss loss, std::span<const float> logits, std::size_t outputs,
                                       std::size_t classes);

/// Logits [rows, outputs] of the model's only head, for texts or all their tokens.
std::vector<float> text_logits(const Model<float>& model, std::span<const Encoding> texts, Executor& executor);

/// What logits of the held-out rows say: probabilities [rows, classes], or numbers in their unit.
std::vector<double> text_judgements(const TextExamples& examples, HeadLoss loss, std::span<const float> logits,
                                    std::size_t outputs);
/// Figures of them, all but the loss.
TextFigures judge_held_out(const TextExamples& examples, std::span<const double> judgements);

/// The held-out texts under the model's only head. Remembers what it found last.
class HeldOutTexts final : public Validation<float> {
 public:
  /// Everything is borrowed. `hidden`: of the held-out examples of `source`, if they are kept.
  HeldOutTexts(const LabelTable& labels, const TextExamples& examples, const LabelLossOptions& loss, TextMetric metric,
               const TextSource* source = nullptr, const FrozenHiddenStates<float>* hidden = nullptr)
      : labels_(labels), examples_(examples), loss_(loss), metric_(metric), source_(source), hidden_(hidden) {}

  /// The metric where the smaller is the better, else 1 - metric.
  double loss(const Model<float>& model, Executor& executor) const override;
  /// fit_temperature() of the held-out rows with a class.
  double temperature(const Model<float>& model, Executor& executor) const;
  /// Of the last validation, and how many there were.
  const TextFigures& figures() const noexcept { return figures_; }
  const std::vector<double>& judgements() const noexcept { return judgements_; }
  std::size_t validations() const noexcept { return validations_; }

 private:
  std::vector<float> logits_of(const Model<float>& model, Executor& executor) const;

  const LabelTable& labels_;
  const TextExamples& examples_;
  const LabelLossOptions& loss_;
  TextMetric metric_;
  const TextSource* source_;
  const FrozenHiddenStates<float>* hidden_;
  // One validation at a time: a trainer runs in one thread.
  mutable TextFigures figures_;
  mutable std::vector<double> judgements_;  // text_judgements()
  mutable std::size_t validations_ = 0;
};

}  // namespace v0
}  // namespace seqguard
