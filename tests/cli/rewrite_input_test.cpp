// Edits written back into the input, insertions among them, which no search proposes yet.
#include "cli/rewrite_input.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

Edit insertion(std::size_t position, std::size_t rank, const std::string& value) {
  return {.operation = EditOperation::insert, .position = position, .rank = rank, .after = value};
}
Edit removal(std::size_t position) { return {.operation = EditOperation::remove, .position = position}; }
Edit replacement(std::size_t position, const std::string& value) {
  return {.operation = EditOperation::replace, .position = position, .after = value};
}

/// `text` with one list of edits per sequence.
std::string rewritten(const std::string& text, DataFormat format, const std::vector<std::vector<Edit>>& edits) {
  const Dataset data = read_events_from_text(text, "input", {.format = format, .keep_raw = true});
  std::vector<Repair> repairs;
  for (const auto& script : edits) repairs.push_back({.result = RepairResult::repaired, .edits = script});
  return cli::rewrite_input(data, repairs);
}

std::string lines(const std::string& text, const std::vector<std::vector<Edit>>& edits) {
  return rewritten(text, DataFormat::lines, edits);
}

}  // namespace

TEST_CASE("lines: inserted events stand where they belong, every other byte stays") {
  const std::string text = "a  b\tc \r\nx y\n";
  CHECK(lines(text, {{}, {}}) == text);
  CHECK(lines(text, {{insertion(0, 0, "n")}, {}}) == "n a  b\tc \r\nx y\n");
  CHECK(lines(text, {{insertion(2, 0, "n")}, {}}) == "a  b\tn c \r\nx y\n");
  CHECK(lines(text, {{insertion(3, 0, "n")}, {}}) == "a  b\tc n \r\nx y\n");
  // By rank, whatever the order of the list; before what happens to the event.
  CHECK(lines(text, {{}, {insertion(1, 1, "m"), replacement(1, "z"), insertion(1, 0, "n")}}) ==
        "a  b\tc \r\nx n m z\n");
  CHECK(lines(text, {{}, {insertion(2, 1, "m"), insertion(2, 0, "n")}}) == "a  b\tc \r\nx y n m\n");
  CHECK(lines("a b", {{insertion(2, 0, "n")}}) == "a b n");
}

TEST_CASE("lines: insertions beside removed events") {
  CHECK(lines("a b c\n", {{removal(1), insertion(1, 0, "n")}}) == "a n c\n");
  CHECK(lines("a b c\n", {{removal(2), insertion(3, 0, "n")}}) == "a b n\n");
  CHECK(lines("a b c\n", {{removal(2), insertion(2, 0, "n")}}) == "a b n\n");
  // Nothing is left of the second line but the new event.
  CHECK(lines("a\nb c\n", {{}, {removal(0), removal(1), insertion(2, 0, "n")}}) == "a\nn\n");
}

TEST_CASE("an inserted event that the format cannot hold is refused by name") {
  CHECK_THROWS_WITH_AS(lines("a b\n", {{insertion(0, 0, "two words")}}), doctest::Contains("separator"), Error);
  CHECK_THROWS_WITH_AS(rewritten("user,event\nu,a\n", DataFormat::csv, {{insertion(0, 0, "n")}}),
                       doctest::Contains("an inserted event cannot be written yet"), Error);
  CHECK(rewritten("user,event\nu,a\nu,b\n", DataFormat::csv, {{removal(0), replacement(1, "c")}}) ==
        "user,event\nu,c\n");
}
