#include "text/grapheme.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace seqguard;

namespace {

/// The text with a bar between its clusters.
std::string cut(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = grapheme_end(text, begin);
    out += (out.empty() ? "" : "|") + std::string(text.substr(begin, end - begin));
  }
  return out;
}

}  // namespace

TEST_CASE("grapheme clusters follow each rule of Unicode annex 29") {
  CHECK(cut("ab \r\n\na") == "a|b| |\r\n|\n|a");  // GB3 to GB5
  CHECK(cut("\u1100\u1161\u11A8\u1100\uAC00\u11A8\uAC01\u11A8\u1161") ==
        "\u1100\u1161\u11A8|\u1100\uAC00\u11A8|\uAC01\u11A8|\u1161");
  CHECK(cut("a\u0301\u200D\u0323b") == "a\u0301\u200D\u0323|b");                       // GB9
  CHECK(cut("\u0915\u0903\u0915\n\u0903") == "\u0915\u0903|\u0915|\n|\u0903");         // GB9a
  CHECK(cut("\u0600\u0661a") == "\u0600\u0661|a");                                     // GB9b
  CHECK(cut("\u0915\u094D\u0937\u0915\u0937") == "\u0915\u094D\u0937|\u0915|\u0937");  // GB9c
  CHECK(cut("\u0915\u094D\u200C\u0937") == "\u0915\u094D\u200C|\u0937");
  CHECK(cut("\U0001F469\u200D\U0001F469\U0001F469\u200Da") == "\U0001F469\u200D\U0001F469|\U0001F469\u200D|a");  // GB11
  CHECK(cut("\U0001F469\U0001F3FB\u200D\U0001F469") == "\U0001F469\U0001F3FB\u200D\U0001F469");
  // Characters of Unicode 17, and those that it leaves to later versions (utf8proc 2.8 has Unicode 15).
  CHECK(cut("a\u1ADDb\u1AEBc\u1ADE\u0B53") == "a\u1ADD|b\u1AEB|c|\u1ADE|\u0B53");
  CHECK(cut("\U0001F1E6\U0001F1E7\U0001F1E8\U0001F1E9\U0001F1EA") ==
        "\U0001F1E6\U0001F1E7|\U0001F1E8\U0001F1E9|\U0001F1EA");  // GB12
}
