// Whether explanations name what is wrong, and what the score comes from.
//
//   seqguard_faithfulness shop SEEDS MINUTES             simulated: 3,000 clean users to learn from, up to 40 damaged
//   ones a kind seqguard_faithfulness items SEEDS MINUTES DATA_DIR   ML-100k: 5 % of the last 62 events of held-out
//   users replaced
//
// Worst event: share of the damaged sequences in which the event that an order names first is an injected one.
// Deletion: by how much the score falls on average when the first k events of an order are deleted, k = 1 .. 5, and the
// mean of the five (the area over the deletion curve). "removals": Explanation::removals, the events without which the
// score falls most, then the ranking.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/events/simulator.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/explanation.hpp"

using namespace seqguard;

namespace {

constexpr std::size_t k_deleted = 5;
constexpr std::array<const char*, 5> k_orders = {"removals", "ranking", "next surprise", "masked surprise", "random"};
using Orders = std::array<std::vector<std::size_t>, k_orders.size()>;

/// Damaged sequences of one seed with the model that judges them. `is_wrong`: per event of the data set.
struct Problem {
  std::shared_ptr<const BehaviourModel> model;
  Dataset data;
  std::vector<std::string> kinds;  ///< per sequence; empty: not damaged
  std::vector<bool> is_wrong;
};

/// A sequence without some of its events.
struct Remaining {
  std::vector<std::vector<std::string_view>> texts;
  std::vector<std::vector<float>> numbers;
  std::vector<std::int64_t> times;
  std::vector<ColumnView> columns;

  EventsView without(const EventsView& events, std::span<const std::size_t> gone) {
    const auto stays = [&](std::size_t i) { return std::find(gone.begin(), gone.end(), i) == gone.end(); };
    texts.assign(events.columns.size(), {});
    numbers.assign(events.columns.size(), {});
    times.clear();
    columns.clear();
    for (std::size_t i = 0; i < events.time_ms.size(); ++i)
      if (stays(i)) times.push_back(events.time_ms[i]);
    for (std::size_t c = 0; c < events.columns.size(); ++c) {
      const ColumnView& column = events.columns[c];
      for (std::size_t i = 0; i < events.n; ++i) {
        if (!stays(i)) continue;
        if (column.is_text())
          texts[c].push_back(column.text(i));
        else
          numbers[c].push_back(column.floats()[i]);
      }
      if (column.is_text())
        columns.emplace_back(std::span<const std::string_view>(texts[c]));
      else
        columns.emplace_back(std::span<const float>(numbers[c]));
    }
    return {events.n - gone.size(), columns, times};
  }
};

struct Figures {
  std::size_t sequences = 0;
  double chance = 0;  ///< share of wrong events
  std::array<double, k_orders.size()> hits{};
  std::array<std::array<double, k_deleted>, k_orders.size()> falls{};

  void add(const Figures& other) {
    sequences += other.sequences;
    chance += other.chance;
    for (std::size_t o = 0; o < hits.size(); ++o) {
      hits[o] += other.hits[o];
      for (std::size_t k = 0; k < k_deleted; ++k) falls[o][k] += other.falls[o][k];
    }
  }
};

std::vector<std::size_t> by_value(const std::vector<EventScore>& events) {
  std::vector<std::size_t> order(events.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return events[a].value > events[b].value; });
  return order;
}

Figures measure(const Problem& problem, std::size_t s, const SequenceScorer& scorer, SequenceScorer::Scratch& scratch) {
  const EventsView events = problem.data.view(s);
  const std::size_t first = problem.data.sequences()[s].first;
  const Explanation explanation =
      scorer.explain(events, scratch, {.attributions = false, .max_removed = k_deleted, .counterfactual = false});
  Orders orders;
  for (const Removal& removal : explanation.removals) orders[0].push_back(removal.position);
  for (const std::size_t i : explanation.ranking)
    if (std::find(orders[0].begin(), orders[0].end(), i) == orders[0].end()) orders[0].push_back(i);
  orders[1] = explanation.ranking;
  Score score;
  scorer.score(events, score, scratch);
  const double whole = score.value;
  orders[2] = by_value(score.events);
  scorer.score(events, score, scratch, {.masked = true});
  orders[3] = by_value(score.events);
  orders[4] = orders[3];
  Random(99, s).shuffle(orders[4]);

  Figures figures;
  figures.sequences = 1;
  for (std::size_t i = 0; i < events.n; ++i) figures.chance += problem.is_wrong[first + i];
  figures.chance /= static_cast<double>(events.n);
  Remaining remaining;
  for (std::size_t o = 0; o < orders.size(); ++o) {
    figures.hits[o] = problem.is_wrong[first + orders[o][0]];
    for (std::size_t k = 0; k < k_deleted; ++k) {
      scorer.score(remaining.without(events, std::span(orders[o]).first(k + 1)), score, scratch);
      figures.falls[o][k] = whole - score.value;
    }
  }
  return figures;
}

Problem shop(std::uint64_t seed, double minutes, Executor& executor) {
  const std::vector<ShopUser> past = simulate_shop(3000, 1000 + seed), now = simulate_shop(4000, 2000 + seed);
  FitOptions options;
  options.seed = seed;
  options.max_minutes = minutes;
  Problem problem;
  problem.model = fit(read_events(*shop_rows(past, ShopTable::clean)), options, nullptr, executor);
  ReadOptions read;
  read.schema = &problem.model->schema;
  problem.data = read_events(*shop_rows(now, ShopTable::events), read);
  std::map<std::string, const ShopUser*, std::less<>> users;
  for (const ShopUser& user : now) users[user.key] = &user;
  for (const DataSequence& sequence : problem.data.sequences()) {
    const ShopUser& user = *users.find(sequence.key)->second;
    const bool is_damaged = user.anomaly != ShopAnomaly::none;
    problem.kinds.emplace_back(is_damaged ? to_string(user.anomaly) : "");
    for (const ShopAnomaly label : user.labels) problem.is_wrong.push_back(label != ShopAnomaly::none);
  }
  return problem;
}

