#include "seqguard/core/load_options.hpp"

#include <doctest/doctest.h>

#include "seqguard/core/error.hpp"

using namespace seqguard;

TEST_CASE("precision: names, and what is not offered is refused by its own") {
  CHECK(precision_from_string("fp32") == Precision::fp32);
  CHECK_NOTHROW(require_offered(Precision::fp32));
  for (const Precision precision : {Precision::bf16x3, Precision::bf16, Precision::int8}) {
    const std::string refusal = "precision: not offered yet, expected fp32, found " + std::string(to_string(precision));
    CHECK_THROWS_WITH_AS(precision_from_string(to_string(precision)), refusal.c_str(), Error);
    CHECK_THROWS_WITH_AS(require_offered(precision), refusal.c_str(), Error);
  }
  CHECK_THROWS_WITH_AS(precision_from_string("fp64"),
                       "precision: unknown name, expected fp32, bf16x3, bf16 or int8, found fp64", Error);
}
