// The largest and slowest tokenizer files that 20 MB can hold, and what they make of the longest texts.
#include "fuzz/bounded.hpp"
#include "fuzz/file_set.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/text/tokenizer.hpp"
#include "text/small_tokenizers.hpp"
#include "text/utf8_text.hpp"

using namespace seqguard;

namespace {

/// The longest text that is taken by default, made of copies of a part; a quarter of it in the suite.
std::string long_text(const std::string& part) {
  const std::size_t bytes = std::min(large_input_bytes() / 4, std::size_t{1} << 20);
  std::string text;
  while (text.size() + part.size() <= bytes) text += part;
  return text;
}

void encode(const std::string& json, const std::string& text, bool specials = true) {
  EncodeOptions options;
  if (specials) options.special_tokens_in_text = SpecialTokensInText::as_tokens;
  Tokenizer::parse(json, "tokenizer.json").encode(text, options);
}

/// A tokenizer without frame, normalizer and splitter whose model is this.
TokenizerParts plain(const std::string& model) {
  TokenizerParts parts;
  parts.added_tokens = "[]";
  parts.normalizer = parts.pre_tokenizer = parts.post_processor = "null";
  parts.model = model;
  return parts;
}
const std::string k_word_level = R"({"type":"WordLevel","unk_token":"u","vocab":{"u":0}})";

std::string added(std::size_t id, const std::string& content, const std::string& flags) {
  std::string token = R"({"id":)" + std::to_string(id) + R"(,"content":")" + content + "\"";
  for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized", "special"})
    token += std::string(",\"") + flag + "\":" + (flags.find(flag) != std::string::npos ? "true" : "false");
  return token + "}";
}

/// A Sequence of `count` steps, which are `kinds` in turn.
std::string sequence(const char* list, std::size_t count, const std::vector<std::string>& kinds) {
  std::string text = std::string(R"({"type":"Sequence",")") + list + "\":[";
  for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? "," : "") + kinds[i % kinds.size()];
  return text + "]}";
}
std::string normalizers(std::size_t count, const std::vector<std::string>& kinds) {
  return sequence("normalizers", count, kinds);
}
std::string pre_tokenizers(std::size_t count, const std::vector<std::string>& kinds) {
  return sequence("pretokenizers", count, kinds);
}

}  // namespace

