// What detection and repair make of wrong items: ML-100k, users that the model has not learned from.
//
//   seqguard_item_errors DATA_DIR SEEDS
//
// A fifth of the users is held out. 5 % of the events of their last 62 are wrong: replaced by any item, replaced by one
// drawn by its popularity, repeated within three events, or lost; for each kind one line with the means over the seeds:
// - masked: AUROC of Score::events, the event hidden; - unigram: the same less half the surprise of the item's share of
//   all events; tagger: of 1 - P(keep). Over events of items that the encoder knows.
// - hit@1, hit@10: the right item among those that SequenceScorer::expected() names at the wrong place.
// - edits of the repair at its usual gate, those at a wrong event and those that are right, of so many wrong events;
//   events that are listed as suspects at a share of .001, and those of them that are wrong; and what of that was found
//   among held-out users without damage.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "recommender_data.hpp"
#include "seqguard/evaluation/repair_metrics.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard::bench {
namespace {

constexpr std::size_t k_last = 62;
constexpr double k_rate = 0.05;
const RepairOptions k_options{.max_false_suspects = 0.001, .judge = false};

enum class ItemError { uniform, popular, duplicated, lost };
constexpr std::array<const char*, 4> k_errors = {"uniform", "popular", "duplicated", "lost"};

struct WrongItems {
  Items items;
  std::vector<std::string> rights;  ///< of each item that is a wrong one, the right one; else empty
  std::vector<bool> is_wrong;
};

/// Wrong items are among `known`, which holds popular ones as often as they are rated.
WrongItems damage(const Items& clean, ItemError error, const Items& known, const Items& rated, Random& random) {
  WrongItems out;
  const auto add = [&](const std::string& item, bool is_wrong, const std::string& right) {
    out.items.push_back(item);
    out.is_wrong.push_back(is_wrong);
    out.rights.push_back(right);
  };
  std::string repeated;
  std::size_t in = 0;
  for (const std::string& item : clean) {
    const bool hit = random.uniform() < k_rate;
    const Items& source = error == ItemError::popular ? rated : known;
    const std::string& other = source[random.below(source.size())];
    if (hit && error == ItemError::lost) continue;
    if (hit && error != ItemError::duplicated && other != item)
      add(other, true, item);
    else
      add(item, false, "");
    if (hit && error == ItemError::duplicated && repeated.empty()) {
      repeated = item;
      in = random.below(3);
    }
    if (!repeated.empty() && in-- == 0) {
      add(repeated, true, "");
      repeated.clear();
    }
  }
  if (out.items.empty()) add(clean.front(), false, "");
  return out;
}

struct Figures {
  std::vector<double> normal, wrong, normal_by_share, wrong_by_share, normal_by_tagger, wrong_by_tagger;
  std::size_t hits1 = 0, hits10 = 0, asked = 0;
  RepairMetrics repair;
  std::size_t listed = 0, listed_wrong = 0;
};

/// One seed: who is held out, what the model learned, and which items are wrong.
class Trial {
 public:
  Trial(const std::string& data, std::uint64_t seed, Executor& executor) : seed_(seed) {
    std::vector<Items> users = read_ml_100k(data);
    Random(seed, 7).shuffle(users);
    const std::size_t count = users.size() / 5;
    std::string text;
    for (std::size_t u = 0; u < users.size(); ++u) {
      const auto last = static_cast<std::ptrdiff_t>(std::min(k_last, users[u].size()));
      if (u < count) {
        held_out_.emplace_back(users[u].end() - last, users[u].end());
        continue;
      }
      for (const std::string& item : users[u]) text += item + " ";
      text += "\n";
    }
    FitOptions options;
    options.seed = seed;
    const Dataset normals = read_events_from_text(text, "users.txt", {.format = DataFormat::lines});
    FitReport report;
    scorer_ = std::make_unique<SequenceScorer>(fit(normals, options, &report, executor));
    std::fprintf(stderr, "seed %llu: learned in %.0f s\n", static_cast<unsigned long long>(seed), report.seconds);
    const Vocabulary& vocabulary = scorer_->schema()->primary_column().vocabulary;
    for (TypeId type = 0; type < vocabulary.kept(); ++type) {
      known_.emplace_back(vocabulary.value(type));
      events_ += static_cast<double>(vocabulary.count(type));
      for (std::uint64_t k = 0; k < vocabulary.count(type); ++k) rated_.emplace_back(vocabulary.value(type));
    }
  }

  void measure(ItemError error, Figures& out) const {
    Random random(seed_, 11 + static_cast<std::uint64_t>(error));
    SequenceScorer::Scratch scratch = scorer_->make_scratch(0);
    for (const Items& clean : held_out_) {
      const WrongItems wrong = damage(clean, error, known_, rated_, random);
      judge_events(wrong, scratch, out);
      const std::vector<std::string_view> names(wrong.items.begin(), wrong.items.end()),
          right(clean.begin(), clean.end());
      const Repair repair = scorer_->repair(OneColumn(ColumnView(std::span(names))).view(), scratch, k_options);
      out.repair.add(measure_repair(names, right, repair.edits));
      out.listed += repair.suspects.size();
      for (const Suspect& suspect : repair.suspects) out.listed_wrong += wrong.is_wrong[suspect.position] ? 1 : 0;
    }
  }

