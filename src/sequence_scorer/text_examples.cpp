#include "sequence_scorer/text_examples.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/secret_hash.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/class_labels.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::uint64_t k_split_stream = 401;
constexpr std::size_t k_most_label_numbers = std::size_t{1} << 28;  // 1 GB

std::string counted(std::size_t n, std::string_view one, std::string_view more) {
  return std::to_string(n) + " " + std::string(n == 1 ? one : more);
}

std::vector<std::string> class_names(const LabelledTexts& texts, SpanTags tags) {
  if (!texts.of_spans) return texts.classes;
  std::vector<std::string> names = {"O"};
  for (const std::string& name : texts.classes) {
    if (tags == SpanTags::plain) {
      names.push_back(name);
    } else {
      names.push_back("B-" + name);
      names.push_back("I-" + name);
    }
  }
  return names;
}

/// Of each character of a text whether it is an ASCII blank.
std::vector<bool> blanks_of(std::string_view text) {
  std::vector<bool> blanks;
  for (const char byte : text)
    if ((static_cast<unsigned char>(byte) & 0xC0u) != 0x80u)
      blanks.push_back(std::string_view(" \t\n\r\f\v").find(byte) != std::string_view::npos);
  return blanks;
}

/// The targets of a text's tokens, which follow its order; `lost` counts the spans that no token has.
std::vector<std::size_t> token_targets(const LabelledText& text, const Encoding& tokens,
                                       const FineTuneTextOptions& options, std::size_t& lost) {
  const std::vector<bool> blanks = blanks_of(text.text);
  const bool bio = options.tags == SpanTags::bio;
  std::vector<std::size_t> targets;
  std::vector<bool> begun(text.spans.size());
  std::size_t next = 0;  // the first span that does not end before the token
  for (std::size_t t = 0; t < tokens.ids.size(); ++t) {
    targets.push_back(k_unknown_class);
    const TextSpan at = tokens.offsets[t];
    if (tokens.sequence[t] != 0 || at.begin >= at.end) continue;
    // A byte-level token may begin with the blank before its word.
    const bool begins_word = at.begin == 0 || blanks[at.begin - 1] || blanks[at.begin];
    while (next < text.spans.size() && text.spans[next].characters.end <= at.begin) ++next;
    const bool inside = next < text.spans.size() && text.spans[next].characters.begin < at.end;
    const bool begins = inside && !begun[next];
    if (inside) begun[next] = true;
    if (options.first_pieces_only && !begins_word) continue;
    if (!inside) {
      targets.back() = 0;
    } else {
      const std::size_t label = text.spans[next].label;
      targets.back() = 1 + (bio ? 2 * label + (begins ? 0 : 1) : label);
    }
  }
  lost += static_cast<std::size_t>(std::count(begun.begin(), begun.end(), false));
  return targets;
}

/// Texts that are equal, as one: none of them may be learned from while another is held out.
struct Group {
  std::vector<std::uint32_t> members;
  std::size_t stratum = 0;
};

std::vector<Group> group_texts(const LabelledTexts& texts, const std::vector<std::size_t>& strata) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t, SecretHash> known;
  for (std::uint32_t i = 0; i < texts.texts.size(); ++i) {
    const LabelledText& text = texts.texts[i];
    std::string key = std::to_string(text.text.size()) + ":" + text.text + text.pair;
    const auto [entry, is_new] = known.emplace(std::move(key), groups.size());
    if (is_new) groups.push_back({{}, strata[i]});
    groups[entry->second].members.push_back(i);
  }
  return groups;
}

/// Of each text: its class, or the rarest class of its spans; one more than all classes where it has none.
std::vector<std::size_t> strata_of(const LabelledTexts& texts) {
  const std::size_t none = texts.classes.size();
  std::vector<std::size_t> texts_with(none + 1), result;
  for (const LabelledText& text : texts.texts)
    for (const LabelledSpan& span : text.spans) ++texts_with[span.label];
  for (const LabelledText& text : texts.texts) {
    std::size_t stratum = texts.of_spans ? none : text.label;
    for (const LabelledSpan& span : text.spans)
      if (stratum == none || texts_with[span.label] < texts_with[stratum]) stratum = span.label;
    result.push_back(stratum);
  }
  return result;
}

/// Whether each text is held out.
std::vector<bool> split(const LabelledTexts& texts, const FineTuneTextOptions& options,
                        std::vector<std::string>& warnings) {
  std::vector<bool> held_out(texts.texts.size());
  if (options.valid_fraction == 0) return held_out;
  std::vector<Group> groups = group_texts(texts, strata_of(texts));
  Random(options.seed, k_split_stream).shuffle(groups);
  for (std::size_t stratum = 0; stratum <= texts.classes.size(); ++stratum) {
    std::size_t of_stratum = 0, distinct = 0;
    for (const Group& group : groups) {
      of_stratum += group.stratum == stratum ? group.members.size() : 0;
      distinct += group.stratum == stratum ? 1 : 0;
    }
    if (of_stratum == 0) continue;
    if (distinct < 2) {
      if (stratum < texts.classes.size())
        warnings.push_back("class \"" + texts.classes[stratum] +
                           "\" has fewer than 2 different texts: none of it can be held out");
      continue;
    }
    const auto wanted =
        static_cast<std::size_t>(std::max(1.0, std::round(options.valid_fraction * static_cast<double>(of_stratum))));
    std::size_t taken = 0, left = distinct;
    for (const Group& group : groups) {
      if (group.stratum != stratum || taken >= wanted || left < 2) continue;
      // The first group is taken whatever its size, a later one where it comes as near.
      if (taken > 0 && taken + group.members.size() > wanted) continue;
      for (const std::uint32_t member : group.members) held_out[member] = true;
      taken += group.members.size();
      --left;
    }
  }
  return held_out;
}

