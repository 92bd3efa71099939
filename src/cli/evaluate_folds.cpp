#include "cli/evaluate_folds.hpp"

#include <algorithm>
#include <memory>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/read_input.hpp"
#include "events/selected_rows.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/events/event_row.hpp"
#include "seqguard/events/input_files.hpp"
#include "seqguard/events/split.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/fit.hpp"

namespace seqguard::cli {
namespace {

/// The rows of some sequences of the input.
SelectedRows select(std::unique_ptr<RowSource> rows, const Dataset& data, const std::vector<std::size_t>& selected) {
  const bool by_line = data.line_is_sequence();
  SequenceSet sequences;
  for (const std::size_t s : selected)
    if (by_line)
      sequences.lines.insert(data.sequences()[s].line);
    else
      sequences.keys.emplace(data.sequences()[s].key);
  return {std::move(rows), by_line ? std::nullopt : data.row_fields().key, std::move(sequences)};
}

/// The fold of each sequence: every one has its share of each kind.
std::vector<std::uint32_t> folds_of(const Truth& truth, std::size_t folds, std::uint64_t seed) {
  const auto normal = static_cast<std::size_t>(
      std::count_if(truth.kinds.begin(), truth.kinds.end(), [](const std::string& kind) { return kind.empty(); }));
  const std::size_t abnormal = truth.kinds.size() - normal;
  if (std::min(normal, abnormal) < folds)
    fail(ErrorCode::invalid_argument, "--folds", "sequences of each group", std::to_string(folds) + " at least",
         std::to_string(normal) + " normal, " + std::to_string(abnormal) + " abnormal");
  return deal(truth.kinds, std::vector<double>(folds, 1.0), seed);
}

/// The columns of `data` again, by name: no part of it is to infer others.
ReadOptions same_columns(const Dataset& data) {
  if (data.format() == DataFormat::lines) return {.cleaning = to_string(data.reading().cleaning)};
  ReadOptions options{.key = data.key_column(), .order = data.order_column(), .time = data.time_column()};
  give_reading(data, options);
  options.cleaning = to_string(data.reading().cleaning);
  options.columns.push_back({data.columns()[data.primary()].name, ColumnKind::categorical});
  for (std::size_t c = 0; c < data.columns().size(); ++c)
    if (c != data.primary()) options.columns.push_back({data.columns()[c].name, data.columns()[c].kind});
  return options;
}

Dataset read_part(const EvaluateOptions& options, const Dataset& data, const std::vector<std::size_t>& selected,
                  const ReadOptions& how) {
  ReadOptions form = read_options(options.input);
  form.format = data.format();
  form.schema = how.schema;
  SelectedRows rows = select(open_row_files(input_files(options.input.paths), form), data, selected);
  Dataset part = read_events(rows, how);
  if (part.sequences().size() != selected.size())
    fail(ErrorCode::bad_format, input_name(options.input), "changed while it was read",
         std::to_string(selected.size()) + " sequences", std::to_string(part.sequences().size()));
  return part;
}

/// The truth about some of the sequences.
Truth truth_of(const Truth& truth, const Dataset& data, const std::vector<std::size_t>& selected) {
  Truth part;
  for (const std::size_t s : selected) {
    part.kinds.push_back(truth.kinds[s]);
    if (truth.events.empty()) continue;
    const auto first = truth.events.begin() + static_cast<std::ptrdiff_t>(data.sequences()[s].first);
    part.events.insert(part.events.end(), first, first + static_cast<std::ptrdiff_t>(data.sequences()[s].count));
  }
  return part;
}

FitOptions fit_options(const EvaluateOptions& options) {
  FitOptions fit_with;
  fit_with.epochs = options.epochs;
  if (options.target_fpr) fit_with.target_fpr = *options.target_fpr;
  fit_with.seed = options.common.seed;
  fit_with.repair = false;  // nothing is repaired here
  fit_with.compute = load_options(options.common);
  return fit_with;
}

}  // namespace

int evaluate_folds(const EvaluateOptions& options, EvaluationReport& report, JudgedSequences& judged, bool with_cards) {
  if (options.input.is_stdin())
    throw UsageError("evaluate: --folds reads the input again for each fold: give a file, not -");
  const Dataset data = read_input(options.input, options.table);
  report.findings.assign(data.findings().begin(), data.findings().end());
  const Truth truth = read_truth(options.labels, data);
  const std::vector<std::uint32_t> fold = folds_of(truth, *options.folds, options.common.seed);
  const FitOptions fit_with = fit_options(options);
  report.target_fpr = fit_with.target_fpr;
  const ReadOptions columns = same_columns(data);
  const auto executor = executor_for(options.common);
  for (std::size_t k = 0; k < *options.folds; ++k) {
    std::vector<std::size_t> learn, held;
    for (std::size_t s = 0; s < fold.size(); ++s)
      if (fold[s] == k)
        held.push_back(s);
      else if (truth.kinds[s].empty())
        learn.push_back(s);
    ProgressBar bar(options.common.quiet);
    say(options.common.quiet, "fold " + std::to_string(k + 1) + " of " + std::to_string(*options.folds) +
                                  ": learns from " + counted(learn.size(), "normal sequence") + ", judges " +
                                  with_commas(held.size()));
    const SequenceScorer scorer(
        fit(read_part(options, data, learn, columns), fit_with, nullptr, *executor, bar.sink()));
    const Dataset part = read_part(options, data, held, {.schema = scorer.schema().get()});
    const auto scores = judge_dataset(scorer, part, {}, *executor, bar.sink());
    const Truth of_part = truth_of(truth, data, held);
    if (!of_part.events.empty() && of_part.events.size() != part.events())
      fail(ErrorCode::bad_format, input_name(options.input),
           "events of a fold: bounds of outliers that are those of its fit leave out others than those of the whole",
           std::to_string(of_part.events.size()), std::to_string(part.events()));
    judged.add(scorer, part, scores, of_part, with_cards);
    report.folds.push_back({learn.size(), judged.measure_new().all});
  }
  report.model = counted(*options.folds, "model") + ", each on sequences that it has not seen";
  return exit_code_for(data);
}

}  // namespace seqguard::cli
