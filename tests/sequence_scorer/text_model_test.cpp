// Texts through tokenizer, encoder and head, against transformers (tests/reference/make_text_golden.py).
#include "seqguard/sequence_scorer/text_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "sequence_scorer/text_golden.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// The message of loading text_sentence with one file replaced.
std::string refusal(const std::string& file, const std::string& content) {
  try {
    load_with({{file, content}});
  } catch (const Error& error) {
    return error.what();
  }
  return "loaded";
}

}  // namespace

TEST_CASE(
    "sentence embeddings: pooling, dense and normalising modules agree with the formulas on transformers' output") {
  const TextModel model = TextModel::load(k_golden + "text_sentence");
  const Golden golden("text_sentence", "embedding");
  REQUIRE(model.embedding_size() == golden.width);
  CHECK(model.max_tokens() == 24);
  CHECK(model.labels().empty());
  auto scratch = model.make_scratch();
  std::vector<float> out(golden.width);
  for (std::size_t i = 0; i < golden.texts.size(); ++i) {
    CAPTURE(golden.texts[i].first);
    model.embed(golden.texts[i].first, out, scratch);
    CHECK(golden.difference(i, out) <= k_bound);
    CHECK(scratch.tokens().truncated == (golden.texts[i].first.size() > 200));
  }
  std::vector<float> narrow(golden.width - 1);
  CHECK_THROWS_WITH_AS(model.embed("x", narrow, scratch), doctest::Contains("expected 10, found 9"), Error);
  CHECK_THROWS_AS(model.embed("\xff", out, scratch), Error);
  CHECK_THROWS_WITH_AS(model.classify("x", "", out, scratch), doctest::Contains("no sequence classification"), Error);
}

TEST_CASE("classes of texts and pairs of texts agree with transformers") {
  const TextModel model = TextModel::load(k_golden + "text_pairs");
  const Golden golden("text_pairs", "probabilities");
  CHECK(model.max_tokens() == 24);
  CHECK(model.output_transform() == OutputTransform::softmax);
  REQUIRE(model.labels().size() == 3);
  CHECK(model.labels()[2] == "maybe");
  auto scratch = model.make_scratch();
  std::vector<float> out(3);
  for (std::size_t i = 0; i < golden.texts.size(); ++i) {
    CAPTURE(golden.texts[i].first);
    model.classify(golden.texts[i].first, golden.texts[i].second, out, scratch);
    CHECK(golden.difference(i, out) <= k_bound);
  }
}

TEST_CASE("what logits become: problem_type, or the activation that a cross-encoder names") {
  const std::string config = read_file(k_golden + "text_pairs/config.json", 1u << 20);
  const auto transform = [&](const std::string& fields) {
    const TemporaryDirectory directory;
    std::filesystem::copy(k_golden + "text_pairs", directory / "model", std::filesystem::copy_options::recursive);
    write_file_atomically(directory / "model/config.json", "{" + fields + config.substr(config.find('{') + 1));
    return TextModel::load(directory / "model").output_transform();
  };
  CHECK(transform(R"("problem_type": "regression",)") == OutputTransform::identity);
  CHECK(transform(R"("problem_type": "multi_label_classification",)") == OutputTransform::sigmoid);
  CHECK(transform(R"("sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"},)") ==
        OutputTransform::identity);
  CHECK(transform(R"("sbert_ce_default_activation_function": "torch.nn.modules.activation.Sigmoid",)") ==
        OutputTransform::sigmoid);
  for (const char* other : {R"("sentence_transformers": {"version": "5", "activation_fn": null},)",
                            R"("sentence_transformers": "none",)", R"("problem_type": null,)"})
    CHECK(transform(other) == OutputTransform::softmax);
  CHECK_THROWS_WITH_AS(transform(R"("sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Tanh"},)"),
                       doctest::Contains("Tanh"), Error);
  CHECK_THROWS_WITH_AS(transform(R"("sentence_transformers": {"activation_fn": 3},)"),
                       doctest::Contains("activation_fn"), Error);
}

