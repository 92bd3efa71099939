// Generated data sets on which a threshold must hold: thirteen kinds of normal traffic, and three kinds of anomalies
// that novelty, repetition or order can tell. The parameters of a source follow from its seed; sequences drawn later
// are fresh normals of the same source.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/sequence_scorer/fit.hpp"

namespace seqguard {

struct GeneratedEvent {
  std::string name;
  std::int64_t gap = 1000;  ///< ms since the event before
  double price = 9.99;
};
using GeneratedSequence = std::vector<GeneratedEvent>;

/// What the sequences of a source have in common.
enum class SourceKind {
  equal,            ///< all the same
  equal_columns,    ///< the same, with equal gaps and prices
  random_columns,   ///< the same events, with random gaps and prices
  two_distinct,     ///< two sequences, one twice as often
  few_distinct,     ///< four, one of them in twenty
  duplicates,       ///< three in seven of ten, else a walk
  walks,            ///< walks over twelve events with preferred successors: all distinct
  long_walks,       ///< walks of 300 to 500 events
  constant_column,  ///< walks with one gap and one price
  single_events,    ///< one event long, of eight
  nothing_repeats,  ///< no event name ever comes again
  two_populations,  ///< walks, and in one of seven cases walks over other events
  sessions,         ///< log-in, pages, sometimes a purchase, log-out, with gaps
};
inline constexpr std::array<std::string_view, 13> k_source_names{
    "equal",      "equal_columns",   "random_columns", "two_distinct",    "few_distinct",    "duplicates", "walks",
    "long_walks", "constant_column", "single_events",  "nothing_repeats", "two_populations", "sessions"};

/// Normal traffic of one kind.
class SequenceSource {
 public:
  SequenceSource(SourceKind kind, std::uint64_t seed) : kind_(kind), walks_{Walk(seed, 'a'), Walk(seed, 'p')} {
    Random random(seed, k_templates);
    for (std::size_t i = 0; i < 4; ++i) templates_.push_back(walks_[0].draw(random, 3 + random.below(6)));
  }

  GeneratedSequence draw(Random& random) {
    switch (kind_) {
      case SourceKind::equal:
      case SourceKind::equal_columns:
        return of_names({"view", "cart", "buy"});
      case SourceKind::random_columns:
        return with_columns(of_names({"view", "cart", "buy"}), random);
      case SourceKind::two_distinct:
        return templates_[random.below(3) == 0 ? 1 : 0];
      case SourceKind::few_distinct:
        return templates_[pick(random, {.5, .3, .15, .05})];
      case SourceKind::duplicates:
        return random.uniform() < .7 ? templates_[random.below(3)] : walk(0, random, 5, 30);
      case SourceKind::walks:
      case SourceKind::constant_column:
        return walk(0, random, 5, 30);
      case SourceKind::long_walks:
        return walk(0, random, 300, 500);
      case SourceKind::single_events:
        return of_names({"page" + std::to_string(pick(random, {.4, .2, .12, .1, .08, .05, .03, .02}))});
      case SourceKind::nothing_repeats:
        return unique(4 + random.below(8));
      case SourceKind::two_populations:
        return walk(random.below(7) == 0 ? 1 : 0, random, 5, 30);
      case SourceKind::sessions:
        return session(random);
    }
    return {};
  }

  bool has_columns() const {
    return kind_ == SourceKind::equal_columns || kind_ == SourceKind::random_columns ||
           kind_ == SourceKind::constant_column || kind_ == SourceKind::sessions;
  }
  /// Whether most sequences differ from each other.
  bool is_varied() const {
    return kind_ != SourceKind::equal && kind_ != SourceKind::equal_columns && kind_ != SourceKind::two_distinct &&
           kind_ != SourceKind::few_distinct && kind_ != SourceKind::single_events;
  }
  bool novelty_tells() const { return kind_ != SourceKind::nothing_repeats; }
  bool order_tells() const { return kind_ != SourceKind::nothing_repeats && kind_ != SourceKind::single_events; }

 private:
  enum Stream : std::uint64_t { k_templates = 900, k_walks };

