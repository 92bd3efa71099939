#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/explain_output.hpp"
#include "cli/input_parts.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "cli/show_worst.hpp"
#include "core/json_writer.hpp"
#include "events/row_spill.hpp"
#include "seqguard/detection/stream_drift.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/report/exploration_report.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/damage_signs.hpp"

namespace seqguard::cli {
namespace {

/// "NAME": probability of each class.
void write_probabilities(std::span<const std::string> classes, std::span<const double> probabilities,
                         JsonWriter& json) {
  json.key("probabilities").begin_object();
  for (std::size_t c = 0; c < classes.size(); ++c) json.field(classes[c], probabilities[c]);
  json.end_object();
}

/// Of an abnormal sequence: the events that labels of events call more probably abnormal than not, in their order.
void write_labelled_events(const Score& score, std::span<const std::string> classes, JsonWriter& json) {
  const std::span<const double> all = score.event_probabilities;
  json.key("labelled_events").begin_array();
  for (std::size_t i = 0; i * classes.size() < all.size(); ++i) {
    const std::span<const double> event = all.subspan(i * classes.size(), classes.size());
    if (1 - event[0] < 0.5) continue;
    const auto most = std::max_element(event.begin() + 1, event.end()) - event.begin();
    json.begin_object().field("position", i).field("class", classes[static_cast<std::size_t>(most)]);
    json.field("probability", 1 - event[0]).end_object();
  }
  json.end_array();
}

void write_events(const SequenceScorer& scorer, const EventsView& events, const Score& score, std::size_t count,
                  SequenceScorer::Scratch& scratch, JsonWriter& json) {
  std::vector<std::size_t> all(count > 0 ? score.events.size() : 0);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto expected = scorer.expected(events, all, count, scratch);
  json.key("events").begin_array();
  for (std::size_t i = 0; i < score.events.size(); ++i) {
    json.begin_object().field("position", i);
    json.field("score", score.events[i].value).field("p_value", score.events[i].p_value);
    json.key("expected").begin_array();
    if (count > 0)
      for (const Candidate& candidate : expected[i])
        json.begin_array().value(candidate.value).value(candidate.probability).end_array();
    json.end_array();
    const std::span<const std::string> classes = scorer.classes();
    if (!score.event_probabilities.empty())
      write_probabilities(classes, std::span(score.event_probabilities).subspan(i * classes.size(), classes.size()),
                          json);
    json.end_object();
  }
  json.end_array();
}

void write_score(const Dataset& data, std::size_t s, const Score& score, std::span<const std::string> classes,
                 JsonWriter& json) {
  const DataSequence& sequence = data.sequences()[s];
  json.key("key");
  if (sequence.key.empty())
    json.null();
  else
    json.value(sequence.key);
  write_place(data, sequence.line, json);
  json.field("n_events", sequence.count).field("score", score.value);
  json.field("p_value", score.p_value).field("p_conformal", score.p_conformal);
  json.field("is_anomaly", score.is_anomaly).field("worst", score.worst).field("worst_by", to_string(score.worst_by));
  json.field("view", score.view);
  if (!data.profile_key_column().empty())
    json.field("profile_key", sequence.profile_key).field("has_profile", score.has_profile);
  if (classes.empty()) return;
  write_probabilities(classes, score.probabilities, json);
  if (score.is_anomaly && !score.event_probabilities.empty()) write_labelled_events(score, classes, json);
}

/// What a repair would see in an abnormal sequence, as a reason beside the verdict.
void write_signs(const SequenceScorer& scorer, const EventsView& events, SequenceScorer::Scratch& scratch,
                 JsonWriter& json) {
  const Repair repair = scorer.repair(events, scratch, {.judge = false});
  json.key("damage").values(damage_signs(repair, events, scorer.schema()->primary).in_words());
}

/// What remains of each sequence after its line was written.
struct Summary {
  double value = 0, p_value = 1;
  bool is_anomaly = false, has_profile = false;
};

/// Lines of sequences in the order of the input. Those of one part are handed on at once; those of several wait for
/// each other, where their rows do.
class ScoreLines {
 public:
  ScoreLines(Output& output, const InputOptions& input, std::size_t parts) : output_(output) {
    if (parts > 1) waiting_.emplace(input.temp, parts, RowSpill::Limits{.most_in_memory = input.memory / 16});
  }
  void write(std::uint64_t line, std::string_view text) {
    if (!waiting_) return output_.write(text);
    row_.line = line;
    row_.fields.assign(1, text);
    waiting_->add(part_, row_);
  }
  void end_part() { ++part_; }
  void finish() {
    if (!waiting_) return;
    waiting_->finish();
    std::vector<std::size_t> all(waiting_->groups());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const auto lines = waiting_->rows(all, {});
    while (lines->next(row_)) output_.write(row_.fields[0]);
  }

