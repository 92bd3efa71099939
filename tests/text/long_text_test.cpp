// Long texts without a place to cut: each stage stays linear (or n log n). A quadratic one would run for hours here.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "seqguard/text/tokenizer.hpp"

using namespace seqguard;

namespace {

std::string repeated(const std::string& unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

}  // namespace

TEST_CASE("long texts are encoded in linear time") {
  const std::string directory = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/tokenizers/";
  constexpr std::size_t k_bytes = std::size_t{2} << 20;
  const std::string texts[] = {
      repeated("a", k_bytes),                     // one word
      repeated("abcdefghij ", k_bytes),           // many words
      repeated("\xCC\x81\xCC\xA7", k_bytes / 4),  // marks to be sorted, without a letter between them
      repeated(" ", k_bytes),
      repeated("[MASK]<mask> ", k_bytes),                     // added tokens that take the spaces around them
      repeated("\xF0\x9F\x91\xA9\xE2\x80\x8D", k_bytes / 4),  // one grapheme cluster
      repeated("\xEF\xB7\xBA", k_bytes / 512),                // the character with the longest decomposition
  };
  EncodeOptions options;
  options.max_text_bytes = 2 * k_bytes;
  options.special_tokens_in_text = SpecialTokensInText::as_tokens;
  for (const char* name :
       {"bert_uncased", "modernbert", "qwen_like", "xlm_roberta", "albert", "camembert", "llama_like", "splits"}) {
    CAPTURE(name);
    const Tokenizer tokenizer = Tokenizer::load(directory + name + ".json");
    TokenizerScratch scratch;
    Encoding encoding;
    for (const std::string& text : texts) {
      tokenizer.encode(text, encoding, scratch, options);
      CHECK(encoding.ids.size() == encoding.offsets.size());
    }
  }
}
