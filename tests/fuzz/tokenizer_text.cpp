#include <vector>

#include "fuzz/check_encoding.hpp"

// The first byte chooses the tokenizer: all of them for each input would be a tenth of the inputs.
void seqguard::fuzz_tokenizer_text(std::string_view input) {
  static const std::vector<Tokenizer> tokenizers = [] {
    std::vector<Tokenizer> all;
    for (const char* name : {"bert_uncased", "bert_cased", "roberta", "modernbert", "qwen_like", "xlm_roberta",
                             "albert", "camembert", "llama_like", "word_level", "splits", "suffix_bpe"})
      all.push_back(Tokenizer::load(std::string(SEQGUARD_SOURCE_DIR "/tests/golden/tokenizers/") + name + ".json"));
    return all;
  }();
  static std::vector<TokenizerScratch> scratch(tokenizers.size());  // each is warm after its first input
  if (input.empty()) return;
  const std::size_t i = static_cast<unsigned char>(input.front()) % tokenizers.size();
  for (const auto inside : {SpecialTokensInText::as_text, SpecialTokensInText::as_tokens})
    check_encoding(tokenizers[i], input.substr(1),
                   {.max_length = inside == SpecialTokensInText::as_text ? std::size_t{0} : std::size_t{16},
                    .special_tokens_in_text = inside,
                    .invalid_utf8 = InvalidUtf8::replace},
                   scratch[i]);
}
