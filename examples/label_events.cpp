// An analyst has marked single events of a shop as wrong: the model learns to point at such events, and is asked about
// a week that it has not seen.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <seqguard/evaluation/event_metrics.hpp>
#include <seqguard/evaluation/judge_dataset.hpp>
#include <seqguard/events/simulator.hpp>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/behaviour_model.hpp>
#include <seqguard/sequence_scorer/fine_tune.hpp>

using namespace seqguard;

namespace {

/// A made-up week with bots, take-overs, clock errors .., and which of its events are wrong.
struct Week {
  Dataset data;
  std::vector<std::uint8_t> wrong;

  explicit Week(std::uint64_t seed) : Week(simulate_shop(400, seed)) {}
  explicit Week(const std::vector<ShopUser>& users) : data(read_events_from_text(shop_events_csv(users), "week.csv")) {
    for (const ShopUser& user : users)
      for (const ShopAnomaly label : user.labels) wrong.push_back(label == ShopAnomaly::none ? 0 : 1);
  }
};

}  // namespace

int main() {
  const Dataset past = read_events_from_text(shop_clean_csv(simulate_shop(300, 1)), "past.csv");
  const Week marked(2), fresh(3);
  ClassLabels labels{{"normal", "wrong"}, true, {}};  // of a file with a column "position": read_class_labels()
  labels.values.assign(marked.wrong.begin(), marked.wrong.end());

  const std::string folder = std::filesystem::temp_directory_path() / "seqguard_label_events";
  FitOptions options;
  options.epochs = 5;
  options.repair = false;  // a model that repairs points more precisely, and learns for longer
  save_behaviour_model(*fit(past, options), folder);
  FineTuneOptions quick;
  quick.members = 1;
  quick.network.epochs = 5;
  fine_tune(folder, marked.data, labels, folder, quick);

  const SequenceScorer scorer = SequenceScorer::load(folder);
  const std::vector<Score> scores = judge_dataset(scorer, fresh.data);
  const EventMetrics surprise = measure_events(scores, fresh.wrong),
                     learned = measure_event_labels(scores, fresh.wrong);
  std::printf("wrong events of a new week: AUROC by surprise %.3f, by labels %.3f\n", surprise.auroc, learned.auroc);
  std::printf("of the %zu most probable ones %.0f %% are wrong; by surprise %.0f %%\n", learned.abnormal,
              100 * learned.precision_at_n, 100 * surprise.precision_at_n);

  const auto worst =
      std::max_element(scores.begin(), scores.end(), [](const Score& a, const Score& b) { return a.value < b.value; });
  const DataSequence& user = fresh.data.sequences()[static_cast<std::size_t>(worst - scores.begin())];
  std::printf("user %s, events that are probably wrong:", std::string(user.key).c_str());
  for (std::size_t i = 0; i < user.count; ++i)
    if (worst->event_probabilities[2 * i + 1] >= 0.5)
      std::printf(" %zu (%.2f)", i, worst->event_probabilities[2 * i + 1]);
  std::printf("\n");
  std::filesystem::remove_all(folder);
  return learned.auroc > surprise.auroc ? 0 : 1;
}
