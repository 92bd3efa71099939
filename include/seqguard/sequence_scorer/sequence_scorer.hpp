// THE interface: load a model of behaviour, score sequences of events, repair them. Texts: text_model.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/item_status.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/core/load_report.hpp"
#include "seqguard/events/edit_operation.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

struct BehaviourModel;
struct Explanation;
struct ExplainOptions;

/// What an event is surprising to.
enum class SurpriseKind {
  next,    ///< to one who knows what came before it
  masked,  ///< to one who knows what stands on both sides
  labels,  ///< of Score::worst_by: labels of events call one more probably abnormal than not
};
/// "next", "masked", "labels".
std::string_view to_string(SurpriseKind kind) noexcept;

/// One event of a judged sequence.
struct EventScore {
  double value = 0;    ///< surprise in nats, higher = more abnormal; of both sides where ScoreOptions ask for it
  double p_value = 1;  ///< share of the events of held-out normals that are as surprising; 1 where not calibrated
};

/// A judged sequence. It owns what it shows; reused as an output it keeps its capacity.
struct Score {
  double value = 0;         ///< combined level of all views of the recipe, higher = more abnormal
  double p_value = 1;       ///< TailCalibration with the cautious rule, on the calibration normals; decides
  double p_conformal = 1;   ///< rank among the calibration normals; tail_calibration.hpp: where they differ
  bool is_anomaly = false;  ///< p_value < the target false-positive rate of the model
  std::size_t worst = 0;    ///< the event with the largest value, or the one that labels call most probably abnormal
  SurpriseKind worst_by = SurpriseKind::next;  ///< what chose it
  std::string view;                            ///< the view of the recipe that contributes most, e.g. "unseen"
  std::vector<EventScore> events;
  bool has_profile = false;  ///< the key has one (update_profile()); false: the population alone judges
  /// Of a model that has learned from labels: the probability of each class of SequenceScorer::classes(), calibrated on
  /// what was not learned from; where events were labelled, those of each event too, [events, classes]. Else empty.
  std::vector<double> probabilities, event_probabilities;
};

/// A value that may stand at an event.
struct Candidate {
  std::string value;
  double probability = 0;  ///< given everything else in the sequence
};

/// How a sequence is judged.
struct ScoreOptions {
  bool masked = false;               ///< judge each event from both sides as well (about seven times the work)
  bool masked_if_anomalous = false;  ///< the same for sequences that are judged abnormal
};

/// What repair may do.
struct RepairOptions {
  /// Share of normal sequences that may be touched, in (0, 1): RepairGate::decide(). A model with fewer held-out
  /// normals than 1 / max_false_edits - 1 touches nothing.
  double max_false_edits = 0.01;
  bool only_abnormal = false;  ///< sequences that are judged normal are left alone
  /// More than six wrong events in a row are removed if the model is sure enough that they were put in, and did not
  /// overwrite others (k_sure_stretch), else reported. false: they are always only reported.
  bool strike_stretches = true;
  /// Least probability of a value that is put in, its place being right, 0 .. 1. Empty: k_sure_value where the model
  /// knows k_many_values values or more, else none.
  std::optional<double> least_probability = {};
  /// Share of normal events that may be listed as suspects (Repair::suspects), 0 .. 1; 0: none are looked for.
  double max_false_suspects = 0;
  bool judge = true;       ///< score edited sequences before and after
  std::size_t rounds = 4;  ///< passes of the edit tagger at most; each reads what the one before has edited
};

/// Another column that an edit changes, since it always holds one value beside the new primary one
/// (EventColumn::dependent_values). Of an inserted event: what is put into the column, made up.
struct FollowingColumn {
  std::size_t column = 0;     ///< of EventSchema::columns
  std::string before, after;  ///< numbers in their shortest form, missing ones as ""; no `before` of insert
};