  /// Of users without damage.
  void count_false(std::size_t& users, std::size_t& events, std::size_t& touched, std::size_t& listed) const {
    for (const Items& clean : held_out_) {
      const std::vector<std::string_view> names(clean.begin(), clean.end());
      const Repair repair = scorer_->repair(OneColumn(ColumnView(std::span(names))).view(), k_options);
      ++users;
      events += clean.size();
      touched += repair.result == RepairResult::edited ? 1 : 0;
      listed += repair.suspects.size();
    }
  }

 private:
  void judge_events(const WrongItems& wrong, SequenceScorer::Scratch& scratch, Figures& out) const {
    const BehaviourModel& model = *scorer_->model();
    const Vocabulary& vocabulary = model.schema.primary_column().vocabulary;
    const std::vector<std::string_view> names(wrong.items.begin(), wrong.items.end());
    const OneColumn events{ColumnView(std::span(names))};
    Score score;
    scorer_->score(events.view(), score, scratch, {.masked = true});
    EncodedEvents encoded;
    encode(events.view(), model.schema, encoded);
    TaggerScratch tagger;
    EditTags tags;
    model.repairer->tagger.tag(encoded, true, tagger, tags);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (vocabulary.id(names[i]) < k_reserved_ids) continue;
      const double share = static_cast<double>(vocabulary.count(vocabulary.type(names[i]))) / events_;
      const double masked = score.events[i].value;
      (wrong.is_wrong[i] ? out.wrong : out.normal).push_back(masked);
      (wrong.is_wrong[i] ? out.wrong_by_share : out.normal_by_share).push_back(masked + std::log(share) / 2);
      (wrong.is_wrong[i] ? out.wrong_by_tagger : out.normal_by_tagger).push_back(1 - tags.events[i].keep);
      if (wrong.rights[i].empty() || vocabulary.id(wrong.rights[i]) < k_reserved_ids) continue;
      const auto expected = scorer_->expected(events.view(), i, 10, scratch);
      ++out.asked;
      for (std::size_t k = 0; k < expected.size(); ++k) {
        if (expected[k].value != wrong.rights[i]) continue;
        ++out.hits10;
        out.hits1 += k == 0 ? 1 : 0;
      }
    }
  }

  std::uint64_t seed_;
  std::vector<Items> held_out_;
  std::unique_ptr<SequenceScorer> scorer_;
  Items known_, rated_;
  double events_ = 0;
};

std::string short_text(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

void run(const std::string& data, std::size_t seeds, Executor& executor) {
  std::array<Figures, k_errors.size()> figures;
  std::size_t users = 0, events = 0, touched = 0, false_listed = 0;
  std::array<std::array<double, 3>, k_errors.size()> aurocs{};
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Trial trial(data, seed, executor);
    for (std::size_t e = 0; e < k_errors.size(); ++e) {
      Figures& all = figures[e];
      for (auto* values : {&all.normal, &all.wrong, &all.normal_by_share, &all.wrong_by_share, &all.normal_by_tagger,
                           &all.wrong_by_tagger})
        values->clear();
      trial.measure(static_cast<ItemError>(e), all);
      if (all.wrong.empty()) continue;
      aurocs[e][0] += auroc(all.normal, all.wrong);
      aurocs[e][1] += auroc(all.normal_by_share, all.wrong_by_share);
      aurocs[e][2] += auroc(all.normal_by_tagger, all.wrong_by_tagger);
    }
    trial.count_false(users, events, touched, false_listed);
  }
  std::printf("%-11s %7s %8s %7s %6s %7s %7s %6s %8s %6s %7s %6s\n", "ML-100k", "masked", "-unigram", "tagger", "hit@1",
              "hit@10", "errors", "edits", "at error", "right", "listed", "wrong");
  const auto mean = [&](double sum) { return sum / static_cast<double>(seeds); };
  for (std::size_t e = 0; e < k_errors.size(); ++e) {
    const Figures& f = figures[e];
    const auto hits = [&](std::size_t count) {
      return f.asked > 0 ? short_text(static_cast<double>(count) / static_cast<double>(f.asked)) : "-";
    };
    const auto found = [&](std::size_t by) { return f.wrong.empty() ? "-" : short_text(mean(aurocs[e][by])); };
    std::printf("%-11s %7s %8s %7s %6s %7s %7zu %6zu %8zu %6zu %7zu %6zu\n", k_errors[e], found(0).c_str(),
                found(1).c_str(), found(2).c_str(), hits(f.hits1).c_str(), hits(f.hits10).c_str(), f.repair.errors,
                f.repair.edits, f.repair.located, f.repair.right, f.listed, f.listed_wrong);
  }
  std::printf("without damage: %zu of %zu users touched, %zu of %zu events listed\n", touched, users, false_listed,
              events);
}

}  // namespace
}  // namespace seqguard::bench

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: seqguard_item_errors DATA_DIR SEEDS\n");
    return 2;
  }
  const auto executor = seqguard::make_thread_pool(2);
  seqguard::bench::run(argv[1], std::strtoull(argv[2], nullptr, 10), *executor);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "seqguard_item_errors: %s\n", error.what());
  return 1;
}
