// Settings of fine-tuning compared by folds or held-out texts, and how such a series goes on after a stop.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "sequence_scorer/small_texts.hpp"
#include "sequence_scorer/text_golden.hpp"
#include "sequence_scorer/text_split.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

FineTuneTextOptions quick(std::size_t steps) {
  FineTuneTextOptions options;
  options.steps = steps;
  options.learning_rate = 5e-3;
  options.tokens_per_step = 128;
  options.valid_fraction = 0.25;
  options.validate_every = 10;
  options.metric = TextMetric::auroc;
  return options;
}

std::vector<std::string> names_of(const std::string& json, std::uint64_t seed = 1) {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "search.json", json);
  FineTuneTextOptions base;
  base.seed = seed;
  std::vector<std::string> names;
  for (const TextTrial& trial : read_text_trials(directory / "search.json", base)) names.push_back(trial.name);
  return names;
}

std::string refusal(const std::string& json) {
  try {
    names_of(json);
  } catch (const Error& error) {
    const std::string what = error.what();
    return what.substr(what.find("search.json") + 11);
  }
  return "";
}

/// Stops at its n-th report.
struct StopAt {
  std::size_t reports_left;
  ProgressSink sink() { return {&StopAt::report, this}; }
  static bool report(const Progress&, void* user) { return --static_cast<StopAt*>(user)->reports_left > 0; }
};

}  // namespace

TEST_CASE("settings of a search: all combinations, or some by chance") {
  CHECK(names_of(R"({"learning_rate": [1e-5, 0.002], "loss": ["ce", "focal"]})") ==
        std::vector<std::string>{"learning_rate=1e-05 loss=ce", "learning_rate=1e-05 loss=focal",
                                 "learning_rate=0.002 loss=ce", "learning_rate=0.002 loss=focal"});
  const std::string range =
      R"({"trials": 20, "learning_rate": {"min": 1e-5, "max": 1e-3, "log": true}, "lora": [2, 8]})";
  const std::vector<std::string> drawn = names_of(range);
  CHECK(drawn.size() == 20);
  CHECK(drawn == names_of(range));
  CHECK(drawn != names_of(range, 2));
  std::size_t small = 0;
  for (const std::string& name : drawn) {
    const double rate = std::stod(name.substr(name.find('=') + 1));
    CHECK(rate >= 1e-5);
    CHECK(rate <= 1e-3);
    small += rate < 1e-4 ? 1 : 0;  // half of a logarithmic range; of a linear one 9 %
  }
  CHECK(small >= 4);
  CHECK(names_of(R"({"trials": 5, "epochs": [2, 3]})").size() == 2);  // there are no more
  const TemporaryDirectory directory;
  write_file_atomically(directory / "all.json",
                        R"({"freeze": ["embeddings,1"], "epochs": [4], "class_weights": ["balanced"], "warm_up": [0.2],
                            "schedule": ["cosine"], "optimizer": ["sgd"], "lora": [3], "weight_decay": [0.5]})");
  FineTuneTextOptions base;
  base.steps = 7;
  const FineTuneTextOptions set = read_text_trials(directory / "all.json", base).at(0).options;
  CHECK(set.frozen.embeddings);
  CHECK(set.frozen.layers == 1);
  CHECK(set.epochs == 4.0);
  CHECK_FALSE(set.steps.has_value());
  CHECK(set.balanced);
  CHECK(set.schedule.warm_up == 0.2);
  CHECK(set.schedule.type == ScheduleType::cosine);
  CHECK(set.optimizer.kind == OptimizerKind::sgd);
  CHECK(set.optimizer.weight_decay == 0.5);
  CHECK(set.lora.rank == 3);
}

