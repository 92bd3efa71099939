// Vocabulary files without a tokenizer.json.
#include "seqguard/core/files.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary_directory.hpp"
#include "text/small_tokenizers.hpp"

using namespace seqguard;

namespace {

using Ids = std::vector<std::int32_t>;

const std::string k_directory = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/tokenizers/";

nlohmann::json golden(const std::string& name) {
  return nlohmann::json::parse(read_file(k_directory + name + ".json", std::size_t{1} << 20));
}

EncodeOptions as_tokens() {
  EncodeOptions options;
  options.special_tokens_in_text = SpecialTokensInText::as_tokens;
  return options;
}

void check_same(const Tokenizer& a, const Tokenizer& b) {
  for (const std::string_view text : {"Hello, w\xC3\xB6rld! don't", "the customer  service \xE6\x97\xA5\xE6\x9C\xAC",
                                      "a [SEP] b <mask> c</s>", "", " \n x"}) {
    CAPTURE(std::string(text));
    const Encoding first = a.encode(text, "it's a pair", as_tokens()),
                   second = b.encode(text, "it's a pair", as_tokens());
    CHECK(first.ids == second.ids);
    CHECK(first.type_ids == second.type_ids);
    CHECK(first.offsets == second.offsets);
  }
}

std::string error_of(const std::string& directory) {
  try {
    Tokenizer::load(directory);
  } catch (const Error& error) {
    std::string message = error.what();
    for (std::size_t at; (at = message.find(directory)) != std::string::npos;)
      message.replace(at, directory.size(), "DIR");
    return std::string(to_string(error.code())) + " " + message;
  }
  return "no error";
}

}  // namespace

TEST_CASE("vocab.txt gives what its tokenizer.json gives") {
  const nlohmann::json json = golden("bert_uncased");
  std::vector<std::string> lines(json["model"]["vocab"].size());
  for (const auto& [piece, id] : json["model"]["vocab"].items()) lines[id.get<std::size_t>()] = piece;
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const TemporaryDirectory directory;
  write_file_atomically(directory / "vocab.txt", text);
  check_same(Tokenizer::load(directory.path()), Tokenizer::load(k_directory + "bert_uncased.json"));
  write_file_atomically(directory / "tokenizer_config.json",
                        R"({"do_lower_case": true, "tokenizer_class": "BertTokenizerFast"})");
  check_same(Tokenizer::load(directory.path()), Tokenizer::load(k_directory + "bert_uncased.json"));
}

TEST_CASE(
    "vocab.txt: settings of tokenizer_config.json, white space at the ends of lines, and pieces that stand twice") {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "vocab.txt", "[PAD]\r\n[UNK]\n[CLS]\n[SEP]\nA\xC2\xA0\nb\na\nb\n##b");
  CHECK(Tokenizer::load(directory.path()).encode("A b").ids == Ids{2, 6, 7, 3});
  write_file_atomically(directory / "tokenizer_config.json",
                        R"({"do_lower_case": false, "cls_token": {"content": "[PAD]", "lstrip": false}})");
  CHECK(Tokenizer::load(directory.path()).encode("A b ab").ids == Ids{0, 4, 7, 6, 8, 3});
  write_file_atomically(directory / "tokenizer_config.json", R"({"tokenizer_class": "BertJapaneseTokenizer"})");
  CHECK(error_of(directory.path()).find("unsupported DIR/tokenizer_config.json: tokenizer_class is not supported") ==
        0);
  write_file_atomically(directory / "tokenizer_config.json", R"({"sep_token": "<sep>"})");
  CHECK(error_of(directory.path()) == "bad_format DIR/vocab.txt: no piece \"<sep>\"");
  write_file_atomically(directory / "tokenizer_config.json", "{");
  CHECK(error_of(directory.path()).find("bad_format DIR/tokenizer_config.json: malformed JSON") == 0);
  write_file_atomically(directory / "vocab.txt", "\xFF\n");
  CHECK(error_of(directory.path()) == "bad_format DIR/vocab.txt: is not well-formed UTF-8");
}

