// HTML that cannot be broken by data: names of tags and attributes are literals of the program, everything else is
// escaped.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Text that was written by a programmer: only a constant expression becomes one.
class Literal {
 public:
  consteval Literal(const char* text) : text_(text) {}  // NOLINT: implicit, so that tags read well
  std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// Not more than `most` characters, the last of them "…" where the text was longer.
std::string shortened(std::string_view text, std::size_t most);
/// Characters of a text of the data where it is a name, in a tooltip, and in any element: a page has a bounded size
/// whatever the values are.
inline constexpr std::size_t k_name = 60, k_tip = 160, k_longest_text = 600;

struct Attribute {
  Attribute(Literal attribute, std::string_view text) : name(attribute), value(text) {}
  Attribute(Literal attribute, const char* text) : name(attribute), value(text) {}
  Attribute(Literal attribute, const std::string& text) : name(attribute), value(text) {}
  /// A coordinate or size: two digits behind the point.
  Attribute(Literal attribute, double number);
  Literal name;
  std::string value;
};

/// Appends to a string, front to back. Ill-formed UTF-8 and control characters become U+FFFD.
class Html {
 public:
  using Attributes = std::initializer_list<Attribute>;

  Html& open(Literal tag, Attributes attributes = {});
  /// Ends the element that was opened last.
  Html& close();
  /// The first k_longest_text characters.
  Html& text(std::string_view text);
  /// An element with text.
  Html& element(Literal tag, std::string_view content, Attributes attributes = {});
  /// An element without content that HTML does not close: meta, br, col.
  Html& void_element(Literal tag, Attributes attributes = {});
  /// What is HTML or CSS already: of the program alone.
  Html& literal(Literal text);

  /// The page; every element is closed first.
  std::string finish();

 private:
  void escape(std::string_view text);

  std::string text_;
  std::vector<std::string_view> open_;
};

}  // namespace v0
}  // namespace seqguard
