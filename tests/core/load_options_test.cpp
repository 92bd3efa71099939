#include "seqguard/core/load_options.hpp"

#include <doctest/doctest.h>

#include <string>

#include "seqguard/core/error.hpp"

using namespace seqguard;

TEST_CASE("precision (--precision): names, and what an instruction set does not offer is refused by its own") {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8})
    CHECK(precision_from_string(to_string(precision)) == precision);
  CHECK(precision_from_string("auto") == Precision::fp32);
  CHECK_THROWS_WITH_AS(precision_from_string("int4"),
                       "precision (--precision): unknown name, expected auto, fp32, bf16 or int8, found int4", Error);
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    CHECK(offered_precisions(isa).size() == 1);
    CHECK_NOTHROW(require_offered(Precision::fp32, isa));
    for (const Precision precision : {Precision::bf16, Precision::int8}) {
      const std::string refusal = "precision (--precision): not offered for the instruction set " +
                                  std::string(to_string(isa)) + ", expected fp32, found " +
                                  std::string(to_string(precision));
      CHECK_THROWS_WITH_AS(require_offered(precision, isa), refusal.c_str(), Error);
    }
  }
  CHECK(offered_precisions(Isa::avx512_bf16).size() == 3);
  for (const Precision precision : {Precision::bf16, Precision::int8})
    CHECK_NOTHROW(require_offered(precision, Isa::avx512_bf16));
}
