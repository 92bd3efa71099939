#include "seqguard/detection/calibration.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>
#include <vector>

#include "detection/recipe_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

using namespace seqguard;

namespace {

/// 0, 1, .. n - 1.
std::vector<double> ramp(std::size_t n) {
  std::vector<double> scores(n);
  for (std::size_t i = 0; i < n; ++i) scores[i] = static_cast<double>(i);
  return scores;
}

}  // namespace

TEST_CASE("tail: ranks up to the start, an exponential beyond it") {
  // n = 19: k = 5, u = c_14 = 13, m = mean(1 .. 5) = 3.
  const TailCalibration tail(ramp(19));
  CHECK(tail.level(0) == doctest::Approx(0));
  CHECK(tail.level(5) == doctest::Approx(-std::log(15.0 / 20)));
  CHECK(tail.level(13) == doctest::Approx(-std::log(7.0 / 20)));
  CHECK(tail.level(16) == doctest::Approx(std::log(20.0 / 6) + 1));
  CHECK(tail.level(100) == doctest::Approx(std::log(20.0 / 6) + 29));
  CHECK(tail.p_conformal(16) == doctest::Approx(4.0 / 20));
  CHECK(tail.p_conformal(100) == doctest::Approx(1.0 / 20));
  CHECK(tail.level(std::nan("")) == 0);
}

TEST_CASE("tail: k grows with n, ties below the start are capped, constant scores have a scale") {
  // n = 60: k = 6, u = c_54 = 53.
  const TailCalibration many(ramp(60));
  CHECK(many.level(54.5) == doctest::Approx(std::log(61.0 / 7) + 1.5 / 3.5));
  // All equal: level 0 on them, and the floor 1e-9 |u| makes anything above a giant.
  const TailCalibration constant(std::vector<double>(20, 2.0));
  CHECK(constant.level(2.0) == 0);
  CHECK(constant.level(2.1) == doctest::Approx(std::log(21.0 / 6) + 0.1 / 2e-9));
  // The scale is at least .05 std: the five largest lie close together, the others far away.
  std::vector<double> close = ramp(20);
  for (std::size_t i = 14; i < 20; ++i) close[i] = 100 + 1e-3 * static_cast<double>(i);
  double mean = 0, variance = 0;
  for (const double c : close) mean += c / 20;
  for (const double c : close) variance += (c - mean) * (c - mean) / 20;
  CHECK(TailCalibration(close).level(101.014) ==
        doctest::Approx(std::log(21.0 / 6) + 1 / (0.05 * std::sqrt(variance))));
}

TEST_CASE("tail: the cautious rule imagines ten excesses and never undercuts what normals prove") {
  // n = 19: k = 5, u = 13, m = 3; m' = (1 + 1 / sqrt(15)) max(3, 25 / 15).
  const double margin = 1 + 1 / std::sqrt(15.0), base = std::log(20.0 / 6);
  const TailCalibration tail(ramp(19), TailRule::cautious);
  CHECK(tail.level(16) == doctest::Approx(base + 3 / (3 * margin)));
  CHECK(tail.level(100) == doctest::Approx(base + 87 / (3 * margin)));
  CHECK(tail.p_value(13) == tail.p_conformal(13));
  CHECK(tail.p_value(16) == doctest::Approx(std::exp(-tail.level(16))));
  // Equal scores have no scale: the imagined ones give it, 10 / 15.
  const TailCalibration constant(std::vector<double>(20, 2.0), TailRule::cautious);
  CHECK(constant.p_value(2.0) == 1);
  CHECK(constant.level(2.1) == doctest::Approx(std::log(21.0 / 6) + 0.1 / (10.0 / 15 * margin)));
  // 12 of 600 lie at 9, the others at 0: a kind of its own, of which there is 1 % at least.
  std::vector<double> two(600, 0.0);
  for (std::size_t i = 0; i < 12; ++i) two[50 * i] = 9;
  const TailCalibration kinds(two, TailRule::cautious);
  const double proven = (12.5 - 1.645 * std::sqrt(12.0)) / 600;
  CHECK(proven > 0.01);
  CHECK(std::exp(-kinds.level(9)) < 0.01);
  CHECK(kinds.p_value(9) == doctest::Approx(proven));
  CHECK(kinds.p_value(8.5) == kinds.p_value(9));
  CHECK(kinds.p_value(9.01) == doctest::Approx(std::exp(-kinds.level(9.01))));
  CHECK(TailCalibration(two).p_value(9) < 0.01);
  CHECK(kinds.threshold(0.01) == 9);
  // One normal proves nothing.
  two.assign(600, 0.0);
  two[3] = 9;
  CHECK(TailCalibration(two, TailRule::cautious).threshold(0.01) < 9);
}

