// Tokenizer files that are damaged or made to harm: each is an error that names file, place, expected and found.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "text/small_tokenizers.hpp"

using namespace seqguard;

namespace {

/// A tokenizer with another model; its vocabulary need not hold the frame's tokens.
std::string error_with_model(const std::string& model) {
  TokenizerParts parts;
  parts.added_tokens = "[]";
  parts.post_processor = "null";
  parts.model = model;
  return parts.error();
}

std::string error_with(std::string TokenizerParts::*part, const std::string& json) {
  TokenizerParts parts;
  parts.*part = json;
  return parts.error();
}

struct Case {
  std::string json, message;
};

void check_all(std::string TokenizerParts::*part, const std::vector<Case>& cases) {
  for (const Case& test : cases) {
    CAPTURE(test.json);
    const std::string error = error_with(part, test.json);
    CAPTURE(error);
    CHECK(error.find(test.message) == 0);
  }
}

std::string piece_list(const std::string& first, std::size_t count) {
  std::string list = "[" + first;
  for (std::size_t i = 0; i < count; ++i) list += ", [\"p" + std::to_string(i) + "\", -1]";
  return list + "]";
}

}  // namespace

TEST_CASE("hostile: documents that are no tokenizer") {
  const auto error = [](const std::string& json) {
    try {
      Tokenizer::parse(json, "t.json");
    } catch (const Error& caught) {
      return std::string(caught.what());
    }
    return std::string("no error");
  };
  CHECK(error("").find("t.json: malformed JSON: parse error at line 1, column 1: ") == 0);
  CHECK(error("{\"version\": ").find("t.json: malformed JSON: parse error at line 1, column 13: ") == 0);
  CHECK(error("[]") == "t.json: document, expected an object, found an array of 0");
  CHECK(error("{}") == "t.json: field \"model\", expected a value, found none");
  CHECK(error(std::string("{}\0", 3)) == "t.json: malformed JSON: NUL byte at offset 2");
  CHECK(error(std::string(100, '[')) == "t.json: JSON nested too deeply, expected at most 64, found more");
  CHECK(error("{\"model\": {}, \"model\": {}}") == "t.json: duplicate key \"model\"");
  CHECK(error("{\"version\": \"2.0\"}") == "t.json: version is not supported, expected \"1.0\", found \"2.0\"");
  CHECK(error("{\"surprise\": 1}").find("t.json: unknown field \"surprise\", expected only version, ") == 0);
  CHECK(error("[" + std::string(9'000'000, ',') + "]").find("t.json: malformed JSON") == 0);
  std::string many = "[0";
  for (int i = 0; i < 4'000'000; ++i) many += ",0";
  CHECK(error(many + "]") == "t.json: JSON values, expected at most 4000000, found more");
}