  /// A Markov chain: each of twelve events has three successors, with probabilities .7, .2 and .1.
  struct Walk {
    Walk(std::uint64_t seed, char first) {
      Random random(seed, k_walks + static_cast<std::uint64_t>(first));
      for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = std::string(1, static_cast<char>(first + static_cast<char>(i % 3))) + std::to_string(i);
        for (std::size_t& next : successors[i]) next = random.below(names.size());
      }
    }
    GeneratedSequence draw(Random& random, std::size_t length) const {
      GeneratedSequence sequence;
      for (std::size_t at = pick(random, {.6, .3, .1}); sequence.size() < length;
           at = successors[at][pick(random, {.7, .2, .1})])
        sequence.push_back({names[at]});
      return sequence;
    }
    std::array<std::string, 12> names;
    std::array<std::array<std::size_t, 3>, 12> successors;
  };

  static std::size_t pick(Random& random, std::initializer_list<double> shares) {
    double left = random.uniform();
    std::size_t i = 0;
    for (const double share : shares) {
      left -= share;
      if (left < 0) return i;
      ++i;
    }
    return shares.size() - 1;
  }
  static GeneratedSequence of_names(const std::vector<std::string>& names) {
    GeneratedSequence sequence;
    for (const std::string& name : names) sequence.push_back({name});
    return sequence;
  }
  static GeneratedSequence with_columns(GeneratedSequence sequence, Random& random) {
    for (GeneratedEvent& event : sequence) {
      event.gap = static_cast<std::int64_t>(-20'000 * std::log(1 - random.uniform())) + 1;
      event.price = std::exp(3 + random.normal());
    }
    return sequence;
  }
  GeneratedSequence walk(std::size_t population, Random& random, std::size_t shortest, std::size_t longest) const {
    return walks_[population].draw(random, shortest + random.below(longest - shortest + 1));
  }
  GeneratedSequence unique(std::size_t length) {
    GeneratedSequence sequence;
    while (sequence.size() < length) sequence.push_back({"id" + std::to_string(next_id_++)});
    return sequence;
  }
  static GeneratedSequence session(Random& random) {
    std::vector<std::string> names = {"login"};
    while (names.size() < 20 && (names.size() < 3 || random.uniform() < .8))
      names.push_back(std::string(random.uniform() < .3 ? "search" : "view"));
    if (random.uniform() < .3) names.insert(names.end(), {"cart", "pay"});
    names.push_back("logout");
    return with_columns(of_names(names), random);
  }

  SourceKind kind_;
  std::array<Walk, 2> walks_;
  std::vector<GeneratedSequence> templates_;
  std::size_t next_id_ = 0;
};

/// A sequence in which every second event is one that nobody has seen.
inline GeneratedSequence with_unseen_events(GeneratedSequence sequence) {
  for (std::size_t i = 0; i < sequence.size(); i += 2) sequence[i].name = "unheard" + std::to_string(i);
  return sequence;
}
/// Its first event forty times.
inline GeneratedSequence one_event_forty_times(GeneratedSequence sequence) {
  return GeneratedSequence(40, sequence.front());
}
inline GeneratedSequence reversed(GeneratedSequence sequence) {
  std::reverse(sequence.begin(), sequence.end());
  return sequence;
}

/// The sequences as a file: lines of events, or a table with key, event, time and price.
inline Dataset as_dataset(const std::vector<GeneratedSequence>& sequences, bool columns,
                          const EventSchema* schema = nullptr) {
  std::string text = columns ? "user,event,time,price\n" : "";
  std::int64_t time = 1'700'000'000'000;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    for (const GeneratedEvent& event : sequences[s]) {
      if (!columns) {
        text += event.name + " ";
        continue;
      }
      time += event.gap;
      char price[32];
      std::snprintf(price, sizeof price, "%.2f", event.price);
      text += "u" + std::to_string(s) + "," + event.name + "," + std::to_string(time) + "," + price + "\n";
    }
    if (!columns) text += "\n";
  }
  ReadOptions options;
  options.schema = schema;
  return read_events_from_text(text, columns ? "generated.csv" : "generated.txt", options);
}