TEST_CASE("tail: p-value and rank differ by more than a factor of 3 in the two cases that the header names only") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u}) {
    std::vector<double> scores;
    Random random(seed);
    for (int i = 0; i < 500; ++i) scores.push_back(-std::log(1 - random.uniform()));
    const TailCalibration tail(scores, TailRule::cautious);
    const double largest = tail.scores().back();
    for (double score = 0; score <= largest; score += 0.01) {
      CAPTURE(score);
      if (score > tail.scores()[494]) continue;
      REQUIRE(tail.p_value(score) >= tail.p_conformal(score) / 3);
      REQUIRE(tail.p_value(score) <= 3 * tail.p_conformal(score));
    }
    // Beyond the largest normal the rank stays where it is.
    CHECK(tail.p_value(largest + 5) < tail.p_conformal(largest + 5) / 3);
  }
  // Scores that hardly spread: what lies a little higher ranks above all, which means nothing.
  std::vector<double> close(20, 2.0);
  for (std::size_t i = 0; i < close.size(); ++i) close[i] += 1e-6 * static_cast<double>(i);
  const TailCalibration tail(close, TailRule::cautious);
  CHECK(tail.p_value(2.001) > 3 * tail.p_conformal(2.001));
}

TEST_CASE("tail: an excess counts in units of the noise at least") {
  const TailCalibration tail(std::vector<double>(20, 2.0), TailRule::plain, 0.5);
  CHECK(tail.level(3.0) == doctest::Approx(std::log(21.0 / 6) + 2));
}

TEST_CASE("tail: threshold and p-value agree") {
  std::vector<double> scores;
  Random random(3);
  for (int i = 0; i < 200; ++i) scores.push_back(std::round(20 * random.normal()) / 10);  // with ties
  for (const TailRule rule : {TailRule::plain, TailRule::cautious}) {
    const TailCalibration tail(scores, rule);
    for (const double target : {0.001, 0.01, 0.05, 0.09, 0.1, 0.104, 0.2, 0.5, 0.9}) {
      const double threshold = tail.threshold(target);
      for (double score = -8; score < 12; score += 0.05) {
        if (std::abs(score - threshold) < 1e-9) continue;
        CAPTURE(target);
        CAPTURE(score);
        REQUIRE((tail.p_value(score) < target) == (score > threshold));
      }
    }
  }
  const TailCalibration tail(scores);
  CHECK_THROWS_AS(tail.threshold(0), Error);
  CHECK_THROWS_AS(TailCalibration(std::vector<double>{1}), Error);
  CHECK_THROWS_AS(TailCalibration(std::vector<double>{1, std::nan("")}), Error);
}

TEST_CASE("p-values of fresh normals are uniform") {
  Random random(11);
  std::vector<double> scores, fresh;
  for (int i = 0; i < 2000; ++i) scores.push_back(random.normal());
  for (int i = 0; i < 20000; ++i) fresh.push_back(random.normal());
  const TailCalibration tail(scores);
  for (const double target : {0.01, 0.05, 0.1, 0.3, 0.7}) {
    double below = 0, conformal = 0;
    for (const double score : fresh) {
      below += tail.p_value(score) < target ? 1 : 0;
      conformal += tail.p_conformal(score) < target ? 1 : 0;
    }
    // Standard deviation of a rank among 2,000 and of a count of 20,000: sqrt(p (1-p) (1/2000 + 1/20000)); four of
    // them, and .003 because a normal tail is not exponential.
    const double bound = 4 * std::sqrt(target * (1 - target) * 0.00055);
    CAPTURE(target);
    CHECK(std::abs(below / 20000 - target) < bound + 0.003);
    CHECK(std::abs(conformal / 20000 - target) < bound);
  }
}