TEST_CASE("hostile: normalizers") {
  check_all(
      &TokenizerParts::normalizer,
      {
          {"7", "bad_format tokenizer.json: normalizer, expected an object, found 7"},
          {"{}", "bad_format tokenizer.json: normalizer: field \"type\", expected a value, found none"},
          {R"({"type": "Nmt"})", "unsupported tokenizer.json: normalizer.type is not supported, expected Bert"},
          {R"({"type": "NFC", "form": 1})", "unsupported tokenizer.json: normalizer: unknown field \"form\""},
          {R"({"type": "Strip", "strip_left": 1, "strip_right": true})",
           "bad_format tokenizer.json: normalizer.strip_left, expected true or false, found 1"},
          {R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Python"}]})",
           "unsupported tokenizer.json: normalizer.normalizers[1].type is not supported"},
          {R"({"type": "Replace", "pattern": {"Regex": "(a|b)*"}, "content": ""})",
           "unsupported tokenizer.json: normalizer.pattern.Regex is not supported"},
          {R"({"type": "Replace", "pattern": {"String": ""}, "content": "x"})",
           "bad_format tokenizer.json: normalizer.pattern.String, expected a text that is not empty"},
          {R"({"type": "Replace", "pattern": {"String": "a"}, "content": ")" + std::string(2000, 'x') + "\"}",
           "bad_format tokenizer.json: normalizer.content, expected at most 1024 bytes"},
          {R"({"type": "Replace", "pattern": {"String": ")" + std::string(2000, 'a') + R"("}, "content": ""})",
           "bad_format tokenizer.json: normalizer.pattern.String, expected at most 1024 bytes"},
          {R"({"type": "Replace", "pattern": {"Regex": "[)" + std::string(2000, 'a') + R"(]"}, "content": ""})",
           "unsupported tokenizer.json: normalizer.pattern.Regex is not supported"},
          {R"({"type": "Precompiled", "precompiled_charsmap": "A"})",
           "bad_format tokenizer.json: normalizer.precompiled_charsmap, expected base64"},
          {R"({"type": "Precompiled", "precompiled_charsmap": ""})",
           "bad_format tokenizer.json: normalizer.precompiled_charsmap: size of the trie, expected a multiple of 4"},
          // 8 bytes of trie, 4 there
          {R"({"type": "Precompiled", "precompiled_charsmap": "CAAAAAAAAAA="})",
           "bad_format tokenizer.json: normalizer.precompiled_charsmap: size of the trie"},
          // 4 bytes of trie, then the byte FF
          {R"({"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAAD/"})",
           "bad_format tokenizer.json: normalizer.precompiled_charsmap: replacements, expected UTF-8"},
      });
  std::string steps;
  for (int i = 0; i < 100; ++i) steps += std::string(i == 0 ? "" : ", ") + R"({"type": "NFD"})";
  CHECK(error_with(&TokenizerParts::normalizer, R"({"type": "Sequence", "normalizers": [)" + steps + "]}") ==
        "bad_format tokenizer.json: normalizer, expected at most 16 steps, found an object");
}

TEST_CASE("hostile: pre-tokenizers") {
  check_all(&TokenizerParts::pre_tokenizer,
            {
                {R"({"type": "UnicodeScripts"})", "unsupported tokenizer.json: pre_tokenizer.type is not supported"},
                {R"({"type": "Split", "pattern": {"Regex": "(a|b)+c"}, "behavior": "Isolated", "invert": false})",
                 "unsupported tokenizer.json: pre_tokenizer.pattern.Regex is not supported"},
                {R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Burn", "invert": false})",
                 "bad_format tokenizer.json: pre_tokenizer.behavior, expected Removed, Isolated"},
                {R"({"type": "Metaspace", "replacement": ""})",
                 "bad_format tokenizer.json: pre_tokenizer.replacement, expected one character"},
                {R"({"type": "Metaspace", "replacement": "__"})",
                 "bad_format tokenizer.json: pre_tokenizer.replacement, expected one character"},
                {R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "first", "add_prefix_space": false})",
                 "bad_format tokenizer.json: pre_tokenizer.add_prefix_space, expected true"},
                {R"({"type": "ByteLevel", "trim_offsets": true})",
                 "bad_format tokenizer.json: pre_tokenizer: field \"add_prefix_space\""},
            });
}

TEST_CASE("hostile: post-processors") {
  const std::string a = R"({"Sequence": {"id": "A", "type_id": 0}})";
  const auto framed = [&](const std::string& piece, const std::string& tokens) {
    return R"({"type": "TemplateProcessing", "single": [)" + a + ", " + piece + R"(], "pair": [], "special_tokens": )" +
           tokens + "}";
  };
  const std::string sep = R"({"SpecialToken": {"id": "S", "type_id": 0}})";
  std::string many;  // each of them would go over all tokens
  for (int i = 0; i < 65; ++i)
    many +=
        std::string(i == 0 ? "" : ", ") + R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true})";
  check_all(
      &TokenizerParts::post_processor,
      {
          {R"({"type": "Magic"})", "unsupported tokenizer.json: post_processor.type is not supported"},
          {R"({"type": "BertProcessing", "sep": ["[SEP]"], "cls": ["[CLS]", 2]})",
           "bad_format tokenizer.json: post_processor.sep, expected a token and its id"},
          {R"({"type": "BertProcessing", "sep": ["[SEP]", -1], "cls": ["[CLS]", 2]})",
           "bad_format tokenizer.json: post_processor.sep[1], expected an integer in 0 .. 2^31 - 1, found -1"},
          {R"({"type": "BertProcessing", "sep": ["[SEP]", 99], "cls": ["[CLS]", 2]})",
           "bad_format tokenizer.json: post_processor, expected ids below 14, not 99"},
          {framed(sep, "{}"), "bad_format tokenizer.json: post_processor.single[1].SpecialToken.id, expected one of"},
          {framed(R"({"Sequence": {"id": "B", "type_id": 0}})", "{}"),
           "bad_format tokenizer.json: post_processor.single[1].Sequence.id, expected A, found \"B\""},
          {framed(sep, R"({"S": {"id": "S", "ids": [1000000], "tokens": ["S"]}})"),
           "bad_format tokenizer.json: post_processor, expected ids below 14, not 1000000"},
          {R"({"type": "Sequence", "processors": [{"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
                    {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}]})",
           "unsupported tokenizer.json: post_processor.processors[1] is not supported"},
          {framed(a, "{}"),
           "unsupported tokenizer.json: post_processor.single[1].Sequence.id is not supported, expected "
           "each text once"},
          {R"({"type": "Sequence", "processors": [)" + many + "]}",
           "bad_format tokenizer.json: post_processor, expected at most 64 processors"},
      });
}

