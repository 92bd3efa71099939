// Files of labelled texts, sound and bad ones.
#include "seqguard/sequence_scorer/labelled_texts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

/// "" if the text can be read, else what is wrong with it.
std::string refusal(const std::string& text, const std::string& name, const LabelledTextOptions& options = {}) {
  try {
    read_labelled_texts_from_text(text, name, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("labelled texts of a CSV file: quotes, pairs, the normal class first, lines") {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "texts.csv",
                        "id,label,text_pair,text\n"
                        "1,fraud,yes,\"a, \"\"b\"\"\nc\"\n"
                        "2,normal,,plain\n"
                        "3,abuse,,plain too\n");
  const LabelledTexts texts = read_labelled_texts(directory / "texts.csv");
  CHECK(texts.classes == std::vector<std::string>{"normal", "abuse", "fraud"});
  CHECK(texts.is(TextProblem::single_label_classification));
  REQUIRE(texts.texts.size() == 3);
  CHECK(texts.texts[0].text == "a, \"b\"\nc");
  CHECK(texts.texts[0].pair == "yes");
  CHECK(texts.texts[0].label == 2);
  CHECK(texts.texts[1].label == 0);
  CHECK(texts.texts[1].pair.empty());
  CHECK(texts.place(texts.texts[1]).ends_with("texts.csv:4"));
}

TEST_CASE("labelled texts of JSON lines: texts, integers and booleans as labels, a column of another name") {
  const LabelledTexts texts = read_labelled_texts_from_text(
      "{\"text\":\"a\",\"label\":1}\n\n{\"text\":\"b\",\"label\":0,\"more\":[1]}\n"
      "{\"text\":\"c\",\"text_pair\":\"d\",\"label\":true}\n",
      "x.jsonl");
  CHECK(texts.classes == std::vector<std::string>{"0", "1", "true"});
  CHECK(texts.texts[2].pair == "d");
  CHECK(texts.texts[2].line == 4);
  const LabelledTexts named =
      read_labelled_texts_from_text("{\"text\":\"a\",\"stars\":\"good\"}\n{\"text\":\"b\",\"stars\":\"bad\"}\n",
                                    "x.jsonl", {.label_column = "stars", .classes = {"good", "unused", "bad"}});
  CHECK(named.classes == std::vector<std::string>{"good", "unused", "bad"});
  CHECK(named.texts[1].label == 2);
}

TEST_CASE("classes that are numbers stand in the order of their size") {
  const LabelledTexts texts = read_labelled_texts_from_text("text,label\na,10\nb,nan\nc,none\nd,a\ne,9\n", "x.csv");
  CHECK(texts.classes == std::vector<std::string>{"none", "9", "10", "a", "nan"});
}

TEST_CASE("sets of classes: arrays in JSON, and parted fields where the options say so") {
  const LabelledTexts texts = read_labelled_texts_from_text(
      "{\"text\":\"a\",\"label\":[\"rude\",\"ad\"]}\n{\"text\":\"b\",\"label\":[]}\n{\"text\":\"c\",\"label\":[\"ad\"]}"
      "\n",
      "x.jsonl");
  CHECK(texts.is(TextProblem::multi_label_classification));
  CHECK(texts.classes == std::vector<std::string>{"ad", "rude"});
  CHECK(texts.texts[0].labels == std::vector<std::size_t>{0, 1});
  CHECK(texts.texts[1].labels.empty());
  CHECK(texts.guess.empty());
  const LabelledTextOptions sets{.problem = TextProblem::multi_label_classification};
  const LabelledTexts fields = read_labelled_texts_from_text("text,label\na,rude | ad\nb,\nc,none\n", "x.csv", sets);
  CHECK(fields.classes == std::vector<std::string>{"ad", "none", "rude"});  // no class comes first: each is for itself
  CHECK(fields.texts[0].labels == std::vector<std::size_t>{0, 2});
  CHECK(fields.texts[1].labels.empty());
  const LabelledTexts single = read_labelled_texts_from_text(
      "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":[\"y\"]}\n", "x.jsonl", sets);
  CHECK(single.texts[0].labels == std::vector<std::size_t>{0});
  CHECK(read_labelled_texts_from_text("text,label\na,x;y\nb,x\n", "x.csv",
                                      {.problem = TextProblem::multi_label_classification, .separator = ';'})
            .classes.size() == 2);
  CHECK(refusal("text,label\na,x||y\n", "x.csv", sets) == "x.csv:2: a class without a name in \"x||y\"");
  CHECK(refusal("text,label\na,x|x\n", "x.csv", sets) == "x.csv:2: has the class \"x\" twice");
  CHECK(refusal("text,label\na,x|y\nb,y|x\n", "x.csv", sets) ==
        "x.csv: every text has the same classes; a model learns from differences");
  CHECK(refusal("text,label\na,\nb,\n", "x.csv", sets) == "x.csv: no text has a class");
  CHECK(refusal("{\"text\":\"a\",\"label\":[\"x\"]}\n{\"text\":\"b\",\"label\":\"x\"}\n", "x.jsonl") ==
        "x.jsonl:2: has a label, but the rows before it have an array of labels");
  CHECK(refusal("{\"text\":\"a\",\"label\":[\"x\"]}\n", "x.jsonl", {.problem = TextProblem::regression}) ==
        "x.jsonl:1: has several labels, and the problem type is regression");
  CHECK(refusal("{\"text\":\"a\",\"label\":[\"q\"]}\n", "x.jsonl", {.classes = {"x", "y"}}) ==
        "x.jsonl:1: label, expected one of \"x\", \"y\", found \"q\"");
  CHECK(refusal("{\"text\":\"a\",\"spans\":[]}\n", "x.jsonl", sets) ==
        "x.jsonl:1: has \"spans\", and the problem type is multi_label_classification");
}

TEST_CASE("numbers as labels: by a fraction, or because the options say so") {
  const LabelledTexts texts =
      read_labelled_texts_from_text("text,stars\na,1\nb,2.5\nc,-3e0\n", "x.csv", {.label_column = "stars"});
  CHECK(texts.is(TextProblem::regression));
  CHECK(texts.classes == std::vector<std::string>{"stars"});
  CHECK(texts.texts[1].number == 2.5);
  CHECK(texts.texts[2].number == -3);
  CHECK(texts.guess == "all labels are numbers, some with a fraction: taken as numbers, not as classes");
  const LabelledTextOptions numbers{.problem = TextProblem::regression, .classes = {"score"}};
  const LabelledTexts given =
      read_labelled_texts_from_text("{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":2}\n", "x.jsonl", numbers);
  CHECK(given.is(TextProblem::regression));
  CHECK(given.classes == std::vector<std::string>{"score"});
  CHECK(given.guess.empty());
  // One that is no number, or classes that are named, and they are classes; so are whole numbers.
  CHECK(read_labelled_texts_from_text("text,label\na,1.5\nb,x\n", "x.csv").classes ==
        std::vector<std::string>{"1.5", "x"});
  CHECK(read_labelled_texts_from_text("text,label\na,1.5\nb,2\n", "x.csv", {.classes = {"1.5", "2"}})
            .is(TextProblem::single_label_classification));
  std::string many = "text,label\n";
  for (int i = 0; i < 11; ++i) many += "a," + std::to_string(i) + "\n";
  CHECK(read_labelled_texts_from_text(many, "x.csv").guess ==
        "11 different whole numbers as labels: each taken as a class");
  CHECK(refusal("text,label\na,1\nb,good\n", "x.csv", numbers) ==
        "x.csv:3: label, expected a finite number, found \"good\"");
  CHECK(refusal("text,label\na,1\nb,inf\n", "x.csv", numbers).find("x.csv:3: label, expected a finite number") == 0);
  CHECK(refusal("{\"text\":\"a\",\"label\":true}\n", "x.jsonl", numbers).find("expected a finite number") !=
        std::string::npos);
  CHECK(refusal("text,label\na,1\nb,\n", "x.csv", numbers) == "x.csv:3: no label");
  CHECK(refusal("text,label\na,1\nb,1.0\n", "x.csv", numbers) ==
        "x.csv: every label is the same number; a model learns from differences");
  CHECK(refusal("text,label\na,1\n", "x.csv", {.problem = TextProblem::regression, .classes = {"a", "b"}})
            .find("classes: of a regression, expected at most one name") == 0);
  CHECK(text_problem_from_string("regression") == TextProblem::regression);
  CHECK_THROWS_WITH_AS(text_problem_from_string("numbers"), doctest::Contains("one of single_label_classification, "),
                       Error);
}

TEST_CASE("spans count characters, or bytes, and come out in their order") {
  const std::string line = "{\"text\":\"h\u00e9 world\",\"spans\":[[";
  const auto spans = [&](const std::string& numbers, SpanUnit unit) {
    return read_labelled_texts_from_text(line + numbers, "x.jsonl", {.unit = unit}).texts[0].spans;
  };
  const auto by_characters = spans("3,8,\"PLACE\"],[0,2,\"NAME\"]]}\n", SpanUnit::characters);
  REQUIRE(by_characters.size() == 2);
  CHECK(by_characters[0].characters == TextSpan{0, 2});
  CHECK(by_characters[0].label == 0);
  CHECK(by_characters[1].characters == TextSpan{3, 8});
  CHECK(spans("4,9,\"PLACE\"]]}\n", SpanUnit::bytes)[0].characters == TextSpan{3, 8});
}

TEST_CASE("rows of labelled texts that cannot be used are named by file and line") {
  const auto csv = [](const std::string& rows) { return refusal("text,label\n" + rows, "x.csv"); };
  CHECK(csv("a,1\nb,\n") == "x.csv:3: no label");
  CHECK(csv("a,1\nb\n").find("x.csv:3: ") == 0);
  CHECK(csv("a,1\nb,1\n").find("x.csv: one class only: every label says \"1\"") == 0);
  CHECK(csv("") == "x.csv: no text");
  CHECK(refusal("text,class\na,1\n", "x.csv") ==
        "x.csv: columns of labelled texts, expected \"label\", found text,class");
  CHECK(refusal("a\n", "x.txt").find("x.txt: form of labelled texts, expected .csv or .jsonl") == 0);
  CHECK(refusal("text,label\na,2\n", "x.csv", {.classes = {"0", "1"}}) ==
        "x.csv:2: label, expected one of \"0\", \"1\", found \"2\"");
  CHECK(refusal("text,label\na,2\n", "x.csv", {.classes = {"0", "0"}}).find("classes: each once") == 0);

  const auto jsonl = [](const std::string& lines) { return refusal(lines, "x.jsonl"); };
  CHECK(jsonl("{\"text\":\"a\",\"label\":1}\n{\"text\":3,\"label\":0}\n").find("x.jsonl:2: text, expected") == 0);
  CHECK(jsonl("{\"text\":\"a\"}\n") == "x.jsonl:1: no label (\"label\", or \"spans\")");
  CHECK(jsonl("{\"text\":\"a\",\"label\":{}}\n").find("x.jsonl:1: label, expected a text, a number, a boolean or an") ==
        0);
  CHECK(jsonl("{\"text\":\"a\",\"label\":[1.5]}\n").find("x.jsonl:1: label[0], expected a text, an integer or a") == 0);
  CHECK(jsonl("{\"text\":\"a\"").find("x.jsonl:1: ") == 0);
  CHECK(jsonl("{\"text\":\"a\",\"label\":1}\n{\"text\":\"a\",\"spans\":[]}\n") ==
        "x.jsonl:2: has \"spans\", but the rows before it have a label");
  CHECK(jsonl("{\"text\":\"a\",\"label\":1,\"spans\":[]}\n").find("x.jsonl:1: spans, expected a label or spans") == 0);
  CHECK(jsonl("{\"text\":\"ab\",\"spans\":[[0,3,\"X\"]]}\n").find("x.jsonl:1: spans[0][1], expected at most 2") == 0);
  CHECK(jsonl("{\"text\":\"ab\",\"spans\":[[1,1,\"X\"]]}\n").find("x.jsonl:1: spans[0], expected a begin before") == 0);
  CHECK(jsonl("{\"text\":\"ab\",\"spans\":[[0,2]]}\n").find("x.jsonl:1: spans[0], expected [begin, end") == 0);
  CHECK(jsonl("{\"text\":\"ab\",\"spans\":[[0,2,\"X\"],[1,2,\"Y\"]]}\n") == "x.jsonl:1: spans overlap at character 1");
  CHECK(jsonl("{\"text\":\"ab\",\"spans\":[]}\n") == "x.jsonl: no span has a class");
  CHECK(refusal("{\"text\":\"\u00e9\",\"spans\":[[0,1,\"X\"]]}\n", "x.jsonl", {.unit = SpanUnit::bytes})
            .find("x.jsonl:1: spans[0][1], expected a byte of the text at which a character begins") == 0);
}
