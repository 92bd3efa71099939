// Text between input and tokens: what normalizers and pre-tokenizers rewrite, with the way back to the input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/utf8_text.hpp"

namespace seqguard {
inline namespace v0 {

/// UTF-8 text, and for each of its bytes the character of the input (counted from 0) that it stands for. The origins
/// never decrease.
struct NormalizedText {
  std::string text;
  std::vector<std::uint32_t> origin;

  void clear() noexcept {
    text.clear();
    origin.clear();
  }
  /// Takes over `input`, whose first character is number `first` of the whole input.
  void assign(std::string_view input, std::uint32_t first);
  void append(char32_t c, std::uint32_t from) {
    char bytes[4];
    const std::size_t size = encode_utf8(c, bytes);
    text.append(bytes, size);
    origin.insert(origin.end(), size, from);
  }
  void append(std::string_view bytes, std::uint32_t from) {
    text.append(bytes);
    origin.insert(origin.end(), bytes.size(), from);
  }
  /// Copies the bytes [begin, end) of another text.
  void append(const NormalizedText& other, std::size_t begin, std::size_t end) {
    text.append(other.text, begin, end - begin);
    origin.insert(origin.end(), other.origin.begin() + static_cast<std::ptrdiff_t>(begin),
                  other.origin.begin() + static_cast<std::ptrdiff_t>(end));
  }
  void swap(NormalizedText& other) noexcept {
    text.swap(other.text);
    origin.swap(other.origin);
  }
};

/// Writes a text character by character as NormalizedString::transform of the tokenizers crate does: each character
/// comes with a change that says which characters of the source it replaces. 0: the next one; 1: none (its origin is
/// that of the one before); -n: the next one, and n more are dropped.
class Rewriter {
 public:
  Rewriter(const NormalizedText& source, NormalizedText& target) : source_(source), target_(target) { target.clear(); }

  void emit(char32_t c, int change) {
    target_.append(c, origin(change));
    if (change <= 0) skip(1 - change);
  }

 private:
  std::uint32_t origin(int change) const noexcept {
    const std::size_t size = source_.origin.size();
    if (change > 0) return offset_ == 0 ? 0 : source_.origin[offset_ - 1];
    return offset_ < size ? source_.origin[offset_] : size == 0 ? 0 : source_.origin[size - 1];
  }
  void skip(int characters) noexcept {
    for (; characters > 0 && offset_ < source_.text.size(); --characters) offset_ += utf8_length(source_.text[offset_]);
  }

  const NormalizedText& source_;
  NormalizedText& target_;
  std::size_t offset_ = 0;  // bytes of the source that have been replaced
};

}  // namespace v0
}  // namespace seqguard
