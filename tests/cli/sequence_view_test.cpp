// Sequences on a terminal.
#include "cli/sequence_view.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace seqguard;
using namespace seqguard::cli;

namespace {

Explanation explanation_of(std::size_t suspicious, std::size_t first, std::size_t count) {
  Explanation explanation;
  explanation.events.emplace_back();
  explanation.events.back().position = suspicious;
  explanation.stretch = Stretch{first, count, 0, 1, ""};
  return explanation;
}

}  // namespace

TEST_CASE("a short sequence is shown whole, what is suspicious in brackets or in colours") {
  const std::vector<std::string> events = {"login", "pay", "view", "", "logout"};
  const Explanation explanation = explanation_of(1, 1, 2);
  CHECK(sequence_lines(ColumnView(events), explanation, Paint(false)) ==
        std::vector<std::string>{"0:login  [1:pay]  2:view  3:\"\"  4:logout"});
  CHECK(sequence_lines(ColumnView(events), explanation, Paint(true)) ==
        std::vector<std::string>{"0:login  \x1b[1;31m1:pay\x1b[0m  \x1b[33m2:view\x1b[0m  3:\"\"  4:logout"});
}

TEST_CASE("of a long sequence the neighbourhood is shown, in lines") {
  std::vector<std::string> events(300, "view");
  const auto lines = sequence_lines(ColumnView(events), explanation_of(5, 200, 3), Paint(false));
  std::string all;
  for (const std::string& line : lines) {
    CHECK(line.size() <= 100);
    all += line + "  ";
  }
  CHECK(all.starts_with("..  3:view  4:view  [5:view]  6:view  7:view  ..  198:view  "));
  CHECK(all.ends_with("204:view  ..  "));
}

TEST_CASE("values cannot write over a terminal") {
  const std::vector<std::string> events = {"\x1b[2Jowned\n", "b"};
  CHECK(sequence_lines(ColumnView(events), explanation_of(1, 1, 1), Paint(false)).front() == "0:?[2Jowned?  [1:b]");
  CHECK(printable("") == "\"\"");
}

TEST_CASE("an alignment tells runs of the same and what stands for what") {
  NearestNormal nearest;
  const auto add = [&](const char* own, const char* normal) {
    AlignedEvent pair;
    if (*own != '\0') pair.own = 0;
    if (*normal != '\0') pair.normal = 0;
    pair.own_value = own;
    pair.normal_value = normal;
    nearest.alignment.push_back(pair);
  };
  add("a", "a");
  add("b", "b");
  add("c", "d");
  add("x", "");
  add("x", "");
  add("", "e");
  add("f", "f");
  CHECK(alignment_text(nearest, Paint(false)) ==
        "the same x2  [c for d]  [x for nothing x2]  [nothing for e]  the same");
  for (char c = 'a'; c < 'z'; ++c) add(std::string(1, c).c_str(), "");
  CHECK(alignment_text(nearest, Paint(false)).ends_with("  .."));
}

TEST_CASE("NO_COLOR and dumb terminals get brackets") {
  // Of a test no stderr is a terminal for sure; with these set it does not matter.
  ::setenv("NO_COLOR", "1", 1);
  CHECK(Paint::of_stderr().bad("x") == "[x]");
  CHECK(Paint::of_stderr().legend() == "suspicious events in brackets");
  ::unsetenv("NO_COLOR");
}