/// One edit, in positions of the original sequence, as in EventEdit (events/edit_script.hpp).
struct Edit {
  EditOperation operation = EditOperation::replace;
  std::size_t position = 0;             ///< the event itself; of insert, the event before which the new one comes
  std::size_t rank = 0;                 ///< order of the insertions at one position
  std::string before = {}, after = {};  ///< values of the primary column, the first of several; no `before` of insert,
                                        ///< no `after` of remove; the same of set_time
  double probability = 0;  ///< of `after` given the rest; of remove, that the events are too many (their mean)
  std::vector<FollowingColumn> followed = {};  ///< columns that change with a replaced value, or that a new event gets
  std::size_t count = 1;             ///< of remove and set_time: so many events, the first of them at `position`
  std::int64_t time_ms = k_no_time;  ///< of insert: its time, made up; k_no_time: not known
  std::int64_t shift_ms = 0;         ///< of set_time: added to the times
  double gain = 0;  ///< expected reduction of the edit distance to the true sequence; of several events summed
  bool only_reported = false;  ///< a stretch that is named, but not removed (RepairOptions)
};

/// How a repair ended.
enum class RepairResult {
  untouched,      ///< nothing speaks for an edit as strongly as it must
  edited,         ///< at least one edit was made
  judged_normal,  ///< RepairOptions::only_abnormal, and it was not
  no_gate,        ///< the model has too few held-out normals for RepairOptions::max_false_edits: nothing was edited
};
/// "untouched", "edited", "judged_normal", "no_gate".
std::string_view to_string(RepairResult result) noexcept;

/// An event that no edit names and that is, in the sequence that the edits leave, more surprising beside all others
/// than RepairOptions::max_false_suspects of those of normals: where there are many values, hardly anybody can say
/// which one is right.
struct Suspect {
  std::size_t position = 0;
  std::string value;
  double p_value = 1;               ///< EventScore::p_value, judged from both sides
  std::vector<Candidate> expected;  ///< the k_suspect_values most probable values instead
};
inline constexpr std::size_t k_suspect_values = 10;

/// What was done to a sequence, and what it was worth.
struct Repair {
  RepairResult result = RepairResult::untouched;
  std::vector<Edit> edits;           ///< the script, in the order of edit_precedes()
  std::vector<Suspect> suspects;     ///< in the order of the sequence
  double largest_gain = -1;          ///< how strongly something spoke for an edit, -1 .. 1
  bool times_are_estimates = false;  ///< a stretch of times was moved: right up to the true gap at one of its ends
  /// Score::value and Score::p_value, of edited sequences under RepairOptions::judge, and of all that were looked at
  /// under only_abnormal; else 0 and 1.
  double score_before = 0, score_after = 0;
  double p_before = 1, p_after = 1;
};

/// Judges sequences of events by what was learned of normal ones.
///
///     auto scorer = seqguard::SequenceScorer::load("models/shop");
///     auto scratch = scorer.make_scratch(200);
///     seqguard::Score s;
///     scorer.score(events, s, scratch);      // no allocation, no lock once warm
///
/// Const members may be called from any number of threads at once, each with its own Scratch and Score; the result is a
/// pure function of the sequence, bit for bit, on one instruction set and matrix backend. The object is a cheap handle:
/// copies share the model. A host that learns anew assigns a new scorer in the place of the old one (guarded as any
/// variable): scratches, scores and what schema() and model() returned stay valid.
class SequenceScorer {
 public:
  /// Buffers of one thread for one model, which they keep alive. Warm after the longest sequence. With a scorer of
  /// another model they are made again for that one, in the first call, which therefore allocates.
  class Scratch {
   public:
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;
    ~Scratch();
    struct Buffers;

   private:
    friend class SequenceScorer;
    explicit Scratch(std::unique_ptr<Buffers> buffers);
    std::unique_ptr<Buffers> buffers_;
  };

  /// Opens a directory that `fit` wrote. @throws Error file_not_found, io_error, bad_checkpoint, bad_format (naming
  /// file and field), unsupported_model, unsupported_isa, unsupported: the backend, or a text checkpoint, which
  /// TextModel opens (open_model.hpp: either).
  static SequenceScorer load(const std::string& directory, const LoadOptions& options = {});
  /// @throws Error invalid_argument: null.
  explicit SequenceScorer(std::shared_ptr<const BehaviourModel> model);

  /// Buffers for sequences of up to max_events: with them a call allocates nothing from the second one on (the first
  /// gives its Score room). Longer sequences are judged too, and make them grow.
  Scratch make_scratch(std::size_t max_events) const;