TEST_CASE("large inputs: tokenizer.json") {
  const std::size_t bytes = large_input_bytes();
  for (int kind = 0; kind < k_nasty_json; ++kind)
    check_bounded("tokenizer: JSON", [&] { encode(nasty_json(kind, bytes), "text"); });
  check_bounded("tokenizer: vocabulary", [&] {
    encode(plain(R"({"type":"WordLevel","unk_token":"0","vocab":{)" +
                 repeated(bytes, [](std::size_t i) { return "\"" + std::to_string(i) + "\":" + std::to_string(i); }) +
                 "}}")
               .json(),
           "text");
  });
  for (const char* type : {"WordPiece", "Unigram"})
    check_bounded("tokenizer: long pieces", [&] {
      const bool unigram = std::string(type) == "Unigram";
      const auto pieces = repeated(std::min<std::size_t>(bytes, 8'000'000), [&](std::size_t i) {
        const std::string piece = "\"" + std::to_string(i) + std::string(4'000, 'x') + "\"";
        return unigram ? "[" + piece + ",-1]" : piece + ":" + std::to_string(i + 1);
      });
      encode(plain(unigram ? R"({"type":"Unigram","unk_id":0,"vocab":[)" + pieces + "]}"
                           : R"({"type":"WordPiece","unk_token":"u","continuing_subword_prefix":"##",
                                "max_input_chars_per_word":100,"vocab":{"u":0,)" +
                                 pieces + "}}")
                 .json(),
             "text");
    });
  check_bounded("tokenizer: merges", [&] {
    std::string vocabulary, merges;
    for (std::size_t i = 0; vocabulary.size() + merges.size() < bytes; ++i) {
      const std::string piece = std::to_string(i + 10);
      vocabulary += ",\"" + piece + "\":" + std::to_string(i + 10);
      if (piece.size() == 4)
        merges += (merges.empty() ? "\"" : ",\"") + piece.substr(0, 2) + " " + piece.substr(2) + "\"";
    }
    vocabulary = R"("0":0,"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9)" + vocabulary;
    encode(plain(R"({"type":"BPE","vocab":{)" + vocabulary + R"(},"merges":[)" + merges + "]}").json(), "text");
  });
  check_bounded("tokenizer: the same merge again and again", [&] {
    encode(plain(R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[)" +
                 repeated(bytes, [](std::size_t) { return "\"a b\""; }) + "]}")
               .json(),
           "text");
  });
  check_bounded("tokenizer: a long prefix of pieces", [&] {
    encode(plain(R"({"type":"BPE","vocab":{"a":0},"merges":[],"continuing_subword_prefix":")" +
                 std::string(bytes, '#') + "\"}")
               .json(),
           long_text("a"));
  });
  check_bounded("tokenizer: steps", [&] {
    TokenizerParts parts = plain(k_word_level);
    parts.normalizer = normalizers(bytes / 20, {R"({"type":"NFC"})"});
    encode(parts.json(), "text");
  });
  check_bounded("tokenizer: special tokens of the frame", [&] {
    TokenizerParts parts = plain(k_word_level);
    const std::string special = R"({"SpecialToken":{"id":"s","type_id":0}})";
    parts.post_processor =
        R"({"type":"TemplateProcessing","single":[)" + repeated(2'000, [&](std::size_t) { return special; }) +
        R"(],"pair":[],"special_tokens":{)" +
        repeated(bytes,
                 [](std::size_t i) { return "\"" + std::to_string(i) + R"(":{"id":"s","ids":[0],"tokens":["u"]})"; }) +
        R"(,"s":{"id":"s","ids":[0],"tokens":["u"]}}})";
    encode(parts.json(), "text");
  });
  const auto many_added = [&](const char* name, const std::string& flags, const std::string& normalizer,
                              const std::string& content, const std::string& text) {
    check_bounded(name, [&] {
      TokenizerParts parts = plain(k_word_level);
      parts.normalizer = normalizer;
      parts.added_tokens =
          "[" + repeated(bytes, [&](std::size_t i) { return added(i + 1, std::to_string(i) + content, flags); }) + "]";
      encode(parts.json(), text);
    });
  };
  many_added("added tokens: lstrip", "lstrip rstrip", "null", " ", long_text("1 "));
  const std::vector<std::string> grow = {R"({"type":"Prepend","prepend":")" + std::string(1'000, 'p') + "\"}"};
  many_added("added tokens: normalized into long ones", "normalized", normalizers(16, grow), "", "text");
  many_added("added tokens: normalized into different long ones", "normalized",
             normalizers(16, {R"({"type":"Replace","pattern":{"Regex":"\\p{N}"},"content":"1x2"})"}), "", "text");
}

