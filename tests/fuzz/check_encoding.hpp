// What holds of any text under any tokenizer.
#pragma once

#include <algorithm>
#include <string_view>

#include "fuzz/targets.hpp"
#include "seqguard/text/tokenizer.hpp"

namespace seqguard {

/// `text` is encoded alone and as a pair with itself; well-formed UTF-8 unless the options replace what is not.
inline void check_encoding(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options,
                           TokenizerScratch& scratch) {
  // Code points of a well-formed text; of another one, a bound of what the replaced one has.
  const auto is_begin = [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; };
  const std::size_t characters = options.invalid_utf8 == InvalidUtf8::replace
                                     ? text.size()
                                     : static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_begin));
  Encoding encoding;
  const auto check = [&] {
    const std::size_t tokens = encoding.ids.size();
    keep(encoding.type_ids.size() == tokens && encoding.offsets.size() == tokens && encoding.sequence.size() == tokens,
         "one entry per token");
    keep(options.max_length == 0 || tokens <= options.max_length, "at most max_length tokens");
    for (std::size_t t = 0; t < tokens; ++t) {
      keep(encoding.ids[t] >= 0 && static_cast<std::size_t>(encoding.ids[t]) < tokenizer.vocab_size(),
           "ids of the vocabulary");
      keep(encoding.offsets[t].begin <= encoding.offsets[t].end && encoding.offsets[t].end <= characters,
           "offsets inside the text");
    }
  };
  tokenizer.encode(text, encoding, scratch, options);
  check();
  tokenizer.encode(text, text, encoding, scratch, options);
  check();
}

}  // namespace seqguard