TEST_CASE("vocab.json and merges.txt give what their tokenizer.json gives") {
  const nlohmann::json json = golden("roberta");
  std::string merges = "#version: 0.2\n";
  for (const auto& merge : json["model"]["merges"])
    merges += merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
  const TemporaryDirectory directory;
  write_file_atomically(directory / "vocab.json", json["model"]["vocab"].dump());
  CHECK(error_of(directory.path()) ==
        "file_not_found DIR: tokenizer, expected tokenizer.json, vocab.txt, or vocab.json and merges.txt, found none");
  write_file_atomically(directory / "merges.txt", merges);
  // The mask takes the spaces before it where the configuration says so, in one of two places.
  write_file_atomically(directory / "tokenizer_config.json",
                        R"({"mask_token": {"content": "<mask>", "lstrip": true}})");
  check_same(Tokenizer::load(directory.path()), Tokenizer::load(k_directory + "roberta.json"));
  write_file_atomically(directory / "tokenizer_config.json",
                        R"({"mask_token": "<mask>", "added_tokens_decoder": {"4": {"content": "<mask>", "lstrip": true,
                            "rstrip": false, "normalized": false, "single_word": false, "special": true}}})");
  check_same(Tokenizer::load(directory.path()), Tokenizer::load(k_directory + "roberta.json"));
  write_file_atomically(directory / "tokenizer_config.json",
                        R"({"added_tokens_decoder": {"5": {"content": "<mask>"}}})");
  CHECK(error_of(directory.path()) ==
        "bad_format DIR/tokenizer_config.json: id of \"<mask>\", expected 4 as in the vocabulary, found 5");
  write_file_atomically(directory / "tokenizer_config.json", "{}");
  write_file_atomically(directory / "merges.txt", merges + "abc\n");
  CHECK(error_of(directory.path()).find("bad_format DIR/merges.txt: merge ") == 0);
  write_file_atomically(directory / "tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  CHECK(error_of(directory.path()).find("unsupported DIR/tokenizer_config.json: tokenizer_class is not supported") ==
        0);
}

TEST_CASE("a directory with a tokenizer.json is read through that") {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "tokenizer.json", TokenizerParts{}.json());
  write_file_atomically(directory / "vocab.txt", "nonsense");
  CHECK(Tokenizer::load(directory.path()).encode("hello").ids == Ids{2, 4, 3});
  CHECK(error_of(directory / "nowhere").find("file_not_found") == 0);
}

TEST_CASE("flags of tokenizer_config.json count more than those of tokenizer.json, as in transformers") {
  const TemporaryDirectory directory;
  const auto write = [&](const std::string& golden, const char* config) {
    write_file_atomically(directory / "tokenizer.json",
                          read_file(k_directory + golden + ".json", std::size_t{1} << 20));
    write_file_atomically(directory / "tokenizer_config.json", config);
    return Tokenizer::load(directory.path());
  };
  const auto notes = [](const Tokenizer& tokenizer) { return tokenizer.notes().size(); };
  const Tokenizer uncased = Tokenizer::load(k_directory + "bert_uncased.json");
  const Tokenizer same = write("bert_uncased", R"({"tokenizer_class": "BertTokenizer", "do_lower_case": true})");
  check_same(same, uncased);
  CHECK(notes(same) == notes(uncased));
  for (const char* config : {R"({"tokenizer_class": "BertTokenizerFast", "do_lower_case": false})",
                             R"({"do_lower_case": false, "model_max_length": 512})"}) {
    const Tokenizer cased = write("bert_uncased", config);
    CHECK(notes(cased) == notes(uncased) + 1);
    CHECK(cased.encode("The customer").ids != uncased.encode("The customer").ids);
    CHECK(cased.encode("the customer").ids == uncased.encode("The customer").ids);
  }
  // Classes that take tokenizer.json as it is.
  check_same(write("bert_uncased", R"({"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": false})"),
             uncased);
  // BERT's class lower-cases unless it is told not to.
  const Tokenizer lower = write("bert_cased", R"({"tokenizer_class": "BertTokenizer"})");
  CHECK(lower.encode("THE").ids == lower.encode("the").ids);
  const Tokenizer roberta = Tokenizer::load(k_directory + "roberta.json");
  check_same(write("roberta", R"({"tokenizer_class": "RobertaTokenizer"})"), roberta);
  const Tokenizer spaced = write("roberta", R"({"tokenizer_class": "RobertaTokenizer", "add_prefix_space": true})");
  CHECK(spaced.encode("the").ids == roberta.encode(" the").ids);
  CHECK(notes(spaced) == notes(roberta) + 1);
}