  /// Judges one sequence. @throws Error bad_event: no events, columns that do not fit the schema.
  void score(const EventsView& events, Score& out, Scratch& scratch, const ScoreOptions& options = {}) const;
  void score(std::span<const std::string_view> events, Score& out, Scratch& scratch) const {
    score(OneColumn(ColumnView(events)).view(), out, scratch);
  }
  void score(std::span<const std::string> events, Score& out, Scratch& scratch) const {
    score(OneColumn(ColumnView(events)).view(), out, scratch);
  }
  /// Convenience: allocates its result and its scratch.
  Score score(const EventsView& events, const ScoreOptions& options = {}) const;
  Score score(std::span<const std::string> events) const { return score(OneColumn(ColumnView(events)).view()); }

  /// Judges many: scores[i] and status[i] of batch[i]; a bad sequence fails alone. Runs on the executor's workers.
  void score_batch(std::span<const EventsView> batch, std::span<Score> scores, std::span<ItemStatus> status,
                   Executor& executor = inline_executor(), const ScoreOptions& options = {}) const;

  /// The most probable values of the primary column at an event, that event hidden, most probable first.
  /// @throws Error out_of_range: no such event.
  std::vector<Candidate> expected(const EventsView& events, std::size_t position, std::size_t count,
                                  Scratch& scratch) const;
  /// The same at each of several events, only one hidden at a time, with the same bits: short sequences go through the
  /// network together.
  std::vector<std::vector<Candidate>> expected(const EventsView& events, std::span<const std::size_t> positions,
                                               std::size_t count, Scratch& scratch) const;

  /// The edits that bring a damaged sequence closest to what it should have been, as far as the model can tell: times
  /// out of order, repetitions where normals have none, and what its edit tagger proposes. Allocates its result; with a
  /// scratch nothing else once warm, and nothing at all where no edit is made.
  /// @throws Error as score(); unsupported: a model without a repair (can_repair()); invalid_argument: options.
  Repair repair(const EventsView& events, const RepairOptions& options = {}) const;
  Repair repair(const EventsView& events, Scratch& scratch, const RepairOptions& options = {}) const;
  Repair repair(std::span<const std::string> events) const { return repair(OneColumn(ColumnView(events)).view()); }

  /// Why the sequence is judged as it is, normal or not: sequence_scorer/explanation.hpp. A pure function of the
  /// sequence and the options; the first one that asks for attributions makes a copy of the network that can be
  /// differentiated, and keeps it in the scratch. @throws Error as score(); invalid_argument: normals of other columns.
  Explanation explain(const EventsView& events) const;
  Explanation explain(const EventsView& events, Scratch& scratch, const ExplainOptions& options) const;

  /// Adds a normal sequence to the profile of `key`, which may be new; nothing is learned anew, the thresholds stay.
  /// Copies of the scorer share the profiles, and any number of threads may update, forget and score at once.
  /// @throws Error as score(); unsupported: a model without profiles (docs/profiles.md).
  void update_profile(std::string_view key, const EventsView& normal, Scratch& scratch) const;
  /// Forgets the profile of a key; whether there was one. What fit learned of it stays: in the counts of the
  /// population, and of keys that others are compared with, SelfViews::is_in_cohort(). @throws Error unsupported.
  bool forget(std::string_view key) const;
  /// Writes the profiles in the place of those of `directory`, from which the model was loaded, complete or not at all.
  /// @throws Error io_error, unsupported; bad_checkpoint: another model is there.
  void save_profiles(const std::string& directory) const;

  /// The columns that events must have. Never null; it keeps the whole model alive, like model().
  std::shared_ptr<const EventSchema> schema() const noexcept;
  std::shared_ptr<const BehaviourModel> model() const noexcept { return model_; }
  double target_fpr() const noexcept;
  /// Whether the model has learned to repair: not if it was fitted with FitOptions::repair = false, or by a version
  /// that could not.
  bool can_repair() const noexcept;
  /// Classes of the labels that were learned, the normal one first; empty without fine_tune(). They live as long as the
  /// model.
  std::span<const std::string> classes() const noexcept;
  Isa isa() const noexcept;
  Precision precision() const noexcept;
  /// What there is to say of the load: whether it scores in another precision than it was calibrated in. It lives as
  /// long as the model.
  const LoadReport& load_report() const noexcept;

 private:
  /// The scratch's buffers, made for this model.
  Scratch::Buffers& buffers_of(Scratch& scratch) const;

  std::shared_ptr<const BehaviourModel> model_;
};

}  // namespace v0
}  // namespace seqguard