/// What a model of one generated data set says of fresh normals and of planted anomalies.
struct ThresholdOutcome {
  struct Planted {
    std::string_view kind;
    bool can_tell = true;   ///< whether the source leaves a way to tell them
    std::size_t found = 0;  ///< of k_planted
  };
  static constexpr std::size_t k_planted = 20;

  std::string name;  ///< source, normals and epochs
  bool is_varied = false;
  std::size_t normals = 0, fresh = 0, alarms = 0;
  std::size_t most_alarms = 0;  ///< that the target explains in 999 of 1,000 cases
  std::size_t own_alarms = 0;   ///< among the normals that it was fitted on
  std::vector<std::string> warnings;
  std::vector<Planted> planted;

  bool holds() const { return alarms <= most_alarms; }
  /// Of the target; that even unknown events pass is another warning.
  bool is_warned() const {
    return std::any_of(warnings.begin(), warnings.end(), [](const std::string& w) { return !w.starts_with("even"); });
  }
};

inline std::size_t count_alarms(const SequenceScorer& scorer, const std::vector<GeneratedSequence>& sequences,
                                bool columns, Executor& executor) {
  const Dataset data = as_dataset(sequences, columns, scorer.schema().get());
  std::size_t count = 0;
  for (const Score& score : judge_dataset(scorer, data, {}, executor)) count += score.is_anomaly ? 1 : 0;
  return count;
}

/// Data set number `index`: sources, sizes (20 to 500) and epochs (1, 20, 5) change with it.
inline ThresholdOutcome judge_threshold_set(std::size_t index, std::size_t fresh, Executor& executor) {
  constexpr std::array<std::size_t, 8> k_sizes{20, 30, 50, 80, 120, 200, 300, 500};
  constexpr std::array<std::size_t, 3> k_epochs{1, 20, 5};
  const std::size_t kinds = k_source_names.size(), round = index / kinds;
  const auto kind = static_cast<SourceKind>(index % kinds);
  SequenceSource source(kind, 1 + index);
  Random random(1 + index, 7);
  const auto draw = [&](std::size_t count) {
    std::vector<GeneratedSequence> sequences;
    while (sequences.size() < count) sequences.push_back(source.draw(random));
    return sequences;
  };
  ThresholdOutcome outcome;
  outcome.normals = k_sizes[round % k_sizes.size()];
  if (kind == SourceKind::long_walks) outcome.normals = std::min<std::size_t>(outcome.normals, 60);
  FitOptions options;
  options.seed = 1 + round % 3;
  options.epochs = k_epochs[index % k_epochs.size()];
  options.repair = false;
  outcome.name = std::string(k_source_names[index % kinds]) + " n=" + std::to_string(outcome.normals) +
                 " epochs=" + std::to_string(*options.epochs);
  outcome.is_varied = source.is_varied();
  outcome.fresh = kind == SourceKind::long_walks ? fresh / 5 : fresh;
  outcome.most_alarms = binomial_quantile(outcome.fresh, options.target_fpr, 0.999);

  const bool columns = source.has_columns();
  const std::vector<GeneratedSequence> normals = draw(outcome.normals);
  FitReport report;
  const SequenceScorer scorer(fit(as_dataset(normals, columns), options, &report, executor));
  outcome.warnings = report.warnings;
  outcome.own_alarms = count_alarms(scorer, normals, columns, executor);
  outcome.alarms = count_alarms(scorer, draw(outcome.fresh), columns, executor);
  const auto plant = [&](std::string_view name, bool can_tell, auto&& damage) {
    std::vector<GeneratedSequence> sequences = draw(ThresholdOutcome::k_planted);
    for (GeneratedSequence& sequence : sequences) sequence = damage(std::move(sequence));
    outcome.planted.push_back({name, can_tell, count_alarms(scorer, sequences, columns, executor)});
  };
  plant("unseen", source.novelty_tells(), with_unseen_events);
  plant("repeated", true, one_event_forty_times);
  plant("reversed", source.order_tells(), reversed);
  return outcome;
}

}  // namespace seqguard
