#include "core/json_writer.hpp"

#include <charconv>
#include <cmath>

#include "core/json_events.hpp"
#include "core/utf8.hpp"

namespace seqguard {
inline namespace v0 {

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  text_ += indent_ > 0 ? ": " : ":";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

JsonWriter& JsonWriter::rounded(double number) {
  if (!std::isfinite(number)) return null();
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, 9).ptr;
  return raw({digits, static_cast<std::size_t>(end - digits)});
}

JsonWriter& JsonWriter::exact(double number) { return raw(exact_json_number(number)); }

JsonWriter& JsonWriter::integer(std::uint64_t magnitude, bool negative) {
  char digits[24] = "-";
  const auto end = std::to_chars(digits + (negative ? 1 : 0), digits + sizeof digits, magnitude).ptr;
  return raw({digits, static_cast<std::size_t>(end - digits)});
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

JsonWriter& JsonWriter::end_line() {
  text_ += '\n';
  is_first_ = true;
  return *this;
}

void JsonWriter::clear() {
  text_.clear();
  depth_ = 0;
  is_first_ = true;
  after_key_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  ++depth_;
  is_first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  --depth_;
  if (!is_first_) break_line();
  text_ += bracket;
  is_first_ = false;
  return *this;
}

/// What stands between the item before and the one that comes.
void JsonWriter::separate() {
  if (!after_key_) {
    if (!is_first_) text_ += ',';
    if (depth_ > 0) break_line();
  }
  after_key_ = false;
  is_first_ = false;
}

void JsonWriter::break_line() {
  if (indent_ > 0) text_.append("\n").append(indent_ * depth_, ' ');
}

void JsonWriter::quote(std::string_view text) {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repair_utf8(text, repaired);
    text = repaired;
  }
  constexpr std::string_view hex = "0123456789abcdef", short_names = "btn?fr";  // of the bytes from 8 on
  text_ += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (byte >= 0x20) {
      text_ += c;
    } else if (byte >= 8 && byte <= 13 && byte != 11) {
      text_ += '\\';
      text_ += short_names[byte - 8u];
    } else {
      text_ += "\\u00";
      text_ += hex[byte >> 4];
      text_ += hex[byte & 15];
    }
  }
  text_ += '"';
}

}  // namespace v0
}  // namespace seqguard
