// What the caller of a text checkpoint can choose, and the forms in which sentence-transformers writes one.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sequence_scorer/text_golden.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

const std::string k_modules = R"([{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": "1_Pooling"}])";
const std::string k_prompts =
    R"({"prompts": {"query": "the fox ", "document": "an "}, "default_prompt_name": "query"})";

std::vector<float> embedding(const TextModel& model, std::string_view text, TextModel::Scratch& scratch) {
  std::vector<float> out(model.embedding_size());
  model.embed(text, out, scratch);
  return out;
}

std::vector<float> embedding(const TextModel& model, std::string_view text) {
  auto scratch = model.make_scratch();
  return embedding(model, text, scratch);
}

/// text_pairs with other files.
TextModel pairs_with(const Files& files) {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  std::filesystem::copy(k_golden + "text_pairs", path, std::filesystem::copy_options::recursive);
  for (const auto& [file, content] : files) write_file_atomically(path + "/" + file, content);
  return TextModel::load(path);
}

}  // namespace

TEST_CASE("offsets begin at the text, whatever prompt stands before it") {
  const TextModel plain = load_with({{"modules.json", k_modules}}),
                  prompted = load_with({{"modules.json", k_modules}, {"config_sentence_transformers.json", k_prompts}});
  const std::string text = "the \xF0\x9F\x98\x80 dog";
  auto scratch = plain.make_scratch(), prompted_scratch = prompted.make_scratch();
  embedding(plain, text, scratch);
  embedding(prompted, text, prompted_scratch);
  const Encoding &alone = scratch.tokens(), &behind = prompted_scratch.tokens();
  REQUIRE(behind.ids.size() > alone.ids.size());
  std::vector<TextSpan> of_text, of_prompted;
  for (std::size_t t = 0; t < alone.ids.size(); ++t)
    if (alone.sequence[t] == 0) of_text.push_back(alone.offsets[t]);
  for (std::size_t t = 0; t < behind.ids.size(); ++t) {
    if (behind.sequence[t] == 0)
      of_prompted.push_back(behind.offsets[t]);
    else
      CHECK(behind.offsets[t] == TextSpan{0, 0});
  }
  CHECK(of_prompted == of_text);
  REQUIRE(!of_text.empty());
  const TextSpan bytes = byte_span(text, of_text.back());
  CHECK(text.substr(bytes.begin, bytes.end - bytes.begin).find_first_not_of("dog") == std::string::npos);
  CHECK(bytes.end == text.size());
  CHECK(byte_span(text, {4, 5}) == TextSpan{4, 8});
  CHECK(byte_span(text, {9, 99}) ==
        TextSpan{static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(text.size())});
}

TEST_CASE("a prompt is chosen by its name") {
  const Files files = {{"modules.json", k_modules}, {"config_sentence_transformers.json", k_prompts}};
  const auto with = [&](const std::string& name) {
    TextOptions options;
    options.prompt_name = name;
    return load_with(files, options);
  };
  const TextModel by_default = load_with(files), query = with("query"), document = with("document"), none = with("");
  CHECK(by_default.prompt() == "the fox ");
  CHECK(query.prompt() == "the fox ");
  CHECK(document.prompt() == "an ");
  CHECK(none.prompt().empty());
  CHECK(embedding(with("document"), "answer") == embedding(with(""), "an answer"));
  CHECK_THROWS_WITH_AS(with("passage"), doctest::Contains("one named \"passage\""), Error);
}

TEST_CASE("length, special tokens and ill-formed texts are the caller's choice") {
  const auto tokens = [](const TextOptions& options, std::string_view text) {
    const TextModel model = load_with({}, options);
    auto scratch = model.make_scratch();
    embedding(model, text, scratch);
    return scratch.tokens();
  };
  TextOptions options;
  options.max_tokens = 5;
  CHECK(tokens(options, "the quick brown fox").ids.size() == 5);
  CHECK(tokens(options, "the quick brown fox").truncated);
  options.max_tokens = 1'000'000;
  CHECK(load_with({}, options).max_tokens() == load_with({}).max_tokens());

  constexpr std::int32_t k_sep = 3;
  const auto seps = [&](const TextOptions& o) {
    const Encoding encoding = tokens(o, "a [SEP] b");
    return std::count(encoding.ids.begin(), encoding.ids.end(), k_sep);
  };
  CHECK(seps({}) == 1);
  options.special_tokens_in_text = SpecialTokensInText::as_tokens;
  CHECK(seps(options) == 2);

  CHECK_THROWS_AS(tokens(options, "a\xFF"), Error);
  options.invalid_utf8 = InvalidUtf8::replace;
  CHECK(tokens(options, "a\xFF").ids.size() == 3);  // BERT's normalizer drops U+FFFD
  options.max_text_bytes = 3;
  CHECK_THROWS_WITH_AS(tokens(options, "hello"), doctest::Contains("at most 3"), Error);
}

