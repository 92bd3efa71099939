#include "report/html.hpp"

#include <cstdio>

#include "core/utf8.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_replacement = "\xEF\xBF\xBD";

std::string coordinate(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2f", value);
  std::string result = text;
  while (result.back() == '0') result.pop_back();
  if (result.back() == '.') result.pop_back();
  return result == "-0" ? "0" : result;
}

}  // namespace

std::string shortened(std::string_view text, std::size_t most) {
  std::size_t bytes = 0, characters = 0;
  std::size_t kept = 0;  // bytes of the first most - 1 characters
  while (bytes < text.size()) {
    if (characters + 1 == most) kept = bytes;
    bytes += first_utf8_part(text.substr(bytes)).size;
    ++characters;
  }
  return characters <= most ? std::string(text) : std::string(text.substr(0, kept)) + "\xE2\x80\xA6";
}

Attribute::Attribute(Literal attribute, double number) : name(attribute), value(coordinate(number)) {}

void Html::escape(std::string_view text) {
  while (!text.empty()) {
    const Utf8Part part = first_utf8_part(text);
    const char c = text[0];
    const bool is_control = (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7f;
    if (!part.well_formed || is_control)
      text_ += k_replacement;
    else if (c == '&')
      text_ += "&amp;";
    else if (c == '<')
      text_ += "&lt;";
    else if (c == '>')
      text_ += "&gt;";
    else if (c == '"')
      text_ += "&quot;";
    else if (c == '\'')
      text_ += "&#39;";
    else
      text_ += text.substr(0, part.size);
    text.remove_prefix(part.size);
  }
}

Html& Html::open(Literal tag, Attributes attributes) {
  void_element(tag, attributes);
  open_.push_back(tag.text());
  return *this;
}

Html& Html::close() {
  text_.append("</").append(open_.back()).append(">");
  open_.pop_back();
  return *this;
}

Html& Html::text(std::string_view text) {
  escape(shortened(text, k_longest_text));
  return *this;
}

Html& Html::element(Literal tag, std::string_view content, Attributes attributes) {
  return open(tag, attributes).text(content).close();
}

Html& Html::void_element(Literal tag, Attributes attributes) {
  text_.append("<").append(tag.text());
  for (const Attribute& attribute : attributes) {
    text_.append(" ").append(attribute.name.text()).append("=\"");
    escape(attribute.value);
    text_ += '"';
  }
  text_ += '>';
  return *this;
}

Html& Html::literal(Literal text) {
  text_ += text.text();
  return *this;
}

std::string Html::finish() {
  while (!open_.empty()) close();
  text_ += '\n';
  return std::move(text_);
}

}  // namespace v0
}  // namespace seqguard