TEST_CASE("hostile: vocabularies") {
  const auto word_level = [](const std::string& vocabulary) {
    return error_with_model(R"({"type": "WordLevel", "unk_token": "u", "vocab": )" + vocabulary + "}");
  };
  CHECK(word_level(R"({"u": 0, "a": 1})") == "no error");
  CHECK(word_level(R"({"u": 0, "a": 5})") == "no error");  // a hole
  CHECK(word_level(R"({"u": 0, "a": 0})") ==
        "bad_format tokenizer.json: model.vocab: id 0 belongs to both \"u\" and \"a\"");
  CHECK(word_level(R"({"u": 0, "u": 1})") == "bad_format tokenizer.json: model.vocab: piece \"u\" appears twice");
  CHECK(word_level(R"({"u": 0, "a": -1})").find("bad_format tokenizer.json: model.vocab: id of \"a\"") == 0);
  CHECK(word_level(R"({"u": 0, "a": 4000000000})").find("bad_format tokenizer.json: model.vocab: id of \"a\"") == 0);
  CHECK(word_level(R"({"u": 0, "a": 2000000000})") ==
        "bad_format tokenizer.json: model.vocab: id of \"a\", expected below 1004 for 2 pieces, found 2000000000");
  CHECK(word_level(R"({"u": 0, "a": 1.5})") ==
        "bad_format tokenizer.json: model.vocab.a, expected an integer, found 1.5");
  CHECK(word_level(R"({"a": 0})") ==
        "bad_format tokenizer.json: model.vocab: unk_token, expected a piece of the vocabulary, found \"u\"");
  CHECK(word_level("{\"u\": 0, \"" + std::string(4097, 'x') + "\": 1}")
            .find("bad_format tokenizer.json: model.vocab: length of") == 0);
  CHECK(word_level("3") == "bad_format tokenizer.json: model.vocab, expected an object, found 3");
  std::string large = "{\"u\": 0";
  for (int i = 1; i < 9000; ++i)
    large += ", \"" + std::to_string(i) + std::string(1000, 'x') + "\": " + std::to_string(i);
  CHECK(word_level(large + "}")
            .find("bad_format tokenizer.json: model.vocab: text of all pieces, expected at most 8388608") == 0);
}

