// One model, a profile for every user.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/sequence_scorer/fine_tune.hpp"
#include "seqguard/sequence_scorer/recalibrate.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// Each user walks the grammar of visit() in a way of their own: with one of six favourite pages in between.
std::vector<std::string> visit_of(std::size_t user, Random& random) {
  constexpr const char* k_pages[] = {"news", "mail", "maps", "help", "wish", "deal"};
  std::vector<std::string> events = visit(random);
  for (std::size_t i = 1; i < events.size(); i += 2)
    if (random.uniform() < 0.7) events.insert(events.begin() + static_cast<std::ptrdiff_t>(i), k_pages[user % 6]);
  return events;
}

struct Visits {
  std::string text;
  /// `count` visits of each of 24 users; under the key of another with other habits if `foreign`.
  Visits(std::size_t count, std::uint64_t seed, bool foreign = false, std::size_t first_user = 0) {
    Random random(seed);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t user = first_user; user < first_user + 24; ++user) {
        text += "u" + std::to_string(user) + "\t";
        for (const std::string& event : visit_of(foreign ? user + 1 : user, random)) text += event + " ";
        text += "\n";
      }
  }
  Dataset data(bool keyed = true) const {
    return read_events_from_text(text, "visits.txt",
                                 {.format = DataFormat::lines, .profile_key = keyed ? "key" : "", .keyed_lines = true});
  }
};

std::vector<double> values(const SequenceScorer& scorer, const Dataset& data) {
  std::vector<double> result;
  for (const Score& score : judge_dataset(scorer, data)) result.push_back(score.value);
  return result;
}

const SequenceScorer& keyed_scorer() {
  static const SequenceScorer scorer(fit(Visits(8, 1).data(), quick_fit()));
  return scorer;
}

}  // namespace

TEST_CASE("a user who behaves like another one is found by the profile, not without") {
  const Dataset own = Visits(4, 2).data(), foreign = Visits(4, 3, true).data();
  const double with_profiles = auroc(values(keyed_scorer(), own), values(keyed_scorer(), foreign));
  const SequenceScorer blind(fit(Visits(8, 1).data(false), quick_fit()));
  const double without = auroc(values(blind, Visits(4, 2).data(false)), values(blind, Visits(4, 3, true).data(false)));
  CHECK(with_profiles > 0.9);
  CHECK(without < 0.6);
  // And few of the user's own visits are called abnormal: at most 3 of 96 at a target of 1 % (99.7 % of draws).
  std::size_t alarms = 0;
  for (const Score& score : judge_dataset(keyed_scorer(), own)) alarms += score.is_anomaly ? 1 : 0;
  CHECK(alarms <= 3);
}

TEST_CASE("a new key is judged by the population, says so, and is known once normals of it were added") {
  const SequenceScorer scorer(fit(Visits(8, 1).data(), quick_fit()));
  auto scratch = scorer.make_scratch(64);
  const Visits newcomers(6, 4, false, 30);
  const Dataset data = newcomers.data();
  Score before, after;
  scorer.score(data.view(0), before, scratch);
  CHECK_FALSE(before.has_profile);
  EventsView nobody = data.view(0);
  nobody.key = {};
  Score of_nobody;
  scorer.score(nobody, of_nobody, scratch);
  CHECK(of_nobody.value == before.value);
  for (std::size_t s = 24; s < data.sequences().size(); ++s)
    scorer.update_profile(data.sequences()[s].profile_key, data.view(s), scratch);
  scorer.score(data.view(0), after, scratch);
  CHECK(after.has_profile);
  CHECK(after.value != before.value);
  CHECK(scorer.forget("u30"));
  CHECK_FALSE(scorer.forget("u30"));
  Score forgotten;
  scorer.score(data.view(0), forgotten, scratch);
  CHECK_FALSE(forgotten.has_profile);
  CHECK(forgotten.value == before.value);
}

