#include "text/tokenizer_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "text/read_components.hpp"
#include "text/vocabulary_map.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The named tokens of every class, in the order in which transformers adds those that a vocabulary lacks.
constexpr std::array<std::string_view, 7> k_named = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                     "pad_token", "cls_token", "mask_token"};

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A token that a model has beside the named ones, as "image_token".
bool is_named_by_model(const JsonValue& member) {
  return member.key().ends_with("_token") && !contains(k_named, member.key()) && member.is(JsonValue::Kind::text);
}

std::string_view content_of(const JsonValue& value) {
  return value.is(JsonValue::Kind::object) ? value.at("content").text() : value.text();
}

void read_flags(const JsonValue& value, AddedToken& token) {
  if (token.content.size() > k_max_piece_bytes)
    value.refuse("a content of at most " + std::to_string(k_max_piece_bytes) + " bytes");
  token.lstrip = value.boolean_or("lstrip", false);
  token.rstrip = value.boolean_or("rstrip", false);
  token.single_word = value.boolean_or("single_word", false);
  token.normalized = value.boolean_or("normalized", !token.special);
}

std::string_view text_or_object(const std::string& text) { return text.empty() ? "{}" : std::string_view(text); }

std::vector<KnownField> rows_of(std::string_view file) {
  std::vector<KnownField> rows;
  for (const KnownField& row : tokenizer_rows())
    if (row.file == file) rows.push_back(row);
  return rows;
}

}  // namespace

TokenizerSettings TokenizerSettings::read(const std::string& directory, std::size_t max_bytes) {
  const auto text = [&](const char* name) {
    const std::string path = directory + "/" + name;
    return file_exists(path) ? read_file(path, max_bytes) : std::string();
  };
  TokenizerSettings settings{directory, text("tokenizer_config.json"), text("special_tokens_map.json"),
                             text("added_tokens.json"), ""};
  if (const std::string config = text("config.json"); !config.empty()) {
    const JsonTree tree(config, directory + "/config.json", ErrorCode::bad_format, DuplicateKeys::refuse_if_asked_for);
    settings.model_class = tree.root().text_or("tokenizer_class", "");
  }
  return settings;
}

TokenizerConfig::TokenizerConfig(const TokenizerSettings& settings, LoadReport& report)
    : config_(text_or_object(settings.config), settings.directory + "/tokenizer_config.json", ErrorCode::bad_format,
              DuplicateKeys::refuse_if_asked_for),
      map_(text_or_object(settings.special_tokens_map), settings.directory + "/special_tokens_map.json",
           ErrorCode::bad_format, DuplicateKeys::refuse_if_asked_for),
      added_(text_or_object(settings.added_tokens), settings.directory + "/added_tokens.json", ErrorCode::bad_format,
             DuplicateKeys::refuse_if_asked_for),
      model_class_(settings.model_class),
      directory_(settings.directory),
      is_absent_(settings.config.empty()) {
  for (const JsonTree* tree : {&config_, &map_, &added_}) tree->root().demand(JsonValue::Kind::object);
  check_fields(config_.root(), rows_of("tokenizer_config.json"), ErrorCode::unsupported, report);
  check_fields(map_.root(), rows_of("special_tokens_map.json"), ErrorCode::unsupported, report);
  if (has_decoder()) note_contradictions(report);
  if (const auto side = config_.root().find("padding_side"); side && side->text() != "right") {
    if (side->text() != "left") side->refuse("left or right");
    report.notes.push_back(config_.file() +
                           ": padding_side is left, but nothing is padded here: the first token of a text has the "
                           "first position in every batch");
  }
}

void TokenizerConfig::note_contradictions(LoadReport& report) const {
  std::map<std::string, std::int32_t> decoder;
  for (const AddedToken& token : added_tokens()) decoder.emplace(token.content, token.id);
  std::vector<std::string> differing;
  added_.root().for_each([&](JsonValue entry) {
    const auto known = decoder.find(std::string(entry.key()));
    if (known == decoder.end() || std::to_string(known->second) != entry.dump()) differing.emplace_back(entry.key());
  });
  const auto note = [&](const JsonTree& tree) {
    if (differing.empty()) return;
    report.notes.push_back(tree.file() + ": not read beside the added_tokens_decoder of tokenizer_config.json, which " +
                           "says otherwise of " + listed_names(differing));
    differing.clear();
  };
  note(added_);
  map_.root().for_each([&](JsonValue entry) {
    if (!contains(k_named, entry.key())) return;
    const auto own = config_.root().find(entry.key());
    if (own && content_of(*own) != content_of(entry)) differing.emplace_back(entry.key());
  });
  note(map_);
}

BertNormalizerSettings TokenizerConfig::bert_normalizer() const {
  BertNormalizerSettings settings;
  settings.lowercase = flag("do_lower_case", true);
  settings.handle_chinese_chars = flag("tokenize_chinese_chars", true);
  settings.strip_accents = flag("strip_accents", settings.lowercase);
  return settings;
}

TruncationSide TokenizerConfig::truncation_side(TruncationSide otherwise) const {
  const auto side = config_.root().find("truncation_side");
  if (!side) return otherwise;
  if (side->text() != "left" && side->text() != "right") side->refuse("left or right");
  return side->text() == "left" ? TruncationSide::left : TruncationSide::right;
}

