#include "text/crate_number.hpp"
#include "text/read_components.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Kind = JsonValue::Kind;

std::unique_ptr<TokenModel> read_word_piece(JsonValue value) {
  value.allow_only({"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  WordPieceSettings settings;
  settings.unk_token = value.at("unk_token").text();
  settings.continuing_subword_prefix = value.at("continuing_subword_prefix").text();
  const JsonValue most = value.at("max_input_chars_per_word");
  if (most.integer() < 0) most.refuse("a number of characters");
  settings.max_input_chars_per_word = static_cast<std::size_t>(most.integer());
  return make_word_piece(read_vocabulary(value.at("vocab")), settings);
}

std::unique_ptr<TokenModel> read_word_level(JsonValue value) {
  value.allow_only({"type", "unk_token", "vocab"});
  return make_word_level(read_vocabulary(value.at("vocab")), std::string(value.at("unk_token").text()));
}

/// "a b" or ["a", "b"].
BpeMerge read_merge(JsonValue value) {
  if (value.is(Kind::array)) {
    const auto first = value.first_child();
    const auto second = first ? first->next_sibling() : std::nullopt;
    if (!second || value.size() != 2) value.refuse("two pieces");
    return {first->text(), second->text()};
  }
  const std::string_view text = value.text();
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos)
    value.refuse("two pieces with a space between them");
  return {text.substr(0, space), text.substr(space + 1)};
}

std::unique_ptr<TokenModel> read_bpe(JsonValue value) {
  value.allow_only({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                    "byte_fallback", "ignore_merges", "vocab", "merges"});
  if (const auto dropout = value.find("dropout"); dropout && dropout->number() != 0)
    dropout->refuse_unsupported("0: tokens must not depend on chance");
  BpeSettings settings;
  if (const auto unknown = value.find("unk_token")) settings.unk_token = unknown->text();
  settings.continuing_subword_prefix = value.text_or("continuing_subword_prefix", "");
  settings.end_of_word_suffix = value.text_or("end_of_word_suffix", "");
  constexpr std::size_t k_max_affix_bytes = 1'024;  // every symbol of a text has them
  if (settings.continuing_subword_prefix.size() + settings.end_of_word_suffix.size() > k_max_affix_bytes)
    value.refuse("a prefix and suffix of at most " + std::to_string(k_max_affix_bytes) + " bytes");
  settings.fuse_unk = value.boolean_or("fuse_unk", false);
  settings.byte_fallback = value.boolean_or("byte_fallback", false);
  settings.ignore_merges = value.boolean_or("ignore_merges", false);
  std::vector<BpeMerge> merges;
  value.at("merges").demand(Kind::array).for_each([&](JsonValue merge) {
    if (merge.is(Kind::text) && merge.text().starts_with("#version")) return;
    merges.push_back(read_merge(merge));
  });
  return make_bpe(read_vocabulary(value.at("vocab")), merges, settings);
}

std::unique_ptr<TokenModel> read_unigram(JsonValue value) {
  value.allow_only({"type", "unk_id", "vocab", "byte_fallback"});
  UnigramSettings settings;
  if (const auto unknown = value.find("unk_id")) settings.unk_id = static_cast<std::size_t>(read_id(*unknown));
  settings.byte_fallback = value.boolean_or("byte_fallback", false);
  const JsonValue pieces = value.at("vocab").demand(Kind::array);
  VocabularyMap vocabulary(pieces.where());
  vocabulary.reserve(pieces.size());
  std::vector<double> scores;
  scores.reserve(pieces.size());
  pieces.for_each([&](JsonValue entry) {
    const auto piece = entry.demand(Kind::array).first_child();
    const auto score = piece ? piece->next_sibling() : std::nullopt;
    if (!score || entry.size() != 2) entry.refuse("a piece and its score");
    vocabulary.add(piece->text(), static_cast<std::int64_t>(scores.size()));
    const double rounded = score->number();  // refuses what is no finite number
    scores.push_back(score->is(Kind::real) ? crate_number(score->number_text()) : rounded);
  });
  vocabulary.finish();
  return make_unigram(std::move(vocabulary), std::move(scores), settings);
}

}  // namespace

std::int32_t read_id(JsonValue value) {
  const std::int64_t id = value.integer();
  if (id < 0 || id > INT32_MAX) value.refuse("an integer in 0 .. 2^31 - 1");
  return static_cast<std::int32_t>(id);
}

VocabularyMap read_vocabulary(JsonValue value) {
  value.demand(Kind::object);
  VocabularyMap vocabulary(value.where());
  vocabulary.reserve(value.size());
  value.for_each([&](JsonValue entry) { vocabulary.add(entry.key(), entry.integer()); });
  vocabulary.finish();
  return vocabulary;
}

std::unique_ptr<TokenModel> read_model(JsonValue value) {
  const auto type = value.demand(Kind::object).find("type");
  if (!type) {  // of older files
    if (value.find("merges")) return read_bpe(value);
    if (value.find("continuing_subword_prefix")) return read_word_piece(value);
    return value.at("vocab").is(Kind::array) ? read_unigram(value) : read_word_level(value);
  }
  const std::string_view name = type->text();
  if (name == "WordPiece") return read_word_piece(value);
  if (name == "BPE") return read_bpe(value);
  if (name == "Unigram") return read_unigram(value);
  if (name != "WordLevel") type->refuse_unsupported("WordPiece, BPE, Unigram or WordLevel");
  return read_word_level(value);
}

}  // namespace v0
}  // namespace seqguard