TEST_CASE("levels by sidedness, cap, power mean and weighted sum") {
  Recipe recipe{
      "test",
      Combiner::weighted_sum,
      {{"ngram", Sidedness::upper, 1.0}, {"length", Sidedness::two_sided, 2.0}, {"same", Sidedness::nine_to_one, 1.0}}};
  const std::vector<double> scores = ramp(19);
  std::vector<double> raw;
  for (const double score : scores) raw.insert(raw.end(), 3, score);
  const MatrixView<const double> matrix(raw.data(), 19, 3);
  const TailCalibration tail(scores);
  std::vector<double> levels(3);

  const Calibration sum(recipe, {matrix});
  sum.levels(std::vector<double>{16, 16, 16}, levels);
  CHECK(levels[0] == doctest::Approx(tail.level(16)));
  CHECK(levels[1] == doctest::Approx(tail.level(16) - std::numbers::ln2));
  CHECK(levels[2] == doctest::Approx(tail.level(16) + std::log(0.9)));
  CHECK(sum.combine(levels) == doctest::Approx((levels[0] + 2 * levels[1] + levels[2]) / 4));
  sum.levels(std::vector<double>{2, 2, 2}, levels);  // the ramp is symmetric: 2 is as low as 16 is high
  CHECK(levels[0] == doctest::Approx(-std::log(18.0 / 20)));
  CHECK(levels[1] == doctest::Approx(tail.level(16) - std::numbers::ln2));
  CHECK(levels[2] == doctest::Approx(std::max(tail.level(2) + std::log(0.9), tail.level(16) + std::log(0.1))));

  recipe.combiner = Combiner::power_mean;
  const Calibration mean(recipe, {matrix});
  const Judgement judged = mean.judge(std::vector<double>{1000, 9, 9}, levels);
  CHECK(levels[0] == doctest::Approx(std::log(20.0) + 4));
  const double expected =
      3 * std::log((std::exp(levels[0] / 3) + 2 * std::exp(levels[1] / 3) + std::exp(levels[2] / 3)) / 4);
  CHECK(judged.value == doctest::Approx(expected));
  CHECK(judged.worst_view == 0);
  CHECK(judged.p_value == doctest::Approx(mean.combined().p_value(judged.value)));
  CHECK(judged.p_conformal == doctest::Approx(1.0 / 20));
  CHECK(mean.judge(std::vector<double>{9, 50, 9}, levels).worst_view == 1);
}

TEST_CASE("adaptive: sum, power mean and largest level, each by its own tail") {
  Recipe recipe{
      "test", Combiner::adaptive, {{"ngram", Sidedness::upper, 1.0}, {"types", Sidedness::upper, 0.5}, {"unseen"}}};
  constexpr std::size_t n = 100;
  Random random(5);
  std::vector<double> raw;
  for (std::size_t i = 0; i < 3 * n; ++i) raw.push_back(random.uniform());
  const Calibration calibration(recipe, {{raw.data(), n, 3}});
  const auto evidence = [](std::span<const double> a) {
    return std::array<double, 3>{
        (a[0] + 0.5 * a[1] + a[2]) / 2.5,
        3 * std::log((std::exp(a[0] / 3) + 0.5 * std::exp(a[1] / 3) + std::exp(a[2] / 3)) / 2.5),
        std::max({a[0], a[1] + std::log(0.5), a[2]})};
  };
  std::array<std::vector<double>, 3> of_normals;
  std::vector<double> levels(3);
  for (std::size_t i = 0; i < n; ++i) {
    calibration.levels(std::span(raw).subspan(3 * i, 3), levels);
    for (std::size_t k = 0; k < 3; ++k) of_normals[k].push_back(evidence(levels)[k]);
  }
  const auto expected = [&](std::span<const double> a) {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k)
      sum += std::exp(TailCalibration(of_normals[k], TailRule::cautious).level(evidence(a)[k]) / 3);
    return 0.75 * 3 * std::log(sum / 3);
  };
  for (const std::vector<double>& x : {std::vector<double>{0.5, 0.5, 0.5}, {0.1, 0.2, 2}, {1.5, 1.5, 1.5}}) {
    const Judgement judged = calibration.judge(x, levels);
    CHECK(judged.value == doctest::Approx(expected(levels)));
    CHECK(judged.p_value == doctest::Approx(calibration.combined().p_value(judged.value)));
  }
  // The cap: twice as far is no more.
  CHECK(calibration.judge(std::vector<double>{0, 0, 1000}, levels).value ==
        calibration.judge(std::vector<double>{0, 0, 2000}, levels).value);
  CHECK(levels[2] == doctest::Approx(std::log(n + 1.0) + 8));

  ProfileWriter writer;
  writer.scope("calibration");
  calibration.save(writer);
  const std::string bytes = writer.serialize();
  const SafetensorsFile file(std::as_bytes(std::span(bytes)), "memory");
  const Calibration loaded = Calibration::load(recipe, ProfileReader(file, "calibration"));
  CHECK(loaded.combine(levels) == calibration.combine(levels));
  // With fewer normals the power mean alone.
  const Calibration few(recipe, {{raw.data(), n - 1, 3}});
  few.levels(std::vector<double>{0.5, 0.99, 0.2}, levels);
  CHECK(few.combine(levels) == doctest::Approx(evidence(levels)[1]));
  recipe.combiner = Combiner::power_mean;
  CHECK(Calibration::load(recipe, ProfileReader(file, "calibration")).combine(levels) != calibration.combine(levels));
}

