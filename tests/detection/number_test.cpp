// Statistics of numbers, gaps and further columns over a sequence, and their views.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/detection/number_profile.hpp"
#include "seqguard/events/events_view.hpp"

using namespace seqguard;

namespace {

constexpr double k_none = std::numeric_limits<double>::quiet_NaN();

/// event (judged), price, device, time.
EventSchema schema() {
  EventSchema result;
  result.columns.resize(3);
  result.columns[0].name = "event";
  result.columns[1].name = "price";
  result.columns[1].kind = ColumnKind::numeric;
  result.columns[2].name = "device";
  result.time.emplace().name = "when";
  return result;
}

/// Five events with the prices 1, 3, none, 2, 4, on devices 7 7 8 7 7, 1 s, 3 s, none and 0 s apart.
EncodedEvents five_events() {
  EncodedEvents events;
  events.n = 5;
  events.types = {0, 1, 2, 3, 4};
  events.ids = {{2, 4, 5, 6, 7, 8, 3}, {}, {2, 7, 7, 8, 7, 7, 3}};
  events.values = {{}, {0, 1, 3, 0, 2, 4, 0}, {}};
  events.missing = {{}, {0, 0, 0, 1, 0, 0, 0}, {}};
  events.time_ms = {0, 1000, 4000, 2000, 2000};
  return events;
}

std::vector<double> statistics_of(const EventSchema& of, const EncodedEvents& events) {
  NumberScratch scratch;
  std::vector<double> result;
  append_statistics(number_blocks(of), events, scratch, result);
  return result;
}

void check_equal(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    if (std::isnan(expected[i]))
      CHECK(std::isnan(found[i]));
    else
      CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-12));  // sums of a few doubles
  }
}

std::vector<double> scores_of(const NumberProfile& profile, const std::vector<double>& statistics) {
  NumberScratch scratch;
  std::vector<double> result;
  profile.append_scores_of(statistics, scratch, result);
  return result;
}

/// The blocks of the device alone: log of the distinct values, share of changes.
std::vector<NumberBlock> device_block() {
  EventSchema of = schema();
  of.columns.erase(of.columns.begin() + 1);
  of.time.reset();
  return number_blocks(of);
}

}  // namespace

TEST_CASE("statistics of a sequence by hand") {
  const std::vector<NumberBlock> blocks = number_blocks(schema());
  REQUIRE(blocks.size() == 3);
  CHECK(blocks[1].column == "device");
  CHECK(blocks[2].column == "when");
  CHECK(blocks[2].first == 12);
  CHECK(count_statistics(blocks) == 22);
  const double log2 = std::log(2.0), log4 = std::log(4.0);  // log(1 + seconds) of 1 s and 3 s; 0 s: 0
  const double mean = (log2 + log4) / 3;
  const double spread = std::sqrt((log2 * log2 + log4 * log4) / 3 - mean * mean);
  check_equal(statistics_of(schema(), five_events()), {0.2,
                                                       2.5,
                                                       std::sqrt(1.25),
                                                       1,
                                                       1.75,
                                                       2.5,
                                                       3.25,
                                                       3.7,
                                                       4,
                                                       (2 + 4) / 2.0 - (1 + 3) / 2.0,  // price
                                                       std::log(2.0),
                                                       0.5,  // device
                                                       0.25,
                                                       mean,
                                                       spread,
                                                       0,
                                                       log2 / 2,
                                                       log2,
                                                       (log2 + log4) / 2,
                                                       0.2 * log2 + 0.8 * log4,
                                                       log4,
                                                       -log2});
}

TEST_CASE("statistics that a sequence does not have are NaN") {
  EncodedEvents one;
  one.n = 1;
  one.types = {0};
  one.ids = {{2, 4, 3}, {}, {2, 7, 3}};
  one.values = {{}, {0, 5, 0}, {}};
  one.missing = {{}, {0, 0, 0}, {}};
  one.time_ms = {k_no_time};
  check_equal(statistics_of(schema(), one),
              {0,      5, k_none, 5,      5,      5,      5,      5,      5,      k_none, 0,
               k_none, 0, k_none, k_none, k_none, k_none, k_none, k_none, k_none, k_none, k_none});
  one.missing[1][1] = 1;
  CHECK(statistics_of(schema(), one)[0] == 1);
  CHECK(std::isnan(statistics_of(schema(), one)[1]));
  EncodedEvents untimed = five_events();
  untimed.time_ms = {0, k_no_time, 4000, 5000, 4000};
  CHECK(statistics_of(schema(), untimed)[12] == 0.75);
  EventSchema lines = schema();
  lines.columns.resize(1);
  lines.time.reset();
  CHECK(number_blocks(lines).empty());
}

