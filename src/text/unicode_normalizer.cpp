// NFC, NFD, NFKC and NFKD with the origins of the crate unicode-normalization-alignments: each character carries a
// change (see Rewriter), which follows it through reordering and composition.
#include <algorithm>
#include <string_view>
#include <utility>

#include "text/normalizer.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Changes = std::vector<std::pair<char32_t, int>>;

/// Sorts the marks of `changes` from `first` on by combining class, without exchanging equal ones.
void sort_marks(Changes& changes, std::vector<std::uint8_t>& classes, std::size_t first) {
  // Insertion keeps short runs cheap; a long run (hostile text) is sorted by class with a stable counting sort.
  const std::size_t n = changes.size() - first;
  constexpr std::size_t k_short = 32;
  if (n <= k_short) {
    for (std::size_t i = first + 1; i < changes.size(); ++i)
      for (std::size_t j = i; j > first && classes[j - 1] > classes[j]; --j) {
        std::swap(classes[j - 1], classes[j]);
        std::swap(changes[j - 1], changes[j]);
      }
    return;
  }
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = first + i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return classes[a] < classes[b]; });
  Changes sorted;
  std::vector<std::uint8_t> sorted_classes;
  for (const std::size_t i : order) {
    sorted.push_back(changes[i]);
    sorted_classes.push_back(classes[i]);
  }
  std::copy(sorted.begin(), sorted.end(), changes.begin() + static_cast<std::ptrdiff_t>(first));
  std::copy(sorted_classes.begin(), sorted_classes.end(), classes.begin() + static_cast<std::ptrdiff_t>(first));
}

class UnicodeNormalizer final : public NormalizerStep {
 public:
  explicit UnicodeNormalizer(NormalizationForm form)
      : compatible_(form == NormalizationForm::nfkc || form == NormalizationForm::nfkd),
        compose_(form == NormalizationForm::nfc || form == NormalizationForm::nfkc) {}

  void apply(NormalizedText& text, NormalizerScratch& scratch) const override {
    if (std::none_of(text.text.begin(), text.text.end(), [](char byte) { return static_cast<signed char>(byte) < 0; }))
      return;  // ASCII is normal in every form
    decompose(text.text, scratch);
    if (compose_) compose(scratch.changes, scratch.classes);
    Rewriter rewriter(text, scratch.spare);
    for (const auto& [c, change] : scratch.changes) rewriter.emit(c, change);
    text.swap(scratch.spare);
  }

 private:
  void decompose(std::string_view text, NormalizerScratch& scratch) const {
    const CharacterTable& table = CharacterTable::instance();
    Changes& changes = scratch.changes;
    auto& classes = scratch.classes;
    changes.clear();
    classes.clear();
    std::size_t marks = 0;  // where the run of marks at the end begins
    for (std::size_t i = 0; i < text.size(); i += utf8_length(text[i])) {
      const char32_t character = decode_utf8(text.data() + i);
      scratch.parts.clear();
      if (table.is(character, k_normal))
        scratch.parts += character;
      else
        append_decomposition(character, compatible_, scratch.parts);
      int change = 0;
      for (const char32_t c : scratch.parts) {
        const std::uint8_t mark = combining_class(c);
        if (mark == 0) {
          if (changes.size() > marks + 1) sort_marks(changes, classes, marks);
          marks = changes.size() + 1;
        }
        changes.emplace_back(c, std::exchange(change, 1));
        classes.push_back(mark);
      }
    }
    if (changes.size() > marks + 1) sort_marks(changes, classes, marks);
  }

  /// Canonical composition in place. A composite takes the changes of its parts: one that came with a source character
  /// of its own means that the composite replaces one more.
  static void compose(Changes& changes, const std::vector<std::uint8_t>& classes) {
    constexpr std::size_t k_none = static_cast<std::size_t>(-1);
    std::size_t starter = k_none, out = 0;
    int last_class = -1;  // of the characters kept since the starter; -1: none
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto [c, change] = changes[i];
      const int mark = classes[i];
      if (starter != k_none && (last_class < mark || last_class == -1)) {
        if (const char32_t composite = compose_pair(changes[starter].first, c); composite != 0) {
          changes[starter] = {composite, changes[starter].second + change - 1};
          continue;
        }
      }
      if (mark == 0) {
        starter = out;
        last_class = -1;
      } else {
        last_class = mark;
      }
      changes[out++] = {c, change};
    }
    changes.resize(out);
  }

  bool compatible_, compose_;
};

}  // namespace

std::unique_ptr<const NormalizerStep> make_unicode_normalizer(NormalizationForm form) {
  return std::make_unique<UnicodeNormalizer>(form);
}

}  // namespace v0
}  // namespace seqguard
