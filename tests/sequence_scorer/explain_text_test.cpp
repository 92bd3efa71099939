// Which words made a class.
#include "seqguard/sequence_scorer/explain_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "sequence_scorer/text_golden.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

double sum_of(const TextExplanation& explanation) {
  return std::accumulate(explanation.tokens.begin(), explanation.tokens.end(), 0.0);
}

}  // namespace

TEST_CASE("a text's explanation is complete, and tells the log odds of the class") {
  const TextModel model = TextModel::load(k_golden + "text_pairs");
  TextExplainer explainer(model);
  const Golden golden("text_pairs", "probabilities");
  for (const auto& [text, pair] : golden.texts) {
    CAPTURE(text);
    auto scratch = model.make_scratch();
    std::vector<float> probabilities(3);
    model.classify(text, pair, probabilities, scratch);
    for (std::size_t label = 0; label < 3; ++label) {
      const TextExplanation explanation = explainer.explain(text, pair, label);
      CHECK(explanation.label == label);
      CHECK(explanation.name == model.labels()[label]);
      CHECK(explanation.complete);
      const double p = static_cast<double>(probabilities[label]);
      CHECK(explanation.log_odds == doctest::Approx(std::log(p / (1 - p))).epsilon(1e-4));
      REQUIRE(explanation.tokens.size() == explainer.tokens().ids.size());
      // Words have all that tokens have, and the frame has nothing.
      double words = 0;
      for (const WordAttribution& word : explanation.words) {
        words += word.value;
        const std::string& whole = word.sequence == 0 ? text : pair;
        CHECK(whole.substr(word.bytes.begin, word.bytes.end - word.bytes.begin) == word.word);
        CHECK(word.word.find(' ') == std::string::npos);
      }
      CHECK(words == doctest::Approx(sum_of(explanation)));
      for (std::size_t t = 0; t < explanation.tokens.size(); ++t)
        if (explainer.tokens().sequence[t] < 0) CHECK(explanation.tokens[t] == 0);
    }
    const TextExplanation best = explainer.explain(text, pair);
    CHECK(probabilities[best.label] == *std::max_element(probabilities.begin(), probabilities.end()));
  }
  CHECK_THROWS_AS(explainer.explain("hello", "", 3), Error);
  CHECK(explainer.explain(std::string(30, 'a') + " b c d e f g h i j k l m n o p q r s t u v w x y z").truncated);
}

TEST_CASE("the word that was learned to be spam is the one that is named") {
  // Texts of four words in any order; those with "fox" are spam, so that neither length nor place tells.
  const std::vector<std::string> words = {"hello", "the", "quick", "dog", "world", "an", "answer"};
  LabelledTexts texts{"foxes", TextProblem::single_label_classification, {"normal", "spam"}, {}};
  for (std::size_t i = 0; i < 200; ++i) {
    Random random(5, i);
    std::string text;
    for (std::size_t k = 0, fox = random.below(4); k < 4; ++k)
      text += (k > 0 ? " " : "") + (i % 2 == 1 && k == fox ? "fox" : words[random.below(words.size())]);
    texts.texts.push_back({text, "", i % 2, {}, i + 1});
  }
  const TemporaryDirectory directory;
  FineTuneTextOptions options;
  options.steps = 300;
  options.learning_rate = 5e-3;
  options.tokens_per_step = 128;
  options.valid_fraction = 0;
  fine_tune_text(k_golden + "text_sentence", texts, directory / "spam", options);
  const TextModel model = TextModel::load(directory / "spam");
  TextExplainer explainer(model);
  for (const char* text : {"hello the dog fox", "quick fox world an", "fox an answer the", "world the fox dog"}) {
    CAPTURE(std::string(text));
    REQUIRE(model.score(text).label == "spam");
    const TextExplanation explanation = explainer.explain(text);
    CHECK(explanation.name == "spam");
    const auto most = std::max_element(explanation.words.begin(), explanation.words.end(),
                                       [](const auto& a, const auto& b) { return a.value < b.value; });
    CHECK(most->word == "fox");
    CHECK(most->value > 0.5 * (explanation.log_odds - explanation.baseline));
    // Against the class, the same.
    const TextExplanation other = explainer.explain(text, "", 0);
    CHECK(other.log_odds == doctest::Approx(-explanation.log_odds).epsilon(1e-4));
    CHECK(sum_of(other) < 0);
  }
}

TEST_CASE("what classifies no texts cannot be explained") {
  CHECK_THROWS_WITH_AS(TextExplainer(TextModel::load(k_golden + "text_sentence")),
                       doctest::Contains("no head that classifies texts"), Error);
}
