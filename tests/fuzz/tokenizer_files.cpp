#include "fuzz/check_encoding.hpp"
#include "fuzz/file_set.hpp"

// The first byte chooses the kind of directory: vocab.txt, vocab.json with merges.txt, or tokenizer.json; each may have
// a tokenizer_config.json, a special_tokens_map.json and an added_tokens.json.
void seqguard::fuzz_tokenizer_files(std::string_view input) {
  static const FileSet files;
  if (input.empty()) return;
  const std::string config = "tokenizer_config.json", map = "special_tokens_map.json", added = "added_tokens.json";
  std::vector<std::string> names = {"tokenizer.json", config, "vocab.txt", "vocab.json", "merges.txt", map, added};
  files.write(names, "");
  switch (input.front()) {
    case 'v':
      names = {"vocab.txt", config, map, added};
      break;
    case 'm':
      names = {"vocab.json", "merges.txt", config, map, added};
      break;
    default:
      names = {"tokenizer.json", config, map, added};
  }
  files.write(names, input.substr(1));
  const Tokenizer tokenizer = Tokenizer::load(files.path());
  TokenizerScratch scratch;
  check_encoding(tokenizer, "Hello  wörld, [MASK] <s>\n\t 東京 naïve <mask>...!!", {}, scratch);
}
