// tokenizer_config.json and the older files beside it: their fields, with what transformers takes for one that is
// absent.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_tree.hpp"
#include "core/known_fields.hpp"
#include "seqguard/text/tokenizer.hpp"
#include "text/added_tokens.hpp"
#include "text/normalizer.hpp"

namespace seqguard {
inline namespace v0 {

/// Classes of transformers without a final "Fast", which build their stages from tokenizer_config.json.
inline constexpr std::string_view k_bert_tokenizers[] = {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer",
                                                         "MobileBertTokenizer", "MPNetTokenizer"};
inline constexpr std::string_view k_roberta_tokenizers[] = {"RobertaTokenizer", "LongformerTokenizer"};

/// What stands in the files beside a tokenizer's own; an empty text: no such file.
struct TokenizerSettings {
  std::string directory, config, special_tokens_map, added_tokens;
  std::string model_class;  ///< tokenizer_class of config.json; empty: none

  /// @throws Error io_error, bad_format: a file larger than `max_bytes`.
  static TokenizerSettings read(const std::string& directory, std::size_t max_bytes);
};

/// A named token that a class has though no file names it.
struct SpecialName {
  const char *field, *absent;
};

/// The table of the files of a tokenizer, for all of them and for one.
std::span<const KnownField> tokenizer_rows() noexcept;

/// All members throw Error bad_format for a field of another kind.
class TokenizerConfig {
 public:
  /// Fields that no row of the table knows are noted. @throws Error bad_format; unsupported: a field that is refused.
  TokenizerConfig(const TokenizerSettings& settings, LoadReport& report);

  bool absent() const noexcept { return is_absent_; }  ///< there is no tokenizer_config.json
  bool flag(std::string_view name, bool absent) const { return config_.root().boolean_or(name, absent); }
  BertNormalizerSettings bert_normalizer() const;
  /// The side of a text that is cut off; absent: `otherwise`.
  TruncationSide truncation_side(TruncationSide otherwise) const;
  /// Whether the network is given type ids: model_input_names; absent: what the class has; nullopt: no class either.
  std::optional<bool> gives_type_ids() const;
  /// "[SEP]" or {"content": "[SEP]", ..}, of special_tokens_map.json where that counts.
  std::string token(std::string_view name, std::string_view absent) const;
  /// Whether there is an added_tokens_decoder, beside which the older files do not count.
  bool has_decoder() const { return config_.root().find("added_tokens_decoder").has_value(); }
  /// added_tokens_decoder, or added_tokens.json, by their ids.
  std::vector<AddedToken> added_tokens() const;
  const std::string& file_of_added_tokens() const { return has_decoder() ? config_.file() : added_.file(); }
  /// The named tokens that a file has, or `defaults`. Their ids are not known here: -1.
  std::vector<AddedToken> named_tokens(std::span<const SpecialName> defaults) const;
  /// The additional special tokens, which are meant to stand in texts. Their ids likewise.
  std::vector<AddedToken> additional_tokens() const;
  /// tokenizer_class, else that of config.json, without its "Fast"; empty: absent.
  std::string_view class_name() const;
  bool is_class_of(std::span<const std::string_view> names) const;
  /// @throws Error unsupported: the class is neither absent nor one of these.
  void demand_class(std::span<const std::string_view> known) const;

 private:
  /// The value of a named token in the file that counts.
  std::optional<JsonValue> find_token(std::string_view name) const;
  AddedToken read_token(JsonValue value) const;
  /// The additional special tokens of one file.
  template <class Visit>
  static void for_each_additional(const JsonTree& tree, const Visit& visit);
  void note_contradictions(LoadReport& report) const;

  JsonTree config_, map_, added_;
  std::string model_class_, directory_;
  bool is_absent_;
};

}  // namespace v0
}  // namespace seqguard
