// A training of a text checkpoint on some of its labelled texts, by itself and in folds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "seqguard/sequence_scorer/text_input.hpp"
#include "seqguard/training/state_file.hpp"
#include "sequence_scorer/text_examples.hpp"

namespace seqguard {
inline namespace v0 {

/// A checkpoint that trainings begin from.
struct TextStart {
  Model<float> base;
  TextInput input;

  /// @throws Error as fine_tune_text().
  static TextStart load(const std::string& from, const FineTuneTextOptions& options);
};

struct TrainedText {
  Model<float> model;
  TextExamples examples;
  FineTuneTextReport report;
};

/// Learns from `texts` as `options`, whose loss is set, say. Everything but what is written: a head of numbers still
/// gives standard ones. @throws Error as fine_tune_text().
TrainedText train_text(const TextStart& start, const LabelledTexts& texts, const FineTuneTextOptions& options,
                       std::string_view phase, Executor& executor, ProgressSink progress);

/// What finished trainings of a series have said, in their order, so that a series that is stopped goes on with the
/// next one. A training of the series keeps its own state in file(n) while it runs.
class FinishedTrainings {
 public:
  /// `state_file`: of the series; empty: nothing is kept. @throws Error as StateReader.
  FinishedTrainings(const std::string& state_file, bool resume, std::string fingerprint);

  /// Where training n keeps its state; empty: nowhere.
  std::string file(std::size_t n) const;
  /// What training n has said, if it has finished.
  std::optional<std::vector<double>> find(std::size_t n) const;
  /// Training n, the next one, has finished. @throws Error io_error.
  void add(std::size_t n, std::span<const double> said);
  /// The series has finished: nothing is left of it.
  void remove() const;

 private:
  struct State {
    std::vector<std::uint64_t> sizes;
    std::vector<double> numbers;

    template <class Self, class Visit>
    static void visit_fields(Self& self, const Visit& visit) {
      visit("sizes", self.sizes);
      visit("numbers", self.numbers);
    }
  };

  std::string state_file_, path_;
  StateDescription description_;
  State state_;
};

/// K-fold cross-validation by options.folds trainings of `series` from number `first` on. `phase` precedes "fold 1/5".
TextCrossValidation cross_validate_text(const TextStart& start, const LabelledTexts& texts,
                                        const FineTuneTextOptions& options, FinishedTrainings& series,
                                        std::size_t first, const std::string& phase, Executor& executor,
                                        ProgressSink progress);

/// A head that learned numbers in standard units gives the numbers themselves.
void turn_to_unit_of_labels(TrainedText& trained);

}  // namespace v0
}  // namespace seqguard
