#include "seqguard/text/tokenizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/allocation_counter.hpp"
#include "text/small_tokenizers.hpp"

using namespace seqguard;

namespace {

using Ids = std::vector<std::int32_t>;
using Spans = std::vector<TextSpan>;

EncodeOptions as_tokens() {
  EncodeOptions options;
  options.special_tokens_in_text = SpecialTokensInText::as_tokens;
  return options;
}

std::string error_of(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options) {
  try {
    tokenizer.encode(text, options);
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + " " + error.what();
  }
  return "no error";
}

constexpr const char* k_no_frame = "null";

/// The parts of a tokenizer of a model alone.
TokenizerParts bare(const std::string& pre_tokenizer, const std::string& model) {
  TokenizerParts parts;
  parts.normalizer = parts.post_processor = k_no_frame;
  parts.pre_tokenizer = pre_tokenizer;
  parts.model = model;
  return parts;
}

}  // namespace

TEST_CASE("ids, types, offsets and sequences of one text and of two") {
  const Tokenizer tokenizer = TokenizerParts{}.build();
  const Encoding one = tokenizer.encode("Héllo  world!");
  CHECK(one.ids == Ids{2, 4, 5, 6, 13, 3});
  CHECK(one.type_ids == Ids{0, 0, 0, 0, 0, 0});
  CHECK(one.offsets == Spans{{0, 0}, {0, 5}, {7, 10}, {10, 12}, {12, 13}, {0, 0}});
  CHECK(one.sequence == std::vector<std::int8_t>{-1, 0, 0, 0, 0, -1});
  CHECK(!one.truncated);
  const Encoding two = tokenizer.encode("a", "hello");
  CHECK(two.ids == Ids{2, 10, 3, 4, 3});
  CHECK(two.type_ids == Ids{0, 0, 0, 1, 1});
  CHECK(two.offsets == Spans{{0, 0}, {0, 1}, {0, 0}, {0, 5}, {0, 0}});
  CHECK(two.sequence == std::vector<std::int8_t>{-1, 0, -1, 1, -1});
  CHECK(tokenizer.encode("").ids == Ids{2, 3});
  CHECK(tokenizer.encode("a", "").ids == Ids{2, 10, 3, 3});
  EncodeOptions bare_options;
  bare_options.add_special_tokens = false;
  CHECK(tokenizer.encode("a", "hello", bare_options).ids == Ids{10, 4});
}

TEST_CASE("ids and pieces of the vocabulary") {
  const Tokenizer tokenizer = TokenizerParts{}.build();
  CHECK(tokenizer.vocab_size() == 14);
  CHECK(tokenizer.token_to_id("##ld") == 6);
  CHECK(!tokenizer.token_to_id("##l"));
  CHECK(tokenizer.id_to_token(6) == "##ld");
  CHECK(tokenizer.id_to_token(14).empty());
  CHECK(tokenizer.id_to_token(-1).empty());
  CHECK(tokenizer.is_special(3));
  CHECK(!tokenizer.is_special(4));
}

TEST_CASE("a special token spelt in a text is text, unless asked for") {
  const Tokenizer tokenizer = TokenizerParts{}.build();
  CHECK(tokenizer.encode("hello[SEP]a").ids == Ids{2, 4, 7, 9, 8, 10, 3});
  CHECK(tokenizer.encode("hello[SEP]a", as_tokens()).ids == Ids{2, 4, 3, 10, 3});
  CHECK(tokenizer.encode("hello[SEP]a", as_tokens()).offsets == Spans{{0, 0}, {0, 5}, {5, 10}, {10, 11}, {0, 0}});
}