TEST_CASE("profiles are saved with the model, and by themselves") {
  const TemporaryDirectory directory;
  const SequenceScorer fresh(fit(Visits(8, 1).data(), quick_fit()));
  const std::string path = directory / "model";
  save_behaviour_model(*fresh.model(), path);
  const Dataset data = Visits(2, 5).data();
  const SequenceScorer loaded = SequenceScorer::load(path);
  CHECK(values(loaded, data) == values(fresh, data));
  auto scratch = loaded.make_scratch(64);
  const Visits newcomers(5, 6, false, 40);
  const Dataset added = newcomers.data();
  for (std::size_t s = 0; s < added.sequences().size(); ++s)
    loaded.update_profile(added.sequences()[s].profile_key, added.view(s), scratch);
  loaded.save_profiles(path);
  const SequenceScorer again = SequenceScorer::load(path);
  CHECK(again.model()->profiles->size() == 48);
  CHECK(values(again, added) == values(loaded, added));
  CHECK(values(again, data) == values(fresh, data));
  // A recalibration elsewhere takes the profiles along.
  recalibrate(path, Visits(3, 7).data(), directory / "moved");
  CHECK(SequenceScorer::load(directory / "moved").model()->profiles->size() == 48);
  // Another model's directory is left alone.
  save_behaviour_model(*shared_scorer().model(), directory / "other");
  CHECK_THROWS_WITH_AS(loaded.save_profiles(directory / "other"), doctest::Contains("another model is there"), Error);
}

TEST_CASE("a fit with profiles has the same bits at any number of threads") {
  const auto executor = make_thread_pool(3);
  const SequenceScorer threaded(fit(Visits(8, 1).data(), quick_fit(), nullptr, *executor));
  const Dataset data = Visits(2, 8).data();
  CHECK(values(threaded, data) == values(keyed_scorer(), data));
}

TEST_CASE("what cannot have profiles is refused by name") {
  // 24 users of three visits each: none can be left out of a profile that holds.
  CHECK_THROWS_WITH_AS(fit(Visits(3, 1).data(), quick_fit()), doctest::Contains("--profile-key"), Error);
  auto scratch = shared_scorer().make_scratch(8);
  const std::vector<std::string> events = {"login", "view"};
  CHECK_THROWS_WITH_AS(shared_scorer().update_profile("u1", OneColumn(events), scratch),
                       doctest::Contains("--profile-key"), Error);
  CHECK_THROWS_WITH_AS(shared_scorer().forget("u1"), doctest::Contains("--profile-key"), Error);
  auto keyed = keyed_scorer().make_scratch(8);
  CHECK_THROWS_WITH_AS(keyed_scorer().update_profile("", OneColumn(events), keyed), doctest::Contains("empty key"),
                       Error);
}

TEST_CASE("labels are learned beside profiles") {
  const TemporaryDirectory directory;
  save_behaviour_model(*keyed_scorer().model(), directory / "model");
  Visits labelled(2, 9);
  labelled.text += Visits(1, 10, false, 60).text;  // keys without a profile
  for (int i = 0; i < 12; ++i) labelled.text += "u" + std::to_string(i) + "\tlogin pay pay cart pay logout\n";
  const Dataset data = labelled.data();
  ClassLabels labels{{"normal", "abnormal"}, false, std::vector<std::size_t>(72, 0)};
  labels.values.resize(84, 1);
  FineTuneOptions options;
  options.network.epochs = 3;
  options.folds = 2;
  fine_tune(directory / "model", data, labels, directory / "tuned", options);
  const SequenceScorer tuned = SequenceScorer::load(directory / "tuned");
  CHECK(tuned.model()->profiles->size() == 24);
  for (const Score& score : judge_dataset(tuned, data)) {
    CHECK(std::isfinite(score.value));
    CHECK(score.probabilities.size() == 2);
    CHECK(std::isfinite(score.probabilities[1]));
  }
}
