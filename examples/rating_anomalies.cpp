// Ratings that were paid for: accounts that push one item, or pull it down, among people with a taste. The normal ones
// are learned without labels; a few accounts that somebody has checked then say what the shop does not want.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <seqguard/core/random.hpp>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/behaviour_model.hpp>
#include <seqguard/sequence_scorer/fine_tune.hpp>
#include <string>

using namespace seqguard;

namespace {

constexpr std::size_t k_items = 60, k_genres = 6;

/// Of an item, from 2 to 4.5 stars.
double quality(std::size_t item) { return 2 + 2.5 * static_cast<double>(item * 37 % k_items) / k_items; }

std::string row(std::size_t user, std::size_t minute, std::size_t item, double stars) {
  const int rounded = static_cast<int>(std::clamp(stars + 0.5, 1.0, 5.0));
  return std::to_string(user) + "," + std::to_string(1'700'000'000 + 60 * minute) + ",i" + std::to_string(item) + ",s" +
         std::to_string(rounded) + "\n";
}

/// Ratings of somebody with two favourite genres, over weeks.
std::string person(std::size_t user, Random& random) {
  const std::size_t genres[] = {random.below(k_genres), random.below(k_genres)};
  const double mood = random.uniform() - 0.5;
  std::string rows;
  std::size_t minute = random.below(10'000);
  for (std::size_t n = 8 + random.below(10); n > 0; --n) {
    const bool liked = random.uniform() < 0.8;
    const std::size_t genre = liked ? genres[random.below(2)] : random.below(k_genres);
    const std::size_t item = genre + k_genres * std::min(random.below(10), random.below(10));  // some are popular
    rows += row(user, minute += 30 + random.below(3000), item,
                quality(item) + mood + (liked ? 0.5 : -0.5) + random.uniform() - 0.5);
  }
  return rows;
}

/// An account that was made to rate item `target` with `stars`: popular ones, of all genres and near their mean, hide
/// it.
std::string shill(std::size_t user, std::size_t target, double stars, Random& random) {
  std::string rows;
  std::size_t minute = random.below(10'000);
  const std::size_t n = 8 + random.below(6), place = n / 2 + random.below(n / 2);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t other = random.below(k_genres) + k_genres * std::min(random.below(10), random.below(10)),
                      item = i == place ? target : other;
    rows +=
        row(user, minute += 30 + random.below(2000), item, i == place ? stars : quality(item) + random.uniform() - 0.5);
  }
  return rows;
}

}  // namespace

int main() {
  std::string past_rows = "user,time,item,stars\n", week_rows = past_rows;
  ClassLabels labels{{"honest", "shill"}, false, {}};  // of a file: read_class_labels()
  for (std::size_t user = 0; user < 300; ++user) {
    Random random(1, user);
    past_rows += person(user, random);
  }
  for (std::size_t user = 0; user < 400; ++user) {
    Random random(2, user);
    const bool shills = user % 8 == 0;
    week_rows += shills ? shill(user, 7, user % 16 == 0 ? 5 : 1, random) : person(user, random);
    labels.values.push_back(shills ? 1 : 0);
  }
  const ReadOptions read{.key = "user", .order = "time"};
  const Dataset past = read_events_from_text(past_rows, "past.csv", read),
                week = read_events_from_text(week_rows, "week.csv", read);

  const std::string folder = std::filesystem::temp_directory_path() / "seqguard_rating_anomalies";
  FitOptions options;
  options.epochs = 5;
  options.repair = false;  // nobody puts a rating right
  save_behaviour_model(*fit(past, options), folder);
  const FineTuneReport report = fine_tune(folder, week, labels, folder);
  std::printf("AUROC on accounts that were not learned from: without labels %.3f, with them %.3f\n",
              report.without_labels.auroc, report.together.auroc);
  const SequenceScorer scorer = SequenceScorer::load(folder);
  for (std::size_t i = 0; i < 3; ++i) {
    const Score score = scorer.score(week.view(i));
    std::printf("account %s: %s with probability %.2f\n", std::string(week.sequences()[i].key).c_str(),
                scorer.classes()[1].c_str(), score.probabilities[1]);
  }
  std::filesystem::remove_all(folder);
  return report.without_labels.auroc > 0.7 && report.together.auroc > report.without_labels.auroc ? 0 : 1;
}