TEST_CASE("hostile: models") {
  CHECK(error_with_model("{}") == "bad_format tokenizer.json: model: field \"vocab\", expected a value, found none");
  CHECK(error_with_model(R"({"type": "Neural"})").find("unsupported tokenizer.json: model.type is not supported") == 0);
  const std::string pieces = R"("vocab": {"a": 0, "b": 1, "ab": 2})";
  const auto bpe = [&](const std::string& rest) {
    return error_with_model(R"({"type": "BPE", )" + pieces + rest + "}");
  };
  CHECK(bpe(R"(, "merges": ["a b"])") == "no error");
  CHECK(bpe(R"(, "merges": [["a", "b"]])") == "no error");
  CHECK(bpe("") == "bad_format tokenizer.json: model: field \"merges\", expected a value, found none");
  CHECK(bpe(R"(, "merges": ["a"])").find("bad_format tokenizer.json: model.merges[0], expected two pieces") == 0);
  CHECK(bpe(R"(, "merges": ["a  b"])").find("bad_format tokenizer.json: model.merges[0], expected two pieces") == 0);
  CHECK(
      bpe(R"(, "merges": [["a", "b", "c"]])").find("bad_format tokenizer.json: model.merges[0], expected two pieces") ==
      0);
  CHECK(bpe(R"(, "merges": ["a c"])") ==
        "bad_format tokenizer.json: model.vocab: merge 0, expected a piece of the vocabulary, found \"c\"");
  CHECK(bpe(R"(, "merges": ["b a"])") ==
        "bad_format tokenizer.json: model.vocab: merge 0, expected a piece of the vocabulary, found \"ba\"");
  CHECK(bpe(R"(, "merges": [], "unk_token": "x")").find("bad_format tokenizer.json: model.vocab: unk_token") == 0);
  CHECK(bpe(R"(, "merges": [], "dropout": 0.1)").find("unsupported tokenizer.json: model.dropout is not supported") ==
        0);
  CHECK(bpe(R"(, "merges": [], "end_of_word_suffix": ")" + std::string(1025, 'x') + "\"") ==
        "bad_format tokenizer.json: model, expected a prefix and suffix of at most 1024 bytes, found an object");
  CHECK(bpe(R"(, "merges": [], "depth": 1)").find("unsupported tokenizer.json: model: unknown field \"depth\"") == 0);
  const auto unigram = [](const std::string& vocabulary, const std::string& unknown) {
    return error_with_model(R"({"type": "Unigram", "unk_id": )" + unknown + ", \"vocab\": " + vocabulary + "}");
  };
  CHECK(unigram(piece_list(R"(["u", 0])", 3), "0") == "no error");
  CHECK(unigram(piece_list(R"(["u", 0])", 3), "4") ==
        "bad_format tokenizer.json: model.vocab: unk_id, expected below 4, found 4");
  CHECK(unigram(piece_list(R"(["u"])", 1), "0") ==
        "bad_format tokenizer.json: model.vocab[0], expected a piece and its score, found an array of 1");
  CHECK(unigram(piece_list(R"(["u", "x"])", 1), "0") ==
        "bad_format tokenizer.json: model.vocab[0][1], expected a number, found \"x\"");
  CHECK(unigram("[]", "null").find("bad_format tokenizer.json: model.vocab: pieces, expected at least one") == 0);
}

TEST_CASE("hostile: added tokens") {
  const auto token = [](int id, const std::string& content) {
    return "{\"id\": " + std::to_string(id) + ", \"content\": \"" + content +
           R"(", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false})";
  };
  check_all(&TokenizerParts::added_tokens,
            {
                {"{}", "bad_format tokenizer.json: added_tokens, expected an array, found an empty object"},
                {"[" + token(14, "new") + "]", "no error"},
                {"[" + token(15, "new") + "]",
                 "bad_format tokenizer.json: added_tokens: id of \"new\", expected 14, the next free one, found 15"},
                {"[" + token(9, "hello") + "]",
                 "bad_format tokenizer.json: added_tokens: id of \"hello\", expected 4 as in the vocabulary, found 9"},
                {"[" + token(14, std::string(5000, 'x')) + "]",
                 "bad_format tokenizer.json: added_tokens[0], expected a content of at most 4096 bytes"},
                {R"([{"id": 14, "content": "x"}])",
                 "bad_format tokenizer.json: added_tokens[0]: field \"single_word\", expected a value, found none"},
            });
}

TEST_CASE("hostile: cut off and changed at any byte, a tokenizer loads or is refused") {
  const std::string json = TokenizerParts{}.json();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < json.size(); ++i) {
    for (const std::string& damaged :
         {json.substr(0, i), json.substr(0, i) + json.substr(i + 1), json.substr(0, i) + "\"" + json.substr(i + 1),
          json.substr(0, i) + "9" + json.substr(i + 1)}) {
      try {
        Tokenizer::parse(damaged, "t").encode("hello [SEP] world \xE6\x97\xA5");
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 2 * json.size());  // at the least every cut and nearly every quote
}
