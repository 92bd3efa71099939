#include "text/grapheme.hpp"

#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using G = GraphemeClass;

bool is_control(G c) { return c == G::control || c == G::cr || c == G::lf; }

bool is_hangul_pair(G a, G b) {  // rules GB6 to GB8
  if (a == G::l) return b == G::l || b == G::v || b == G::lv || b == G::lvt;
  if (a == G::lv || a == G::v) return b == G::v || b == G::t;
  return (a == G::lvt || a == G::t) && b == G::t;
}

/// What the rules need to know of the cluster so far.
class Cluster {
 public:
  explicit Cluster(char32_t first) { add(first, grapheme_class(first)); }

  /// Whether c belongs to the cluster too; if so it is added.
  bool extend(char32_t c) {
    const G next = grapheme_class(c);
    if (!joins(c, next)) return false;
    add(c, next);
    return true;
  }

 private:
  bool joins(char32_t c, G next) const {
    if (last_ == G::cr && next == G::lf) return true;
    if (is_control(last_) || is_control(next)) return false;
    if (is_hangul_pair(last_, next)) return true;
    if (next == G::extend || next == G::zwj || next == G::spacing_mark || last_ == G::prepend) return true;
    if (consonant_ && linked_ && indic_class(c) == IndicClass::consonant) return true;             // GB9c
    if (pictographic_ && last_ == G::zwj && next == G::pictographic) return true;                  // GB11
    return last_ == G::regional_indicator && next == G::regional_indicator && regional_ % 2 == 1;  // GB12, GB13
  }

  void add(char32_t c, G next) {
    constexpr char32_t k_non_joiner = 0x200C;  // extends a cluster, but not a conjunct
    switch (indic_class(c)) {
      case IndicClass::consonant:
        consonant_ = true;
        linked_ = false;
        break;
      case IndicClass::linker:
        linked_ = true;
        break;
      case IndicClass::none:
        if ((next != G::extend && next != G::zwj) || c == k_non_joiner) consonant_ = linked_ = false;
    }
    if (next == G::pictographic)
      pictographic_ = true;
    else if (next != G::extend && next != G::zwj)
      pictographic_ = false;
    regional_ = next == G::regional_indicator ? regional_ + 1 : 0;
    last_ = next;
  }

  G last_ = G::other;
  bool consonant_ = false, linked_ = false, pictographic_ = false;
  std::size_t regional_ = 0;
};

}  // namespace

std::size_t grapheme_end(std::string_view text, std::size_t begin) noexcept {
  std::size_t end = begin + utf8_length(text[begin]);
  const auto is_plain = [&](std::size_t i) { return text[i] >= 0x20 && text[i] < 0x7F; };
  if (end == text.size() || (is_plain(begin) && is_plain(end))) return end;
  Cluster cluster(decode_utf8(text.data() + begin));
  while (end < text.size() && cluster.extend(decode_utf8(text.data() + end))) end += utf8_length(text[end]);
  return end;
}

}  // namespace v0
}  // namespace seqguard
