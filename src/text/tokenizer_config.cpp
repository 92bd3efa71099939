#include "text/tokenizer_config.hpp"

#include <algorithm>
#include <charconv>

#include "text/read_components.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void read_flags(JsonValue value, AddedToken& token) {
  if (token.content.size() > k_max_piece_bytes)
    value.refuse("a content of at most " + std::to_string(k_max_piece_bytes) + " bytes");
  token.lstrip = value.boolean_or("lstrip", false);
  token.rstrip = value.boolean_or("rstrip", false);
  token.single_word = value.boolean_or("single_word", false);
  token.normalized = value.boolean_or("normalized", !token.special);
}

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TokenizerConfig::TokenizerConfig(std::string_view text, const std::string& file)
    : tree_(text.empty() ? "{}" : text, file, ErrorCode::bad_format, DuplicateKeys::refuse_if_asked_for) {}

bool TokenizerConfig::flag(std::string_view name, bool absent) const { return tree_.root().boolean_or(name, absent); }

BertNormalizerSettings TokenizerConfig::bert_normalizer() const {
  BertNormalizerSettings settings;
  settings.lowercase = flag("do_lower_case", true);
  settings.handle_chinese_chars = flag("tokenize_chinese_chars", true);
  settings.strip_accents = flag("strip_accents", settings.lowercase);
  return settings;
}

std::string TokenizerConfig::token(std::string_view name, std::string_view absent) const {
  const auto value = tree_.root().find(name);
  if (!value) return std::string(absent);
  return std::string(value->is(JsonValue::Kind::object) ? value->at("content").text() : value->text());
}

AddedToken TokenizerConfig::special_token(std::string_view name, std::string_view absent) const {
  AddedToken token;
  token.content = this->token(name, absent);
  token.special = true;
  const auto value = tree_.root().find(name);
  if (value && value->is(JsonValue::Kind::object)) read_flags(*value, token);
  if (const auto decoder = tree_.root().find("added_tokens_decoder"))
    decoder->demand(JsonValue::Kind::object).for_each([&](JsonValue entry) {
      if (entry.at("content").text() == token.content) read_flags(entry, token);
    });
  return token;
}

std::vector<AddedToken> TokenizerConfig::decoder_tokens() const {
  std::vector<AddedToken> tokens;
  if (const auto decoder = tree_.root().find("added_tokens_decoder"))
    decoder->demand(JsonValue::Kind::object).for_each([&](JsonValue entry) {
      AddedToken token;
      token.content = entry.at("content").text();
      token.special = entry.boolean_or("special", false);
      read_flags(entry, token);
      const auto [end, error] = std::from_chars(entry.key().data(), entry.key().data() + entry.key().size(), token.id);
      if (error != std::errc() || end != entry.key().data() + entry.key().size() || token.id < 0)
        entry.refuse("an id as its key");
      tokens.push_back(std::move(token));
    });
  return tokens;
}

std::string_view TokenizerConfig::class_name() const {
  std::string_view name = tree_.root().text_or("tokenizer_class", "");
  if (name.ends_with("Fast")) name.remove_suffix(4);
  return name;
}

void TokenizerConfig::demand_class(std::span<const std::string_view> known) const {
  if (class_name().empty() || is_one_of(known, class_name())) return;
  std::string names;
  for (const std::string_view one : known) names.append(names.empty() ? "" : ", ").append(one);
  tree_.root().at("tokenizer_class").refuse_unsupported(names + " (others need a tokenizer.json)");
}

void apply_tokenizer_config(const TokenizerConfig& config, JsonValue document, TokenizerPipeline& pipeline) {
  const auto of_type = [&](std::string_view member, std::string_view type) {
    const auto value = document.find(member);
    return value && value->at("type").text() == type ? value : std::nullopt;
  };
  const auto normalizer = of_type("normalizer", "BertNormalizer");
  // A configuration without a class is an old one, of BERT's.
  if (normalizer && (config.class_name().empty() || is_one_of(k_bert_tokenizers, config.class_name()))) {
    const BertNormalizerSettings settings = config.bert_normalizer();
    if (settings != read_bert_normalizer(*normalizer)) {
      pipeline.normalizers.clear();
      pipeline.normalizers.push_back(make_bert_normalizer(settings));
      pipeline.notes.push_back(normalizer->where() + " has other flags than tokenizer_config.json, which are used");
    }
  }
  const auto byte_level = of_type("pre_tokenizer", "ByteLevel"),
             roberta = of_type("post_processor", "RobertaProcessing");
  if (byte_level && roberta && is_one_of(k_roberta_tokenizers, config.class_name())) {
    const bool add_prefix_space = config.flag("add_prefix_space", false);
    const std::vector<bool> trim_passes(config.flag("trim_offsets", true) ? 1 : 0, add_prefix_space);
    if (add_prefix_space != byte_level->at("add_prefix_space").boolean() ||
        trim_passes != pipeline.post_processor.trim_passes) {
      pipeline.pre_tokenizers.clear();
      pipeline.pre_tokenizers.push_back(make_byte_level_pre_tokenizer(add_prefix_space, true));
      pipeline.post_processor.trim_passes = trim_passes;
      pipeline.notes.push_back(byte_level->where() + " has other flags than tokenizer_config.json, which are used");
    }
  }
}

}  // namespace v0
}  // namespace seqguard