void warn_of_contradictions(const LabelledTexts& texts, std::vector<std::string>& warnings) {
  if (texts.of_spans) return;
  std::size_t contradictions = 0;
  for (const Group& group : group_texts(texts, std::vector<std::size_t>(texts.texts.size())))
    contradictions += std::any_of(group.members.begin(), group.members.end(),
                                  [&](std::uint32_t member) {
                                    return texts.texts[member].label != texts.texts[group.members.front()].label;
                                  })
                          ? 1
                          : 0;
  if (contradictions > 0)
    warnings.push_back(counted(contradictions, "text stands", "texts stand") + " in " + texts.file +
                       " several times, with different labels");
}

Encoding encode(const LabelledTexts& texts, const LabelledText& text, const TextInput& input,
                TokenizerScratch& scratch) {
  Encoding tokens;
  try {
    input.encode(text.text, text.pair, tokens, scratch);
  } catch (const Error& error) {
    fail(ErrorCode::bad_event, texts.place(text), error.what());
  }
  if (!input.gives_type_ids) std::fill(tokens.type_ids.begin(), tokens.type_ids.end(), 0);
  return tokens;
}

}  // namespace

std::vector<std::size_t> TextExamples::counts(bool of_held_out) const {
  std::vector<std::size_t> result(classes.size());
  for (std::size_t row = 0; row < targets.size(); ++row)
    if (targets[row] != k_unknown_class && (row >= learned_rows()) == of_held_out) ++result[targets[row]];
  return result;
}

TextExamples make_text_examples(const LabelledTexts& texts, const TextInput& input,
                                const FineTuneTextOptions& options) {
  TextExamples result;
  result.classes = class_names(texts, options.tags);
  const std::vector<bool> held_out = split(texts, options, result.warnings);
  std::size_t cut = 0, lost = 0;
  TokenizerScratch scratch;
  for (const bool held : {false, true}) {
    for (std::size_t i = 0; i < texts.texts.size(); ++i) {
      if (held_out[i] != held) continue;
      const LabelledText& text = texts.texts[i];
      Encoding tokens = encode(texts, text, input, scratch);
      cut += tokens.truncated ? 1 : 0;
      if (texts.of_spans) {
        result.first_rows.push_back(result.targets.size());
        const std::vector<std::size_t> targets = token_targets(text, tokens, options, lost);
        result.targets.insert(result.targets.end(), targets.begin(), targets.end());
      } else {
        result.targets.push_back(text.label);
      }
      (held ? result.held_out : result.train).push_back(std::move(tokens));
    }
  }
  if (texts.of_spans) result.first_rows.push_back(result.targets.size());
  warn_of_contradictions(texts, result.warnings);
  if (cut > 0)
    result.warnings.push_back(std::to_string(cut) + " of " + counted(texts.texts.size(), "text is", "texts are") +
                              " longer than the model takes and cut to " + std::to_string(input.options.max_length) +
                              " tokens");
  if (lost > 0)
    result.warnings.push_back(
        counted(lost, "span has", "spans have") +
        " no token: blank, cut off with the end of the text, or inside a token of the span before");
  return result;
}

LabelTable label_table(const TextExamples& examples, std::size_t outputs) {
  if (examples.targets.size() > k_most_label_numbers / outputs)
    fail(ErrorCode::invalid_argument, "fine-tune",
         "classes of " + std::to_string(examples.targets.size()) + " texts or tokens (is it the right column?)",
         "at most " + std::to_string(k_most_label_numbers / examples.targets.size()), std::to_string(outputs));
  LabelTable table{outputs, {}, examples.first_rows};
  table.values.reserve(examples.targets.size() * outputs);
  for (const std::size_t target : examples.targets)
    for (std::size_t c = 0; c < outputs; ++c) {
      const std::size_t of_output = outputs == 1 ? 1 : c;
      table.values.push_back(target == k_unknown_class ? std::numeric_limits<float>::quiet_NaN()
                                                       : (target == of_output ? 1.0F : 0.0F));
    }
  return table;
}

LabelLossOptions text_loss_options(const FineTuneTextOptions& options, const TextExamples& examples,
                                   std::size_t outputs) {
  LabelLossOptions result{options.loss == TextLoss::focal ? options.focal_gamma : 0,
                          options.loss == TextLoss::focal ? options.focal_alpha : std::nullopt,
                          options.label_smoothing,
                          {}};
  const std::size_t classes = examples.classes.size();
  std::vector<double> weights = options.class_weights;
  const std::vector<std::size_t> counts = examples.counts(false);
  const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  const bool of_sides = options.loss == TextLoss::bce && outputs > 1;  // each output: its class against the rest
  if (options.balanced)
    for (const std::size_t count : counts) {
      const auto n = static_cast<double>(count);
      weights.push_back(count == 0 ? 1.0 : of_sides ? (all - n) / n : all / (n * static_cast<double>(classes)));
    }
  if (weights.empty()) return result;
  if (weights.size() != classes)
    fail(ErrorCode::invalid_argument, "class weights", "one for each class", std::to_string(classes),
         std::to_string(weights.size()));
  for (const double weight : weights)
    if (!(weight > 0 && std::isfinite(weight)))
      fail(ErrorCode::invalid_argument, "class weights", "weight", "a number above 0", std::to_string(weight));
  result.class_weights = outputs == 1 ? std::vector<double>{weights[1] / weights[0]} : weights;
  return result;
}

}  // namespace v0
}  // namespace seqguard
