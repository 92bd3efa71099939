// Tokenizer files written by hand, for tests that change a part of them.
#pragma once

#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/text/tokenizer.hpp"

namespace seqguard {

/// The parts of a tokenizer.json as JSON text.
struct TokenizerParts {
  std::string added_tokens = R"([
    {"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
    {"id": 1, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
    {"id": 2, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
    {"id": 3, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}])";
  std::string normalizer =
      R"({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true})";
  std::string pre_tokenizer = R"({"type": "BertPreTokenizer"})";
  std::string post_processor = R"({"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})";
  std::string model =
      R"({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
          "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "hello": 4, "wor": 5, "##ld": 6, "[": 7, "]": 8, "sep": 9,
                    "a": 10, "##a": 11, "##b": 12, "!": 13}})";
  std::string more;  ///< further members, each with a comma before it

  std::string json() const {
    return "{\"version\": \"1.0\", \"added_tokens\": " + added_tokens + ", \"normalizer\": " + normalizer +
           ", \"pre_tokenizer\": " + pre_tokenizer + ", \"post_processor\": " + post_processor +
           ", \"model\": " + model + more + "}";
  }
  Tokenizer build() const { return Tokenizer::parse(json(), "tokenizer.json"); }
  /// Code and message of the error, or "no error".
  std::string error() const {
    try {
      build();
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + " " + error.what();
    }
    return "no error";
  }
};

}  // namespace seqguard