TEST_CASE("the convenience: probabilities of a classifier, else the embedding") {
  const TextModel sentences = TextModel::load(k_golden + "text_sentence"),
                  classes = TextModel::load(k_golden + "text_pairs");
  const Golden golden("text_sentence", "embedding");
  const TextScore vector = sentences.score("hello world");
  CHECK(vector.probabilities.empty());
  CHECK(golden.difference(0, vector.embedding) <= k_bound);
  const TextScore judged = classes.score("hello");
  REQUIRE(judged.probabilities.size() == 3);
  CHECK(judged.embedding.empty());
  CHECK(judged.probabilities[judged.best] ==
        *std::max_element(judged.probabilities.begin(), judged.probabilities.end()));
  CHECK(judged.label == classes.labels()[judged.best]);
  CHECK(std::abs(judged.probabilities[0] + judged.probabilities[1] + judged.probabilities[2] - 1) < 1e-6);
  CHECK_FALSE(judged.truncated);
  CHECK(classes.score(std::string(500, 'a') + " b c d e f g h i j k l m n o p q r s t u v w x y z").truncated);
}

TEST_CASE("a batch of texts gives the bits of each alone, at any concurrency, and a bad text fails alone") {
  const TextModel model = TextModel::load(k_golden + "text_sentence");
  const Golden golden("text_sentence", "embedding");
  std::vector<std::string_view> texts;
  for (const auto& text : golden.texts) texts.push_back(text.first);
  texts.push_back("\xff");
  const std::size_t n = texts.size(), width = model.embedding_size();
  auto scratch = model.make_scratch();
  for (const std::size_t threads : {1u, 3u}) {
    const auto executor = make_thread_pool(threads);
    std::vector<float> out(n * width, 7.0F), alone(width);
    std::vector<ItemStatus> status(n);
    model.embed_batch(texts, {out.data(), n, width}, status, *executor);
    for (std::size_t i = 0; i + 1 < n; ++i) {
      model.embed(texts[i], alone, scratch);
      CHECK(status[i].ok);
      CHECK(std::equal(alone.begin(), alone.end(), out.begin() + static_cast<std::ptrdiff_t>(i * width)));
    }
    CHECK(!status[n - 1].ok);
    CHECK(out[(n - 1) * width] == 7.0F);
  }
  std::vector<float> out(width);
  std::vector<ItemStatus> status(1);
  CHECK_THROWS_AS(model.embed_batch(texts, {out.data(), 1, width}, status), Error);
}

TEST_CASE("many texts share passes through the network, and each has the bits it has alone") {
  const TextModel model = TextModel::load(k_golden + "text_pairs");
  std::vector<std::string> words;
  for (std::size_t i = 0; i < 150; ++i) {  // of 2 to 24 tokens: chunks end at various places
    words.emplace_back();
    for (std::size_t w = 0; w < i * 7 % 31; ++w) words.back() += w % 3 == 0 ? "fox " : "jumps ";
  }
  words[40] = words[149] = "\xff";
  std::vector<std::string_view> texts(words.begin(), words.end());
  const std::size_t n = texts.size();
  std::vector<float> batch(3 * n), alone(3);
  std::vector<ItemStatus> status(n);
  model.classify_batch(texts, {batch.data(), n, 3}, status);
  auto scratch = model.make_scratch();
  for (std::size_t i = 0; i < n; ++i) {
    CAPTURE(i);
    CHECK(status[i].ok == (texts[i] != "\xff"));
    if (!status[i].ok) continue;
    model.classify(texts[i], "", alone, scratch);
    CHECK(std::equal(alone.begin(), alone.end(), batch.begin() + static_cast<std::ptrdiff_t>(3 * i)));
  }
}

