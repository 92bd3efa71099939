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
#include "seqguard/model/safetensors.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

const std::string k_golden = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/";

struct Golden {
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<float> expected;
  std::size_t width;

  Golden(const std::string& name, const std::string& tensor) {
    for (const auto& text : nlohmann::json::parse(read_file(k_golden + name + "/texts.json", 1u << 20)))
      texts.emplace_back(text[0], text[1]);
    expected = SafetensorsFile(k_golden + name + "/expected.safetensors").read_vector<float>(tensor, Dtype::f32);
    width = expected.size() / texts.size();
  }
  /// max |found - expected| over one text; the largest outputs are of order 1.
  double difference(std::size_t i, std::span<const float> found) const {
    double worst = 0;
    for (std::size_t c = 0; c < width; ++c)
      worst = std::max(worst, std::abs(static_cast<double>(found[c]) - expected[i * width + c]));
    return worst;
  }
};

/// The message of loading a copy of text_sentence of which one file was replaced.
std::string refusal(const std::string& file, const std::string& content) {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  std::filesystem::copy(k_golden + "text_sentence", path, std::filesystem::copy_options::recursive);
  write_file_atomically(path + "/" + file, content);
  try {
    TextModel::load(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "loaded";
}

// The bound of the project for hidden states, 2e-5 of the largest output.
constexpr double k_bound = 2e-5;

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

TEST_CASE("SequenceScorer opens a text checkpoint: strings are judged, events are refused") {
  const SequenceScorer sentences = SequenceScorer::load(k_golden + "text_sentence"),
                       classes = SequenceScorer::load(k_golden + "text_pairs");
  const Golden golden("text_sentence", "embedding");
  const TextScore vector = sentences.score("hello world");
  CHECK(vector.probabilities.empty());
  CHECK(golden.difference(0, vector.embedding) <= k_bound);
  const TextScore judged = classes.score("hello");
  REQUIRE(judged.probabilities.size() == 3);
  CHECK(judged.embedding.empty());
  CHECK(judged.probabilities[judged.best] ==
        *std::max_element(judged.probabilities.begin(), judged.probabilities.end()));
  CHECK(std::abs(judged.probabilities[0] + judged.probabilities[1] + judged.probabilities[2] - 1) < 1e-6);
  const std::vector<std::string> events = {"a", "b"};
  CHECK_THROWS_WITH_AS(classes.score(std::span<const std::string>(events)), doctest::Contains("texts, not events"),
                       Error);
  CHECK_THROWS_WITH_AS(classes.schema(), doctest::Contains("texts, not events"), Error);
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

TEST_CASE("modules that are not computed here, and files that do not fit, are refused by name") {
  const auto modules = [](const std::string& second, const std::string& path) {
    return R"([{"type": "x.Transformer", "path": ""}, {"type": ")" + second + R"(", "path": ")" + path + "\"}]";
  };
  CHECK(refusal("modules.json", modules("x.Pooling", "1_Pooling")) == "loaded");
  CHECK(refusal("modules.json", modules("x.CNN", "1_Pooling")).find("x.CNN") != std::string::npos);
  CHECK(refusal("modules.json", modules("x.Pooling", "../other")).find("plain name") != std::string::npos);
  CHECK(refusal("modules.json", modules("x.Pooling", "/etc")).find("plain name") != std::string::npos);
  CHECK(refusal("modules.json", "{}").find("an array") != std::string::npos);
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
  CHECK(refusal("sentence_bert_config.json", R"({"max_seq_length": "x"})").find("positive integer") !=
        std::string::npos);
}
