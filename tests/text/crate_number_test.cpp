// Numbers of tokenizer files.
#include "text/crate_number.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/small_tokenizers.hpp"

using namespace seqguard;

namespace {

/// Scores that the tokenizers package (0.23.3) read from a file and wrote again.
struct Case {
  std::string_view text;
  double value;
};
constexpr Case k_cases[] = {
    {"-2.048382590695452", -0x1.063166965dc9cp+1},
    {"0.1", 0x1.999999999999ap-4},
    {"-9.87654321e+15", -0x1.18b54f4d20740p+53},
    {"-7.3E25", -0x1.e312cf6fc37e1p+85},
    {"-1.7e-320", -0x0.0000000000d71p-1022},
    {"-12.3456789012345678901234567890", -0x1.8b0fcd32f707ap+3},
    {"-1234567890123456789012.5e-21", -0x1.3c0ca428c59fbp+0},
    {"-18446744073709551616.5", -0x1p+64},
};
/// The same where it was not the nearest double.
constexpr Case k_twice_rounded[] = {
    {"-15.093952795953859", -0x1.e301a94b3faacp+3},
    {"-18.524174936642922", -0x1.28630542243a3p+4},
    {"-1.5510993373886799", -0x1.8d14d89eee80bp+0},
    {"-12.459089950745433128531658", -0x1.8eb0dd688bf6fp+3},
    {"-412335533859180801.907183950e-27", -0x1.c55e228198c1ep-32},
    {"-794564202623422038.332112191e-30", -0x1.bf4cc4fde9ee0p-41},
    {"-5.474514645604465e+163", -0x1.e6bdb308f9077p+543},
};

}  // namespace

TEST_CASE("numbers are read as the tokenizers package reads them, which is not always the nearest double") {
  for (const Case& c : k_cases) CHECK_MESSAGE(crate_number(c.text) == c.value, c.text);
  for (const Case& c : k_twice_rounded) {
    CHECK_MESSAGE(crate_number(c.text) == c.value, c.text);
    CHECK_MESSAGE(std::stod(std::string(c.text)) != c.value, c.text);
  }
  CHECK(std::signbit(crate_number("-0.0")));
  CHECK(crate_number("-1e-400") == 0);
  CHECK(crate_number("0e99999999999") == 0);
  CHECK(crate_number("1e-99999999999") == 0);
  CHECK(std::isinf(crate_number("1e309")));
  CHECK(crate_number("12,5") == 12.5);  // of the JSON library's buffer under a locale with a decimal comma
}

TEST_CASE(
    "of two ways through a word with the same pieces the last bits of the scores choose, as the crate reads them") {
  TokenizerParts parts;
  parts.normalizer = parts.pre_tokenizer = parts.post_processor = "null";
  parts.added_tokens = "[]";
  parts.model = R"({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -15.198534058242387],
                    ["b", -4.852300014572284], ["aa", -9.796028855691837]]})";
  // b aa a, as the tokenizers package has it; of the nearest doubles b a aa has the greater sum.
  CHECK(parts.build().encode("baaa").ids == std::vector<std::int32_t>{2, 3, 1});
  parts.model.replace(parts.model.find("-4.8523"), 18, "-4.8523000145722836");  // another double
  CHECK(parts.build().encode("baaa").ids == std::vector<std::int32_t>{2, 1, 3});
}
