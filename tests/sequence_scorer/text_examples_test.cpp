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
  LabelledTexts texts{"spans", TextProblem::spans, {"NAME"}, {}};
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

TEST_CASE("sets and numbers: what is held out, and what the head learns") {
  const TextInput input = input_of(k_golden + "text_sentence");
  LabelledTexts sets = comments(40);
  sets.problem = TextProblem::multi_label_classification;
  sets.classes = {"a", "b", "rare"};
  for (std::size_t i = 0; i < 40; ++i) {
    if (i % 2 == 0) sets.texts[i].labels.push_back(0);
    if (i % 4 == 0) sets.texts[i].labels.push_back(1);
    if (i % 10 == 0) sets.texts[i].labels.push_back(2);
  }
  FineTuneTextOptions options;
  options.valid_fraction = 0.25;
  const TextExamples examples = make_text_examples(sets, input, options);
  CHECK(examples.members.size() == 40 * 3);
  CHECK(examples.held_out.size() == 10);  // a quarter of 4 rare ones, 8 of b, 8 of a alone, 20 without
  CHECK(examples.counts(true)[2] == 1);
  CHECK(examples.counts(false)[2] == 3);
  CHECK(examples.counts(true)[0] + examples.counts(false)[0] == 20);
  const LabelTable table = label_table(examples, 3);
  CHECK(std::equal(table.values.begin(), table.values.end(), examples.members.begin(), examples.members.end()));
  // The weight of the positive side is that of the texts without the class.
  options.balanced = true;
  const std::vector<double> weights = text_loss_options(options, examples, 3).class_weights;
  const std::vector<std::size_t> learned = examples.counts(false);
  for (std::size_t c = 0; c < 3; ++c)
    CHECK(weights[c] == doctest::Approx(static_cast<double>(30 - learned[c]) / static_cast<double>(learned[c])));

  LabelledTexts numbers = comments(40);
  numbers.problem = TextProblem::regression;
  numbers.classes = {"stars"};
  for (std::size_t i = 0; i < 40; ++i) numbers.texts[i].number = 3 + 2 * static_cast<double>(i % 2);
  options.balanced = false;
  const TextExamples of_numbers = make_text_examples(numbers, input, options);
  CHECK(of_numbers.counts(true) == std::vector<std::size_t>{10});
  double sum = 0, squares = 0;
  const std::vector<float> values = label_table(of_numbers, 1).values;
  for (std::size_t i = 0; i < 30; ++i) sum += static_cast<double>(values[i]);
  for (std::size_t i = 0; i < 30; ++i) squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  CHECK(std::abs(sum) < 1e-4);  // 30 roundings of float
  CHECK(squares / 30 == doctest::Approx(1));
  CHECK(text_judgements(of_numbers, HeadLoss::squared_error, std::vector<float>{0, 1}, 1)[1] ==
        doctest::Approx(of_numbers.mean + of_numbers.deviation));
  for (LabelledText& text : numbers.texts) text.number = 1;
  CHECK_THROWS_WITH_AS(make_text_examples(numbers, input, options), doctest::Contains("finite ones that differ"),
                       Error);
}

TEST_CASE("figures of sets and of numbers, by hand") {
  // Three rows, two classes; the second is found once too often, and once not.
  const std::vector<double> p = {.9, .6, .2, .4, .7, .1};
  const std::vector<std::uint8_t> members = {1, 0, 0, 1, 1, 0};
  const TextFigures sets = set_figures(p, 2, members);
  CHECK(sets.rows == 3);
  CHECK(sets.accuracy == doctest::Approx(1.0 / 3));
  CHECK(sets.of_classes[0].f1 == 1);
  CHECK(sets.of_classes[1].f1 == 0);
  CHECK(sets.macro_f1 == doctest::Approx(0.5));
  CHECK(sets.micro_f1 == doctest::Approx(2.0 / 3));  // 2 right, 1 missed, 1 too many
  CHECK(sets.of_classes[0].auroc == 1);
  CHECK(sets.of_classes[1].auroc == doctest::Approx(0.5));  // .4 above .1, below .6
  CHECK(sets.auroc == doctest::Approx(0.75));
  CHECK(sets.confusion.empty());
  const TextFigures numbers = number_figures(std::vector<double>{1, 2, 4}, std::vector<double>{1, 3, 2});
  CHECK(numbers.mae == doctest::Approx(1));
  CHECK(numbers.rmse == doctest::Approx(std::sqrt(5.0 / 3)));
  CHECK(numbers.spearman == doctest::Approx(0.5));
  CHECK(numbers.value(TextMetric::rmse) == numbers.rmse);
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
  CHECK(two.of_classes[1].recall == doctest::Approx(1.0 / 3));
  CHECK(two.micro_f1 == two.accuracy);
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