TEST_CASE("a cross-encoder as sentence-transformers 6 saves it") {
  const std::string modules =
      R"([{"idx": 0, "name": "0", "path": "", "type": "base.modules.transformer.Transformer"}])";
  const auto config = [](const std::string& fields) {
    return R"({"model_type": "CrossEncoder", "prompts": {}, )" + fields + "}";
  };
  const auto transform = [&](const std::string& fields) {
    return pairs_with({{"modules.json", modules}, {"config_sentence_transformers.json", config(fields)}})
        .output_transform();
  };
  CHECK(transform(R"("activation_fn": "torch.nn.modules.linear.Identity")") == OutputTransform::identity);
  CHECK(transform(R"("activation_fn": "torch.nn.modules.activation.Sigmoid")") == OutputTransform::sigmoid);
  CHECK(transform(R"("activation_fn": null)") == OutputTransform::softmax);
  CHECK_THROWS_WITH_AS(transform(R"("activation_fn": "torch.nn.modules.activation.Tanh")"),
                       doctest::Contains("config_sentence_transformers.json: activation"), Error);
  CHECK_THROWS_WITH_AS(transform(R"("default_prompt_name": "q", "prompts ": {}, "activation_fn": null)"),
                       doctest::Contains("one named \"q\", the default"), Error);
  CHECK_THROWS_WITH_AS(pairs_with({{"modules.json", modules},
                                   {"config_sentence_transformers.json",
                                    R"({"prompts": {"q": "rank: "}, "default_prompt_name": "q"})"}}),
                       doctest::Contains("prompt of a cross-encoder"), Error);
  // The same modules make no vector of a text.
  CHECK_THROWS_WITH_AS(load_with({{"modules.json", modules}}), doctest::Contains("no pooling module"), Error);
}

TEST_CASE("the network's own file counts beside modules.json only, under any of its names") {
  const std::string shorter = R"({"max_seq_length": 7})";
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  std::filesystem::copy(k_golden + "text_sentence", path, std::filesystem::copy_options::recursive);
  write_file_atomically(path + "/sentence_bert_config.json", shorter);
  CHECK(TextModel::load(path).max_tokens() == 7);
  std::filesystem::rename(path + "/sentence_bert_config.json", path + "/sentence_roberta_config.json");
  CHECK(TextModel::load(path).max_tokens() == 7);
  std::filesystem::remove(path + "/modules.json");
  CHECK(TextModel::load(path).max_tokens() == 40);  // the encoder's positions
}

TEST_CASE("numbers above 1e20 are no limit of a text, and the first file that has one counts") {
  const auto longest = [](const std::string& network, const std::string& tokenizer) {
    const TemporaryDirectory directory;
    const std::string path = directory / "model";
    std::filesystem::copy(k_golden + "text_sentence", path, std::filesystem::copy_options::recursive);
    write_file_atomically(path + "/sentence_bert_config.json", network);
    write_file_atomically(path + "/tokenizer_config.json",
                          R"({"tokenizer_class": "BertTokenizer", "model_max_length": )" + tokenizer + "}");
    return TextModel::load(path).max_tokens();
  };
  for (const char* none : {"1e30", "1000000000000000019884624838656", "Infinity", "100"})
    for (const char* other : {"7", "1e30"})
      CHECK(longest(R"({"max_seq_length": )" + std::string(none) + "}", other) == 40);
  CHECK(longest("{}", "1e30") == 40);
  CHECK(longest("{}", "7") == 7);
  CHECK(longest(R"({"max_seq_length": null})", "7") == 7);
  CHECK_THROWS_WITH_AS(longest("{}", "7.0"), doctest::Contains("model_max_length, expected a non-negative integer"),
                       Error);
}

TEST_CASE("pairs in a batch have the bits that they have alone") {
  const TextModel model = TextModel::load(k_golden + "text_pairs");
  const Golden golden("text_pairs", "probabilities");
  std::vector<std::string_view> texts, pairs;
  for (const auto& [text, pair] : golden.texts) {
    texts.push_back(text);
    pairs.push_back(pair);
  }
  std::vector<float> batch(texts.size() * 3), alone(3);
  std::vector<ItemStatus> status(texts.size());
  model.classify_batch(texts, pairs, {batch.data(), texts.size(), 3}, status);
  auto scratch = model.make_scratch();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(status[i].ok);
    model.classify(texts[i], pairs[i], alone, scratch);
    CHECK(std::equal(alone.begin(), alone.end(), batch.begin() + static_cast<std::ptrdiff_t>(3 * i)));
  }
  pairs.pop_back();
  CHECK_THROWS_WITH_AS(model.classify_batch(texts, pairs, {batch.data(), texts.size(), 3}, status),
                       doctest::Contains("size of pairs"), Error);
}

TEST_CASE("classes of tokens agree with transformers, and name the characters that they are about") {
  const TextModel model = TextModel::load(k_golden + "text_tokens");
  REQUIRE(model.token_labels().size() == 3);
  CHECK(model.token_labels()[1] == "B-ANIMAL");
  CHECK(model.labels().empty());
  const Golden golden("text_tokens", "probabilities");
  auto scratch = model.make_scratch();
  std::vector<float> out;
  std::size_t row = 0;
  double worst = 0;
  for (const auto& [text, pair] : golden.texts) {
    model.classify_tokens(text, out, scratch);
    REQUIRE(out.size() == 3 * scratch.tokens().ids.size());
    for (const float value : out)
      worst = std::max(worst, std::abs(static_cast<double>(value) - golden.expected[row++]));
  }
  CHECK(row == golden.expected.size());
  CHECK(worst <= k_bound);
  const TextModel sentences = TextModel::load(k_golden + "text_sentence");
  auto other = sentences.make_scratch();
  CHECK_THROWS_WITH_AS(sentences.classify_tokens("a", out, other), doctest::Contains("no token classification head"),
                       Error);
}
