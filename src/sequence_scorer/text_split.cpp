#include "sequence_scorer/text_split.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "core/secret_hash.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::uint64_t k_split_stream = 401, k_fold_stream = 402;

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

/// Of each text: its class, or the rarest of its classes; one more than all classes where it has none, or a number.
std::vector<std::size_t> strata_of(const LabelledTexts& texts) {
  const std::size_t none = texts.classes.size();
  std::vector<std::size_t> texts_with(none + 1), result;
  const auto for_each_class = [&](const LabelledText& text, const auto& visit) {
    if (texts.is(TextProblem::single_label_classification)) visit(text.label);
    for (const std::size_t label : text.labels) visit(label);
    for (const LabelledSpan& span : text.spans) visit(span.label);
  };
  for (const LabelledText& text : texts.texts) for_each_class(text, [&](std::size_t label) { ++texts_with[label]; });
  for (const LabelledText& text : texts.texts) {
    std::size_t stratum = none;
    for_each_class(text, [&](std::size_t label) {
      if (stratum == none || texts_with[label] < texts_with[stratum]) stratum = label;
    });
    result.push_back(stratum);
  }
  return result;
}

}  // namespace

std::vector<bool> hold_out_texts(const LabelledTexts& texts, double fraction, std::uint64_t seed,
                                 std::vector<std::string>& warnings) {
  std::vector<bool> held_out(texts.texts.size());
  if (fraction == 0) return held_out;
  std::vector<Group> groups = group_texts(texts, strata_of(texts));
  Random(seed, k_split_stream).shuffle(groups);
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
    const auto wanted = static_cast<std::size_t>(std::max(1.0, std::round(fraction * static_cast<double>(of_stratum))));
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

std::vector<std::size_t> fold_of_texts(const LabelledTexts& texts, std::size_t folds, std::uint64_t seed) {
  std::vector<Group> groups = group_texts(texts, strata_of(texts));
  if (groups.size() < folds)
    fail(ErrorCode::invalid_argument, "fine-tune", "folds of " + std::to_string(groups.size()) + " different texts",
         "at most as many", std::to_string(folds));
  Random(seed, k_fold_stream).shuffle(groups);
  std::vector<std::size_t> result(texts.texts.size()), sizes(folds);
  for (std::size_t stratum = 0; stratum <= texts.classes.size(); ++stratum) {
    std::vector<std::size_t> of_stratum(folds);
    for (const Group& group : groups) {
      if (group.stratum != stratum) continue;
      // Where there are the fewest of the class; of those the smallest fold.
      std::size_t fold = 0;
      for (std::size_t k = 1; k < folds; ++k)
        if (std::pair(of_stratum[k], sizes[k]) < std::pair(of_stratum[fold], sizes[fold])) fold = k;
      for (const std::uint32_t member : group.members) result[member] = fold;
      of_stratum[fold] += group.members.size();
      sizes[fold] += group.members.size();
    }
  }
  return result;
}

void warn_of_contradictions(const LabelledTexts& texts, std::vector<std::string>& warnings) {
  if (texts.is(TextProblem::spans) || texts.is(TextProblem::regression)) return;
  std::size_t contradictions = 0;
  for (const Group& group : group_texts(texts, std::vector<std::size_t>(texts.texts.size())))
    contradictions += std::any_of(group.members.begin(), group.members.end(),
                                  [&](std::uint32_t member) {
                                    const LabelledText &one = texts.texts[member],
                                                       &first = texts.texts[group.members.front()];
                                    return one.label != first.label || one.labels != first.labels;
                                  })
                          ? 1
                          : 0;
  if (contradictions > 0)
    warnings.push_back(std::to_string(contradictions) + (contradictions == 1 ? " text stands" : " texts stand") +
                       " in " + texts.file + " several times, with different labels");
}

}  // namespace v0
}  // namespace seqguard
