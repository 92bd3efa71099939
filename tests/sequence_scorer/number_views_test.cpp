// The views of numbers, gaps and further columns in a whole model.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/sequence_scorer/explanation.hpp"
#include "seqguard/sequence_scorer/recalibrate.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

std::vector<double> values(const SequenceScorer& scorer, const Dataset& data) {
  std::vector<double> result;
  for (const Score& score : judge_dataset(scorer, data)) result.push_back(score.value);
  return result;
}

std::vector<std::string> number_views_of(const BehaviourModel& model) {
  std::vector<std::string> names;
  for (const ViewSpec& view : model.detector.recipe().views)
    if (is_number_view(view.name)) names.push_back(view.name);
  return names;
}

}  // namespace

TEST_CASE("columns and times have views of their levels, traces and lines have none") {
  CHECK(number_views_of(*times_scorer().model()) ==
        std::vector<std::string>{"numbers", "numbers:device", "nearest:device", "numbers:time", "nearest:time"});
  CHECK(number_views_of(*shared_scorer().model()).empty());
  FitOptions traces = quick_fit();
  traces.preset = RecipePreset::traces;
  CHECK(number_views_of(*fit(timed_visits(40, 3, false), traces)).empty());
}

TEST_CASE("a pace that each gap alone would allow is seen as a whole, and named") {
  const Dataset bots = timed_visits(1, 9, true);
  const Explanation explanation = times_scorer().explain(bots.view(0));
  const auto found = std::find_if(explanation.views.begin(), explanation.views.end(),
                                  [](const ViewReason& reason) { return reason.view == "numbers:time"; });
  REQUIRE(found != explanation.views.end());
  CHECK(found->p_value < 0.001);
  CHECK(found->words.starts_with("the time between events as a whole is "));
  CHECK(found->words.find(" normal sequences on average; oddest: ") != std::string::npos);
  CHECK(found->words.find(" (98 % of them: ") != std::string::npos);
}

TEST_CASE("numbers are saved, loaded and kept by a recalibration") {
  const TemporaryDirectory directory;
  const Dataset data = timed_visits(30, 9, true), normals = timed_visits(60, 8, false);
  save_behaviour_model(*times_scorer().model(), directory / "model");
  const std::vector<double> before = values(times_scorer(), data);
  CHECK(values(SequenceScorer::load(directory / "model"), data) == before);
  const RecalibrationReport report = recalibrate(directory / "model", normals, directory / "recent");
  CHECK(report.sequences == 60);
  const SequenceScorer recent = SequenceScorer::load(directory / "recent");
  CHECK(read_file(directory / "recent/numbers.safetensors", 1 << 20) ==
        read_file(directory / "model/numbers.safetensors", 1 << 20));
  std::size_t alarms = 0;
  for (const Score& score : judge_dataset(recent, data)) alarms += score.p_value < 0.05;
  CHECK(alarms == 30);  // an event a second instead of one in 20 to 59
}
