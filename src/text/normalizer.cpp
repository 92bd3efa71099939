#include "text/normalizer.hpp"

#include <algorithm>
#include <utility>

#include "seqguard/core/error.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Calls visit(character, first byte, end byte) for each character.
template <class Visit>
void for_each_character(std::string_view text, const Visit& visit) {
  for (std::size_t i = 0, next = 0; i < text.size(); i = next) {
    next = i + utf8_length(text[i]);
    visit(decode_utf8(text.data() + i), i, next);
  }
}

class Lowercase final : public NormalizerStep {
 public:
  void apply(NormalizedText& text, NormalizerScratch& scratch) const override {
    NormalizedText& out = scratch.spare;
    out.clear();
    for_each_character(text.text, [&](char32_t c, std::size_t i, std::size_t) {
      if (c == 0x130) {  // the only character that becomes two
        out.append(U'i', text.origin[i]);
        out.append(0x307, text.origin[i]);
      } else {
        out.append(lower_case(c), text.origin[i]);
      }
    });
    text.swap(out);
  }
  bool lowercases() const noexcept override { return true; }
};

class StripAccents final : public NormalizerStep {
 public:
  void apply(NormalizedText& text, NormalizerScratch& scratch) const override {
    const CharacterTable& table = CharacterTable::instance();
    NormalizedText& out = scratch.spare;
    out.clear();
    for_each_character(text.text, [&](char32_t c, std::size_t begin, std::size_t end) {
      if (!table.is(c, k_mark)) out.append(text, begin, end);
    });
    text.swap(out);
  }
};

class Strip final : public NormalizerStep {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  void apply(NormalizedText& text, NormalizerScratch&) const override {
    const CharacterTable& table = CharacterTable::instance();
    std::size_t begin = 0, end = text.text.size();
    const auto space_at = [&](std::size_t i) { return table.is(decode_utf8(text.text.data() + i), k_space); };
    while (left_ && begin < end && space_at(begin)) begin += utf8_length(text.text[begin]);
    while (right_ && end > begin && space_at(previous_utf8(text.text, end))) end = previous_utf8(text.text, end);
    text.text.resize(end);
    text.origin.resize(end);
    text.text.erase(0, begin);
    text.origin.erase(text.origin.begin(), text.origin.begin() + static_cast<std::ptrdiff_t>(begin));
  }

 private:
  bool left_, right_;
};

class Replace final : public NormalizerStep {
 public:
  Replace(TextPattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(NormalizedText& text, NormalizerScratch& scratch) const override {
    auto match = pattern_.find(text.text, 0);
    if (!match) return;
    NormalizedText& out = scratch.spare;
    out.clear();
    std::size_t done = 0;
    for (; match; match = pattern_.find(text.text, done)) {
      out.append(text, done, match->begin);
      // The new characters count as inserted after the last one that was replaced.
      out.append(content_, text.origin[match->end - 1]);
      done = match->end;
      check_growth(out.text.size(), scratch);
    }
    out.append(text, done, text.text.size());
    text.swap(out);
  }

 private:
  TextPattern pattern_;
  std::string content_;
};

class Prepend final : public NormalizerStep {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void apply(NormalizedText& text, NormalizerScratch&) const override {
    if (text.text.empty()) return;
    text.text.insert(0, prefix_);
    text.origin.insert(text.origin.begin(), prefix_.size(), text.origin.front());
  }

 private:
  std::string prefix_;
};

}  // namespace

void check_growth(std::size_t bytes, const NormalizerScratch& scratch) {
  if (bytes > scratch.max_bytes)
    fail(ErrorCode::out_of_range, "normalized text", "length",
         "at most " + std::to_string(scratch.max_bytes) + " bytes", "more");
}

void normalize(const NormalizerSteps& steps, NormalizedText& text, NormalizerScratch& scratch) {
  scratch.largest = text.text.size();
  for (const auto& step : steps) {
    step->apply(text, scratch);
    check_growth(text.text.size(), scratch);
    scratch.largest = std::max(scratch.largest, text.text.size());
  }
}

std::unique_ptr<const NormalizerStep> make_lowercase_normalizer() { return std::make_unique<Lowercase>(); }

std::unique_ptr<const NormalizerStep> make_strip_accents_normalizer() { return std::make_unique<StripAccents>(); }

std::unique_ptr<const NormalizerStep> make_strip_normalizer(bool left, bool right) {
  return std::make_unique<Strip>(left, right);
}

std::unique_ptr<const NormalizerStep> make_replace_normalizer(TextPattern pattern, std::string content) {
  return std::make_unique<Replace>(std::move(pattern), std::move(content));
}

std::unique_ptr<const NormalizerStep> make_prepend_normalizer(std::string prefix) {
  return std::make_unique<Prepend>(std::move(prefix));
}

}  // namespace v0
}  // namespace seqguard
