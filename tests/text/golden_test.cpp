// Ids and offsets of the tokenizers package for 2,600 texts over every Unicode block, for a tokenizer of every kind.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/safetensors.hpp"
#include "seqguard/text/tokenizer.hpp"

using namespace seqguard;

namespace {

const std::string k_directory = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/tokenizers/";

class Texts {
 public:
  Texts() {
    const SafetensorsFile file(k_directory + "texts.safetensors");
    bytes_ = file.read_vector<char>("bytes", Dtype::u8);
    ends_ = file.read_vector<std::int32_t>("ends", Dtype::i32);
  }
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const auto begin = static_cast<std::size_t>(i == 0 ? 0 : ends_[i - 1]);
    return {bytes_.data() + begin, static_cast<std::size_t>(ends_[i]) - begin};
  }

 private:
  std::vector<char> bytes_;
  std::vector<std::int32_t> ends_;
};

/// What the package gives; read in order.
struct Expected {
  Expected(const SafetensorsFile& file, const std::string& prefix)
      : counts(file.read_vector<std::uint8_t>(prefix + "counts", Dtype::u8)),
        begins(file.read_vector<std::uint8_t>(prefix + "begins", Dtype::u8)),
        ends(file.read_vector<std::uint8_t>(prefix + "ends", Dtype::u8)),
        ids(file.read_vector<std::int16_t>(prefix + "ids", Dtype::i16)) {}
  std::vector<std::uint8_t> counts, begins, ends;
  std::vector<std::int16_t> ids;

  bool equals(const Encoding& encoding, std::size_t text, std::size_t first) const {
    bool same = encoding.ids.size() == counts[text];
    for (std::size_t i = 0; same && i < encoding.ids.size(); ++i)
      same = encoding.ids[i] == ids[first + i] && encoding.offsets[i] == TextSpan{begins[first + i], ends[first + i]};
    return same;
  }
};

std::string show(const Encoding& encoding) {
  std::string text;
  for (std::size_t i = 0; i < encoding.ids.size(); ++i)
    text += std::to_string(encoding.ids[i]) + "[" + std::to_string(encoding.offsets[i].begin) + "," +
            std::to_string(encoding.offsets[i].end) + ") ";
  return text;
}

void check_golden(const std::string& name) {
  const Texts texts;
  const SafetensorsFile file(k_directory + name + ".safetensors");
  const Tokenizer tokenizer = Tokenizer::load(k_directory + name + ".json");
  TokenizerScratch scratch;
  Encoding encoding;
  EncodeOptions options;
  options.special_tokens_in_text = SpecialTokensInText::as_tokens;

  const Expected alone(file, "");
  REQUIRE(alone.counts.size() == texts.size());
  std::size_t first = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    tokenizer.encode(texts[i], encoding, scratch, options);
    CHECK_MESSAGE(alone.equals(encoding, i, first), name, " text ", i, " \"", std::string(texts[i]),
                  "\": ", show(encoding));
    first += alone.counts[i];
  }

  const Expected pairs(file, "pair_");
  const auto types = file.read_vector<std::uint8_t>("pair_types", Dtype::u8);
  options.max_length = 12;
  first = 0;
  for (std::size_t i = 0; i < pairs.counts.size(); ++i) {
    tokenizer.encode(texts[i], texts[texts.size() - 1 - i], encoding, scratch, options);
    bool same = pairs.equals(encoding, i, first);
    for (std::size_t t = 0; same && t < encoding.ids.size(); ++t) same = encoding.type_ids[t] == types[first + t];
    CHECK_MESSAGE(same, name, " pair ", i, ": ", show(encoding));
    first += pairs.counts[i];
  }
}

}  // namespace

TEST_CASE("golden: BERT, uncased") { check_golden("bert_uncased"); }
TEST_CASE("golden: BERT, cased, with added tokens") { check_golden("bert_cased"); }
TEST_CASE("golden: RoBERTa, byte-level merges and trimmed offsets") { check_golden("roberta"); }
TEST_CASE("golden: ModernBERT, NFC and added runs of spaces") { check_golden("modernbert"); }
TEST_CASE("golden: a later pattern, whole words before merges") { check_golden("qwen_like"); }
TEST_CASE("golden: XLM-RoBERTa, compiled rules and Unigram") { check_golden("xlm_roberta"); }
TEST_CASE("golden: ALBERT, NFKD without accents and Unigram") { check_golden("albert"); }
TEST_CASE("golden: Unigram with bytes for unknown text, uncut") { check_golden("camembert"); }
TEST_CASE("golden: merges with bytes for some unknown text") { check_golden("llama_like"); }
TEST_CASE("golden: WordLevel") { check_golden("word_level"); }
TEST_CASE("golden: every behaviour of a split") { check_golden("splits"); }
TEST_CASE("golden: merges with prefix and suffix") { check_golden("suffix_bpe"); }
