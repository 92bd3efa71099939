// JSON, written front to back. Private to the library and its program.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// Appends to a string; commas and line breaks are put where they belong. What is written is JSON and UTF-8 whatever
/// the texts are: ill-formed bytes become U+FFFD.
class JsonWriter {
 public:
  /// `indent` > 0: every element on a line of its own, so many blanks deeper for each level; 0: all in one line.
  explicit JsonWriter(std::size_t indent = 0) : indent_(indent) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(std::same_as<bool> auto flag) { return raw(flag ? "true" : "false"); }
  /// For people and reports: 9 significant digits, with which every float comes back as it was; null if not finite.
  JsonWriter& value(std::floating_point auto number) { return rounded(static_cast<double>(number)); }
  JsonWriter& value(std::unsigned_integral auto number) requires(!std::same_as<decltype(number), bool>) {
    return integer(number, false);
  }
  JsonWriter& value(std::signed_integral auto number) {
    const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
    return integer(number < 0 ? 0 - bits : bits, number < 0);
  }
  /// A double that will be read as the same double; null if not finite.
  JsonWriter& exact(double number);
  JsonWriter& integer(std::uint64_t magnitude, bool negative);
  JsonWriter& null() { return raw("null"); }
  /// Text that is JSON already.
  JsonWriter& raw(std::string_view json);

  /// An array.
  template <class Values>
  JsonWriter& values(const Values& elements) {
    begin_array();
    for (const auto& element : elements) value(element);
    return end_array();
  }
  /// A member of an object.
  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  JsonWriter& exact_field(std::string_view name, double number) { return key(name).exact(number); }

  /// Ends a document, or a line of JSON lines.
  JsonWriter& end_line();
  void clear();
  const std::string& text() const noexcept { return text_; }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& rounded(double number);
  void separate();
  void break_line();
  void quote(std::string_view text);

  std::string text_;
  std::size_t indent_, depth_ = 0;
  bool is_first_ = true;    // nothing stands yet in what is open
  bool after_key_ = false;  // the next item is the value of a member
};

}  // namespace v0
}  // namespace seqguard