TEST_CASE("the default prompt stands before every text, pooled or not, and do_lower_case lower-cases") {
  const auto embedding = [](const TextModel& model, std::string_view text) {
    auto scratch = model.make_scratch();
    std::vector<float> out(model.embedding_size());
    model.embed(text, out, scratch);
    return out;
  };
  const std::string modules = R"([{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": "1_Pooling"}])";
  const std::string prompts = R"({"prompts": {"query": "the fox ", "document": ""}, "default_prompt_name": "query"})";
  const auto pooled = [&](const std::string& mode, const char* include, const std::string& prompt) {
    return load_with(
        {{"modules.json", modules},
         {"1_Pooling/config.json", R"({"pooling_mode": ")" + mode + R"(", "include_prompt": )" + include + "}"},
         {"config_sentence_transformers.json", prompt}});
  };
  const TextModel plain = pooled("mean", "false", R"({"prompts": {"query": "the fox "}, "default_prompt_name": null})");
  const TextModel prompted = pooled("mean", "true", prompts), unpooled = pooled("mean", "false", prompts);
  CHECK(plain.prompt().empty());
  CHECK(prompted.prompt() == "the fox ");
  CHECK(embedding(prompted, "jumps") == embedding(plain, "the fox jumps"));
  CHECK(embedding(unpooled, "jumps") != embedding(prompted, "jumps"));
  // Of an empty text the last token is left, which closes the frame.
  CHECK(embedding(unpooled, "") == embedding(pooled("lasttoken", "true", prompts), ""));
  CHECK_THROWS_WITH_AS(pooled("weightedmean", "false", prompts), doctest::Contains("weighted mean"), Error);
  CHECK_THROWS_WITH_AS(pooled("mean", "true", R"({"default_prompt_name": "query"})"), doctest::Contains("\"query\""),
                       Error);
  CHECK_THROWS_WITH_AS(pooled("mean", "1", prompts), doctest::Contains("include_prompt"), Error);

  const std::string cased = R"({"tokenizer_class": "BertTokenizer", "do_lower_case": false})";
  const TextModel unknown = load_with({{"tokenizer_config.json", cased}});
  const TextModel lower =
      load_with({{"tokenizer_config.json", cased},
                 {"sentence_bert_config.json", R"({"max_seq_length": 24, "do_lower_case": true})"}});
  CHECK(embedding(unknown, "FOX") != embedding(unknown, "fox"));
  CHECK(embedding(lower, "FOX") == embedding(lower, "fox"));
}