 private:
  Output& output_;
  std::optional<RowSpill> waiting_;
  std::size_t part_ = 0;
  SourceRow row_;
};

std::vector<std::size_t> highest(const std::vector<Summary>& summaries, std::size_t count) {
  std::vector<std::size_t> order(summaries.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return summaries[a].value > summaries[b].value; });
  order.resize(std::min(count, order.size()));
  return order;
}

/// The judgements of all parts.
struct Judged {
  std::vector<Summary> summaries;
  /// The most abnormal sequences, the first one most: as many as anybody asks for.
  struct Worst {
    double value = 0;
    SequenceName name;
  };
  std::vector<Worst> worst;

  std::size_t flagged() const {
    return static_cast<std::size_t>(
        std::count_if(summaries.begin(), summaries.end(), [](const Summary& s) { return s.is_anomaly; }));
  }
  /// Takes in the sequences of a part, of which `most` are the worst.
  void add(const Dataset& data, const std::vector<Summary>& of_part, std::size_t most) {
    summaries.insert(summaries.end(), of_part.begin(), of_part.end());
    for (const std::size_t s : highest(of_part, most))
      worst.push_back({of_part[s].value, {std::string(data.sequences()[s].key), data.sequences()[s].line}});
    std::stable_sort(worst.begin(), worst.end(), [](const Worst& a, const Worst& b) {
      return a.value != b.value ? a.value > b.value : a.name.line < b.name.line;
    });
    worst.resize(std::min(most, worst.size()));
  }
  std::vector<SequenceName> worst_names(std::size_t count) const {
    std::vector<SequenceName> names;
    for (std::size_t i = 0; i < std::min(count, worst.size()); ++i) names.push_back(worst[i].name);
    return names;
  }
};

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
  for (const Summary& summary : all.summaries) {
    judged.scores.push_back(summary.value);
    judged.p_values.push_back(summary.p_value);
    judged.is_anomaly.push_back(summary.is_anomaly ? 1 : 0);
  }
  judged.abnormal = all.flagged();
  const PickedSequences worst = input.pick(all.worst_names(cards_of(options)));
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
  const std::size_t without_profile = count_without_profile(judged.summaries, scorer, quiet);
  std::optional<StreamDrift> drift;
  if (options.drift) drift = drift_of(judged.summaries, scorer);
  if (drift) describe_drift(*drift, quiet);
  if (shown > 0) {
    const PickedSequences worst = input.pick(judged.worst_names(shown));
    if (options.explain)
      show_explained(scorer, worst.data(), worst.sequences, explain, shown_normals, all);
    else
      show_worst(scorer, worst.data(), worst.sequences, all);
  }
  if (!options.common.json.empty()) {
    JsonWriter json;
    json.begin_object().field("sequences", input.sequences()).field("events", input.events());
    json.field("abnormal", judged.flagged()).field("rejected_rows", input.rejected_rows());
    if (scorer.model()->profiles) json.field("without_profile", without_profile);
    write_findings(input.findings(), json);
    if (drift) write_drift(*drift, json);
    json.end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return input.rejected_rows() > 0 ? k_rows_rejected : k_done;
}

}  // namespace seqguard::cli