TEST_CASE("no model gives the id of a special token for text, where it is text") {
  const std::string words = R"({"type": "WhitespaceSplit"})";
  const std::string vocabulary = R"("vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "b": 5})";
  const std::string models[] = {
      R"({"type": "WordLevel", "unk_token": "[UNK]", )" + vocabulary + "}",
      R"({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9, )" +
          vocabulary + "}",
      R"({"type": "BPE", "unk_token": "[UNK]", "ignore_merges": true, "fuse_unk": true, "merges": [], )" + vocabulary +
          "}",
      R"({"type": "Unigram", "unk_id": 1, "vocab": [["[PAD]", 0], ["[UNK]", 0], ["[CLS]", 0], ["[SEP]", 0], ["a", -1]]})",
  };
  for (const std::string& model : models) {
    CAPTURE(model);
    TokenizerParts parts = bare(words, model);
    const Tokenizer tokenizer = parts.build();
    CHECK(tokenizer.encode("a [SEP] a").ids == Ids{4, 1, 4});
    CHECK(tokenizer.encode("a [SEP] a", as_tokens()).ids == Ids{4, 3, 4});
  }
  // A special token of one character.
  TokenizerParts character = bare(words, R"({"type": "BPE", "unk_token": "[UNK]", "merges": [],
      "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "$": 5}})");
  character.added_tokens.insert(character.added_tokens.size() - 1,
                                R"(, {"id": 5, "content": "$", "single_word": false, "lstrip": false, "rstrip": false,
                                      "normalized": false, "special": true})");
  CHECK(character.build().encode("a$").ids == Ids{4, 1});
  CHECK(character.build().encode("a$", as_tokens()).ids == Ids{4, 5});
  // A merge into a special token.
  const TokenizerParts merged = bare(words, R"({"type": "BPE", "merges": ["[ S", "[S ]"],
      "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[": 4, "S": 5, "]": 6, "[S": 7, "[S]": 8}})");
  TokenizerParts special = merged;
  special.added_tokens.insert(special.added_tokens.size() - 1,
                              R"(, {"id": 8, "content": "[S]", "single_word": false, "lstrip": false, "rstrip": false,
                                    "normalized": false, "special": true})");
  CHECK(merged.build().encode("[S]").ids == Ids{8});
  CHECK(special.build().encode("[S]").ids == Ids{7, 6});
  CHECK(special.build().encode("[S]", as_tokens()).ids == Ids{8});
}

TEST_CASE("added tokens take the spaces around them, each space once") {
  TokenizerParts parts;
  parts.added_tokens.insert(parts.added_tokens.size() - 1,
                            R"(, {"id": 14, "content": "XX", "single_word": true, "lstrip": true, "rstrip": true,
                                  "normalized": false, "special": false})");
  const Tokenizer tokenizer = parts.build();
  CHECK(tokenizer.encode("a XX  XX a").ids == Ids{2, 10, 14, 14, 10, 3});
  CHECK(tokenizer.encode("a XX  XX a").offsets == Spans{{0, 0}, {0, 1}, {1, 6}, {6, 9}, {9, 10}, {0, 0}});
  CHECK(tokenizer.encode("aXX").ids == Ids{2, 1, 3});  // not a word of its own
}

TEST_CASE("the longer text is truncated first, and the result says so") {
  const Tokenizer tokenizer = TokenizerParts{}.build();
  EncodeOptions options;
  options.max_length = 5;
  CHECK(tokenizer.encode("a a a", options).ids == Ids{2, 10, 10, 10, 3});
  CHECK(!tokenizer.encode("a a a", options).truncated);
  CHECK(tokenizer.encode("a a a !", options).ids == Ids{2, 10, 10, 10, 3});
  CHECK(tokenizer.encode("a a a !", options).truncated);
  options.max_length = 7;
  CHECK(tokenizer.encode("a a a a", "!", options).ids == Ids{2, 10, 10, 10, 3, 13, 3});
  CHECK(tokenizer.encode("!", "a a a a", options).ids == Ids{2, 13, 3, 10, 10, 10, 3});
  CHECK(tokenizer.encode("! ! ! !", "a a a a", options).ids == Ids{2, 13, 13, 3, 10, 10, 3});
  options.max_length = 3;
  CHECK(tokenizer.encode("a", "a", options).ids == Ids{2, 3, 3});
  options.max_length = 1;
  CHECK(error_of(tokenizer, "a", options) ==
        "invalid_argument encode: max_length, expected at least 2 for the frame, found 1");
}

TEST_CASE("text that is not UTF-8 is refused, or each ill-formed part becomes U+FFFD") {
  // BERT drops U+FFFD; a model that has it as a piece shows how many there are.
  const Tokenizer tokenizer =
      bare(R"({"type": "WhitespaceSplit"})", R"({"type": "BPE", "unk_token": "[UNK]", "merges": [],
      "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "\uFFFD": 5, "\u00e9": 6}})")
          .build();
  EncodeOptions options;
  CHECK(error_of(tokenizer, "a\xFF", options) == "invalid_argument text: is not well-formed UTF-8");
  options.invalid_utf8 = InvalidUtf8::replace;
  const struct {
    std::string_view text;
    Ids ids;
  } cases[] = {
      {"a\xC3\xA9", {4, 6}},
      {"a\xFFz", {4, 5, 1}},
      {"\x80\x80", {5, 5}},   // continuations alone
      {"a\xE2\x82", {4, 5}},  // cut off: one part
      {"\xE2\x82"
       "a",
       {5, 4}},
      {"\xC0\xAF", {5, 5}},         // overlong
      {"\xED\xA0\x80", {5, 5, 5}},  // surrogate
      {"\xF0\x9F\x98"
       "a",
       {5, 4}},
      {"\xF4\x90\x80\x80", {5, 5, 5, 5}},       // beyond U+10FFFF
      {"\xF1\x80\x80\xE1\x80\xC2", {5, 5, 5}},  // Unicode 15, table 3-8
  };
  for (const auto& test : cases) {
    CAPTURE(std::string(test.text));
    CHECK(tokenizer.encode(test.text, options).ids == test.ids);
  }
  CHECK(tokenizer.encode("a\xFF\xC3\xA9", options).offsets == Spans{{0, 1}, {1, 2}, {2, 3}});
}

