// One field changes, every other byte stays.
#include "seqguard/events/rewrite.hpp"

#include <doctest/doctest.h>

#include "seqguard/core/error.hpp"

using namespace seqguard;

TEST_CASE("rewrite: CSV fields, quoted and not") {
  const std::string row = "a,\"b, \"\"c\"\"\r\nd\", e ,\r\n";
  CHECK(replace_field(row, DataFormat::csv, 0, "x") == "x,\"b, \"\"c\"\"\r\nd\", e ,\r\n");
  CHECK(replace_field(row, DataFormat::csv, 1, "x") == "a,x, e ,\r\n");
  CHECK(replace_field(row, DataFormat::csv, 2, "x,\"y\"") == "a,\"b, \"\"c\"\"\r\nd\",\"x,\"\"y\"\"\",\r\n");
  CHECK(replace_field(row, DataFormat::csv, 3, "x") == "a,\"b, \"\"c\"\"\r\nd\", e ,x\r\n");
  CHECK(replace_field("a,b", DataFormat::csv, 1, "x") == "a,x");
  CHECK_THROWS_AS(replace_field(row, DataFormat::csv, 4, "x"), Error);
  CHECK(csv_field("plain") == "plain");
  CHECK(csv_field("line\nbreak") == "\"line\nbreak\"");
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
