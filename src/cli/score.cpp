#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/explain_output.hpp"
#include "cli/input_parts.hpp"
#include "cli/interrupt.hpp"
#include "cli/judged_parts.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "cli/score_json.hpp"
#include "cli/show_worst.hpp"
#include "core/json_writer.hpp"
#include "seqguard/detection/stream_drift.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/report/exploration_report.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard::cli {
namespace {

/// What explanations compare with: --normals.
struct Normals {
  Dataset data;
  EncodedData encoded;
  Normals(const InputOptions& input, const EventSchema& schema)
      : data(read_input(input, schema, {.may_differ = true})), encoded(data, schema) {}
};

std::vector<Summary> score_part(const ScoreCommandOptions& options, const SequenceScorer& scorer, const Dataset& data,
                                const ExplainOptions& explain, const Normals* normals, Executor& executor,
                                ScoreLines& output) {
  const ScoreOptions score_with{.masked = options.per_event, .masked_if_anomalous = true};
  std::vector<Summary> summaries(data.sequences().size());
  std::vector<std::string> lines(data.sequences().size());
  ProgressBar bar(options.common.quiet);
  for_each_sequence(
      scorer, data, "score", executor, bar.sink(),
      [&](std::size_t s, SequenceScorer::Scratch& scratch) {
        Score score;
        scorer.score(data.view(s), score, scratch, score_with);
        summaries[s] = {score.value, score.p_value, score.is_anomaly, score.has_profile};
        JsonWriter json;
        json.begin_object();
        write_score(data, s, score, scorer.classes(), json);
        if (score.is_anomaly && scorer.can_repair()) write_signs(scorer, data.view(s), scratch, json);
        if (options.per_event) write_events(scorer, data.view(s), score, options.expected, scratch, json);
        if (options.explain && (score.is_anomaly || options.explain_all))
          write_explanation(scorer.explain(data.view(s), scratch, explain),
                            normals != nullptr ? &normals->data : nullptr, json);
        json.end_object().end_line();
        lines[s] = json.text();
      },
      [&](std::size_t first, std::size_t count) {
        for (std::size_t s = first; s < first + count; ++s)
          output.write(data.sequences()[s].line, std::exchange(lines[s], {}));
      });
  output.end_part();
  return summaries;
}

/// So many cards at most stand in a page: 2 kB each, below 1 MB.
constexpr std::size_t k_cards = 20, k_most_cards = 500;

std::size_t cards_of(const ScoreCommandOptions& options) {
  return options.html.empty() ? 0 : options.top > 0 ? std::min(options.top, k_most_cards) : k_cards;
}

/// --html: what was judged anyway, and the most abnormal sequences as cards.
std::string page_of(const ScoreCommandOptions& options, const SequenceScorer& scorer, const InputParts& input,
                    const Judged& all) {
  JudgedData judged;
  judged.model = options.model;
  judged.target_fpr = scorer.target_fpr();
  judged.threshold = scorer.model()->detector.calibration().combined().threshold(judged.target_fpr);
  for (const Summary& summary : all.summaries()) {
    judged.scores.push_back(summary.value);
    judged.p_values.push_back(summary.p_value);
    judged.is_anomaly.push_back(summary.is_anomaly ? 1 : 0);
  }
  judged.abnormal = all.flagged();
  const PickedSequences worst = input.pick(all.worst(cards_of(options)));
  judged.worst = make_cards(scorer, worst.data(), worst.sequences);
  return worst_page(judged, input.file(), input.events());
}

/// Of a model with profiles: who is judged without one.
std::size_t count_without_profile(const std::vector<Summary>& summaries, const SequenceScorer& scorer, bool quiet) {
  if (!scorer.model()->profiles) return 0;
  const auto without = static_cast<std::size_t>(
      std::count_if(summaries.begin(), summaries.end(), [](const Summary& s) { return !s.has_profile; }));
  if (without > 0)
    say(quiet,
        counted(without, "sequence") + " of keys that have no profile, or fewer than " +
            std::to_string(k_least_key_normals) +
            " sequences in it, judged by the population alone; `seqguard profiles --input FILE` adds normal ones");
  return without;
}

StreamDrift drift_of(const std::vector<Summary>& summaries, const SequenceScorer& scorer) {
  std::vector<double> p_values;
  for (const Summary& summary : summaries) p_values.push_back(summary.p_value);
  return stream_drift(p_values, scorer.model()->detector.calibration().normals());
}

void describe_drift(const StreamDrift& drift, bool quiet) {
  std::string text = "drift: ";
  for (const DriftLevel& level : drift.levels)
    text += percent(level.share) + " of the p-values are at most " + fixed(level.level, 2) +
            " (of normal traffic up to " + percent(level.most) + "), ";
  say(quiet, text + (drift.has_drifted() ? "too many" : "none too many"));
  if (drift.has_drifted())
    warn(
        "drift: the input looks more abnormal than the normals that calibrated the model: anomalies, or traffic that "
        "has moved; then false alarms exceed the target until `seqguard recalibrate` or a new fit on recent traffic");
}

void write_drift(const StreamDrift& drift, JsonWriter& json) {
  json.key("drift").begin_object().field("has_drifted", drift.has_drifted()).key("levels").begin_array();
  for (const DriftLevel& level : drift.levels)
    json.begin_object()
        .field("p_value", level.level)
        .field("share", level.share)
        .field("most", level.most)
        .end_object();
  json.end_array().end_object();
}

void write_summary(const std::string& path, const InputParts& input, const Judged& judged, bool has_profiles,
                   std::size_t without_profile, const std::optional<StreamDrift>& drift) {
  JsonWriter json;
  json.begin_object().field("sequences", input.sequences()).field("events", input.events());
  json.field("abnormal", judged.flagged()).field("rejected_rows", input.rejected_rows());
  if (has_profiles) json.field("without_profile", without_profile);
  write_findings(input.findings(), json);
  if (drift) write_drift(*drift, json);
  json.end_object().end_line();
  write_output(path, json.text());
}

/// How many sequences are shown on stderr; with --html and --quiet the page shows them.
std::size_t shown_of(const ScoreCommandOptions& options) {
  constexpr std::size_t k_explained = 3;  // where --top does not say
  if (!options.html.empty() && options.common.quiet) return 0;
  return options.top > 0 ? options.top : options.explain && !options.common.quiet ? k_explained : 0;
}

}  // namespace