TEST_CASE(
    "adaptive: normals that the model cannot tell apart count alike, and a normal's own tails are not made of it") {
  const Recipe recipe{"test", Combiner::adaptive, {{"ngram"}, {"types"}}};
  constexpr std::size_t n = 120;
  std::vector<double> raw;
  for (std::size_t i = 0; i < n; ++i) raw.insert(raw.end(), {i % 3 == 0 ? 1.0 : 2.0, i % 7 == 0 ? 5.0 : 4.0});
  const auto matrix = [&] { return MatrixView<const double>(raw.data(), n, 2); };
  const Calibration ties(recipe, {matrix()});
  const std::set<double> few(ties.combined().scores().begin(), ties.combined().scores().end());
  CHECK(few.size() <= 4);  // different rows
  // One outlier: judged by the tails of the others it is far beyond them, by tails that hold it not as far.
  raw[0] = 50;
  const Calibration outlier(recipe, {matrix()});
  std::vector<double> levels(2);
  outlier.levels(std::vector<double>{50, 5}, levels);
  CHECK(outlier.combined().scores().back() > outlier.combine(levels) + 0.5);
}

TEST_CASE("calibration leaves out incomplete rows and refuses a wrong width") {
  const Recipe recipe{"test", Combiner::power_mean, {{"ngram"}, {.name = "next", .given = true}}};
  std::vector<double> raw;
  for (int i = 0; i < 30; ++i) raw.insert(raw.end(), {1.0 * i, i % 3 == 0 ? std::nan("") : 1.0});
  CHECK(Calibration(recipe, {{raw.data(), 30, 2}}).normals() == 20);
  CHECK_THROWS_AS(Calibration(recipe, {{raw.data(), 20, 3}}), Error);
  raw.assign(60, std::nan(""));
  CHECK_THROWS_AS(Calibration(recipe, {{raw.data(), 30, 2}}), Error);
}

TEST_CASE("each normal counts with the most abnormal of what is known of it") {
  const Recipe recipe{"test", Combiner::power_mean, {{"ngram"}, {"length", Sidedness::two_sided, 1.0}}};
  // Held out all are equal; the finished model gives all of them a little more, and for itself a little less.
  const std::vector<double> held_out(60, 1.0), finished(60, 1.25), own(60, 0.75);
  const auto matrix = [](const std::vector<double>& values) { return MatrixView<const double>(values.data(), 30, 2); };
  std::vector<double> levels(2);
  const auto p = [&](const Calibration& calibration, double score, bool learned = false) {
    return calibration.judge(std::vector<double>{score, score}, levels, learned).p_value;
  };
  const Calibration alone(recipe, {matrix(held_out)});
  CHECK(p(alone, 1.0) == 1);
  CHECK(p(alone, 1.25) < 0.01);
  CHECK(p(alone, 0.75) < 0.05);  // too short: half of the views see it
  const Calibration both(recipe, {.held_out = matrix(held_out), .finished = matrix(finished)});
  CHECK(p(both, 1.25) == 1);
  CHECK(p(both, 1.0) == 1);
  CHECK(p(both, 0.75) < 0.05);
  CHECK(p(both, 2.0) < 0.01);
  const Calibration known(recipe, {.held_out = matrix(held_out), .own = matrix(own)});
  // What was learned is more predictable than anything new: no anomaly itself, and no measure for others.
  CHECK(p(known, 0.75, true) == 1);
  CHECK(p(known, 0.75) < 0.05);
  CHECK(p(known, 1.25) < 0.05);
  const Calibration odd(recipe, {.held_out = matrix(held_out), .own = matrix(finished)});
  CHECK(p(odd, 1.25, true) == 1);
  CHECK_THROWS_AS(Calibration(recipe, {.held_out = matrix(held_out), .own = {own.data(), 20, 2}}), Error);
  const std::vector<double> noise(1, 0.1);
  CHECK_THROWS_AS(Calibration(recipe, {.held_out = matrix(held_out), .noise = noise}), Error);
}

