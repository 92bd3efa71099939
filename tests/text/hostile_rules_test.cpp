// Tokenizer files that load and whose rules would let a text cost without end: it is refused, or the rule is none.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/small_tokenizers.hpp"

using namespace seqguard;

namespace {

/// The base64 text of a compiled trie and its replacements.
std::string charsmap(const std::vector<std::uint32_t>& units, const std::string& texts) {
  std::string bytes;
  const auto put = [&](std::uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  };
  put(static_cast<std::uint32_t>(4 * units.size()));
  for (const std::uint32_t unit : units) put(unit);
  bytes += texts;
  constexpr std::string_view k_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string encoded;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j)
      group = group << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0);
    for (std::size_t j = 0; j < 4; ++j) encoded += i + j > bytes.size() ? '=' : k_digits[group >> (18 - 6 * j) & 63];
  }
  return encoded;
}

}  // namespace

TEST_CASE("hostile: rules that make a text grow without end") {
  TokenizerParts parts;
  std::string steps;
  for (int i = 0; i < 16; ++i)
    steps +=
        std::string(i == 0 ? "" : ", ") + R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaa"})";
  parts.normalizer = R"({"type": "Sequence", "normalizers": [)" + steps + "]}";
  const Tokenizer tokenizer = parts.build();
  CHECK_THROWS_WITH_AS(tokenizer.encode("aaaa"), "normalized text: length, expected at most 65552 bytes, found more",
                       Error);
  // Each segment between added tokens may grow, all of them together as much as one.
  parts.normalizer = R"({"type": "Prepend", "prepend": ")" + std::string(1000, 'p') + "\"}";
  std::string segments;
  for (int i = 0; i < 100; ++i) segments += "a[SEP]";
  EncodeOptions options;
  options.special_tokens_in_text = SpecialTokensInText::as_tokens;
  CHECK_THROWS_WITH_AS(parts.build().encode(segments, options), doctest::Contains("normalized text: length"), Error);
  // A byte-level step writes two bytes for each that is not ASCII, the next one four.
  parts.normalizer = "null";
  parts.pre_tokenizer = R"({"type": "Sequence", "pretokenizers": [)";
  for (int i = 0; i < 16; ++i)
    parts.pre_tokenizer +=
        std::string(i == 0 ? "" : ", ") + R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})";
  parts.pre_tokenizer += "]}";
  CHECK_THROWS_WITH_AS(parts.build().encode("\xC3\xA9\xC3\xA9"), doctest::Contains("normalized text: length"), Error);
  // A mark before each word, and the mark is a word.
  parts.pre_tokenizer = R"({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true})";
  for (int i = 0; i < 7; ++i)
    parts.pre_tokenizer += std::string(R"(, {"type": "Metaspace", "replacement": ")") + (i % 2 == 0 ? "2" : "3") +
                           R"(", "split": false}, {"type": "Digits", "individual_digits": true})";
  parts.pre_tokenizer += "]}";
  CHECK_THROWS_WITH_AS(parts.build().encode(std::string(2000, '1')), doctest::Contains("words, expected at most"),
                       Error);
}

TEST_CASE("hostile: links of a compiled trie that lead nowhere are no rules") {
  constexpr std::uint32_t k_leaf = 1U << 8, k_to_neighbour = 1U << 10, k_value = 1U << 31;
  // A rule for h: its unit names its letter and leads to the unit beside it, which holds the place of the replacement.
  const auto rule_for_h = [&](std::uint32_t place, const std::string& texts) {
    std::vector<std::uint32_t> units(128);
    units['h'] = 'h' | k_leaf | k_to_neighbour;
    units['h' ^ 1] = k_value | place;
    return charsmap(units, texts);
  };
  const auto ids = [](const std::string& encoded) {
    TokenizerParts parts;
    parts.normalizer = R"({"type": "Precompiled", "precompiled_charsmap": ")" + encoded + "\"}";
    return parts.build().encode("hello a").ids;
  };
  const std::vector<std::int32_t> unchanged{2, 4, 10, 3};
  CHECK(ids(rule_for_h(0, std::string("a\0", 2))) == std::vector<std::int32_t>{2, 1, 10, 3});  // "aello"
  CHECK(ids(rule_for_h(1000, "abc")) == unchanged);
  CHECK(ids(rule_for_h(1, "\xC3\xA9")) == unchanged);      // in the middle of a character
  CHECK(ids(charsmap({0xFFFFFC00}, "abc")) == unchanged);  // beyond the trie
  CHECK(ids(charsmap({0}, "abc")) == unchanged);
}

TEST_CASE("hostile: pieces that almost match everywhere") {
  const std::string a(100'000, 'a'), almost = std::string(1'000, 'a') + "b";
  const auto error = [&](const TokenizerParts& parts) {
    try {
      parts.build().encode(a);
    } catch (const Error& caught) {
      return std::string(caught.what());
    }
    return std::string("no error");
  };
  const std::string expected = "text: pieces of the vocabulary almost match it too often";
  TokenizerParts parts;
  parts.post_processor = "null";
  for (const std::string normalized : {"true", "false"}) {
    parts.added_tokens = R"([{"id": 14, "content": ")" + almost + R"(", "single_word": false, "lstrip": false, "rstrip":
                          false, "special": false, "normalized": )" +
                         normalized + "}]";
    CHECK(error(parts) == expected);
  }
  parts.added_tokens = "[]";
  parts.model = R"({"type": "WordPiece", "unk_token": "a", "continuing_subword_prefix": "", "max_input_chars_per_word":
                 1000000, "vocab": {"a": 0, ")" +
                almost + "\": 1}}";
  CHECK(error(parts) == expected);
  parts.model = R"({"type": "Unigram", "unk_id": 0, "vocab": [["a", 0], [")" + almost + "\", -1]]}";
  CHECK(error(parts) == expected);
}

TEST_CASE("hostile: added tokens that are white space and strip it") {
  const auto token = [](int id, const std::string& content) {
    return "{\"id\": " + std::to_string(id) + ", \"content\": \"" + content +
           R"(", "single_word": false, "lstrip": true, "rstrip": true, "normalized": false, "special": false})";
  };
  TokenizerParts parts;
  parts.added_tokens = "[" + token(14, " ") + "]";
  CHECK(parts.build().encode("a  a").ids == std::vector<std::int32_t>{2, 10, 14, 14, 10, 3});
  // Beside one that does not strip to the left, every second token reaches to the end of the text.
  std::string other = token(15, "\\t");
  other.replace(other.find("\"lstrip\": true"), 14, "\"lstrip\": false");
  parts.added_tokens = "[" + token(14, " ") + ", " + other + "]";
  std::string spaces;
  for (int i = 0; i < 50'000; ++i) spaces += " \t";
  CHECK_THROWS_WITH_AS(parts.build().encode(spaces), "text: added tokens that strip white space overlap too often",
                       Error);
}
