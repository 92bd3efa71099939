// tokenizer_config.json: its fields, with what transformers takes for one that is absent.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_tree.hpp"
#include "text/added_tokens.hpp"
#include "text/normalizer.hpp"

namespace seqguard {
inline namespace v0 {

struct TokenizerPipeline;

/// Classes of transformers without a final "Fast", which build their stages from tokenizer_config.json.
inline constexpr std::string_view k_bert_tokenizers[] = {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer",
                                                         "MobileBertTokenizer", "MPNetTokenizer"};
inline constexpr std::string_view k_roberta_tokenizers[] = {"RobertaTokenizer", "LongformerTokenizer"};

/// All members throw Error bad_format for a field of another kind.
class TokenizerConfig {
 public:
  /// An empty text: a directory without the file.
  TokenizerConfig(std::string_view text, const std::string& file);

  bool flag(std::string_view name, bool absent) const;
  BertNormalizerSettings bert_normalizer() const;
  /// "[SEP]" or {"content": "[SEP]", ..}.
  std::string token(std::string_view name, std::string_view absent) const;
  /// How the token is cut out of text: what added_tokens_decoder says of it, else its own object, else plainly.
  AddedToken special_token(std::string_view name, std::string_view absent) const;
  /// added_tokens_decoder: {"103": {"content": "[MASK]", ..}, ..}, in its order.
  std::vector<AddedToken> decoder_tokens() const;
  /// tokenizer_class without its "Fast"; empty: absent.
  std::string_view class_name() const;
  /// @throws Error unsupported: the class is neither absent nor one of these.
  void demand_class(std::span<const std::string_view> known) const;

 private:
  JsonTree tree_;
};

/// Where tokenizer.json (`document`) and tokenizer_config.json disagree, the classes of transformers named above follow
/// the latter: the flags of a BertNormalizer, and those of RoBERTa's ByteLevel and offsets. What changed is noted.
void apply_tokenizer_config(const TokenizerConfig& config, JsonValue document, TokenizerPipeline& pipeline);

}  // namespace v0
}  // namespace seqguard