namespace {

nlohmann::json json_of(const Recipe& recipe) {
  JsonWriter writer;
  write_recipe(writer, recipe);
  CHECK(writer.text() == nlohmann::json::parse(writer.text()).dump());  // in the order of the names
  return nlohmann::json::parse(writer.text());
}

Recipe recipe_of(const nlohmann::json& json) {
  const JsonTree tree(json.dump(), "detector.json", ErrorCode::bad_format);
  return read_recipe(tree.root());
}

}  // namespace

TEST_CASE("recipes of seqguard 0.1.0: the surprise of an encoder is given, told by its name") {
  const auto view = [](const char* name) {
    return nlohmann::json{{"name", name},
                          {"sidedness", "upper"},
                          {"weight", 1},
                          {"neighbours", {{"count", 5u}, {"share", 0}}},
                          {"order", 7u}};
  };
  const nlohmann::json json = {
      {"name", "old"}, {"combiner", "power_mean"}, {"views", {view("ngram"), view("next"), view("next:item")}}};
  const Recipe recipe = recipe_of(json);
  CHECK(recipe.given() == std::vector<std::string>{"next", "next:item"});
  CHECK_FALSE(recipe.views[0].given);
}

TEST_CASE("recipes: the presets survive JSON, damage is refused by name") {
  for (const std::vector<std::string>& given : {std::vector<std::string>{}, {"next"}, {"next", "next:item", "head"}}) {
    CHECK(Recipe::broad(given).given() == given);
    CHECK(Recipe::traces(given).given().size() == (given.empty() ? 0 : 1));
    for (const Recipe& recipe : {Recipe::broad(given), Recipe::traces(given)}) {
      recipe.check();
      CHECK(recipe.computed().given().empty());
      CHECK(recipe.computed().views.size() == recipe.views.size() - recipe.given().size());
      const Recipe read = recipe_of(json_of(recipe));
      CHECK(json_of(read) == json_of(recipe));
      CHECK(read.given() == recipe.given());
    }
  }
  const nlohmann::json good = json_of(Recipe::traces({"next"}));
  const auto refused = [&](const char* pointer, const nlohmann::json& value, const char* message) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    CHECK_THROWS_WITH_AS(recipe_of(bad), doctest::Contains(message), Error);
  };
  refused("/combiner", "mean", "power_mean, weighted_sum");
  refused("/views/0/name", "nonsense", "nonsense");
  refused("/views/1/name", "ngram", "twice");
  refused("/views/0/weight", -1, "weight");
  refused("/views/0/weight", "1", "detector.json");
  refused("/views/0/order", 99, "order");
  refused("/views/0/order", 3.5, "order, expected a non-negative integer, found 3.5");
  refused("/views/0/neighbours/count", -1, "views[0].neighbours.count, expected a non-negative integer, found -1");
  refused("/views/0/more", 1, "unknown field \"more\"");
  refused("/views", nlohmann::json::object(), "array");
  refused("/views/3/given", false, "given, expected true, found false");
  refused("/views/3/name", "length", "name of a given view");
  refused("/views/3/name", "combined", "name of a given view");
  refused("/views/3/order", 3, "unknown field \"order\"");
  refused("/views/0/given", true, "unknown field");
  CHECK(Recipe::preset(RecipePreset::standard).name == "default");
  CHECK(Recipe::preset(RecipePreset::traces, {"next"}).views.size() == 4);
  for (const RecipePreset preset : {RecipePreset::standard, RecipePreset::traces})
    CHECK(recipe_preset_from_string(to_string(preset)) == preset);
  CHECK_THROWS_WITH_AS(recipe_preset_from_string("broad"), doctest::Contains("expected default or traces"), Error);
  CHECK(Recipe::single("types").views[0].sidedness == Sidedness::upper);
}
