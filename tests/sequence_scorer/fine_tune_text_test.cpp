// Fine-tuning of small text checkpoints: what learns, what stays, what is written, and that a stop changes nothing.
#include "seqguard/sequence_scorer/fine_tune_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/model/adapter.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "sequence_scorer/small_texts.hpp"
#include "sequence_scorer/text_golden.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

FineTuneTextOptions quick(std::size_t steps = 60) {
  FineTuneTextOptions options;
  options.steps = steps;
  options.learning_rate = 5e-3;
  options.tokens_per_step = 128;
  options.valid_fraction = 0.25;
  options.validate_every = 10;
  return options;
}

std::string refusal(const std::string& from, const LabelledTexts& texts, const std::string& to,
                    const FineTuneTextOptions& options) {
  try {
    fine_tune_text(from, texts, to, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

nlohmann::json config_of(const std::string& directory) {
  return nlohmann::json::parse(read_file(directory + "/config.json", 1u << 20));
}

/// Stops at its n-th report, counted from 1.
struct StopAt {
  std::size_t reports_left = 1;
  ProgressSink sink() { return {&StopAt::report, this}; }
  static bool report(const Progress&, void* user) { return --static_cast<StopAt*>(user)->reports_left > 0; }
};

}  // namespace

TEST_CASE("a text checkpoint learns classes of texts, and comes out as a directory that says so") {
  const TemporaryDirectory directory;
  for (const TextLoss loss : {TextLoss::ce, TextLoss::bce, TextLoss::focal}) {
    CAPTURE(to_string(loss));
    FineTuneTextOptions options = quick();
    options.loss = loss;
    options.metric = TextMetric::auroc;
    const std::string to = directory / std::string(to_string(loss));
    const FineTuneTextReport report = fine_tune_text(k_golden + "text_sentence", comments(80), to, options);
    CHECK(report.validated);
    CHECK(report.held_out == std::vector<std::size_t>{10, 10});
    CHECK(report.learned_from == std::vector<std::size_t>{30, 30});
    CHECK(report.figures.rows == 20);
    CHECK(report.temperature != 1);      // fitted
    CHECK(report.figures.auroc > 0.95);  // one word decides; by chance .5
    CHECK(report.steps == 60);
    CHECK(report.stopped_by == "all steps");
    CHECK(report.learning_parameters == report.parameters);
    CHECK(report.curve.size() == 6);
    const bool softmax = loss == TextLoss::ce;
    CHECK(config_of(to)["problem_type"] == (softmax ? "single_label_classification" : "multi_label_classification"));
    CHECK(config_of(to)["architectures"][0] == "BertForSequenceClassification");
    CHECK(config_of(to)["label2id"]["spam"] == (softmax ? 1 : 0));
    CHECK_FALSE(file_exists(to + "/modules.json"));

    const TextModel model = TextModel::load(to);
    CHECK(model.max_tokens() == 24);  // max_seq_length of the sentence-transformers files that are left behind
    CHECK(model.output_transform() == (softmax ? OutputTransform::softmax : OutputTransform::sigmoid));
    const auto spam = [&](const char* text) { return model.score(text).probabilities.back(); };
    CHECK(spam("hello the dog spam b") > spam("hello the dog b"));
  }
}

TEST_CASE("more classes, class weights, pairs of texts, and a head that goes on where its classes are the same") {
  const TemporaryDirectory directory;
  FineTuneTextOptions options = quick(120);
  options.balanced = true;
  options.label_smoothing = 0.05;
  options.metric = TextMetric::macro_f1;
  LabelledTexts texts = comments(90, 3);
  for (LabelledText& text : texts.texts) text.pair = "the answer";
  const FineTuneTextReport first = fine_tune_text(k_golden + "text_pairs", texts, directory / "a", options);
  CHECK(first.figures.macro_f1 > 0.8);
  CHECK(first.figures.confusion.size() == 9);
  // One more step at a rate of almost nothing: the classes are kept, and what was learned with them.
  options.steps = 1;
  options.learning_rate = 1e-9;
  const FineTuneTextReport again = fine_tune_text(directory / "a", texts, directory / "b", options);
  CHECK(again.figures.macro_f1 == first.figures.macro_f1);
  std::swap(texts.classes[0], texts.classes[1]);
  options.seed = 7;  // of the first, the encoder has learned to suit the head
  CHECK(fine_tune_text(directory / "a", texts, directory / "b", options).figures.macro_f1 < 0.7);
  options.balanced = false;
  options.class_weights = {1, 2};
  CHECK(refusal(k_golden + "text_pairs", texts, directory / "b", options) ==
        "class weights: one for each class, expected 3, found 2");
}

TEST_CASE("a text checkpoint learns sets of classes") {
  const TemporaryDirectory directory;
  LabelledTexts texts = comments(90, 3);  // of the words spam and eggs
  texts.problem = TextProblem::multi_label_classification;
  texts.classes = {"spam", "eggs"};
  for (std::size_t i = 0; i < texts.texts.size(); ++i) {
    LabelledText& text = texts.texts[i];
    if (i % 3 != 0) text.labels = {i % 3 - 1};
    if (i % 6 == 1) {
      text.text += " eggs";
      text.labels = {0, 1};
    }
  }
  FineTuneTextOptions options = quick(250);
  options.metric = TextMetric::micro_f1;
  for (const bool focal : {false, true}) {
    if (focal) options.loss = TextLoss::focal;
    const FineTuneTextReport report = fine_tune_text(k_golden + "text_sentence", texts, directory / "sets", options);
    CHECK(report.problem == TextProblem::multi_label_classification);
    CHECK(report.figures.micro_f1 > 0.9);  // two words decide
    CHECK(report.figures.of_classes.size() == 2);
    CHECK(report.temperature == 1);
    CHECK(config_of(directory / "sets")["problem_type"] == "multi_label_classification");
    CHECK(config_of(directory / "sets")["id2label"]["1"] == "eggs");
    const TextModel model = TextModel::load(directory / "sets");
    CHECK(model.output_transform() == OutputTransform::sigmoid);
    const std::vector<float> both = model.score("hello the dog spam b eggs").probabilities;
    CHECK(both[0] > 0.5F);
    CHECK(both[1] > 0.5F);
    CHECK(model.score("hello the dog b").probabilities[0] < 0.5F);
  }
  options.loss = TextLoss::ce;
  CHECK(refusal(k_golden + "text_sentence", texts, directory / "x", options) ==
        "loss: of sets of classes, expected bce or focal: each class for itself, found ce");
}

TEST_CASE("a text checkpoint learns numbers, and what is written gives them in their unit") {
  const TemporaryDirectory directory;
  LabelledTexts texts = comments(80);
  texts.problem = TextProblem::regression;
  texts.classes = {"stars"};
  for (LabelledText& text : texts.texts) text.number = text.label == 1 ? 1000 : 400;
  FineTuneTextOptions options = quick(150);
  options.metric = TextMetric::mae;
  const FineTuneTextReport report = fine_tune_text(k_golden + "text_sentence", texts, directory / "a", options);
  CHECK(report.figures.mae < 60);  // one word decides; the mean of all is off by 300
  CHECK(report.figures.rmse >= report.figures.mae);
  CHECK(report.figures.spearman > 0.8);
  CHECK(report.figures.loss < 0.1);  // of the variance
  CHECK(report.curve.back().held_out.mae > 0);
  CHECK(config_of(directory / "a")["problem_type"] == "regression");
  CHECK(config_of(directory / "a")["id2label"]["0"] == "stars");
  const TextModel model = TextModel::load(directory / "a");
  CHECK(model.output_transform() == OutputTransform::identity);
  CHECK(std::abs(model.score("hello the dog spam b").probabilities[0] - 1000) < 100);
  CHECK(std::abs(model.score("hello the dog b").probabilities[0] - 400) < 100);

  // One more step at a rate of almost nothing: what was learned is turned to standard units and back.
  options.steps = 1;
  options.learning_rate = 1e-9;
  const FineTuneTextReport again = fine_tune_text(directory / "a", texts, directory / "b", options);
  CHECK(again.figures.mae == doctest::Approx(report.figures.mae).epsilon(1e-3));  // two roundings of float
  CHECK(std::abs(TextModel::load(directory / "b").score("hello fox").probabilities[0] -
                 model.score("hello fox").probabilities[0]) < 0.1);

  options.metric = TextMetric::f1;
  CHECK(refusal(k_golden + "text_sentence", texts, directory / "x", options) ==
        "fine-tune: metric, expected one of numbers: loss, mae, rmse or spearman, found f1");
  options.metric = TextMetric::loss;
  options.loss = TextLoss::bce;
  CHECK(refusal(k_golden + "text_sentence", texts, directory / "x", options) ==
        "loss: of numbers, expected mse, found bce");
  options.loss = std::nullopt;
  options.balanced = true;
  CHECK(refusal(k_golden + "text_sentence", texts, directory / "x", options).find("are of classes, not of numbers") !=
        std::string::npos);
  texts = comments(40);
  options = quick(5);
  options.metric = TextMetric::rmse;
  CHECK(refusal(k_golden + "text_sentence", texts, directory / "x", options).find("expected one of classes: loss") !=
        std::string::npos);
}

TEST_CASE("frozen parts stay byte for byte, and adapters are merged or written alone") {
  const TemporaryDirectory directory;
  const std::string from = k_golden + "text_sentence";
  const SafetensorsFile before(from + "/model.safetensors");
  const auto changed = [&](const std::string& to) {
    const SafetensorsFile after(to + "/model.safetensors");
    std::vector<std::string> names;
    for (const auto& [name, info] : before.tensors()) {
      const std::string own = after.tensors().contains("bert." + name) ? "bert." + name : name;
      if (before.read_vector<float>(name, Dtype::f32) != after.read_vector<float>(own, Dtype::f32))
        names.push_back(name);
    }
    return names;
  };
  FineTuneTextOptions options = quick(10);
  options.frozen.base = true;
  const FineTuneTextReport head = fine_tune_text(from, comments(40), directory / "head", options);
  CHECK(changed(directory / "head").empty());
  CHECK(head.learning_parameters == 2 * 24 + 2);
  // What the encoder gives is kept, 24 numbers of each text; computed at every step it is the same.
  CHECK(head.kept_hidden_states == 40 * 24 * sizeof(float));
  options.hidden_states_bytes = head.kept_hidden_states - 1;
  const FineTuneTextReport anew = fine_tune_text(from, comments(40), directory / "anew", options);
  CHECK(anew.kept_hidden_states == 0);
  CHECK(anew.warnings.back().find("(--memory): they are computed at every step again") != std::string::npos);
  CHECK(digest(directory / "anew") == digest(directory / "head"));
  CHECK(anew.figures.loss == head.figures.loss);

  options.frozen = {.embeddings = true, .layers = 1};
  fine_tune_text(from, comments(40), directory / "upper", options);
  for (const std::string& name : changed(directory / "upper"))
    CHECK((name.find("layer.1.") != std::string::npos || name.find("pooler") != std::string::npos));
  CHECK(changed(directory / "upper").size() > 10);

  options.frozen = {};
  options.lora = {.rank = 4, .alpha = 16};
  fine_tune_text(from, comments(40), directory / "merged", options);
  for (const std::string& name : changed(directory / "merged"))
    CHECK((name.find("query.weight") != std::string::npos || name.find("value.weight") != std::string::npos));
  CHECK(changed(directory / "merged").size() == 4);
  options.adapter_only = true;
  fine_tune_text(from, comments(40), directory / "adapter", options);
  CHECK(file_exists(directory / "adapter/adapter_config.json"));
  CHECK_FALSE(file_exists(directory / "adapter/model.safetensors"));
  const Context<float> context = make_context(default_isa());
  const Model<float> merged = load_merged_adapter(load_model(context, from), directory / "adapter");
  CHECK(merged.values() == load_model(context, directory / "merged").values());
}

TEST_CASE("a fine-tuning that is stopped after each of its steps ends with the same bits") {
  const TemporaryDirectory directory;
  const std::string from = k_golden + "text_sentence";
  const LabelledTexts texts = comments(60);
  FineTuneTextOptions options = quick(12);
  options.adversarial.steps = 2;
  options.stochastic_depth = 0.2;
  options.validate_every = 3;
  options.curves = directory / "curves.jsonl";
  fine_tune_text(from, texts, directory / "straight", options);
  const std::string curves = read_file(options.curves, 1u << 20);
  CHECK(std::count(curves.begin(), curves.end(), '\n') == 4);
  const auto point = nlohmann::json::parse(curves.substr(0, curves.find('\n')));
  CHECK(point["step"] == 3);
  CHECK(point["metric"] == "loss");
  CHECK(point["value"] == point["validation_loss"]);
  CHECK(point["learning_rate"] > 0);

  options.state_file = directory / "state";
  options.save_seconds = 1e9;
  options.resume = true;
  std::size_t stops = 0;
  FineTuneTextReport report;
  for (bool finished = false; !finished; ++stops) {
    REQUIRE(stops < 20);
    std::filesystem::remove(options.curves);
    StopAt stop{1};
    try {
      report = fine_tune_text(from, texts, directory / "resumed", options, inline_executor(), stop.sink());
      finished = true;
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::cancelled);
      CHECK(std::string(error.what()) ==
            "fine-tune: stopped after step " + std::to_string(stops + 1) + " of 12; saved in " + options.state_file);
    }
  }
  CHECK(stops == 13);
  CHECK(report.resumed);
  CHECK(report.curve.size() == 4);
  CHECK(read_file(options.curves, 1u << 20) == curves);
  CHECK(digest(directory / "resumed") == digest(directory / "straight"));
  for (const auto& change :
       std::vector<void (*)(FineTuneTextOptions&)>{[](FineTuneTextOptions& o) { o.adversarial.steps = 1; },
                                                   [](FineTuneTextOptions& o) { o.adversarial.epsilon = 2; },
                                                   [](FineTuneTextOptions& o) { o.stochastic_depth = 0.1; }}) {
    FineTuneTextOptions changed = options;
    change(changed);
    CHECK(refusal(from, texts, directory / "other", changed).find(options.state_file) == 0);
  }
  FineTuneTextOptions other = options;
  other.label_smoothing = 0.1;
  CHECK(refusal(from, texts, directory / "other", other).find(options.state_file) == 0);
  CHECK(refusal(from, comments(61), directory / "other", options).find(options.state_file) == 0);
}

TEST_CASE("early stopping by a metric ends the training, with the best weights") {
  const TemporaryDirectory directory;
  FineTuneTextOptions options = quick(400);
  options.metric = TextMetric::accuracy;
  options.patience = 2;
  options.validate_every = 5;
  const FineTuneTextReport report =
      fine_tune_text(k_golden + "text_sentence", comments(80), directory / "a", options, *make_thread_pool(2));
  CHECK(report.steps < 400);
  CHECK(report.stopped_by == "2 validations without a better accuracy");
  double best = 0;
  for (const TextCurvePoint& point : report.curve) best = std::max(best, point.held_out.accuracy);
  CHECK(report.figures.accuracy == best);
  CHECK(report.best_step == report.steps - 2 * 5);
}

TEST_CASE("a text checkpoint learns classes of tokens") {
  const TemporaryDirectory directory;
  FineTuneTextOptions options = quick(80);
  options.loss = TextLoss::focal;
  options.balanced = true;
  const FineTuneTextReport report = fine_tune_text(k_golden + "text_tokens", spans(80), directory / "a", options);
  CHECK(report.classes == std::vector<std::string>{"O", "B-ANIMAL", "I-ANIMAL"});
  CHECK(report.figures.macro_f1 > 0.9);
  CHECK(config_of(directory / "a")["architectures"][0] == "BertForTokenClassification");
  const TextModel model = TextModel::load(directory / "a");
  CHECK(model.token_labels().size() == 3);
  std::vector<float> tokens;
  auto scratch = model.make_scratch();
  model.classify_tokens("the quick dog b", tokens, scratch);  // [CLS] the quick dog b [SEP]
  CHECK(tokens[2 * 3 + 1] > 0.5F);
  CHECK(tokens[3 * 3 + 2] > 0.5F);
  CHECK(tokens[4 * 3 + 0] > 0.5F);
  options.loss = TextLoss::bce;
  CHECK(refusal(k_golden + "text_tokens", spans(80), directory / "b", options).find("loss: of spans, expected ce") ==
        0);
}

TEST_CASE("every family learns classes of texts and of tokens") {
  const TemporaryDirectory directory;
  LabelledTexts texts{"letters", TextProblem::single_label_classification, {"no", "yes"}, {}},
      marked{"marks", TextProblem::spans, {"X"}, {}};
  for (std::size_t i = 0; i < 96; ++i) {  // of tokens that the small vocabularies of these checkpoints have
    const std::string before =
        std::string(i % 3, '!') + (i / 2 % 2 == 0 ? " a b" : " b a") + std::string(1 + i / 4 % 4, ',');
    const auto size = static_cast<std::uint32_t>(before.size());
    texts.texts.push_back({before + (i % 2 == 0 ? " answer" : " c"), "", (i + 1) % 2, {}, i + 1});
    marked.texts.push_back({before + " answer", "", 0, {{{size + 1, size + 7}, 0}}, i + 1});
  }
  FineTuneTextOptions options = quick(300);
  options.balanced = true;
  options.learning_rate = 2e-3;
  std::size_t families = 0;
  for (const auto& entry : std::filesystem::directory_iterator(k_golden)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_Model")) continue;
    CAPTURE(name);
    const std::string from = directory / name, to = directory / ("tuned_" + name);
    std::filesystem::copy(entry.path(), from);
    std::filesystem::copy(k_golden + "text_sentence/tokenizer.json", from + "/tokenizer.json");
    const FineTuneTextReport report = fine_tune_text(from, texts, to, options);
    CHECK(report.figures.auroc > 0.9);
    CHECK(TextModel::load(to).score("a b, answer").probabilities[1] > 0.5F);
    const FineTuneTextReport tokens = fine_tune_text(from, marked, to, options);
    CHECK(tokens.figures.macro_f1 > 0.9);
    const TextModel judge = TextModel::load(to);
    CHECK(judge.token_labels()[1] == "B-X");
    ++families;
  }
  CHECK(families == 8);
}

TEST_CASE("what cannot be fine-tuned is refused before anything is written") {
  const TemporaryDirectory directory;
  const std::string from = k_golden + "text_sentence";
  const auto with = [&](const auto& change) {
    FineTuneTextOptions options = quick(5);
    change(options);
    return refusal(from, comments(20), directory / "to", options);
  };
  CHECK(with([](auto& o) { o.valid_fraction = 0.6; }) ==
        "fine-tune: valid_fraction, expected a number in [0, 0.5], found 0.600000");
  CHECK(with([](auto& o) { o.steps = std::nullopt, o.epochs = 0; }).find("fine-tune: epochs, expected") == 0);
  CHECK(with([](auto& o) { o.loss = TextLoss::focal, o.focal_gamma = 0; }).find("fine-tune: focal_gamma") == 0);
  CHECK(with([](auto& o) {
          o.balanced = true, o.class_weights = {1, 2};
        }).find("class weights, expected balanced") != std::string::npos);
  CHECK(with([](auto& o) { o.adapter_only = true; }).find("adapter_only, expected with a rank") != std::string::npos);
  CHECK(with([](auto& o) { o.valid_fraction = 0, o.patience = 3; }).find("need held-out texts") != std::string::npos);
  CHECK(with([](auto& o) { o.learning_rate = -1; }) != "");
  CHECK_FALSE(std::filesystem::exists(directory / "to"));

  CHECK(refusal(from, comments(20), from, quick()).find("is the checkpoint that is learned from") != std::string::npos);
  write_file_atomically(directory / "notes.txt", "mine");
  CHECK(refusal(from, comments(20), directory.path(), quick()).find("holds files but no model") != std::string::npos);
  LabelledTexts bad = comments(20);
  bad.texts[3].text = "\xff";
  CHECK(refusal(from, bad, directory / "to", quick()).find("comments:4: ") == 0);
}
