#include "text/read_components.hpp"
#include "text/split.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

SplitBehavior read_behavior(JsonValue value) {
  const std::string_view name = value.text();
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name != "Contiguous") value.refuse("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
  return SplitBehavior::contiguous;
}

void read_split(JsonValue value, PreTokenizerSteps& steps) {
  value.allow_only({"type", "pattern", "behavior", "invert"});
  const SplitBehavior behavior = read_behavior(value.at("behavior"));
  const bool invert = value.at("invert").boolean();
  const JsonValue pattern = value.at("pattern");
  pattern.allow_only({"String", "Regex"});
  TextPattern known;
  if (const auto text = pattern.find("String")) {
    known.literal = text->text();
    if (known.literal.empty()) text->refuse("a text that is not empty");
    if (known.literal.size() > k_max_pattern_bytes)
      text->refuse("at most " + std::to_string(k_max_pattern_bytes) + " bytes");
    steps.push_back(make_split_pre_tokenizer(known, behavior, invert));
    return;
  }
  const JsonValue expression = pattern.at("Regex");
  if (auto step = make_known_split_pre_tokenizer(expression.text(), behavior, invert)) {
    steps.push_back(std::move(step));
    return;
  }
  const auto run = parse_run_pattern(expression.text());
  if (!run)
    expression.refuse_unsupported("one class of characters with an optional + or {n,m}, or  " + known_expressions());
  steps.push_back(make_split_pre_tokenizer(*run, behavior, invert));
}

void read_metaspace(JsonValue value, PreTokenizerSteps& steps) {
  value.allow_only({"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
  const JsonValue replacement = value.at("replacement");
  if (count_utf8(replacement.text()) != 1) replacement.refuse("one character");
  PrependScheme scheme = PrependScheme::always;
  if (const auto name = value.find("prepend_scheme")) {
    if (name->text() == "first")
      scheme = PrependScheme::first;
    else if (name->text() == "never")
      scheme = PrependScheme::never;
    else if (name->text() != "always")
      name->refuse("first, never or always");
  }
  if (const auto add = value.find("add_prefix_space"); add && !add->boolean()) {  // of older files
    if (value.find("prepend_scheme") && scheme != PrependScheme::never) add->refuse("true as prepend_scheme says");
    scheme = PrependScheme::never;
  }
  steps.push_back(
      make_metaspace_pre_tokenizer(decode_utf8(replacement.text().data()), scheme, value.boolean_or("split", true)));
}

void read_sequence(JsonValue value, PreTokenizerSteps& steps) {
  value.allow_only({"type", "pretokenizers"});
  value.at("pretokenizers").demand(JsonValue::Kind::array).for_each([&](JsonValue step) {
    read_pre_tokenizer(step, steps);
  });
}

}  // namespace

void read_pre_tokenizer(JsonValue value, PreTokenizerSteps& steps) {
  const JsonValue type = value.at("type");
  const std::string_view name = type.text();
  if (name == "Sequence") {
    read_sequence(value, steps);
  } else if (name == "BertPreTokenizer") {
    value.allow_only({"type"});
    steps.push_back(make_bert_pre_tokenizer());
  } else if (name == "Whitespace") {
    value.allow_only({"type"});
    steps.push_back(make_whitespace_pre_tokenizer());
  } else if (name == "WhitespaceSplit") {
    value.allow_only({"type"});
    steps.push_back(make_whitespace_split_pre_tokenizer());
  } else if (name == "Punctuation") {
    value.allow_only({"type", "behavior"});
    const auto behavior = value.find("behavior");
    steps.push_back(make_punctuation_pre_tokenizer(behavior ? read_behavior(*behavior) : SplitBehavior::isolated));
  } else if (name == "Digits") {
    value.allow_only({"type", "individual_digits"});
    steps.push_back(make_digits_pre_tokenizer(value.at("individual_digits").boolean()));
  } else if (name == "ByteLevel") {
    value.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    steps.push_back(
        make_byte_level_pre_tokenizer(value.at("add_prefix_space").boolean(), value.boolean_or("use_regex", true)));
  } else if (name == "Metaspace") {
    read_metaspace(value, steps);
  } else if (name == "Split") {
    read_split(value, steps);
  } else {
    type.refuse_unsupported(
        "BertPreTokenizer, ByteLevel, Metaspace, Whitespace, WhitespaceSplit, Punctuation, Digits, Split or Sequence");
  }
}

}  // namespace v0
}  // namespace seqguard
