#include "sequence_scorer/view_words.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "seqguard/detection/label_classifier.hpp"
#include "sequence_scorer/number_view_words.hpp"
#include "sequence_scorer/number_words.hpp"
#include "sequence_scorer/repeated_stretch.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// One view of one sequence.
class Sentence {
 public:
  Sentence(const ViewFacts& facts, std::size_t v, double raw)
      : facts_(facts),
        view_(facts.model.detector.recipe().views[v]),
        index_(v),
        raw_(raw),
        normals_(facts.model.detector.calibration().scores_of(v)) {}

  std::string text() const;

  double quantile(double share) const {
    if (normals_.empty()) return raw_;
    const double last = static_cast<double>(normals_.size() - 1);
    return normals_[static_cast<std::size_t>(std::lround(share * last))];
  }
  bool is_low() const { return raw_ < quantile(0.5); }
  /// " (98 % of 2700 normal sequences: 0.1 to 0.4)", with the view's numbers as `words` makes them; `falling`: what it
  /// makes of a larger number is smaller.
  template <class Words>
  std::string range(const Words& words, bool falling = false) const {
    std::string low = words(quantile(0.01)), high = words(quantile(0.99));
    if (falling) low.swap(high);
    return " (98 % of " + count_words(normals_.size(), "normal sequence") + ": " +
           (low == high ? low : low + " to " + high) + ")";
  }
  std::size_t length() const { return facts_.encoded.n; }

  std::string type_words(TypeId type) const {
    const Vocabulary& vocabulary = facts_.model.schema.primary_column().vocabulary;
    if (type < vocabulary.types()) return "\"" + std::string(vocabulary.value(type)) + "\"";
    const auto at = std::find(facts_.encoded.types.begin(), facts_.encoded.types.end(), type);
    return event_words(facts_, static_cast<std::size_t>(at - facts_.encoded.types.begin()));
  }
  std::string item_words(std::uint64_t item) const {
    const auto before = static_cast<TypeId>(item >> 32), after = static_cast<TypeId>(item);
    if (before == k_boundary_type - 1) return type_words(after);
    return (before == k_boundary_type ? "the beginning" : type_words(before)) + " then " +
           (after == k_boundary_type ? "the end" : type_words(after));
  }
  /// The items that the normals know least: held by the fewest of them, or by more than any of them holds.
  std::vector<Familiarity> odd_items() const {
    std::vector<Familiarity> items = facts_.model.detector.profile().detector(index_).familiarity(facts_.features);
    const auto excess = [](const Familiarity& item) { return item.value / std::max(item.largest, 1e-3); };
    std::stable_sort(items.begin(), items.end(), [&](const Familiarity& a, const Familiarity& b) {
      const bool a_more = excess(a) > 1.001, b_more = excess(b) > 1.001;
      if (a_more != b_more) return a_more;
      return a_more ? excess(a) > excess(b) : a.normals < b.normals;
    });
    return items;
  }
  std::size_t compared() const { return facts_.model.detector.profile().kept_normals(); }
  std::string held_by(std::size_t normals) const {
    return normals == 0 ? "in no normal sequence" : "in " + count_words(normals, "normal sequence");
  }
  std::string similarity() const {
    return percent_words(1 - raw_) + " like the nearest normal sequences" +
           range([](double distance) { return percent_words(1 - distance); }, true);
  }

  std::string surprise(const std::string& what, const std::string& whom) const {
    const auto probability = [](double nats) { return percent_words(std::exp(-nats)); };
    if (is_low())
      return what + " is more predictable than usual: " + whom + " gives an event " + probability(raw_) +
             " on average" + range(probability, true);
    return what + " is unexpected: " + whom + " gives an event " + probability(raw_) + " on average" +
           range(probability, true);
  }
  std::string ngram() const { return surprise("the order of the events", "what came just before"); }
  std::string next() const { return surprise("what happens next", "the network, which knows all that came before,"); }
  std::string gate() const {
    const auto gain = [](double expected) { return short_number(expected); };
    return "something looks damaged: the surest edit would put right " + gain(raw_) + " of an error" + range(gain);
  }
  /// How a sequence is to its own key, beside others; `what`: of the sequence.
  std::string self(const std::string& what) const {
    const auto difference = [](double number) { return short_number(number); };
    const std::string of_keys =
        ": distance to its own key less that to the nearest others " + difference(raw_) + range(difference);
    return what + (raw_ > 0 ? " fits other keys better than its own" : " fits its own key less well than usual") +
           of_keys;
  }
  std::string column_of_next() const {
    const std::string column = view_.name.substr(k_next_view.size() + 1);
    const EventSchema& schema = facts_.model.schema;
    std::string text = surprise("column \"" + column + "\"", "the network");
    if (!schema.time || column != schema.time->name) return text;
    text = surprise("the pace", "the network");
    const auto& times = facts_.events.time_ms;
    if (length() < 2 || times.size() != length() || times.front() == k_no_time || times.back() == k_no_time)
      return text;
    // A sum of medians is less than what heavy-tailed gaps come to: it only tells of sequences that are faster.
    const auto taken = static_cast<double>(times.back() - times.front());
    if (taken > facts_.expected_ms / 2) return text;
    return count_words(length(), "event") + " in " + duration_words(taken) +
           ", of normal sequences the network expects " + duration_words(facts_.expected_ms) + " or more; " + text;
  }

