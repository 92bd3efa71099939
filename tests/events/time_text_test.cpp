// Times written in the style of others, and orders between others.
#include "events/time_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "events/order_between.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

using namespace seqguard;

namespace {

/// The time of `text`, moved by `ms`, in the style of `text`.
std::string moved(std::string_view text, std::string_view unit, std::int64_t ms) {
  ExactTime time;
  REQUIRE(parse_time(text, {std::string(unit)}, time) == ParseStatus::ok);
  return time_text(*time_style(text, {std::string(unit)}), time.ms + ms, time.ns);
}

}  // namespace

TEST_CASE("times are written as they stood: unit, digits, marks, zone") {
  for (const auto& [text, unit] :
       std::vector<std::pair<std::string, std::string>>{{"1714557600", "s"},
                                                        {"-0.5", "s"},
                                                        {"0", "ns"},
                                                        {"0.000", "s"},
                                                        {"-1714557600.123456789", "s"},
                                                        {"1714557600123.250", "ms"},
                                                        {"1714557600123456.5", "us"},
                                                        {"-999999", "ns"},
                                                        {"12345678", "ns"},
                                                        {"2024-02-29", "s"},
                                                        {"0000-01-01", "s"},
                                                        {"9999-12-31T23:59:59.999", "s"},
                                                        {"1969-12-31T23:59:59.000000001Z", "s"},
                                                        {"2024-05-01 00:30+02:00", "s"},
                                                        {"2024-05-01T23:30:05,5-0530", "s"},
                                                        {"2024-05-01t10:20:30z", "s"},
                                                        {"2024-05-01T10:20:30-02", "s"}}) {
    CAPTURE(text);
    CHECK(moved(text, unit, 0) == text);
  }
  CHECK(moved("1.7e9", "s", 0) == "1700000000");
  CHECK(moved(" 5 ", "s", 1000) == "6");
  CHECK(moved("2024-05-01T23:59+01:00", "s", 60'000) == "2024-05-02T00:00+01:00");
}

TEST_CASE("times are rounded down to their last digit, before 1970 too") {
  CHECK(moved("10", "s", 1999) == "11");
  CHECK(moved("10", "s", -10'001) == "-1");
  CHECK(moved("0.5", "s", -750) == "-0.3");
  CHECK(moved("1970-01-01T00:00:00Z", "s", -1) == "1969-12-31T23:59:59Z");
  CHECK(moved("1970-01-02", "s", -1) == "1970-01-01");
  CHECK(moved("1970-01-01T00:00:01.5Z", "s", 149) == "1970-01-01T00:00:01.6Z");
  CHECK_THROWS_AS(moved("0000-01-01", "s", -1), Error);
  CHECK_THROWS_AS(moved("9999-12-31", "s", 86'400'000), Error);
}

TEST_CASE("digits of a column: the most of them, zeros only where all have them") {
  TimeStyle style = *time_style("1.5", {"s"});
  widen(style, *time_style("2.75", {"s"}));
  CHECK(time_text(style, 3500, 0) == "3.5");
  CHECK(time_text(style, 3000, 0) == "3");
  CHECK(time_text(style, 3259, 0) == "3.25");
  style = *time_style("1.50", {"s"});
  widen(style, *time_style("2.75", {"s"}));
  widen(style, *time_style("2024-05-01", {"s"}));  // another form is no guide
  CHECK(time_text(style, 3500, 0) == "3.50");
  CHECK_FALSE(time_style("", {"s"}).has_value());
  CHECK_FALSE(time_style("soon", {"s"}).has_value());
  CHECK(moved("1e-40", "s", 1000) == "1.000000000000000000");  // no more digits than a time can have
}

TEST_CASE("orders between: whole numbers where there are some, else the fewest digits") {
  using Texts = std::vector<std::string>;
  CHECK(*numbers_between("10", "20", 1) == Texts{"15"});
  CHECK(*numbers_between("10", "13", 2) == Texts{"11", "12"});
  CHECK(*numbers_between("10", "12", 2) == Texts{"10.6", "11.2"});
  CHECK(*numbers_between("-1", "0", 1) == Texts{"-0.5"});
  CHECK(*numbers_between("1.5", "1.6", 1) == Texts{"1.55"});
  CHECK(*numbers_between("-0.25", "-0.2", 4) == Texts{"-0.24", "-0.23", "-0.22", "-0.21"});
  CHECK(*numbers_between({}, "0.5", 2) == Texts{"-1", "0"});
  CHECK(*numbers_between("-7.5", {}, 2) == Texts{"-7", "-6"});
  CHECK(*numbers_between("1714557600123456789", "1714557600123456791", 1) == Texts{"1714557600123456790"});
  CHECK(*numbers_between("-1714557600123456789", "1714557600123456789", 1) == Texts{"0"});
  CHECK_FALSE(numbers_between("1714557600123456789", "1714557600123456790", 1).has_value());
  CHECK_FALSE(numbers_between("9223372036854775807", {}, 1).has_value());
  CHECK_FALSE(numbers_between("1e30", "1e-30", 1).has_value());
  CHECK_FALSE(numbers_between("7", "7", 1).has_value());
  CHECK_FALSE(numbers_between("2024-05-01", "2024-05-03", 1).has_value());
  CHECK_FALSE(numbers_between("123456789012345678901", {}, 1).has_value());
  CHECK_FALSE(numbers_between({}, {}, 1).has_value());
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    const auto number = [&] {
      return std::to_string(static_cast<int>(random.below(2000)) - 1000) + (random.uniform() < 0.5 ? "" : ".0625");
    };
    std::vector<std::string> texts = {number(), number()};
    const auto key = [](const std::string& text) {
      OrderKey result;
      TimeForm form;
      REQUIRE(parse_order(text, {}, result, form) == ParseStatus::ok);
      return result;
    };
    if (key(texts[1]) < key(texts[0])) std::swap(texts[0], texts[1]);
    if (key(texts[1]) == key(texts[0])) continue;
    const auto between = numbers_between(texts[0], texts[1], 1 + random.below(30));
    REQUIRE(between.has_value());
    texts.insert(texts.begin() + 1, between->begin(), between->end());
    for (std::size_t i = 1; i < texts.size(); ++i) REQUIRE(key(texts[i - 1]) < key(texts[i]));
  }
}