TEST_CASE("large inputs: long texts") {
  const auto with_normalizer = [](const char* name, const std::string& normalizer, const std::string& text) {
    check_bounded(name, [&] {
      TokenizerParts parts = plain(k_word_level);
      parts.normalizer = normalizer;
      encode(parts.json(), text);
    });
  };
  with_normalizer("text: chained replacements",
                  normalizers(16, {R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"})"}), long_text("a"));
  with_normalizer("text: a long pattern that almost matches",
                  normalizers(16, {R"({"type":"Replace","pattern":{"String":")" + std::string(500'000, 'a') +
                                   R"(b"},"content":""})"}),
                  long_text("a"));
  std::string characters;
  for (std::size_t i = 0; i < 60'000; ++i)
    if (i < 0xD000 || i > 0xDFFF)
      characters += std::string("\\u") + std::string(1, "0123456789abcdef"[i >> 12 & 15]) +
                    "0123456789abcdef"[i >> 8 & 15] + "0123456789abcdef"[i >> 4 & 15] + "0123456789abcdef"[i & 15];
  with_normalizer("text: a large class of characters",
                  normalizers(16, {R"({"type":"Replace","pattern":{"Regex":"[)" + characters.substr(6 * 256) +
                                   R"(]"},"content":"x"})"}),
                  long_text("\xF0\x9F\x98\x80"));
  with_normalizer("text: NFKD", normalizers(16, {R"({"type":"NFKD"})"}), long_text("\xC7\x84"));
  with_normalizer("text: marks out of order", normalizers(16, {R"({"type":"NFC"})", R"({"type":"NFD"})"}),
                  long_text("\xCC\xA3\xCC\x81\xCC\xA7"));
  const auto with_splitter = [](const char* name, const std::string& splitter, const std::string& text) {
    check_bounded(name, [&] {
      TokenizerParts parts = plain(k_word_level);
      parts.pre_tokenizer = splitter;
      encode(parts.json(), text);
    });
  };
  with_splitter("text: byte level on byte level",
                pre_tokenizers(16, {R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":false})"}),
                long_text("\xF0\x9F\x98\x80"));
  with_splitter("text: marks before every word",
                pre_tokenizers(16, {R"({"type":"Digits","individual_digits":true})",
                                    R"({"type":"Metaspace","replacement":"_","split":false})",
                                    R"({"type":"Metaspace","replacement":"^","split":false})"}),
                long_text("1"));
  with_splitter("text: every character a word", pre_tokenizers(16, {R"({"type":"Punctuation"})"}), long_text("!"));
  with_splitter(
      "text: Llama's pattern on white space",
      R"({"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}})",
      long_text("\n "));
  const auto with_added = [](const char* name, const std::string& tokens, const std::string& text,
                             const std::string& normalizer, const std::string& post) {
    check_bounded(name, [&] {
      TokenizerParts parts = plain(k_word_level);
      parts.added_tokens = "[" + tokens + "]";
      parts.normalizer = normalizer;
      parts.post_processor = post;
      encode(parts.json(), text);
    });
  };
  const std::string trims = R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true})";
  with_added("text: white space is a token that strips", added(1, " ", "lstrip rstrip"), long_text(" "), "null", trims);
  with_added("text: white space, one token strips", added(1, " ", "lstrip rstrip") + "," + added(2, "\\t", "rstrip"),
             long_text(" \t"), "null", trims);
  with_added("text: white space, normalized token strips", added(1, " ", "lstrip rstrip normalized"), long_text(" "),
             "null", trims);
  with_added("text: many segments that grow", added(1, "X", ""), long_text("aX"),
             normalizers(16, {R"({"type":"Prepend","prepend":")" + std::string(1'000, 'p') + "\"}"}), "null");
  with_added("text: many segments that grow and shrink", added(1, "X", ""), long_text("aX"),
             normalizers(16, {R"({"type":"Prepend","prepend":")" + std::string(1'000, ' ') + "\"}",
                              R"({"type":"Strip","strip_left":true,"strip_right":true})"}),
             "null");
  with_added("text: a long token that almost matches", added(1, std::string(4'000, 'a') + "b", ""), long_text("a"),
             "null", "null");
  with_added("text: a long normalized token that almost matches", added(1, std::string(4'000, 'a') + "b", "normalized"),
             long_text("a"), "null", "null");
  const std::string a = R"({"Sequence":{"id":"A","type_id":0}})";
  std::string repeats = a;
  for (int i = 1; i < 64; ++i) repeats += "," + a;
  check_bounded("text: repeated by the frame", [&] {
    TokenizerParts parts = plain(k_word_level);
    parts.pre_tokenizer = R"({"type":"Punctuation"})";
    parts.post_processor =
        R"({"type":"TemplateProcessing","single":[)" + repeats + R"(],"pair":[],"special_tokens":{}})";
    encode(parts.json(), long_text("!"));
  });
  check_bounded("text: many processors that trim", [&] {
    TokenizerParts parts = plain(k_word_level);
    parts.pre_tokenizer = R"({"type":"Punctuation"})";
    parts.post_processor = R"({"type":"Sequence","processors":[)" +
                           repeated(large_input_bytes(), [&](std::size_t) { return trims; }) + "]}";
    encode(parts.json(), long_text("!"));
  });
}

TEST_CASE("large inputs: every stage of a tokenizer at its worst") {
  const std::string letter = "\xC7\x84";  // NFKD makes three characters of it
  std::string characters, pieces;
  for (char32_t c = 0x400; c < 0x5E0; ++c) append_utf8(characters, c);
  for (std::size_t n = 1; n <= 100; ++n) {
    pieces += ",[\"";
    for (std::size_t i = 0; i < n; ++i) pieces += "DZ\xCC\x8C";
    pieces += "\",-1]";
  }
  TokenizerParts parts = plain(R"({"type":"Unigram","unk_id":0,"vocab":[["u",0])" + pieces + "]}");
  parts.added_tokens = "[" + added(101, std::string(40, 'D') + "u", "") + "," + added(102, "DZ!", "normalized") + "]";
  std::vector<std::string> rewriting = {R"({"type":"Replace","pattern":{"String":")" + letter + R"("},"content":")" +
                                        letter + letter + "\"}"};
  for (int i = 0; i < 15; ++i) rewriting.emplace_back(R"({"type":"NFKD"})");
  parts.normalizer = sequence("normalizers", 16, rewriting);
  parts.pre_tokenizer = pre_tokenizers(
      16, {R"({"type":"Split","behavior":"Contiguous","invert":false,"pattern":{"Regex":"[)" + characters + "]+\"}}"});
  check_bounded("text: all stages", [&] { encode(parts.json(), long_text(letter)); });
}

TEST_CASE("large inputs: models on one long word") {
  std::string prefixes, scored;
  std::size_t id = 0;
  for (std::size_t n = 1; n <= 4'096; n += n < 1'024 ? 1 : 1'024) {
    prefixes += ",\"" + std::string(n, 'a') + "\":" + std::to_string(++id);
    scored += ",[\"" + std::string(n, 'a') + "\",-1]";
  }
  check_bounded("word: WordPiece", [&] {
    encode(
        plain(
            R"({"type":"WordPiece","unk_token":"u","continuing_subword_prefix":"","max_input_chars_per_word":1000000000,
                 "vocab":{"u":0)" +
            prefixes + "}}")
            .json(),
        long_text("a"));
  });
  check_bounded("word: WordPiece, long pieces that almost match", [&] {
    encode(
        plain(
            R"({"type":"WordPiece","unk_token":"u","continuing_subword_prefix":"","max_input_chars_per_word":1000000000,
                 "vocab":{"u":0,"a":1,")" +
            std::string(4'000, 'a') + R"(b":2}})")
            .json(),
        long_text("a"));
  });
  check_bounded("word: Unigram", [&] {
    encode(plain(R"({"type":"Unigram","unk_id":0,"vocab":[["u",0])" + scored + "]}").json(), long_text("a"));
  });
  check_bounded("word: BPE", [&] {
    std::string merges;
    for (std::size_t n = 1; n <= 1'024; n *= 2)
      merges += (n > 1 ? ",[\"" : "[\"") + std::string(n, 'a') + "\",\"" + std::string(n, 'a') + "\"]";
    encode(plain(R"({"type":"BPE","vocab":{"u":0)" + prefixes + R"(},"merges":[)" + merges + "]}").json(),
           long_text("a"));
  });
  check_bounded("word: byte-level BPE of random bytes", [&] {
    TokenizerParts parts = plain(R"({"type":"BPE","unk_token":"u","vocab":{"u":0,"a":1},"merges":[]})");
    parts.pre_tokenizer = R"({"type":"ByteLevel","add_prefix_space":true,"use_regex":true})";
    encode(parts.json(), long_text("\xF0\x9F\x98\x80"));
  });
}

TEST_CASE("large inputs: vocabulary files") {
  const auto load = [](const std::vector<std::pair<std::string, std::string>>& files) {
    const FileSet set;
    for (const auto& [name, bytes] : files) set.write(name, bytes);
    Tokenizer::load(set.path()).encode("text");
  };
  const std::size_t bytes = large_input_bytes();
  const std::string start = "[UNK]\n[CLS]\n[SEP]\n";
  const auto lines = [&](const auto& line) {
    std::string text = start;
    for (std::size_t i = 0; text.size() < bytes; ++i) text += line(i) + "\n";
    return text;
  };
  check_bounded("vocab.txt: empty lines", [&] {
    load({{"vocab.txt", lines([](std::size_t) { return std::string(); })}});
  });
  check_bounded("vocab.txt: short lines", [&] {
    load({{"vocab.txt", lines([](std::size_t i) { return std::to_string(i); })}});
  });
  check_bounded("vocab.txt: one line", [&] { load({{"vocab.txt", start + std::string(bytes, 'x')}}); });
  check_bounded("vocab.txt: one line of spaces", [&] { load({{"vocab.txt", start + std::string(bytes, ' ')}}); });
  // Blocks of 8 bytes that exchange without changing the library's hash: 2^n lines of 16 n bytes with one hash.
  check_bounded("vocab.txt: lines with one hash", [&] { load({{"vocab.txt", start + colliding_lines(bytes, "\n")}}); });
  check_bounded("merges.txt: lines", [&] {
    load({{"vocab.json", R"({"<s>":0,"</s>":1,"a":2,"aa":3})"},
          {"merges.txt", lines([](std::size_t) { return std::string("a a"); }).substr(start.size())}});
  });
  check_bounded("tokenizer_config.json: tokens", [&] {
    load({{"vocab.txt", start},
          {"tokenizer_config.json", R"({"added_tokens_decoder":{)" + repeated(bytes, [](std::size_t i) {
                                      return "\"" + std::to_string(i + 3) + R"(":{"content":")" + std::to_string(i) +
                                             "\"}";
                                    }) + "}}"}});
  });
}
