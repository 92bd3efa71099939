#include "sequence_scorer/text_figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "seqguard/detection/label_classifier.hpp"
#include "seqguard/events/class_labels.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/ragged_batch.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Of one class: `has(row)`, `is_found(row)` and its probability `p(row)`, for rows that are asked.
template <class Has, class Found, class Probability>
ClassFigures judge_class(std::span<const std::size_t> rows, const Has& has, const Found& is_found,
                         const Probability& p) {
  Confusion counts;
  std::vector<double> others, own;
  for (const std::size_t row : rows) {
    (has(row) ? own : others).push_back(p(row));
    (has(row) ? (is_found(row) ? counts.true_positives : counts.false_negatives)
              : (is_found(row) ? counts.false_positives : counts.true_negatives)) += 1;
  }
  ClassFigures figures;
  figures.rows = own.size();
  if (counts.true_positives > 0) {
    figures.precision = counts.precision();
    figures.recall = counts.recall();
    figures.f1 = counts.f1();
  }
  if (!own.empty() && !others.empty()) {
    figures.auroc = auroc(others, own);
    figures.ap = average_precision(others, own);
  }
  return figures;
}

/// Sets what is a mean over classes, from the first of those that are meant on: F1 over those that occur or are
/// predicted, AUROC and AP over those that can be told from others.
void take_means(std::span<const std::size_t> predicted, std::size_t first, TextFigures& figures) {
  double f1s = 0, aurocs = 0, precisions = 0;
  std::size_t seen = 0, ranked = 0;
  for (std::size_t c = 0; c < figures.of_classes.size(); ++c) {
    const ClassFigures& of_class = figures.of_classes[c];
    if (of_class.rows + predicted[c] > 0) {
      f1s += of_class.f1;
      ++seen;
    }
    if (c < first || of_class.rows == 0 || of_class.rows == figures.rows) continue;
    aurocs += of_class.auroc;
    precisions += of_class.ap;
    ++ranked;
  }
  if (seen > 0) figures.macro_f1 = f1s / static_cast<double>(seen);
  if (ranked == 0) return;
  figures.auroc = aurocs / static_cast<double>(ranked);
  figures.ap = precisions / static_cast<double>(ranked);
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
    case TextMetric::micro_f1:
      return micro_f1;
    case TextMetric::mae:
      return mae;
    case TextMetric::rmse:
      return rmse;
    case TextMetric::spearman:
      return spearman;
    case TextMetric::loss:
      break;
  }
  return loss;
}

TextFigures text_figures(std::span<const double> probabilities, std::size_t classes,
                         std::span<const std::size_t> targets) {
  TextFigures figures;
  figures.confusion.assign(classes * classes, 0);
  std::vector<std::size_t> rows, found(targets.size()), predicted(classes);
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (targets[row] == k_unknown_class) continue;
    const auto of_row = probabilities.subspan(row * classes, classes);
    found[row] = static_cast<std::size_t>(std::max_element(of_row.begin(), of_row.end()) - of_row.begin());
    ++figures.confusion[targets[row] * classes + found[row]];
    ++predicted[found[row]];
    rows.push_back(row);
    figures.accuracy += found[row] == targets[row] ? 1 : 0;
  }
  figures.rows = rows.size();
  for (std::size_t c = 0; c < classes; ++c)
    figures.of_classes.push_back(judge_class(
        rows, [&](std::size_t row) { return targets[row] == c; }, [&](std::size_t row) { return found[row] == c; },
        [&](std::size_t row) { return probabilities[row * classes + c]; }));
  if (!rows.empty()) figures.accuracy /= static_cast<double>(rows.size());
  figures.micro_f1 = figures.accuracy;
  take_means(predicted, classes == 2 ? 1 : 0, figures);
  figures.f1 = classes == 2 ? figures.of_classes[1].f1 : figures.macro_f1;
  return figures;
}

TextFigures set_figures(std::span<const double> probabilities, std::size_t classes,
                        std::span<const std::uint8_t> members) {
  TextFigures figures;
  figures.rows = members.size() / classes;
  std::vector<std::size_t> rows(figures.rows), predicted(classes);
  Confusion all;
  for (std::size_t row = 0; row < figures.rows; ++row) {
    rows[row] = row;
    bool right = true;
    for (std::size_t i = row * classes; i < (row + 1) * classes; ++i) {
      const bool has = members[i] != 0, found = probabilities[i] > 0.5;
      right = right && has == found;
      predicted[i % classes] += found ? 1 : 0;
      all.true_positives += has && found ? 1 : 0;
      all.false_negatives += has && !found ? 1 : 0;
      all.false_positives += !has && found ? 1 : 0;
    }
    figures.accuracy += right ? 1 : 0;
  }
  if (figures.rows > 0) figures.accuracy /= static_cast<double>(figures.rows);
  for (std::size_t c = 0; c < classes; ++c)
    figures.of_classes.push_back(judge_class(
        rows, [&](std::size_t row) { return members[row * classes + c] != 0; },
        [&](std::size_t row) { return probabilities[row * classes + c] > 0.5; },
        [&](std::size_t row) { return probabilities[row * classes + c]; }));
  if (all.true_positives > 0) figures.micro_f1 = all.f1();
  take_means(predicted, 0, figures);
  figures.f1 = figures.macro_f1;
  return figures;
}