std::optional<bool> TokenizerConfig::gives_type_ids() const {
  if (const auto names = config_.root().find("model_input_names")) {
    const std::vector<std::string> inputs = names->texts();
    if (std::find(inputs.begin(), inputs.end(), "input_ids") == inputs.end()) names->refuse("input_ids among them");
    return std::find(inputs.begin(), inputs.end(), "token_type_ids") != inputs.end();
  }
  if (class_name().empty()) return std::nullopt;
  constexpr std::string_view k_with_types[] = {"BertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"};
  return contains(k_with_types, class_name());
}

std::optional<JsonValue> TokenizerConfig::find_token(std::string_view name) const {
  if (!has_decoder())
    if (const auto value = map_.root().find(name)) return value;
  return config_.root().find(name);
}

std::string TokenizerConfig::token(std::string_view name, std::string_view absent) const {
  const auto value = find_token(name);
  return std::string(value ? content_of(*value) : absent);
}

AddedToken TokenizerConfig::read_token(JsonValue value) const {
  AddedToken token;
  token.content = content_of(value);
  token.id = -1;
  token.special = true;
  if (value.is(JsonValue::Kind::object)) read_flags(value, token);
  if (token.content.size() > k_max_piece_bytes)
    value.refuse("a content of at most " + std::to_string(k_max_piece_bytes) + " bytes");
  return token;
}

std::vector<AddedToken> TokenizerConfig::added_tokens() const {
  std::vector<AddedToken> tokens;
  if (const auto decoder = config_.root().find("added_tokens_decoder")) {
    decoder->demand(JsonValue::Kind::object).for_each([&](JsonValue entry) {
      AddedToken token;
      token.content = entry.at("content").text();
      token.special = entry.boolean_or("special", false);
      read_flags(entry, token);
      const std::string_view id = entry.key();
      const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), token.id);
      if (error != std::errc() || end != id.data() + id.size() || token.id < 0) entry.refuse("an id as its key");
      tokens.push_back(std::move(token));
    });
  } else {
    // As in transformers, the additional_special_tokens of special_tokens_map.json are not special here.
    std::vector<std::string> specials;
    for_each_additional(config_, [&](JsonValue value) { specials.emplace_back(content_of(value)); });
    for (const std::string_view name : k_named) specials.push_back(token(name, ""));
    std::sort(specials.begin(), specials.end());
    added_.root().for_each([&](JsonValue entry) {
      AddedToken token;
      token.content = entry.key();
      token.id = read_id(entry);
      token.special = std::binary_search(specials.begin(), specials.end(), token.content);
      token.normalized = !token.special;
      if (token.content.size() > k_max_piece_bytes)
        entry.refuse("a token of at most " + std::to_string(k_max_piece_bytes) + " bytes");
      tokens.push_back(std::move(token));
    });
  }
  std::stable_sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return tokens;
}

template <class Visit>
void TokenizerConfig::for_each_additional(const JsonTree& tree, const Visit& visit) {
  tree.root().for_each([&](JsonValue member) {
    if (is_named_by_model(member)) visit(member);
  });
  const auto extra = tree.root().find("extra_special_tokens");
  const auto additional = extra && extra->size() > 0 ? extra : tree.root().find("additional_special_tokens");
  if (!additional) return;
  if (!additional->is(JsonValue::Kind::object)) additional->demand(JsonValue::Kind::array);
  additional->for_each(visit);
}

std::vector<AddedToken> TokenizerConfig::additional_tokens() const {
  std::vector<AddedToken> tokens;
  const auto take = [&](JsonValue value) { tokens.push_back(read_token(value)); };
  for_each_additional(config_, take);
  if (!has_decoder()) for_each_additional(map_, take);
  return tokens;
}

std::vector<AddedToken> TokenizerConfig::named_tokens(std::span<const SpecialName> defaults) const {
  std::vector<AddedToken> tokens;
  for (const std::string_view name : k_named) {
    const auto own = std::find_if(defaults.begin(), defaults.end(), [&](auto& d) { return d.field == name; });
    if (const auto value = find_token(name))
      tokens.push_back(read_token(*value));
    else if (own != defaults.end())
      tokens.push_back({own->absent, -1, false, false, false, false, true});
  }
  return tokens;
}

std::string_view TokenizerConfig::class_name() const {
  std::string_view name = config_.root().text_or("tokenizer_class", model_class_);
  if (name.ends_with("Fast")) name.remove_suffix(4);
  return name;
}

bool TokenizerConfig::is_class_of(std::span<const std::string_view> names) const {
  return contains(names, class_name());
}

void TokenizerConfig::demand_class(std::span<const std::string_view> known) const {
  if (class_name().empty() || contains(known, class_name())) return;
  std::string names;
  for (const std::string_view one : known) names.append(names.empty() ? "" : ", ").append(one);
  names += " (others need a tokenizer.json)";
  if (const auto own = config_.root().find("tokenizer_class")) own->refuse_unsupported(names);
  fail(ErrorCode::unsupported, directory_ + "/config.json", "tokenizer_class is not supported", names,
       "\"" + model_class_ + "\"");
}

}  // namespace v0
}  // namespace seqguard