int run(const ScoreCommandOptions& options) {
  if (options.output == "-" && options.common.json == "-")
    throw UsageError("score: --json - and the scores cannot both go to stdout; give one of them a file");
  if (options.html == "-" && (options.output == "-" || options.common.json == "-"))
    throw UsageError("score: --html - and other output cannot both go to stdout; give one of them a file");
  const bool quiet = options.common.quiet;
  require_writable_file(options.output);
  require_writable_file(options.html);
  require_writable_file(options.common.json);
  const SequenceScorer scorer = load_scorer(options.model, options.common);
  InputParts input(options.input, *scorer.schema());
  std::optional<Normals> normals;
  if (!options.normals.empty()) {
    InputOptions of_normals = options.input;
    of_normals.paths = {options.normals};
    of_normals.format.clear();
    normals.emplace(of_normals, *scorer.schema());
  }
  ExplainOptions explain;
  if (normals) explain.normals = &normals->encoded;
  const Dataset* const shown_normals = normals ? &normals->data : nullptr;
  const std::size_t shown = shown_of(options);
  remember_interrupts();
  if (input.size() > 1)
    say(quiet, input_name(options.input) + ": more than --memory holds, so judged in " + std::to_string(input.size()) +
                   " parts");
  Output output(options.output);
  ScoreLines lines(output, options.input, input.size());
  const auto executor = executor_for(options.common);
  Judged judged;
  input.for_each([&](const Dataset& part) {
    judged.add(part, score_part(options, scorer, part, explain, normals ? &*normals : nullptr, *executor, lines),
               std::max(shown, cards_of(options)));
  });
  lines.finish();
  output.commit();
  if (!options.html.empty()) write_output(options.html, page_of(options, scorer, input, judged));
  const std::string all = counted(input.sequences(), "sequence") + ", " + counted(input.events(), "event");
  say(quiet, "judged " + all + ": " + with_commas(judged.flagged()) +
                 " abnormal (expected of normal traffic: " + percent(scorer.target_fpr()) + ")");
  const std::size_t without_profile = count_without_profile(judged.summaries(), scorer, quiet);
  std::optional<StreamDrift> drift;
  if (options.drift) drift = drift_of(judged.summaries(), scorer);
  if (drift) describe_drift(*drift, quiet);
  if (shown > 0) {
    const PickedSequences worst = input.pick(judged.worst(shown));
    if (options.explain)
      show_explained(scorer, worst.data(), worst.sequences, explain, shown_normals, all);
    else
      show_worst(scorer, worst.data(), worst.sequences, all);
  }
  if (!options.common.json.empty())
    write_summary(options.common.json, input, judged, scorer.model()->profiles != nullptr, without_profile, drift);
  return input.rejected_rows() > 0 ? k_rows_rejected : k_done;
}

}  // namespace seqguard::cli