TextFigures number_figures(std::span<const double> predictions, std::span<const double> numbers) {
  TextFigures figures;
  figures.rows = numbers.size();
  if (numbers.empty()) return figures;
  double squares = 0;
  for (std::size_t row = 0; row < numbers.size(); ++row) {
    const double error = predictions[row] - numbers[row];
    figures.mae += std::abs(error);
    squares += error * error;
  }
  const auto n = static_cast<double>(numbers.size());
  figures.mae /= n;
  figures.rmse = std::sqrt(squares / n);
  figures.spearman = spearman(predictions, numbers);
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
    if (outputs == 1 && classes == 2) {
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

std::vector<float> text_logits(const Model<float>& model, std::span<const Encoding> texts, Executor& executor) {
  struct Scratch {
    EncoderBatch batch;
    Workspace workspace;
  };
  const HeadSpec& head = model.spec().heads.front();
  const std::size_t outputs = head_outputs(model.config(), head);
  const bool reads_types = model.config().reads_token_types(), of_tokens = head.kind == Head::token_classification;
  std::vector<std::size_t> lengths, first_rows{0};
  for (const Encoding& text : texts) {
    lengths.push_back(text.ids.size());
    first_rows.push_back(first_rows.back() + (of_tokens ? text.ids.size() : 1));
  }
  std::vector<float> logits(first_rows.back() * outputs);
  std::vector<Scratch> scratches(executor.concurrency());
  run_ragged_batch(std::span<const std::size_t>(lengths), executor, scratches, [&](const Chunk& of, Scratch& scratch) {
    scratch.batch.clear();
    for (std::size_t i = of.first; i < of.last; ++i)
      scratch.batch.append(texts[i].ids, reads_types ? std::span<const std::int32_t>(texts[i].type_ids)
                                                     : std::span<const std::int32_t>());
    const Arena::Frame frame(scratch.workspace.activations);
    const EncoderInput input = scratch.batch.input();
    const auto cache = run_encoder<float>(model, input, {}, scratch.workspace);
    const Offsets offsets = scratch.batch.offsets();
    const MatrixView<float> out(&logits[first_rows[of.first] * outputs], head_rows(head, offsets), outputs);
    run_head<float>(model, 0, out, cache.last_hidden_state(), offsets, {}, scratch.workspace);
  });
  return logits;
}

std::vector<double> text_judgements(const TextExamples& examples, HeadLoss loss, std::span<const float> logits,
                                    std::size_t outputs) {
  if (examples.problem != TextProblem::regression)
    return text_probabilities(loss, logits, outputs, examples.classes.size());
  std::vector<double> numbers;
  for (const float logit : logits) numbers.push_back(examples.mean + examples.deviation * static_cast<double>(logit));
  return numbers;
}

TextFigures judge_held_out(const TextExamples& examples, std::span<const double> judgements) {
  if (examples.problem == TextProblem::regression) return number_figures(judgements, examples.held_out_numbers());
  if (examples.problem == TextProblem::multi_label_classification)
    return set_figures(judgements, examples.classes.size(), examples.held_out_members());
  return text_figures(judgements, examples.classes.size(), examples.held_out_targets());
}

std::vector<float> HeldOutTexts::logits_of(const Model<float>& model, Executor& executor) const {
  if (hidden_ == nullptr) return text_logits(model, examples_.held_out, executor);
  const HeadSpec& head = model.spec().heads.front();
  std::vector<float> logits;
  Workspace workspace;
  constexpr std::size_t k_group = 256;  // bounds the memory of copies
  const std::span<const Example> all = source_->held_out();
  for (std::size_t first = 0; first < all.size(); first += k_group) {
    const Arena::Frame frame(workspace.activations);
    const auto [states, offsets] =
        hidden_->gather(all.subspan(first, std::min(k_group, all.size() - first)), workspace.activations);
    const std::size_t rows = head_rows(head, offsets), before = logits.size();
    logits.resize(before + rows * labels_.outputs);
    run_head<float>(model, 0, {&logits[before], rows, labels_.outputs}, states, offsets, {}, workspace);
  }
  return logits;
}

double HeldOutTexts::loss(const Model<float>& model, Executor& executor) const {
  const std::vector<float> logits = logits_of(model, executor);
  const HeadLoss loss = model.spec().heads.front().loss;
  const std::size_t outputs = labels_.outputs, rows = logits.size() / outputs;
  judgements_ = text_judgements(examples_, loss, logits, outputs);
  figures_ = judge_held_out(examples_, judgements_);
  const std::span<const float> labels = std::span(labels_.values).last(rows * outputs);
  std::vector<std::uint32_t> known;
  for (std::size_t row = 0; row < rows; ++row)
    if (is_known(loss, labels.subspan(row * outputs, outputs))) known.push_back(static_cast<std::uint32_t>(row));
  std::vector<float> gradient(logits.size());
  Arena scratch;
  figures_.loss = label_loss<float>(*model.context().kernels, loss, loss_, {gradient.data(), rows, outputs},
                                    {logits.data(), rows, outputs}, {labels.data(), rows, outputs}, known, 0, scratch) /
                  static_cast<double>(std::max<std::size_t>(1, known.size()));
  ++validations_;
  return smaller_is_better(metric_) ? figures_.value(metric_) : 1 - figures_.value(metric_);
}

double HeldOutTexts::temperature(const Model<float>& model, Executor& executor) const {
  const HeadLoss loss = model.spec().heads.front().loss;
  const std::size_t outputs = labels_.outputs;
  if (loss == HeadLoss::squared_error) return 1;
  if (loss == HeadLoss::binary && (outputs > 1 || examples_.classes.size() == 1))
    return 1;  // each output would have one of its own
  const std::vector<float> logits = logits_of(model, executor);
  const std::span<const std::size_t> targets = examples_.held_out_targets();
  std::vector<float> known;
  std::vector<std::size_t> classes;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (targets[row] == k_unknown_class) continue;
    classes.push_back(targets[row]);
    for (std::size_t c = 0; c < outputs; ++c) known.push_back(logits[row * outputs + c]);
  }
  return fit_temperature(loss, known, classes);
}

}  // namespace v0
}  // namespace seqguard
