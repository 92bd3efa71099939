// One training of a text checkpoint on examples: steps, validations, curve, state.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/frozen_hidden_states.hpp"
#include "seqguard/training/state_file.hpp"
#include "seqguard/training/text_source.hpp"
#include "seqguard/training/trainer.hpp"
#include "sequence_scorer/fine_tune_text_state.hpp"
#include "sequence_scorer/text_examples.hpp"
#include "sequence_scorer/text_figures.hpp"

namespace seqguard {
inline namespace v0 {

class TextTuner {
 public:
  /// Everything is borrowed. @throws Error as Trainer, label_table() and text_loss_options().
  TextTuner(Model<float>& model, const TextExamples& examples, const FineTuneTextOptions& options,
            const std::string& fingerprint, std::string_view phase, Executor& executor, ProgressSink progress);

  /// Trains the model, from the state file on if there is one to resume, and fills in what `report` says of a training.
  /// @throws Error cancelled, with the state saved; as Trainer::run() and load_state().
  void run(FineTuneTextReport& report);

 private:
  using Clock = std::chrono::steady_clock;

  bool validates() const noexcept { return !examples_.held_out.empty(); }
  bool after(const Progress& step);
  void add_point(const Progress& step);
  void write_curves() const;
  void save();
  void finish(FineTuneTextReport& report);

  Model<float>& model_;
  const TextExamples& examples_;
  const FineTuneTextOptions& options_;
  std::string phase_;
  Executor& executor_;
  ProgressSink progress_;
  LabelTable labels_;
  LabelLossOptions loss_;
  TextSource source_;
  Classification<float> objective_;
  std::optional<FrozenHiddenStates<float>> hidden_;  // of a frozen encoder, where they fit options.hidden_states_bytes
  HeldOutTexts validation_;
  TrainingOptions training_;
  Trainer<float> trainer_;
  StateDescription description_;
  FineTuneTextState state_;
  std::vector<TextCurvePoint> curve_;
  std::size_t seen_validations_ = 0;
  Clock::time_point saved_ = Clock::now();
};

}  // namespace v0
}  // namespace seqguard