TEST_CASE("modules that are not computed here, and files that do not fit, are refused by name") {
  const auto modules = [](const std::string& second, const std::string& path) {
    return R"([{"type": "x.Transformer", "path": ""}, {"type": ")" + second + R"(", "path": ")" + path + "\"}]";
  };
  CHECK(refusal("modules.json", modules("x.Pooling", "1_Pooling")) == "loaded");
  CHECK(refusal("modules.json", modules("x.CNN", "1_Pooling")).find("x.CNN") != std::string::npos);
  CHECK(refusal("modules.json", modules("x.Pooling", "../other")).find("plain name") != std::string::npos);
  CHECK(refusal("modules.json", modules("x.Pooling", "/etc")).find("plain name") != std::string::npos);
  CHECK(refusal("modules.json", modules("x.Pooling", "link")).find("symbolic link") != std::string::npos);
  CHECK(refusal("modules.json", modules("x.Pooling", "linked")).find("linked/config.json: symbolic link") !=
        std::string::npos);
  CHECK(refusal("modules.json", "{}").find("an array") != std::string::npos);
  const std::string two = R"([{"type": "x.Transformer", "path": ""}, {"type": "x.Pooling", "path": "1_Pooling"})";
  const std::string dense = R"(, {"type": "x.Dense", "path": "2_Dense"})",
                    norm = R"(, {"type": "x.Normalize", "path": ""})";
  CHECK(refusal("modules.json", two + dense + dense + "]").find("2_Dense") != std::string::npos);
  std::string many = two;
  for (int i = 0; i < 31; ++i) many += norm;
  CHECK(refusal("modules.json", many + "]").find("modules, expected at most 32, found 33") != std::string::npos);
  CHECK(refusal("1_Pooling/config.json", R"({"pooling_mode": ["max", "mean", "max"]})").find("each mode once") !=
        std::string::npos);
  CHECK(refusal("modules.json", "[]").find("no pooling") != std::string::npos);
  CHECK(refusal("1_Pooling/config.json", "{}").find("no pooling mode") != std::string::npos);
  CHECK(refusal("1_Pooling/config.json", R"({"pooling_mode": "median"})").find("median") != std::string::npos);
  CHECK(refusal("1_Pooling/config.json", R"({"pooling_mode": ["max", "mean", "lasttoken"]})") == "loaded");
  CHECK(refusal("1_Pooling/config.json", R"({"pooling_mode": "mean", "embedding_dimension": 9})").find("expected 24") !=
        std::string::npos);
  CHECK(refusal("1_Pooling/config.json", R"({"pooling_mode": "mean"})").find("linear.weight") != std::string::npos);
  CHECK(refusal("2_Dense/config.json", R"({"activation_function": "os.system"})").find("os.system") !=
        std::string::npos);
  CHECK(refusal("sentence_bert_config.json", R"({"max_seq_length": 0})").find("max_seq_length") != std::string::npos);
  CHECK(refusal("sentence_bert_config.json", R"({"max_seq_length": 100000})") == "loaded");  // cut to the positions
  CHECK(refusal("sentence_bert_config.json", R"({"max_seq_length": "x"})")
            .find("max_seq_length, expected a non-negative integer, found \"x\"") != std::string::npos);
  // transformers hands a float to the tokenizers package, which cannot cut to it (TypeError).
  CHECK(refusal("sentence_bert_config.json", R"({"max_seq_length": 24.0})")
            .find("max_seq_length, expected a non-negative integer, found 24.0") != std::string::npos);
  CHECK(refusal("sentence_bert_config.json", R"({"max_seq_length": 24.5})").find("found 24.5") != std::string::npos);
  // A frame of its own, with a type that the embeddings do not have.
  auto tokenizer = nlohmann::json::parse(read_file(k_golden + "text_sentence/tokenizer.json", 100'000));
  tokenizer["post_processor"] = nlohmann::json::parse(
      R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 2}}], "pair": [],
          "special_tokens": {}})");
  CHECK(refusal("tokenizer.json", tokenizer.dump())
            .find("type ids do not fit the embeddings, expected at most 2, found 3") != std::string::npos);
  CHECK(refusal("sentence_bert_config.json", R"({"do_lower_case": 1})").find("do_lower_case") != std::string::npos);
}

TEST_CASE("heads with names of their own do not pass for the head of transformers' class") {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  std::filesystem::copy(k_golden + "text_sentence", path, std::filesystem::copy_options::recursive);
  const TextModel before = TextModel::load(path);
  const Model<float> base = load_model(make_context(LoadOptions{}), path);
  ModelSpec spec = base.spec();
  spec.heads = {{"fraud", Head::sequence_classification, {"fraud"}, Pooling::mean, HeadLoss::binary},
                {"kind", Head::token_classification, {"a", "b"}}};
  save_model(path, begin_from(base, spec, 1));

  const TextModel model = TextModel::load(path);
  CHECK(model.model().spec().heads == spec.heads);
  CHECK(model.labels().empty());
  CHECK(model.token_labels().empty());
  auto scratch = model.make_scratch(), old_scratch = before.make_scratch();
  std::vector<float> out(1);
  CHECK_THROWS_WITH_AS(model.classify("x", "", out, scratch), doctest::Contains("no sequence classification"), Error);
  CHECK_THROWS_WITH_AS(model.classify_tokens("x", out, scratch), doctest::Contains("no token classification"), Error);
  CHECK_THROWS_WITH_AS(model.logits(model.encode("x", "", scratch), scratch), doctest::Contains("no head"), Error);
  std::vector<float> found(model.embedding_size()), expected(found.size());
  model.embed("a text", found, scratch);
  before.embed("a text", expected, old_scratch);
  CHECK(found == expected);
}