TEST_CASE("files of settings that cannot be used say where and why") {
  CHECK(refusal("[]").find(", expected an object") != std::string::npos);
  CHECK(refusal("{}").find(", expected an object of settings: adversarial_epsilon, adv") != std::string::npos);
  CHECK(refusal(R"({"rate": [1]})").find(": rate, expected a setting: trials, adversarial_epsilon") == 0);
  CHECK(refusal(R"({"epochs": []})").find(": epochs, expected at least one value") == 0);
  CHECK(refusal(R"({"epochs": ["two"]})").find(": epochs[0], expected") == 0);
  CHECK(refusal(R"({"loss": ["hinge"]})")
            .find(": loss[0], expected another value: fine-tune: loss, expected one of ce") == 0);
  CHECK(refusal(R"({"freeze": ["head"]})").find(": freeze[0], expected another value: frozen parts: each") == 0);
  CHECK(refusal(R"({"epochs": {"min": 1, "max": 2}})").find(": epochs, expected an array: a range needs \"trials\"") ==
        0);
  CHECK(refusal(R"({"trials": 2, "epochs": {"min": 3, "max": 2}})").find(": epochs, expected a min below the max") ==
        0);
  CHECK(refusal(R"({"trials": 2, "epochs": {"min": 0, "max": 2, "log": true}})").find("expected a min above 0") !=
        std::string::npos);
  CHECK(refusal(R"({"trials": 0, "epochs": [1]})").find(": trials, expected 1 to 1000") == 0);
  CHECK(refusal(R"({"trials": 2, "loss": {"min": 0}})").find(": loss, expected an array of texts") == 0);
  std::string many = "{";
  for (const char* name : {"epochs", "steps", "lora", "warm_up"})
    many += std::string(many.size() == 1 ? "" : ",") + "\"" + name + "\": [1,2,3,4,5,6]";
  CHECK(refusal(many + "}").find("expected at most 1000 combinations") != std::string::npos);
}

TEST_CASE("folds: every text in one, equal ones in the same, each class alike") {
  LabelledTexts texts = comments(40);
  for (std::size_t i = 0; i < 10; ++i) texts.texts.push_back(texts.texts[i]);
  const std::vector<std::size_t> folds = fold_of_texts(texts, 5, 3);
  for (std::size_t i = 0; i < 10; ++i) CHECK(folds[i] == folds[40 + i]);
  for (std::size_t fold = 0; fold < 5; ++fold)
    for (std::size_t label = 0; label < 2; ++label) {
      std::size_t count = 0;
      for (std::size_t i = 0; i < texts.texts.size(); ++i)
        count += folds[i] == fold && texts.texts[i].label == label ? 1 : 0;
      CHECK(count >= 4);  // of 25
      CHECK(count <= 6);
    }
  CHECK(folds != fold_of_texts(texts, 5, 4));
  CHECK_THROWS_WITH_AS(fold_of_texts(texts, 41, 1), doctest::Contains("folds of 40 different texts"), Error);
}

TEST_CASE("cross-validation judges every text by models that have not seen it") {
  const TemporaryDirectory directory;
  const std::string from = k_golden + "text_sentence";
  FineTuneTextOptions options = quick(60);
  options.folds = 3;
  const FineTuneTextReport report = fine_tune_text(from, comments(60), directory / "a", options);
  REQUIRE(report.cross_validation.has_value());
  CHECK(report.cross_validation->folds.size() == 3);
  CHECK(report.cross_validation->figures.rows == 60);
  CHECK(report.cross_validation->figures.auroc > 0.9);  // one word decides
  // What is written is trained on all: the same bits as without folds.
  options.folds = 0;
  CHECK_FALSE(fine_tune_text(from, comments(60), directory / "b", options).cross_validation.has_value());
  CHECK(digest(directory / "a") == digest(directory / "b"));
  // Forty equal texts, with the tokens of normal ones but the other label, are in one fold: only whoever has learned
  // from them could judge them as they are labelled.
  options.folds = 3;
  LabelledTexts odd = comments(60);
  for (std::size_t i = 0; i < 40; ++i) {
    odd.texts.push_back({"Hello  The  Hello a", "", 1, {}, 100 + i});
    odd.texts.push_back(
        {"hello the hello " + std::string(1 + i / 26, static_cast<char>('a' + i % 26)), "", 0, {}, 200});
  }
  const TextFigures judged = fine_tune_text(from, odd, directory / "a", options).cross_validation->figures;
  CHECK(judged.confusion[2] >= 40);  // spam judged as normal
  LabelledTexts numbers = comments(60);
  numbers.problem = TextProblem::regression;
  numbers.classes = {"stars"};
  for (LabelledText& text : numbers.texts) text.number = text.label == 1 ? 50 : 20;
  options.metric = TextMetric::mae;
  options.steps = 120;
  const FineTuneTextReport of_numbers = fine_tune_text(from, numbers, directory / "c", options);
  CHECK(of_numbers.cross_validation->figures.mae < 8);  // always the mean: 15
  CHECK(of_numbers.cross_validation->figures.loss < 0.5);
  FineTuneTextOptions few = quick(5);
  few.folds = 4;
  CHECK(fine_tune_text(k_golden + "text_tokens", spans(30), directory / "d", few).cross_validation->figures.rows > 60);
}

