// JSON, written front to back.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace seqguard::cli {

/// Appends to a string; commas are put where they belong. Numbers have 9 significant digits, with which every float
/// comes back as it was; what is not finite becomes null.
class JsonText {
 public:
  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_array() { return open('['); }
  JsonText& end_array() { return close(']'); }

  JsonText& key(std::string_view name) {
    quote(name);
    text_ += ':';
    fresh_ = true;
    return *this;
  }
  JsonText& value(std::string_view text) {
    quote(text);
    return *this;
  }
  JsonText& value(const char* text) { return value(std::string_view(text)); }
  JsonText& value(const std::string& text) { return value(std::string_view(text)); }
  JsonText& value(std::same_as<bool> auto flag) { return raw(flag ? "true" : "false"); }
  JsonText& value(std::floating_point auto number) {
    if (!std::isfinite(number)) return raw("null");
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, 9).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
  }
  JsonText& value(std::integral auto number) requires(!std::same_as<decltype(number), bool>) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
  }
  template <class T>
  JsonText& values(std::span<const T> numbers) {
    begin_array();
    for (const T number : numbers) value(number);
    return end_array();
  }
  /// A member of an object.
  template <class T>
  JsonText& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  /// Text that is JSON already.
  JsonText& raw(std::string_view json) {
    separate();
    text_ += json;
    return *this;
  }
  /// Ends a line of JSON lines.
  void end_line() {
    text_ += '\n';
    fresh_ = true;
  }

  void clear() {
    text_.clear();
    fresh_ = true;
  }
  const std::string& text() const noexcept { return text_; }

 private:
  JsonText& open(char bracket) {
    separate();
    text_ += bracket;
    fresh_ = true;
    return *this;
  }
  JsonText& close(char bracket) {
    text_ += bracket;
    fresh_ = false;
    return *this;
  }
  void separate() {
    if (!fresh_) text_ += ',';
    fresh_ = false;
  }
  void quote(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    separate();
    text_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (c == '\n') {
        text_ += "\\n";
      } else if (c == '\t') {
        text_ += "\\t";
      } else if (static_cast<unsigned char>(c) < 0x20) {
        text_ += "\\u00";
        text_ += hex[static_cast<unsigned char>(c) >> 4];
        text_ += hex[static_cast<unsigned char>(c) & 15];
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }

  std::string text_;
  bool fresh_ = true;  // no comma before the next item
};

}  // namespace seqguard::cli
