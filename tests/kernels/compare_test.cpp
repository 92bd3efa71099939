#include "support/compare.hpp"

#include <doctest/doctest.h>

using namespace seqguard;

namespace {

std::string judge(std::vector<float> found, std::vector<double> expected, double bound) {
  return mismatch("repro line", found, expected, [&](std::size_t) { return bound; });
}

}  // namespace

TEST_CASE("the comparator accepts what is within its bound") {
  CHECK(judge({1, 2, 3}, {1, 2.001, 3}, 0.01) == "");
  CHECK(judge({}, {}, 0) == "");
  CHECK(judge({0, 1}, {0, 1}, 0) == "");
  CHECK(judge({NAN, INFINITY, -INFINITY}, {NAN, INFINITY, -1e300}, 0) == "");
}

TEST_CASE("the comparator rejects wrong answers and says where") {
  const std::string message = judge({1, 2, 3, 4}, {1, 2, 3.5, 4.1}, 0.01);
  CHECK(message.find("repro line") != std::string::npos);
  CHECK(message.find("[2]: expected 3.5, found 3") != std::string::npos);
  CHECK(judge({1, 2}, {1, 2, 3}, 1) != "");
  CHECK(judge({NAN}, {1}, 1e9) != "");
  CHECK(judge({1}, {NAN}, 1e9) != "");
  CHECK(judge({INFINITY}, {1}, 1e9) != "");
  CHECK(judge({1}, {INFINITY}, 1e9) != "");
  CHECK(judge({INFINITY}, {-INFINITY}, 1e9) != "");
  CHECK(judge({1}, {1.5}, NAN) != "");
  SUBCASE("zeros that a wide bound would let pass") {
    CHECK(judge({0, 0, 1e-9F}, {1e-9, 1e-9, 1e-9}, 1) != "");
    CHECK(judge({0, 1e-9F, 1e-9F}, {1e-9, 1e-9, 1e-9}, 1) == "");
  }
}

TEST_CASE("guarded arrays notice writes outside") {
  GuardedFloats array(5, 3);
  CHECK(reinterpret_cast<std::uintptr_t>(array.data() - 3) % 64 == 0);
  array.data()[4] = 1;
  CHECK(array.intact());
  SUBCASE("behind") { array.data()[5] = 0; }
  SUBCASE("before") { array.data()[-1] = 0; }
  CHECK_FALSE(array.intact());
}