TEST_CASE("a search writes what the best setting gives, and goes on after a stop at any step") {
  const TemporaryDirectory directory;
  const std::string from = k_golden + "text_sentence";
  const LabelledTexts texts = comments(60);
  const auto trials_with = [&](std::size_t folds, const std::string& state) {
    FineTuneTextOptions options = quick(4);
    options.validate_every = 2;
    options.metric = TextMetric::loss;
    options.folds = folds;
    options.state_file = state;
    options.save_seconds = 1e9;
    options.resume = !state.empty();
    std::vector<TextTrial> trials(3, {"", options});
    trials[0].options.learning_rate = 1e-9;
    trials[1].options.learning_rate = 1e-2;
    trials[2].options.learning_rate = 1e-6;
    return trials;
  };
  for (const std::size_t folds : {0u, 2u}) {
    CAPTURE(folds);
    const std::string straight = directory / "straight", resumed = directory / "resumed", state = directory / "state";
    const TextSearchReport report = search_fine_tune_text(from, texts, straight, trials_with(folds, ""));
    REQUIRE(report.trials.size() == 3);
    CHECK(report.best == 1);  // the others learn nothing
    CHECK(report.trials[1].figures.loss < report.trials[2].figures.loss);
    CHECK(report.report.cross_validation.has_value() == (folds > 0));
    FineTuneTextOptions best = trials_with(0, "")[1].options;
    fine_tune_text(from, texts, directory / "alone", best);
    CHECK(digest(directory / "alone") == digest(straight));

    TextSearchReport again;
    std::size_t stops = 0;
    for (bool finished = false; !finished; ++stops) {
      REQUIRE(stops < 60);
      StopAt stop{2};  // at the second step of each call: in the middle of trainings, and at their ends
      try {
        again = search_fine_tune_text(from, texts, resumed, trials_with(folds, state), inline_executor(), stop.sink());
        finished = true;
      } catch (const Error& error) {
        REQUIRE(error.code() == ErrorCode::cancelled);
      }
    }
    CHECK(stops > (folds == 0 ? 6 : 12));
    CHECK(digest(resumed) == digest(straight));
    for (std::size_t t = 0; t < 3; ++t) CHECK(again.trials[t].figures.loss == report.trials[t].figures.loss);
    for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
      CHECK((entry.path().filename() == "state" || !entry.path().filename().string().starts_with("state")));
    std::filesystem::remove(state);
  }
  // A series of other trials does not go on.
  StopAt stop{6};
  CHECK_THROWS_AS(search_fine_tune_text(from, texts, directory / "x", trials_with(0, directory / "s"),
                                        inline_executor(), stop.sink()),
                  Error);
  std::vector<TextTrial> others = trials_with(0, directory / "s");
  others[2].options.learning_rate = 3e-6;
  CHECK_THROWS_WITH_AS(search_fine_tune_text(from, texts, directory / "x", others),
                       doctest::Contains("belongs to other data, options"), Error);
}

TEST_CASE("settings that do not compare are refused") {
  const TemporaryDirectory directory;
  const auto refused = [&](std::vector<TextTrial> trials) {
    try {
      search_fine_tune_text(k_golden + "text_sentence", comments(30), directory / "x", trials);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  FineTuneTextOptions options = quick(2);
  options.metric = TextMetric::loss;
  std::vector<TextTrial> trials(2, {"", options});
  CHECK(refused({}).find("settings to compare, expected at least one") != std::string::npos);
  trials[1].options.loss = TextLoss::focal;
  CHECK(refused(trials).find("losses of different kinds do not compare") != std::string::npos);
  trials[1].options.loss = std::nullopt;
  trials[0].options.valid_fraction = 0;
  CHECK(refused(trials).find("a valid_fraction above 0, or folds") != std::string::npos);
  options.folds = 1;
  CHECK(refused({{"", options}}).find("folds, expected 0 or 2 and more") != std::string::npos);
}
