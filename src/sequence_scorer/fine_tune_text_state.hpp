// The state of an unfinished fine-tuning of texts (training/state_file.hpp), and its curve.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/json_writer.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "seqguard/training/trainer_state.hpp"
#include "sequence_scorer/text_examples.hpp"

namespace seqguard {
inline namespace v0 {

/// Counted up whenever the fields below, or those of a TrainerState, change.
inline constexpr std::uint64_t k_fine_tune_text_layout = 2;

std::vector<double> numbers_of(std::span<const TextCurvePoint> curve);
/// @throws Error bad_checkpoint: not a whole number of points.
std::vector<TextCurvePoint> curve_of(std::span<const double> numbers);

struct FineTuneTextState {
  std::vector<double> curve;  ///< numbers_of()
  double loss_sum = 0;        ///< of the steps since the last validation
  std::uint64_t loss_steps = 0;
  TrainerState<float> trainer;

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("curve", self.curve);
    visit("loss_sum", self.loss_sum);
    visit("loss_steps", self.loss_steps);
    TrainerState<float>::visit_fields(self.trainer,
                                      [&](const std::string& name, auto& field) { visit("trainer." + name, field); });
  }
};

/// A line of JSON for each point.
std::string curve_lines(std::span<const TextCurvePoint> curve, TextProblem problem, TextMetric metric);

/// Fields of the figures that such labels have, without rows and loss.
void write_text_figures(const TextFigures& figures, TextProblem problem, JsonWriter& json);

/// What a state file must have been made from: options (with a loss), tokens and targets, weights to begin with,
/// instruction set.
std::string fine_tune_text_fingerprint(const Model<float>& model, const TextExamples& examples,
                                       const FineTuneTextOptions& options);

/// What a series of trainings with these options is made from.
std::string text_series_fingerprint(const Model<float>& base, const LabelledTexts& texts,
                                    std::span<const FineTuneTextOptions> settings);

}  // namespace v0
}  // namespace seqguard