  std::string crowd() const {
    return "a twentieth of the normal sequences has " + percent_words(1 - raw_) + " of these event types in common" +
           range([](double distance) { return percent_words(1 - distance); }, true);
  }
  std::string types() const {
    const std::vector<Familiarity> items = odd_items();
    std::string text = "the set of " + count_words(facts_.features.types.size(), "event type") + " is " + similarity();
    if (!items.empty()) text += "; the rarest, " + item_words(items[0].item) + ", is " + held_by(items[0].normals);
    return text;
  }
  std::string logcount() const {
    const std::vector<Familiarity> items = odd_items();
    std::string text = "how often each event occurs is " + similarity();
    if (items.empty()) return text;
    const auto times = [](double log_count) { return std::to_string(std::lround(std::expm1(log_count))); };
    return text + "; oddest: " + item_words(items[0].item) + " " + times(items[0].value) + " times" +
           (items[0].normals == 0 ? ", in no normal sequence"
                                  : ", in normal sequences at most " + times(items[0].largest));
  }
  std::string pairset() const {
    const std::vector<Familiarity> items = odd_items();
    std::string text = "the set of events and transitions is " + similarity();
    std::size_t unknown = 0;
    for (const Familiarity& item : items) unknown += item.normals == 0;
    if (unknown > 0)
      return text + "; " + std::to_string(unknown) + " of " + std::to_string(items.size()) +
             " are in no normal sequence, such as " + item_words(items[0].item);
    if (!items.empty()) text += "; the rarest, " + item_words(items[0].item) + ", is " + held_by(items[0].normals);
    return text;
  }
  std::string bigrams() const {
    const std::vector<Familiarity> items = odd_items();
    std::string text = "how often one event follows another is " + similarity();
    if (items.empty()) return text;
    return text + "; oddest: " + item_words(items[0].item) + ", " + percent_words(items[0].value) + " of the steps" +
           (items[0].normals == 0 ? ", in no normal sequence"
                                  : ", in normal sequences at most " + percent_words(items[0].largest));
  }
  std::string unseen() const {
    const auto count = static_cast<std::size_t>(std::lround(raw_ * static_cast<double>(length())));
    if (count == 0) return "all of " + count_words(length(), "event") + " are of types that normal sequences have";
    std::string names;
    std::size_t listed = 0;
    for (const Familiarity& item : odd_items()) {
      if (listed++ == 3) break;
      names += (names.empty() ? ": " : ", ") + item_words(item.item);
    }
    return std::to_string(count) + " of " + count_words(length(), "event") + (count == 1 ? " is" : " are") +
           " of a type that no normal sequence has" + names + range([](double share) { return percent_words(share); });
  }

