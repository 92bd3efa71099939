// Learn normal behaviour without labels, then what an analyst has labelled, and judge by both.
#include <cstdio>
#include <filesystem>
#include <seqguard/events/simulator.hpp>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/behaviour_model.hpp>
#include <seqguard/sequence_scorer/fine_tune.hpp>

using namespace seqguard;

int main() {
  // A made-up shop, as it was before anything was wrong, and a later week with labels of bots, take-overs, clock errors
  // ..
  const Dataset past = read_events_from_text(shop_clean_csv(simulate_shop(300, 1)), "past.csv");
  const std::vector<ShopUser> users = simulate_shop(600, 2);
  const Dataset week = read_events_from_text(shop_events_csv(users), "week.csv");
  ClassLabels labels{{"normal", "abnormal"}, false, {}};  // of a file: read_class_labels()
  for (const ShopUser& user : users) labels.values.push_back(user.anomaly == ShopAnomaly::none ? 0 : 1);

  const std::string folder = std::filesystem::temp_directory_path() / "seqguard_fine_tune";
  FitOptions options;
  options.epochs = 5;
  options.repair = false;  // this one only judges
  save_behaviour_model(*fit(past, options), folder);
  const FineTuneReport report = fine_tune(folder, week, labels, folder);
  std::printf("AUROC on users that were not learned from: without labels %.3f, with them %.3f\n",
              report.without_labels.auroc, report.together.auroc);

  const SequenceScorer scorer = SequenceScorer::load(folder);
  const Score score = scorer.score(week.view(0));
  std::printf("user %s: p %.3f, %s with probability %.3f\n", std::string(week.sequences()[0].key).c_str(),
              score.p_value, scorer.classes()[1].c_str(), score.probabilities[1]);
  std::filesystem::remove_all(folder);
  return report.together.auroc > report.without_labels.auroc ? 0 : 1;
}
