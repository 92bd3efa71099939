#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/evaluate_print.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "cli/repair_flags.hpp"
#include "core/secret_hash.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/evaluation/scores_file.hpp"
#include "seqguard/evaluation/truth.hpp"

namespace seqguard::cli {
namespace {

/// Which of the three forms was asked for.
enum class Form { labelled, two_files, scores };

Form form_of(const EvaluateOptions& o) {
  const bool labelled = !o.input.path.empty() || !o.labels.empty(),
             two_files = !o.normal.empty() || !o.abnormal.empty();
  const bool scores = !o.scores.empty();
  const std::string forms =
      "evaluate: expected --input with --labels, or --normal with --abnormal (each with --model), or --scores";
  if ((labelled ? 1 : 0) + (two_files ? 1 : 0) + (scores ? 1 : 0) != 1) throw UsageError(forms);
  if (labelled && (o.input.path.empty() || o.labels.empty())) throw UsageError(forms);
  if (two_files && (o.normal.empty() || o.abnormal.empty())) throw UsageError(forms);
  if (scores != o.model.empty()) throw UsageError(scores ? "evaluate: --scores needs no --model" : forms);
  if (!o.clean.empty() && !labelled) throw UsageError("evaluate: --clean needs --input and --labels");
  return labelled ? Form::labelled : two_files ? Form::two_files : Form::scores;
}

/// Values of the primary column of a sequence.
Values values_of(const Dataset& data, std::size_t s) {
  const EventsView view = data.view(s);
  Values result;
  for (std::size_t i = 0; i < view.n; ++i) result.push_back(view.columns[data.primary()].text(i));
  return result;
}

/// Clean twins by key, or by line where there are no keys.
class Twins {
 public:
  explicit Twins(const Dataset& clean) : clean_(clean) {
    for (std::size_t s = 0; s < clean.sequences().size(); ++s) index_.emplace(name(clean, s), s);
  }
  /// The number of the twin. @throws Error bad_format if there is none.
  std::size_t of(const Dataset& data, std::size_t s) const {
    const auto found = index_.find(name(data, s));
    if (found == index_.end())
      fail(ErrorCode::bad_format, clean_.rejected().file, "has no clean twin of " + sequence_name(data, s));
    return found->second;
  }

 private:
  static std::string name(const Dataset& data, std::size_t s) {
    const DataSequence& sequence = data.sequences()[s];
    return data.key_column().empty() ? std::to_string(sequence.line) : std::string(sequence.key);
  }
  const Dataset& clean_;
  std::unordered_map<std::string, std::size_t, SecretHash> index_;
};

std::vector<RepairMetrics> evaluate_repairs(const EvaluateOptions& options, const SequenceScorer& scorer,
                                            const Dataset& data, const Truth& truth, Executor& executor,
                                            ProgressBar& bar) {
  InputOptions input = options.input;
  input.path = options.clean;
  const Dataset clean = read_input(input, *scorer.schema());
  const Twins twins(clean);
  RepairOptions how = repair_options(options.repair);
  how.judge = false;  // nobody looks at the scores
  const std::vector<Repair> repairs = repair_dataset(scorer, data, how, executor, bar.sink());
  warn_without_gate(
      static_cast<std::size_t>(std::count_if(
          repairs.begin(), repairs.end(), [](const Repair& repair) { return repair.result == RepairResult::no_gate; })),
      scorer, options.repair);
  std::vector<RepairMetrics> each(repairs.size());
  executor.run(repairs.size(), [&](std::size_t s, std::size_t) {
    const std::size_t twin = twins.of(data, s);
    each[s] = measure_repair(values_of(data, s), values_of(clean, twin), repairs[s].edits, data.view(s).time_ms,
                             clean.view(twin).time_ms);
  });
  RepairMetrics all;
  all.kind = "all";
  std::map<std::string, RepairMetrics> kinds;
  for (std::size_t s = 0; s < each.size(); ++s) {
    all.add(each[s]);
    kinds[truth.kinds[s].empty() ? "(normal)" : truth.kinds[s]].add(each[s]);
  }
  std::vector<RepairMetrics> result{all};
  for (auto& [kind, metrics] : kinds) {
    metrics.kind = kind;
    result.push_back(metrics);
  }
  return result;
}

/// --input with --labels.
int evaluate_labelled(const EvaluateOptions& options, Evaluation& evaluation) {
  const SequenceScorer scorer = load_scorer(options.model, options.common);
  if (!options.clean.empty()) require_repair(scorer, options.model);
  const Dataset data = read_input(options.input, *scorer.schema(), {.findings = &evaluation.findings});
  const Truth truth = read_truth(options.labels, data);
  const auto executor = executor_for(options.common);
  ProgressBar bar(options.common.quiet);
  const auto scores = judge_dataset(scorer, data, {.masked_if_anomalous = true}, *executor, bar.sink());
  std::vector<JudgedSequence> judged;
  for (std::size_t s = 0; s < scores.size(); ++s)
    judged.push_back({scores[s].value, scores[s].is_anomaly, truth.kinds[s]});
  evaluation.sequences = measure_sequences(judged);
  if (!truth.events.empty()) evaluation.events = measure_events(scores, truth.events);
  if (!options.clean.empty()) evaluation.repairs = evaluate_repairs(options, scorer, data, truth, *executor, bar);
  return exit_code_for(data);
}

/// --normal and --abnormal.
int evaluate_two_files(const EvaluateOptions& options, Evaluation& evaluation) {
  if (options.normal == "-" && options.abnormal == "-") throw UsageError("evaluate: only one file can come from stdin");
  const SequenceScorer scorer = load_scorer(options.model, options.common);
  const auto executor = executor_for(options.common);
  ProgressBar bar(options.common.quiet);
  std::vector<JudgedSequence> judged;
  int exit_code = k_done;
  for (const bool abnormal : {false, true}) {
    InputOptions input = options.input;
    input.path = abnormal ? options.abnormal : options.normal;
    const Dataset data =
        read_input(input, *scorer.schema(), {.may_differ = abnormal, .findings = &evaluation.findings});
    for (const Score& score : judge_dataset(scorer, data, {}, *executor, bar.sink()))
      judged.push_back({score.value, score.is_anomaly, abnormal ? "abnormal" : ""});
    exit_code = std::max(exit_code, exit_code_for(data));
  }
  evaluation.sequences = measure_sequences(judged);
  return exit_code;
}

/// --scores.
int evaluate_scores(const EvaluateOptions& options, Evaluation& evaluation) {
  const std::vector<ScoredLine> lines = read_scores(options.scores);
  std::vector<JudgedSequence> judged;
  for (const ScoredLine& line : lines) judged.push_back({line.score, line.is_anomaly, line.kind});
  evaluation.sequences = measure_sequences(judged);
  return k_done;
}

}  // namespace

int run(const EvaluateOptions& options) {
  const Form form = form_of(options);
  require_writable_file(options.common.json);
  Evaluation evaluation;
  const int exit_code = form == Form::labelled    ? evaluate_labelled(options, evaluation)
                        : form == Form::two_files ? evaluate_two_files(options, evaluation)
                                                  : evaluate_scores(options, evaluation);
  remember_interrupts();
  say(options.common.quiet, to_text(evaluation));
  if (!options.common.json.empty()) write_output(options.common.json, to_json(evaluation));
  return exit_code;
}

}  // namespace seqguard::cli
