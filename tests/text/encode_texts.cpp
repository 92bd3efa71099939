// Runs a tokenizer over texts for tests/reference/compare_tokenizers.py:
//
//   seqguard_encode_texts TOKENIZER [--specials-are-text] [--pairs] [--max-length N] < texts > tokens
//
// texts: each is its number of bytes (4 bytes, little endian) and its bytes; with --pairs two of them belong together.
// tokens: for each text the number of tokens, then id, type, begin and end of each, all as 4 bytes. A number of -1
// means an error, whose message goes to stderr.
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/text/tokenizer.hpp"

namespace {

bool read_text(std::istream& in, std::string& text) {
  std::uint32_t size = 0;
  if (!in.read(reinterpret_cast<char*>(&size), sizeof size)) return false;
  text.resize(size);
  return static_cast<bool>(in.read(text.data(), size));
}

void write(const seqguard::Encoding& encoding, std::string& out) {
  const auto put = [&](std::int32_t value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
  put(static_cast<std::int32_t>(encoding.ids.size()));
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    put(encoding.ids[i]);
    put(encoding.type_ids[i]);
    put(static_cast<std::int32_t>(encoding.offsets[i].begin));
    put(static_cast<std::int32_t>(encoding.offsets[i].end));
  }
}

int run(int count, char** arguments) {
  seqguard::EncodeOptions options;
  options.special_tokens_in_text = seqguard::SpecialTokensInText::as_tokens;
  options.max_text_bytes = std::size_t{1} << 30;
  bool pairs = false;
  for (int i = 2; i < count; ++i) {
    if (std::strcmp(arguments[i], "--specials-are-text") == 0)
      options.special_tokens_in_text = seqguard::SpecialTokensInText::as_text;
    else if (std::strcmp(arguments[i], "--pairs") == 0)
      pairs = true;
    else if (std::strcmp(arguments[i], "--max-length") == 0 && i + 1 < count)
      options.max_length = std::stoul(arguments[++i]);
    else
      return 2;
  }
  const auto tokenizer = seqguard::Tokenizer::load(arguments[1]);
  auto scratch = seqguard::Tokenizer::make_scratch();
  seqguard::Encoding encoding;
  std::string text, pair, out;
  while (read_text(std::cin, text)) {
    try {
      if (pairs && read_text(std::cin, pair))
        tokenizer.encode(text, pair, encoding, scratch, options);
      else
        tokenizer.encode(text, encoding, scratch, options);
      write(encoding, out);
    } catch (const seqguard::Error& error) {
      std::cerr << error.what() << '\n';
      out.append("\xFF\xFF\xFF\xFF", 4);
    }
    if (out.size() < (std::size_t{1} << 16)) continue;
    std::cout.write(out.data(), static_cast<std::streamsize>(out.size()));
    out.clear();
  }
  std::cout.write(out.data(), static_cast<std::streamsize>(out.size()));
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
  std::ios::sync_with_stdio(false);
  try {
    return run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
