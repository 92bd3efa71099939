#include "text/split.hpp"

#include <utility>

namespace seqguard {
inline namespace v0 {
namespace {

/// Neighbours that are both matches, or both not, become one.
void push_contiguous(WordList& list) {
  const auto& stretches = list.stretches;
  for (std::size_t i = 0; i < stretches.size();) {
    std::size_t j = i + 1;
    while (j < stretches.size() && stretches[j].match == stretches[i].match) ++j;
    list.push(stretches[i].begin, stretches[j - 1].end);
    i = j;
  }
}

/// A match joins what is before it, unless that is a match too.
void push_merged_with_previous(WordList& list) {
  const auto& stretches = list.stretches;
  for (std::size_t i = 0; i < stretches.size();) {
    const bool joined = !stretches[i].match && i + 1 < stretches.size() && stretches[i + 1].match;
    list.push(stretches[i].begin, stretches[joined ? i + 1 : i].end);
    i += joined ? 2 : 1;
  }
}

/// A match joins what is behind it, unless that is a match too.
void push_merged_with_next(WordList& list) {
  const auto& stretches = list.stretches;
  for (std::size_t i = 0; i < stretches.size();) {
    const bool joined = stretches[i].match && i + 1 < stretches.size() && !stretches[i + 1].match;
    list.push(stretches[i].begin, stretches[joined ? i + 1 : i].end);
    i += joined ? 2 : 1;
  }
}

class PatternSplit final : public PreTokenizerStep {
 public:
  PatternSplit(TextPattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void apply(WordList& list) const override {
    split_words(list, behavior_, invert_,
                [&](std::string_view text, std::size_t from) { return pattern_.find(text, from); });
  }

 private:
  TextPattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class ScannerSplit final : public PreTokenizerStep {
 public:
  ScannerSplit(ScanPattern scan, SplitBehavior behavior, bool invert)
      : scan_(scan), behavior_(behavior), invert_(invert) {}
  void apply(WordList& list) const override {
    split_words(list, behavior_, invert_, [&](std::string_view text, std::size_t from) -> std::optional<PatternMatch> {
      if (from == text.size()) return std::nullopt;
      return PatternMatch{from, from + scan_(text, from)};  // the known patterns match everywhere
    });
  }

 private:
  ScanPattern scan_;
  SplitBehavior behavior_;
  bool invert_;
};

}  // namespace

void push_stretches(WordList& list, SplitBehavior behavior, bool invert) {
  if (invert)
    for (Stretch& stretch : list.stretches) stretch.match = !stretch.match;
  switch (behavior) {
    case SplitBehavior::removed:
      for (const Stretch& stretch : list.stretches)
        if (!stretch.match) list.push(stretch.begin, stretch.end);
      break;
    case SplitBehavior::isolated:
      for (const Stretch& stretch : list.stretches) list.push(stretch.begin, stretch.end);
      break;
    case SplitBehavior::merged_with_previous:
      push_merged_with_previous(list);
      break;
    case SplitBehavior::merged_with_next:
      push_merged_with_next(list);
      break;
    case SplitBehavior::contiguous:
      push_contiguous(list);
      break;
  }
}

std::unique_ptr<const PreTokenizerStep> make_split_pre_tokenizer(TextPattern pattern, SplitBehavior behavior,
                                                                 bool invert) {
  return std::make_unique<PatternSplit>(std::move(pattern), behavior, invert);
}

std::unique_ptr<const PreTokenizerStep> make_known_split_pre_tokenizer(std::string_view expression,
                                                                       SplitBehavior behavior, bool invert) {
  const ScanPattern scan = find_scanner(expression);
  return scan == nullptr ? nullptr : std::make_unique<ScannerSplit>(scan, behavior, invert);
}

}  // namespace v0
}  // namespace seqguard
