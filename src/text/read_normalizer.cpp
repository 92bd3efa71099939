#include <array>

#include "text/read_components.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Bytes of a text that is put into every input.
constexpr std::size_t k_max_content = 1'024;

std::string decode_base64(JsonValue value) {
  constexpr std::string_view k_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> digit_of{};
  digit_of.fill(0xFF);
  for (std::size_t i = 0; i < k_digits.size(); ++i)
    digit_of[static_cast<unsigned char>(k_digits[i])] = static_cast<std::uint8_t>(i);
  std::string_view text = value.text();
  if (text.size() % 4 != 0) value.refuse("base64");
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t digit = digit_of[static_cast<unsigned char>(text[i])];
    if (digit == 0xFF) value.refuse("base64");
    bits = bits << 6 | digit;
    if (i % 4 != 0) bytes += static_cast<char>(bits >> (6 - 2 * (i % 4)) & 0xFF);
  }
  return bytes;
}

/// {"String": text} or {"Regex": expression}.
TextPattern read_replace_pattern(JsonValue value) {
  value.allow_only({"String", "Regex"});
  TextPattern pattern;
  if (const auto text = value.find("String")) {
    pattern.literal = text->text();
    if (pattern.literal.empty()) text->refuse("a text that is not empty");
    if (pattern.literal.size() > k_max_pattern_bytes)
      text->refuse("at most " + std::to_string(k_max_pattern_bytes) + " bytes");
    return pattern;
  }
  const JsonValue expression = value.at("Regex");
  const auto run = parse_run_pattern(expression.text());
  if (!run) expression.refuse_unsupported("one class of characters with an optional + or {n,m}, such as \" {2,}\"");
  return *run;
}

void read_sequence(JsonValue value, NormalizerSteps& steps) {
  value.allow_only({"type", "normalizers"});
  value.at("normalizers").demand(JsonValue::Kind::array).for_each([&](JsonValue step) {
    read_normalizer(step, steps);
  });
}

struct FormName {
  std::string_view name;
  NormalizationForm form;
};
constexpr FormName k_forms[] = {{"NFC", NormalizationForm::nfc},
                                {"NFD", NormalizationForm::nfd},
                                {"NFKC", NormalizationForm::nfkc},
                                {"NFKD", NormalizationForm::nfkd}};

}  // namespace

BertNormalizerSettings read_bert_normalizer(JsonValue value) {
  value.allow_only({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  BertNormalizerSettings settings;
  settings.clean_text = value.at("clean_text").boolean();
  settings.handle_chinese_chars = value.at("handle_chinese_chars").boolean();
  settings.lowercase = value.at("lowercase").boolean();
  settings.strip_accents = value.boolean_or("strip_accents", settings.lowercase);
  return settings;
}

void read_normalizer(JsonValue value, NormalizerSteps& steps) {
  const JsonValue type = value.at("type");
  const std::string_view name = type.text();
  for (const FormName& form : k_forms)
    if (name == form.name) {
      value.allow_only({"type"});
      steps.push_back(make_unicode_normalizer(form.form));
      return;
    }
  if (name == "Sequence") {
    read_sequence(value, steps);
  } else if (name == "BertNormalizer") {
    steps.push_back(make_bert_normalizer(read_bert_normalizer(value)));
  } else if (name == "Lowercase") {
    value.allow_only({"type"});
    steps.push_back(make_lowercase_normalizer());
  } else if (name == "StripAccents") {
    value.allow_only({"type"});
    steps.push_back(make_strip_accents_normalizer());
  } else if (name == "Strip") {
    value.allow_only({"type", "strip_left", "strip_right"});
    steps.push_back(make_strip_normalizer(value.at("strip_left").boolean(), value.at("strip_right").boolean()));
  } else if (name == "Replace") {
    value.allow_only({"type", "pattern", "content"});
    const JsonValue content = value.at("content");
    if (content.text().size() > k_max_content) content.refuse("at most " + std::to_string(k_max_content) + " bytes");
    steps.push_back(make_replace_normalizer(read_replace_pattern(value.at("pattern")), std::string(content.text())));
  } else if (name == "Prepend") {
    value.allow_only({"type", "prepend"});
    const JsonValue prefix = value.at("prepend");
    if (prefix.text().size() > k_max_content) prefix.refuse("at most " + std::to_string(k_max_content) + " bytes");
    steps.push_back(make_prepend_normalizer(std::string(prefix.text())));
  } else if (name == "Precompiled") {
    value.allow_only({"type", "precompiled_charsmap"});
    const JsonValue charsmap = value.at("precompiled_charsmap");
    steps.push_back(make_precompiled_normalizer(decode_base64(charsmap), charsmap.where()));
  } else {
    type.refuse_unsupported(
        "BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Replace, Prepend, Precompiled or "
        "Sequence");
  }
}

}  // namespace v0
}  // namespace seqguard
