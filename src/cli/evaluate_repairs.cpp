#include "cli/evaluate_repairs.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "cli/console.hpp"
#include "cli/read_input.hpp"
#include "cli/repair_flags.hpp"
#include "core/secret_hash.hpp"
#include "events/sequence_name.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"

namespace seqguard::cli {
namespace {

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

}  // namespace

std::vector<RepairMetrics> evaluate_repairs(const EvaluateOptions& options, const SequenceScorer& scorer,
                                            const Dataset& data, const Truth& truth, Executor& executor,
                                            ProgressBar& bar) {
  InputOptions input = options.input;
  input.paths = {options.clean};
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

}  // namespace seqguard::cli
