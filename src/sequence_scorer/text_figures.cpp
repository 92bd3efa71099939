#include "sequence_scorer/text_figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "seqguard/detection/label_classifier.hpp"
#include "seqguard/events/class_labels.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/ragged_batch.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Sets AUROC and average precision: of the second of two classes, of more the mean over those that can be told from
/// others.
void judge_ranks(std::span<const double> probabilities, std::size_t classes, std::span<const std::size_t> targets,
                 TextFigures& figures) {
  double aurocs = 0, precisions = 0;
  std::size_t judged = 0;
  for (std::size_t c = classes == 2 ? 1 : 0; c < classes; ++c) {
    std::vector<double> others, own;
    for (std::size_t row = 0; row < targets.size(); ++row)
      if (targets[row] != k_unknown_class)
        (targets[row] == c ? own : others).push_back(probabilities[row * classes + c]);
    if (own.empty() || others.empty()) continue;
    aurocs += auroc(others, own);
    precisions += average_precision(others, own);
    ++judged;
  }
  if (judged == 0) return;
  figures.auroc = aurocs / static_cast<double>(judged);
  figures.ap = precisions / static_cast<double>(judged);
}

/// Sets what follows from the confusion.
void judge_decisions(std::size_t classes, TextFigures& figures) {
  const auto cell = [&](std::size_t truth, std::size_t found) {
    return static_cast<double>(figures.confusion[truth * classes + found]);
  };
  double right = 0, f1s = 0;
  std::size_t seen = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    Confusion of_class;
    of_class.true_positives = cell(c, c);
    for (std::size_t other = 0; other < classes; ++other) {
      if (other == c) continue;
      of_class.false_negatives += cell(c, other);
      of_class.false_positives += cell(other, c);
    }
    right += cell(c, c);
    if (of_class.true_positives + of_class.false_negatives + of_class.false_positives == 0) continue;
    const double f1 = of_class.true_positives > 0 ? of_class.f1() : 0;
    if (classes == 2 && c == 1) figures.f1 = f1;
    f1s += f1;
    ++seen;
  }
  if (figures.rows > 0) figures.accuracy = right / static_cast<double>(figures.rows);
  if (seen > 0) figures.macro_f1 = f1s / static_cast<double>(seen);
  if (classes != 2) figures.f1 = figures.macro_f1;
}

}  // namespace

double TextFigures::value(TextMetric metric) const noexcept {
  switch (metric) {
    case TextMetric::accuracy:
      return accuracy;
    case TextMetric::auroc:
      return auroc;
    case TextMetric::ap:
      return ap;
    case TextMetric::f1:
      return f1;
    case TextMetric::macro_f1:
      return macro_f1;
    case TextMetric::loss:
      break;
  }
  return loss;
}

TextFigures text_figures(std::span<const double> probabilities, std::size_t classes,
                         std::span<const std::size_t> targets) {
  TextFigures figures;
  figures.confusion.assign(classes * classes, 0);
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (targets[row] == k_unknown_class) continue;
    const auto of_row = probabilities.subspan(row * classes, classes);
    const auto best = static_cast<std::size_t>(std::max_element(of_row.begin(), of_row.end()) - of_row.begin());
    ++figures.confusion[targets[row] * classes + best];
    ++figures.rows;
  }
  judge_decisions(classes, figures);
  judge_ranks(probabilities, classes, targets, figures);
  return figures;
}

std::vector<double> text_probabilities(HeadLoss loss, std::span<const float> logits, std::size_t outputs,
                                       std::size_t classes) {
  const std::size_t rows = logits.size() / outputs;
  std::vector<double> result(rows * classes);
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  for (std::size_t row = 0; row < rows; ++row) {
    const auto z = logits.subspan(row * outputs, outputs);
    double* const p = &result[row * classes];
    if (outputs == 1) {
      p[1] = sigmoid(static_cast<double>(z[0]));
      p[0] = sigmoid(-static_cast<double>(z[0]));
      continue;
    }
    const double largest = static_cast<double>(*std::max_element(z.begin(), z.end()));
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      const auto logit = static_cast<double>(z[c]);
      p[c] = loss == HeadLoss::binary ? sigmoid(logit) : std::exp(logit - largest);
      sum += p[c];
    }
    for (std::size_t c = 0; loss != HeadLoss::binary && c < classes; ++c) p[c] /= sum;
  }
  return result;
}

