// How the program words numbers.
#include "cli/console.hpp"

#include <doctest/doctest.h>

using namespace seqguard::cli;

TEST_CASE("shares have enough digits") {
  CHECK(percent(0) == "0.0 %");
  CHECK(percent(1) == "100.0 %");
  CHECK(percent(0.01) == "1.0 %");
  CHECK(percent(0.1234) == "12.3 %");
  CHECK(percent(0.001) == "0.1 %");
  CHECK(percent(0.0025) == "0.25 %");
  CHECK(percent(0.0005) == "0.05 %");
  CHECK(percent(0.0001) == "0.01 %");
  CHECK(percent(0.0000012) == "0.00012 %");
  CHECK(percent(1e-9) == "1e-07 %");
}

TEST_CASE("one of a thing is no several") {
  CHECK(counted(0, "bad row") == "0 bad rows");
  CHECK(counted(1, "bad row") == "1 bad row");
  CHECK(counted(1234, "bad row") == "1,234 bad rows");
  CHECK(byte_size(1) == "1 byte");
}