TEST_CASE("a NUL is a character like any other, and a word of more than 100 of them is unknown") {
  const Tokenizer tokenizer = TokenizerParts{}.build();
  CHECK(tokenizer.encode(std::string_view("a\0b", 3)).ids == Ids{2, 10, 12, 3});  // BERT's normalizer drops it
  TokenizerParts kept;
  kept.normalizer = "null";
  CHECK(kept.build().encode(std::string_view("a\0b", 3)).ids == Ids{2, 1, 3});
  CHECK(tokenizer.encode(std::string(100, 'a')).ids.size() == 102);
  CHECK(tokenizer.encode(std::string(101, 'a')).ids == Ids{2, 1, 3});
}

TEST_CASE("a text beyond the limit is refused by its size") {
  const Tokenizer tokenizer = TokenizerParts{}.build();
  EncodeOptions options;
  options.max_text_bytes = 5;
  CHECK(error_of(tokenizer, "hello", options) == "no error");
  CHECK(error_of(tokenizer, "hello!", options) == "out_of_range text: length, expected at most 5 bytes, found 6");
  CHECK(error_of(tokenizer, std::string((std::size_t{1} << 20) + 1, 'a'), {}).find("out_of_range text: length") == 0);
}

TEST_CASE("a batch gives what its texts give alone, with any number of threads") {
  const Tokenizer tokenizer = TokenizerParts{}.build();
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i)
    texts.push_back("hello " + std::string(static_cast<std::size_t>(i % 7), 'a') + " world");
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto pool = make_thread_pool(3);
  const auto batch = tokenizer.encode_batch(views, {}, *pool);
  REQUIRE(batch.size() == views.size());
  for (std::size_t i = 0; i < views.size(); ++i) CHECK(batch[i].ids == tokenizer.encode(views[i]).ids);
  CHECK(tokenizer.encode_batch({}).empty());
  const std::string_view bad[] = {"a", "\xFF"};
  CHECK_THROWS_AS(tokenizer.encode_batch(bad), Error);
}

TEST_CASE("a warm call allocates nothing") {
  if (!k_allocations_counted) return;
  const std::string directory = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/tokenizers/";
  for (const char* name : {"bert_uncased", "roberta", "xlm_roberta", "llama_like", "albert", "word_level"}) {
    CAPTURE(name);
    const Tokenizer tokenizer = Tokenizer::load(directory + name + ".json");
    TokenizerScratch scratch;
    Encoding encoding;
    const std::string_view text =
        "Hello world, don't panic: 42 caf\xC3\xA9s e\xCC\x81\xCC\xA7 \xED\x95\x9C\xEA\xB5\xAD "
        "\xE6\x97\xA5\xE6\x9C\xAC.";
    tokenizer.encode(text, text, encoding, scratch);
    tokenizer.encode(text, text, encoding, scratch);
    const std::size_t before = allocation_count;
    tokenizer.encode(text, text, encoding, scratch);
    CHECK(allocation_count - before == 0);
  }
}

TEST_CASE("the file's own truncation and padding are not applied, as by transformers, and named") {
  TokenizerParts parts;
  CHECK(parts.build().notes().empty());
  parts.more = R"(, "truncation": {"max_length": 4}, "padding": {"strategy": "BatchLongest"}, "decoder": null)";
  const auto notes = parts.build().notes();
  REQUIRE(notes.size() == 2);
  CHECK(notes[0] == "tokenizer.json: truncation: only its direction counts; the length is EncodeOptions::max_length");
  CHECK(notes[1] == "tokenizer.json: padding is ignored, nothing is padded here");
  CHECK(parts.build().encode("a a a a a").ids.size() == 7);
}

TEST_CASE("a piece may be as long as the longest in use, a thousand spaces of two bytes each") {
  TokenizerParts parts;
  parts.added_tokens = "[]";
  parts.normalizer = parts.post_processor = "null";
  parts.pre_tokenizer = R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})";
  std::string spaces;
  for (int i = 0; i < 1024; ++i) spaces += "\u0120";
  parts.model =
      R"({"type": "BPE", "ignore_merges": true, "vocab": {"\u0120": 0, ")" + spaces + R"(": 1}, "merges": []})";
  CHECK(parts.build().encode(std::string(1024, ' ')).ids == std::vector<std::int32_t>{1});
}