Problem items(std::uint64_t seed, double minutes, const std::string& data_dir, Executor& executor) {
  constexpr std::size_t k_events = 62;  // of each user, the last ones: what a window of 64 positions holds
  constexpr double k_rate = 0.05;
  ReadOptions read;
  read.order = "timestamp";
  read.columns = {{"item_id", ColumnKind::categorical}};
  const Dataset all = read_events(data_dir + "/items/ml-100k.inter", read);
  std::vector<std::size_t> users(all.sequences().size());
  std::iota(users.begin(), users.end(), std::size_t{0});
  Random random(seed, 7);
  random.shuffle(users);
  const std::size_t held_out = users.size() / 5;
  ReadOptions lines;
  lines.format = DataFormat::lines;
  std::string text;
  for (std::size_t u = held_out; u < users.size(); ++u) {
    const EventsView view = all.view(users[u]);
    for (std::size_t i = 0; i < view.n; ++i) text += std::string(view.columns[0].text(i)) + " ";
    text += "\n";
  }
  FitOptions options;
  options.seed = seed;
  options.max_minutes = minutes;
  Problem problem;
  problem.model = fit(read_events_from_text(text, "memory.txt", lines), options, nullptr, executor);
  const Vocabulary& vocabulary = problem.model->schema.primary_column().vocabulary;
  text.clear();
  for (std::size_t u = 0; u < held_out; ++u) {
    const EventsView view = all.view(users[u]);
    bool is_damaged = false;
    for (std::size_t i = view.n > k_events ? view.n - k_events : 0; i < view.n; ++i) {
      std::string item(view.columns[0].text(i));
      if (random.uniform() < k_rate) item = vocabulary.value(static_cast<TypeId>(random.below(vocabulary.kept())));
      problem.is_wrong.push_back(item != view.columns[0].text(i));
      is_damaged |= problem.is_wrong.back();
      text += item + " ";
    }
    text += "\n";
    problem.kinds.emplace_back(is_damaged ? "replaced item" : "");
  }
  lines.schema = &problem.model->schema;
  problem.data = read_events_from_text(text, "memory.txt", lines);
  return problem;
}

void print(const std::string& kind, const Figures& f) {
  const auto n = static_cast<double>(f.sequences);
  std::printf("%-14s %5zu sequences, %.0f %% of the events wrong\n", kind.c_str(), f.sequences, 100 * f.chance / n);
  for (std::size_t o = 0; o < k_orders.size(); ++o) {
    std::printf("    %-16s worst event wrong %.3f   score falls by", k_orders[o], f.hits[o] / n);
    double area = 0;
    for (std::size_t k = 0; k < k_deleted; ++k) {
      std::printf(" %.3f", f.falls[o][k] / n);
      area += f.falls[o][k] / n / k_deleted;
    }
    std::printf("   area %.3f\n", area);
  }
}

void run(const std::string& set, std::size_t seeds, double minutes, const std::string& data_dir) {
  constexpr std::size_t k_per_kind = 40, k_shortest = 2 * k_deleted, k_longest = 200;
  const auto executor = make_thread_pool(2);
  std::map<std::string, Figures> by_kind;
  Figures all;
  for (std::size_t seed = 1; seed <= seeds; ++seed) {
    const Problem problem = set == "shop" ? shop(seed, minutes, *executor) : items(seed, minutes, data_dir, *executor);
    const SequenceScorer scorer(problem.model);
    std::map<std::string, std::size_t> taken;
    std::vector<std::size_t> sequences;
    for (std::size_t s = 0; s < problem.kinds.size(); ++s) {
      const std::size_t n = problem.data.sequences()[s].count;
      if (problem.kinds[s].empty() || n < k_shortest || n > k_longest) continue;
      if (taken[problem.kinds[s]]++ < (set == "shop" ? k_per_kind : problem.kinds.size())) sequences.push_back(s);
    }
    std::vector<Figures> figures(sequences.size());
    auto scratches = make_per_worker(*executor, [&] { return scorer.make_scratch(k_longest); });
    executor->run(sequences.size(), [&](std::size_t i, std::size_t worker) {
      figures[i] = measure(problem, sequences[i], scorer, scratches[worker]);
    });
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      by_kind[problem.kinds[sequences[i]]].add(figures[i]);
      all.add(figures[i]);
    }
    std::fprintf(stderr, "seed %zu of %zu\n", seed, seeds);
  }
  if (by_kind.size() > 1)
    for (const auto& [kind, figures] : by_kind) print(kind, figures);
  print("all", all);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string set = argc > 1 ? argv[1] : "";
  if (!(argc == 4 && set == "shop") && !(argc == 5 && set == "items")) {
    std::fprintf(stderr, "usage: seqguard_faithfulness shop SEEDS MINUTES | items SEEDS MINUTES DATA_DIR\n");
    return 2;
  }
  run(set, std::strtoul(argv[2], nullptr, 10), std::strtod(argv[3], nullptr), argc == 5 ? argv[4] : "");
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "seqguard_faithfulness: %s\n", error.what());
  return 1;
}