std::vector<float> HeldOutTexts::logits_of(const Model<float>& model, Executor& executor) const {
  struct Scratch {
    TrainingChunk chunk;
    Workspace workspace;
  };
  const HeadSpec& head = model.spec().heads.front();
  const std::size_t outputs = labels_.outputs;
  std::vector<std::size_t> lengths, first_rows{0};
  for (const Example& example : source_.held_out()) {
    lengths.push_back(example.size);
    first_rows.push_back(first_rows.back() + (labels_.of_tokens() ? example.size : 1));
  }
  std::vector<float> logits(first_rows.back() * outputs);
  auto scratches = make_per_worker(executor, [&] { return Scratch{source_.make_chunk(), {}}; });
  run_ragged_batch(std::span<const std::size_t>(lengths), executor, scratches, [&](const Chunk& of, Scratch& scratch) {
    scratch.chunk.clear();
    for (std::size_t i = of.first; i < of.last; ++i) source_.append(source_.held_out()[i], scratch.chunk);
    const Arena::Frame frame(scratch.workspace.activations);
    const EncoderInput input = scratch.chunk.batch.input();
    const auto cache = run_encoder<float>(model, input, {}, scratch.workspace);
    const Offsets offsets = scratch.chunk.batch.offsets();
    const MatrixView<float> out(&logits[first_rows[of.first] * outputs], head_rows(head, offsets), outputs);
    run_head<float>(model, 0, out, cache.last_hidden_state(), offsets, {}, scratch.workspace);
  });
  return logits;
}

double HeldOutTexts::loss(const Model<float>& model, Executor& executor) const {
  const std::vector<float> logits = logits_of(model, executor);
  const HeadLoss loss = model.spec().heads.front().loss;
  const std::size_t rows = targets_.size(), outputs = labels_.outputs;
  figures_ = text_figures(text_probabilities(loss, logits, outputs, classes_), classes_, targets_);
  std::vector<std::uint32_t> known;
  for (std::size_t row = 0; row < rows; ++row)
    if (targets_[row] != k_unknown_class) known.push_back(static_cast<std::uint32_t>(row));
  std::vector<float> gradient(logits.size());
  Arena scratch;
  const float* const labels = labels_.values.data() + labels_.values.size() - rows * outputs;
  figures_.loss = label_loss<float>(*model.context().kernels, loss, loss_, {gradient.data(), rows, outputs},
                                    {logits.data(), rows, outputs}, {labels, rows, outputs}, known, 0, scratch) /
                  static_cast<double>(std::max<std::size_t>(1, known.size()));
  ++validations_;
  return metric_ == TextMetric::loss ? figures_.loss : 1 - figures_.value(metric_);
}

double HeldOutTexts::temperature(const Model<float>& model, Executor& executor) const {
  const HeadLoss loss = model.spec().heads.front().loss;
  const std::size_t outputs = labels_.outputs;
  if (loss == HeadLoss::binary && outputs > 1) return 1;  // each output would have one of its own
  const std::vector<float> logits = logits_of(model, executor);
  std::vector<float> known;
  std::vector<std::size_t> classes;
  for (std::size_t row = 0; row < targets_.size(); ++row) {
    if (targets_[row] == k_unknown_class) continue;
    classes.push_back(targets_[row]);
    for (std::size_t c = 0; c < outputs; ++c) known.push_back(logits[row * outputs + c]);
  }
  return fit_temperature(loss, known, classes);
}

}  // namespace v0
}  // namespace seqguard
