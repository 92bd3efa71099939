#include <cmath>
#include <optional>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/inspect.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"

namespace seqguard::cli {
namespace {

constexpr std::size_t k_top_values = 8;

/// "min 1, median 12, 90 % 40, max 300".
std::string quantiles(const Distribution& d) {
  if (d.count == 0) return "none";
  const auto text = [](double value) { return fixed(value, value == std::floor(value) ? 0 : 2); };
  return "min " + text(d.min) + ", median " + text(d.median) + ", 90 % " + text(d.p90) + ", max " + text(d.max);
}

void describe_column(const ColumnFacts& column, Facts& facts) {
  facts.section("column " + column.name);
  facts.add("kind", std::string(to_string(column.kind)) + (column.is_primary ? " (judged)" : ""));
  if (column.numbers) {
    facts.add("missing", column.missing, with_commas(column.missing));
    return facts.add("values", quantiles(*column.numbers));
  }
  facts.add("distinct", column.distinct, with_commas(column.distinct));
  facts.add("empty", column.missing, with_commas(column.missing));
  std::string text;
  for (std::size_t i = 0; i < std::min(k_top_values, column.top.size()); ++i)
    text += (i > 0 ? ", " : "") + column.top[i].value + " (" + with_commas(column.top[i].count) + ")";
  facts.add("most frequent", text);
}

void describe_times(const TimeFacts& time, Facts& facts) {
  facts.section("time " + time.column);
  facts.add("unit", time.unit);
  facts.add("unknown", time.unknown, with_commas(time.unknown));
  facts.add("backwards", time.backwards, counted(time.backwards, "event") + " earlier than the one before");
  facts.add("gaps in seconds", quantiles(time.gaps));
}

void describe_exploration(const Exploration& e, Facts& facts) {
  facts.section("data");
  for (const auto& [name, value] : e.reading) facts.add(name, value);
  facts.add("sequences", e.sequences, with_commas(e.sequences));
  facts.add("events", e.events, with_commas(e.events));
  facts.add("rejected rows", e.rejected.count, with_commas(e.rejected.count));
  facts.add("repeated sequences", e.repeated_sequences,
            with_commas(e.repeated_sequences) + (e.repeated_sequences == 1 ? " equals" : " equal") + " an earlier one");
  facts.add("repeated events", e.repeated_events,
            with_commas(e.repeated_events) + (e.repeated_events == 1 ? " equals" : " equal") + " the one before");
  facts.add("lengths", quantiles(e.lengths));
  if (!e.key_column.empty()) facts.add("key", e.key_column);
  if (!e.order_column.empty()) facts.add("order", e.order_column);
  std::string ignored;
  for (const std::string& column : e.ignored) ignored += (ignored.empty() ? "" : ", ") + column;
  if (!ignored.empty()) facts.add("not used", ignored);
  for (const ColumnFacts& column : e.columns) describe_column(column, facts);
  if (e.time) describe_times(*e.time, facts);
}

void describe_judged(const JudgedData& judged, Facts& facts) {
  facts.section("judged");
  facts.add("model", judged.model);
  facts.add("abnormal", judged.abnormal, with_commas(judged.abnormal));
  facts.add("target fpr", judged.target_fpr, percent(judged.target_fpr) + " of normal sequences");
  facts.add("threshold", judged.threshold, "score " + fixed(judged.threshold, 3));
}

/// The model's schema names the columns.
void refuse_table_flags(const InputOptions& input, const TableOptions& table) {
  std::string names;
  for (const auto& [name, is_given] : {std::pair{"--key", !table.key.empty()},
                                       {"--order", !table.order.empty()},
                                       {"--time", !table.time.empty()},
                                       {"--columns", !input.columns.empty() && !input.no_header}})
    if (is_given) names += (names.empty() ? "" : ", ") + std::string(name);
  if (!names.empty())
    throw UsageError("inspect: " + names + ": without effect with --model, whose schema names the columns");
}

}  // namespace

int describe_data(const InspectOptions& options, Facts& facts) {
  std::optional<SequenceScorer> scorer;
  if (!options.model.empty()) {
    refuse_table_flags(options.input, options.table);
    scorer = load_scorer(options.model, options.common);
  }
  const Dataset data = scorer ? read_input(options.input, *scorer->schema()) : read_input(options.input, options.table);
  const Exploration exploration = explore(data);
  describe_exploration(exploration, facts);
  std::optional<JudgedData> judged;
  if (scorer) {
    const auto executor = executor_for(options.common);
    ProgressBar bar(options.common.quiet);
    const bool is_shown = !options.html.empty() || !options.common.json.empty();  // cards and maps are not in the text
    const JudgeDataOptions what{.worst = is_shown ? JudgeDataOptions().worst : 0, .with_map = is_shown};
    judged = judge_data(*scorer, data, options.model, what, *executor, bar.sink());
    describe_judged(*judged, facts);
  }
  if (!options.common.json.empty()) {
    JsonWriter json;
    write_exploration(exploration, json);
    facts.attach("exploration", json);
    if (judged) {
      JsonWriter judgements;
      write_judged(*judged, judgements);
      facts.attach("judgements", judgements);
    }
  }
  remember_interrupts();
  if (!options.html.empty()) write_output(options.html, exploration_page(exploration, judged ? &*judged : nullptr));
  return exit_code_for(data);
}

}  // namespace seqguard::cli