TEST_CASE("the views of numbers by hand") {
  // Two statistics of four normals: 0 1 2 3 and 5 5 5 NaN, which counts as the median 5.
  const std::vector<double> normals{0, 5, 1, 5, 2, 5, 3, k_none};
  const NumberProfile profile(device_block(), normals);
  CHECK(NumberProfile::views(profile.blocks()) ==
        std::vector<std::string>{"numbers", "numbers:device", "nearest:device"});
  // Mean 1.5 and deviation sqrt(1.25); mean 5, and the least deviation 1e-3 * 5.
  const double first = 1.5 / std::sqrt(1.25), second = 0.01 / 0.005;
  const auto logit = [](double share) { return std::log(share / (1 - share)); };
  // Ranks of the normals: (i + 1) / 5 of the first, 2.5 / 5 of the second; 3: .8, 5.01: 4.5 / 5.
  double distance = 4 * (logit(0.9) - logit(0.5));
  for (const double share : {0.2, 0.4, 0.6, 0.8}) distance += logit(0.8) - logit(share);
  check_equal(scores_of(profile, {3, 5.01}),
              {(first + second) / 2, (first + second) / 2, scores_of(profile, {3, 5.01})[2]});
  // Positions are floats.
  CHECK(scores_of(profile, {3, 5.01})[2] == doctest::Approx(distance / 8).epsilon(1e-6));
  check_equal(scores_of(profile, {1.5, k_none}), {0, 0, scores_of(profile, {1.5, 5})[2]});
  CHECK(profile.quantile(0, 1) == 3);
  CHECK_THROWS_AS(NumberProfile(device_block(), std::vector<double>{1, 2, 3}), Error);
  CHECK_THROWS_AS(NumberProfile(device_block(), {}), Error);
}

TEST_CASE("of many normals five thousand are kept, and only the five nearest count") {
  std::vector<double> normals;
  for (std::size_t i = 0; i < 12'000; ++i) normals.insert(normals.end(), {static_cast<double>(i % 2), 0.5});
  const NumberProfile profile(device_block(), normals);
  CHECK(profile.normals() == 5000);
  CHECK(scores_of(profile, {1, 0.5})[2] == doctest::Approx(0));
}

TEST_CASE("a profile of numbers is read as it was written, and files that do not fit are refused") {
  const std::vector<double> normals{0, 5, 1, 5, 2, 6, 3, k_none, 0.5, 2};
  const NumberProfile profile(device_block(), normals);
  ProfileWriter writer;
  writer.scope("numbers");
  profile.save(writer);
  const std::string bytes = writer.serialize();
  const SafetensorsFile file(std::as_bytes(std::span(bytes)), "memory");
  const NumberProfile loaded = NumberProfile::load(device_block(), ProfileReader(file, "numbers"));
  CHECK(scores_of(loaded, {2.5, k_none}) == scores_of(profile, {2.5, k_none}));
  CHECK_THROWS_AS(NumberProfile::load(number_blocks(schema()), ProfileReader(file, "numbers")), Error);
  CHECK_THROWS_AS(NumberProfile::load({}, ProfileReader(file, "numbers")), Error);
}

TEST_CASE("out-of-fold numbers: nobody is his own nearest normal, the same at any concurrency") {
  std::vector<double> normals;
  for (std::size_t i = 0; i < 40; ++i) normals.insert(normals.end(), {static_cast<double>(i * i), 1.0});
  const std::vector<double> scores = out_of_fold_numbers(device_block(), normals, 1);
  REQUIRE(scores.size() == 40 * 3);
  const NumberProfile own(device_block(), normals);
  for (std::size_t i = 0; i < 40; ++i)
    CHECK(scores[3 * i + 2] > scores_of(own, {normals[2 * i], normals[2 * i + 1]})[2] / 2);
  const auto pool = make_thread_pool(3);
  CHECK(out_of_fold_numbers(device_block(), normals, 1, *pool) == scores);
  CHECK(out_of_fold_numbers(device_block(), normals, 2) != scores);
}