  std::string volume() const {
    return count_words(length(), "event") +
           range([](double log_length) { return std::to_string(std::lround(std::exp(log_length))); });
  }
  std::string repeats() const {
    const auto words = [](double share) { return percent_words(1 - share); };
    if (is_low())
      return "hardly anything comes twice: " + std::to_string(facts_.features.types.size()) + " different events of " +
             std::to_string(length()) + ", " + words(raw_) + range(words, true);
    return "the same events again and again: " + std::to_string(facts_.features.types.size()) + " different of " +
           std::to_string(length()) + ", " + words(raw_) + range(words, true);
  }
  std::string same() const {
    const std::size_t equal = length() - facts_.features.runs;
    const RepeatedStretch run = longest_run();
    std::string text = std::to_string(equal) + " of " + count_words(length(), "event") + " repeat the one before";
    if (run.count > 1)
      text += ", " + event_words(facts_, run.first) + " " + std::to_string(run.count) + " times in a row";
    return text + range([](double share) { return percent_words(share); });
  }
  RepeatedStretch longest_run() const {
    const std::vector<TypeId>& types = facts_.encoded.types;
    RepeatedStretch best{0, 1, length() > 0 ? std::size_t{1} : 0};
    std::size_t first = 0;
    for (std::size_t i = 1; i < length(); ++i) {
      if (types[i] != types[first]) first = i;
      if (i + 1 - first > best.count) best = {first, 1, i + 1 - first};
    }
    return best;
  }
  std::string squeeze() const {
    const auto bytes = [](double value) { return short_number(value) + " bytes an event"; };
    const std::string size = ": packed it takes " + bytes(raw_) + range(short_number);
    const RepeatedStretch stretch = longest_repeated_stretch(facts_.encoded.types);
    if (!is_low()) return "hardly any pattern comes back" + size;
    if (stretch.rounds() < 2) return "patterns come back" + size;
    std::string names;
    for (std::size_t i = 0; i < std::min<std::size_t>(stretch.period, 4); ++i)
      names += (i == 0 ? " (" : ", ") + event_words(facts_, stretch.first + i);
    const std::string what =
        stretch.period == 1 ? "the same event " : "the same " + count_words(stretch.period, "event") + " in turn, ";
    return what + std::to_string(stretch.rounds()) + " times" + names + (stretch.period > 4 ? ", ..)" : ")") + size;
  }
  std::string labels() const {
    const auto& classes = facts_.model.labels->classes;
    std::size_t best = 0;
    for (std::size_t c = 1; c < facts_.probabilities.size(); ++c)
      if (best == 0 || facts_.probabilities[c] > facts_.probabilities[best]) best = c;
    if (best == 0) return "what was labelled gives " + short_number(raw_) + range(short_number);
    return "it resembles what was labelled \"" + classes[best] + "\", probability " +
           percent_words(facts_.probabilities[best]) + ": log odds " + short_number(raw_) + range(short_number);
  }

 private:
  const ViewFacts& facts_;
  const ViewSpec& view_;
  std::size_t index_;
  double raw_;
  std::span<const double> normals_;
};

struct Writer {
  std::string_view view;
  std::string (*write)(const Sentence&);
};
constexpr Writer k_writers[] = {
    {"ngram", [](const Sentence& s) { return s.ngram(); }},
    {"types", [](const Sentence& s) { return s.types(); }},
    {"crowd", [](const Sentence& s) { return s.crowd(); }},
    {"typeset", [](const Sentence& s) { return s.types(); }},
    {"logcount", [](const Sentence& s) { return s.logcount(); }},
    {"pairset", [](const Sentence& s) { return s.pairset(); }},
    {"bigrams", [](const Sentence& s) { return s.bigrams(); }},
    {"unseen", [](const Sentence& s) { return s.unseen(); }},
    {"length", [](const Sentence& s) { return s.volume(); }},
    {"repeats", [](const Sentence& s) { return s.repeats(); }},
    {"same", [](const Sentence& s) { return s.same(); }},
    {"squeeze", [](const Sentence& s) { return s.squeeze(); }},
    {k_next_view, [](const Sentence& s) { return s.next(); }},
    {k_gate_view, [](const Sentence& s) { return s.gate(); }},
    {"self:ngram", [](const Sentence& s) { return s.self("the order of the events"); }},
    {"self:types", [](const Sentence& s) { return s.self("the set of events"); }},
    {"self:logcount", [](const Sentence& s) { return s.self("how often each event occurs"); }},
    {"self:pairset", [](const Sentence& s) { return s.self("the set of events and transitions"); }},
    {"self:bigrams", [](const Sentence& s) { return s.self("how often one event follows another"); }},
    {k_label_view, [](const Sentence& s) { return s.labels(); }}};

std::string Sentence::text() const {
  for (const Writer& writer : k_writers)
    if (view_.name == writer.view) return writer.write(*this);
  if (view_.given && view_.name.starts_with(std::string(k_next_view) + ":")) return column_of_next();
  if (view_.given && is_number_view(view_.name)) return number_view_words(facts_, view_.name, raw_);
  return "\"" + view_.name + "\" is " + short_number(raw_) + range(short_number);
}

}  // namespace

std::string event_words(const ViewFacts& facts, std::size_t i) {
  const ColumnView& column = facts.events.columns[facts.model.schema.primary];
  if (column.is_text()) return "\"" + std::string(column.text(i)) + "\"";
  const Vocabulary& vocabulary = facts.model.schema.primary_column().vocabulary;
  const TypeId type = facts.encoded.types[i];
  return type < vocabulary.types() ? "\"" + std::string(vocabulary.value(type)) + "\"" : "a new value";
}

std::string view_words(const ViewFacts& facts, std::size_t v, double raw) { return Sentence(facts, v, raw).text(); }

}  // namespace v0
}  // namespace seqguard
