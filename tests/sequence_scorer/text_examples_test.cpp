// What a training makes of labelled texts: targets of tokens, the split, and figures.
#include "sequence_scorer/text_examples.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "seqguard/events/class_labels.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "sequence_scorer/small_texts.hpp"
#include "sequence_scorer/text_figures.hpp"
#include "sequence_scorer/text_golden.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

TextInput input_of(const std::string& directory) {
  const ModelConfig config = load_model_config(directory);
  return TextInput::load(directory, config, SentenceEmbedding::load(make_context(default_isa()), directory, config));
}

}  // namespace

TEST_CASE("classes of tokens: tags of spans, words cut into pieces, the frame") {
  const TextInput input = input_of(k_golden + "text_tokens");
  LabelledTexts texts{"spans", true, {"NAME"}, {}};
  texts.texts.push_back({"the quick1 dogs a", "", 0, {{{4, 15}, 0}}, 1});
  FineTuneTextOptions options;
  options.valid_fraction = 0;
  // [CLS] the quick##1 -> [UNK]? The vocabulary has no digits: "quick1" is one unknown token. dog ##s a [SEP]
  TextExamples examples = make_text_examples(texts, input, options);
  const std::size_t unknown = k_unknown_class;
  CHECK(examples.classes == std::vector<std::string>{"O", "B-NAME", "I-NAME"});
  CHECK(examples.targets == std::vector<std::size_t>{unknown, 0, 1, 2, 2, 0, unknown});
  options.first_pieces_only = true;
  CHECK(make_text_examples(texts, input, options).targets ==
        std::vector<std::size_t>{unknown, 0, 1, 2, unknown, 0, unknown});
  options.tags = SpanTags::plain;
  examples = make_text_examples(texts, input, options);
  CHECK(examples.classes == std::vector<std::string>{"O", "NAME"});
  CHECK(examples.targets == std::vector<std::size_t>{unknown, 0, 1, 1, unknown, 0, unknown});
  texts.texts[0].spans = {{{3, 4}, 0}};
  CHECK(make_text_examples(texts, input, options).warnings ==
        std::vector<std::string>{
            "1 span has no token: blank, cut off with the end of the text, or inside a token of the span before"});
}

TEST_CASE("the held-out texts have no equal among those that are learned from, and a share of each class") {
  const TextInput input = input_of(k_golden + "text_sentence");
  LabelledTexts texts = comments(40);
  for (std::size_t i = 0; i < 30; ++i) texts.texts.push_back(texts.texts[i % 10]);
  texts.texts.push_back({"dog dog", "", 0, {}, 99});
  texts.texts.push_back({"dog dog", "", 1, {}, 100});
  FineTuneTextOptions options;
  options.valid_fraction = 0.2;
  const TextExamples examples = make_text_examples(texts, input, options);
  for (const Encoding& held : examples.held_out)
    CHECK(std::none_of(examples.train.begin(), examples.train.end(),
                       [&](const Encoding& text) { return text.ids == held.ids; }));
  const std::vector<std::size_t> held_out = examples.counts(true);
  CHECK(held_out[0] >= 5);
  CHECK(held_out[0] <= 9);
  CHECK(held_out[1] >= 5);
  CHECK(held_out[1] <= 9);
  REQUIRE(examples.warnings.size() == 1);
  CHECK(examples.warnings[0] == "1 text stands in comments several times, with different labels");

  texts = comments(20);
  texts.classes.push_back("rare");
  texts.texts.push_back({"fox", "", 2, {}, 21});
  texts.texts.push_back({std::string(200, 'a') + " b", "", 0, {}, 22});
  texts.texts.push_back({"a b c d e f g h i j k l m n o p q r s t u v w x y z", "", 0, {}, 23});
  const TextExamples warned = make_text_examples(texts, input, options);
  CHECK(warned.counts(true)[2] == 0);
  REQUIRE(warned.warnings.size() == 2);
  CHECK(warned.warnings[0] == "class \"rare\" has fewer than 2 different texts: none of it can be held out");
  CHECK(warned.warnings[1] == "1 of 23 texts are longer than the model takes and cut to 24 tokens");
}

TEST_CASE("a column that names each text is no column of classes") {
  TextExamples examples;
  examples.targets = {0, 1};
  CHECK_THROWS_WITH_AS(label_table(examples, std::size_t{1} << 28), doctest::Contains("is it the right column?"),
                       Error);
}

TEST_CASE("figures of a classifier, by hand") {
  const std::vector<double> p = {.9, .1, .6, .4, .3, .7, .8, .2, .5, .5};
  const std::vector<std::size_t> truth = {0, 1, 1, 1, k_unknown_class};
  const TextFigures two = text_figures(p, 2, truth);
  CHECK(two.rows == 4);
  CHECK(two.confusion == std::vector<std::size_t>{1, 0, 2, 1});
  CHECK(two.accuracy == doctest::Approx(0.5));
  CHECK(two.f1 == doctest::Approx(0.5));        // precision 1, recall 1/3
  CHECK(two.macro_f1 == doctest::Approx(0.5));  // of the first: precision 1/3, recall 1
  CHECK(two.auroc == doctest::Approx(1));       // .1 below .4, .7 and .2
  CHECK(two.ap == doctest::Approx(1));
  // Three classes, the last never: it is not in the mean.
  const std::vector<double> q = {.8, .1, .1, .2, .7, .1, .6, .3, .1};
  const TextFigures three = text_figures(q, 3, std::vector<std::size_t>{0, 1, 1});
  CHECK(three.f1 == three.macro_f1);
  CHECK(three.macro_f1 == doctest::Approx(2.0 / 3));
  const std::vector<float> logits = {0, 2};
  const auto one = text_probabilities(HeadLoss::binary, logits, 1, 2);
  CHECK(one[0] == 0.5);
  CHECK(one[3] == doctest::Approx(1 / (1 + std::exp(-2.0))));
  CHECK(text_probabilities(HeadLoss::softmax, logits, 2, 2)[1] == doctest::Approx(one[3]));
}
