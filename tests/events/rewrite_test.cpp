// Rows as a format writes them; one field changes, every other byte stays.
#include "seqguard/events/rewrite.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

TEST_CASE("rewrite: CSV fields, quoted and not") {
  const std::string row = "a,\"b, \"\"c\"\"\r\nd\", e ,\r\n";
  CHECK(replace_field(row, DataFormat::csv, 0, "x") == "x,\"b, \"\"c\"\"\r\nd\", e ,\r\n");
  CHECK(replace_field(row, DataFormat::csv, 1, "x") == "a,x, e ,\r\n");
  CHECK(replace_field(row, DataFormat::csv, 2, "x,\"y\"") == "a,\"b, \"\"c\"\"\r\nd\",\"x,\"\"y\"\"\",\r\n");
  CHECK(replace_field(row, DataFormat::csv, 3, "x") == "a,\"b, \"\"c\"\"\r\nd\", e ,x\r\n");
  CHECK(replace_field("a,b", DataFormat::csv, 1, "x") == "a,x");
  CHECK_THROWS_AS(replace_field(row, DataFormat::csv, 4, "x"), Error);
}

TEST_CASE("rewrite: tab-separated fields and lines") {
  CHECK(replace_field("a\tb\tc\r\n", DataFormat::recbole, 2, "x y") == "a\tb\tx y\r\n");
  CHECK(replace_field("a\tb\tc\n", DataFormat::recbole, 0, "") == "\tb\tc\n");
  CHECK_THROWS_AS(replace_field("a\tb\n", DataFormat::recbole, 2, "x"), Error);
  CHECK_THROWS_AS(replace_field("a\tb\n", DataFormat::recbole, 1, "x\ty"), Error);
  CHECK(replace_field("a  ", DataFormat::lines, 0, "x") == "x  ");
  CHECK(replace_field("a\n", DataFormat::lines, 0, "x") == "x\n");
  CHECK_THROWS_AS(replace_field("a\n", DataFormat::lines, 0, "x y"), Error);
  CHECK_THROWS_AS(replace_field("a\n", DataFormat::lines, 1, "x"), Error);
}

TEST_CASE("rewrite: whole rows") {
  std::string text;
  append_row(text, DataFormat::csv, std::vector<std::string_view>{"plain", "", "a,b", "\"", "line\nbreak"});
  append_row(text, DataFormat::recbole, std::vector<std::string_view>{"a,b", "", "\""});
  CHECK(text == "plain,,\"a,b\",\"\"\"\",\"line\nbreak\"\na,b\t\t\"\n");
  CHECK_THROWS_AS(append_row(text, DataFormat::recbole, std::vector<std::string_view>{"a\tb"}), Error);
  CHECK_THROWS_AS(append_row(text, DataFormat::lines, std::vector<std::string_view>{"a"}), Error);
}

TEST_CASE("rewrite: a table from one format to another") {
  const std::string csv = "user,event\na,x\nb,\"y,\"\"z\"\"\"\n";
  const auto copy = [](const std::string& text, DataFormat from, DataFormat to) {
    return table_text(*open_rows_from_text(text, "file", {.format = from}), to);
  };
  const std::string tabs = copy(csv, DataFormat::csv, DataFormat::recbole);
  CHECK(tabs == "user\tevent\na\tx\nb\ty,\"z\"\n");
  CHECK(copy(tabs, DataFormat::recbole, DataFormat::csv) == csv);
  CHECK_THROWS_WITH_AS(copy("user,event\na,x\nb\n", DataFormat::csv, DataFormat::csv),
                       "file:3: expected 2 fields, found 1", Error);
}
