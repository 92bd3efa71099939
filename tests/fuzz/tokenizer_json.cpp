#include "fuzz/check_encoding.hpp"

void seqguard::fuzz_tokenizer_json(std::string_view input) {
  const Tokenizer tokenizer = Tokenizer::parse(input, "tokenizer.json");
  TokenizerScratch scratch;
  EncodeOptions options;
  options.special_tokens_in_text = SpecialTokensInText::as_tokens;
  check_encoding(tokenizer, "Hello  wörld, [MASK] <s>\n\t٣ 東京 \U0001F469\u200D\U0001F469 naïve e\u0301 ...!!",
                 options, scratch);
}
