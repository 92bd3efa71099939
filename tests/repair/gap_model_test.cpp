// Histograms of gaps: by hand, backed off, saved and loaded.
#include "seqguard/repair/gap_model.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

/// Events with their times; only types and times are read.
EncodedEvents sequence(std::vector<TypeId> types, std::vector<std::int64_t> times) {
  EncodedEvents events;
  events.n = types.size();
  events.types = std::move(types);
  events.time_ms = std::move(times);
  return events;
}

GapModel fitted(const std::vector<EncodedEvents>& normals) {
  std::vector<const EncodedEvents*> pointers;
  for (const EncodedEvents& normal : normals) pointers.push_back(&normal);
  GapModel model;
  model.fit(pointers);
  return model;
}

const std::vector<EncodedEvents>& sample() {
  static const std::vector<EncodedEvents> normals = {sequence({0, 1, 2, 1}, {0, 0, 1000, 61'000}),
                                                     sequence({0, 1, 2}, {0, 100, k_no_time}),
                                                     sequence({0, 1}, {5000, 4000}), sequence({3, 3}, {})};
  return normals;
}

std::string saved(const GapModel& model) {
  ProfileWriter writer;
  writer.scope("gaps");
  model.save(writer);
  return writer.serialize();
}

GapModel loaded(const std::string& bytes) {
  const SafetensorsFile file(std::as_bytes(std::span(bytes)), "gaps.safetensors");
  GapModel model;
  model.load(ProfileReader(file, "gaps"));
  return model;
}

}  // namespace

TEST_CASE("buckets of gaps: none, then 1.5 to an octave, the last one open") {
  const std::pair<std::int64_t, std::size_t> expected[] = {
      {-5, 0},  {0, 0},          {1, 1},
      {58, 1},  {59, 2},         {100, 2},
      {152, 3}, {3'600'000, 23}, {std::numeric_limits<std::int64_t>::max(), 39}};
  for (const auto& [gap, bucket] : expected) {
    CAPTURE(gap);
    CHECK(GapModel::bucket(gap) == bucket);
  }
}

TEST_CASE("gaps between times at the ends of their range are the longest that a number holds") {
  constexpr std::int64_t k_first = k_no_time + 1, k_last = std::numeric_limits<std::int64_t>::max();
  CHECK(GapModel::gap_ms(1000, 5000) == 4000);
  CHECK(GapModel::gap_ms(5000, 1000) == -4000);
  CHECK(GapModel::gap_ms(k_first, k_last) == k_last);
  CHECK(GapModel::gap_ms(k_last, k_first) == -k_last);
}

TEST_CASE("probabilities of gaps are counts of the pair, backed off to the event and to all") {
  const GapModel model = fitted(sample());
  CHECK(model.sequences() == 3);  // one has no times
  CHECK(model.disordered() == 1);
  // Gaps: 0 -> 1 of 0, 100 and -1000 ms, 1 -> 2 of 1,000 ms, 2 -> 1 of 60,000 ms: buckets 0 2 0 6 14.
  const std::size_t second = GapModel::bucket(1000), minute = GapModel::bucket(60'000);
  REQUIRE(second == 6);
  REQUIRE(minute == 14);
  const auto all = [](double count) { return (count + 1) / (5 + 40); };
  const auto event_1 = [&](double count, double of_all) { return (count + 20 * all(of_all)) / (4 + 20); };
  const auto row = model.log_probabilities(0, 1);
  CHECK(std::exp(row[0]) == doctest::Approx((2 + 10 * event_1(2, 2)) / 13));
  CHECK(std::exp(row[2]) == doctest::Approx((1 + 10 * event_1(1, 1)) / 13));
  CHECK(std::exp(row[minute]) == doctest::Approx(10 * event_1(1, 1) / 13));
  CHECK(std::exp(row[30]) == doctest::Approx(10 * event_1(0, 0) / 13));
  CHECK(std::exp(model.log_probabilities(2, 1)[minute]) == doctest::Approx((1 + 10 * event_1(1, 1)) / 11));
  CHECK(std::exp(model.log_probabilities(7, 1)[minute]) == doctest::Approx(event_1(1, 1)));  // pair not seen
  CHECK(std::exp(model.log_probabilities(0, 7)[minute]) == doctest::Approx(all(1)));         // event not seen
  CHECK(std::exp(GapModel().log_probabilities(0, 1)[minute]) == doctest::Approx(1.0 / 40));
  for (const TypeId event : {1, 2, 7}) {
    double sum = 0;
    for (const double p : model.log_probabilities(0, event)) sum += std::exp(p);
    CHECK(sum == doctest::Approx(1));
  }
  CHECK(GapModel::log_probability(row, -1) == -30);
  CHECK(GapModel::log_probability(row, 60'000) == row[minute]);
}

TEST_CASE("the median gap is that of the pair, of the event, of all, and never below 0") {
  const GapModel model = fitted(sample());
  CHECK(model.median_ms(0, 1) == 0);  // -1000, 0, 100
  CHECK(model.median_ms(1, 2) == 1000);
  CHECK(model.median_ms(7, 2) == 1000);  // the event's
  CHECK(model.median_ms(7, 1) == 0);     // -1000, 0, 100, 60,000: the lower of the two in the middle
  CHECK(model.median_ms(7, 7) == 100);
  CHECK(GapModel().median_ms(0, 1) == 0);
  CHECK(fitted({sequence({0, 1}, {9, 3})}).median_ms(0, 1) == 0);
}

TEST_CASE("a gap model does not depend on the order of the normals, and is the same when read again") {
  std::vector<EncodedEvents> normals = sample();
  const GapModel model = fitted(normals);
  std::swap(normals[0], normals[2]);
  CHECK(saved(fitted(normals)) == saved(model));
  const GapModel again = loaded(saved(model));
  CHECK(again.log_probabilities(2, 1) == model.log_probabilities(2, 1));
  CHECK(again.median_ms(1, 2) == 1000);
  CHECK(again.sequences() == 3);
  CHECK(again.disordered() == 1);
  CHECK(again.bytes() == model.bytes());
  CHECK(saved(loaded(saved(GapModel()))) == saved(GapModel()));
}

TEST_CASE("memory of a gap model is bounded: the most frequent pairs are kept") {
  std::vector<EncodedEvents> normals;
  // 400 x 400 pairs once each, one of them three times.
  for (TypeId a = 0; a < 400; ++a)
    for (TypeId b = 0; b < 400; ++b) normals.push_back(sequence({a, b}, {0, 1000}));
  normals.push_back(sequence({5, 7, 5, 7}, {0, 60'000, 3'600'000, 3'660'000}));
  const GapModel model = fitted(normals);
  const std::size_t groups = std::size_t{1} + 400 + 131'072;
  CHECK(model.bytes() < groups * 33);  // of each: key, median, end, one cell, and 4 bytes to find it
  CHECK(model.median_ms(5, 7) == 60'000);
}

TEST_CASE("damaged gap models are refused by file and array") {
  const auto refusal = [](const std::function<void(ProfileWriter&)>& write) {
    ProfileWriter writer;
    writer.scope("gaps");
    write(writer);
    try {
      loaded(writer.serialize());
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_checkpoint);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  using U64 = std::vector<std::uint64_t>;
  using U32 = std::vector<std::uint32_t>;
  const auto arrays = [&](const U64& sequences, const U64& groups, const U64& medians, const U32& ends,
                          const U32& buckets, const U32& counts) {
    return refusal([&](ProfileWriter& writer) {
      writer.write("sequences", sequences);
      writer.write("groups", groups);
      writer.write("medians", medians);
      writer.write("ends", ends);
      writer.write("buckets", buckets);
      writer.write("counts", counts);
    });
  };
  CHECK(arrays({3, 1}, {4, 9}, {0, 5}, {1, 2}, {3, 39}, {1, 1}) == "accepted");
  const auto contains = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  contains(arrays({3, 4}, {4, 9}, {0, 5}, {1, 2}, {3, 39}, {1, 1}), "gaps.sequences: not two numbers");
  contains(arrays({3, 1}, {9, 4}, {0, 5}, {1, 2}, {3, 39}, {1, 1}), "gaps.groups");
  contains(arrays({3, 1}, {4, 9}, {0}, {1, 2}, {3, 39}, {1, 1}), "gaps.medians");
  contains(arrays({3, 1}, {4, 9}, {0, ~std::uint64_t{0}}, {1, 2}, {3, 39}, {1, 1}), "gaps.medians: above 2^60");
  contains(arrays({3, 1}, {4, 9}, {0, 5}, {1}, {3, 39}, {1, 1}), "gaps.ends");
  contains(arrays({3, 1}, {4, 9}, {0, 5}, {2, 1}, {3, 39}, {1, 1}), "gaps.ends: not ascending");
  contains(arrays({3, 1}, {4, 9}, {0, 5}, {1, 3}, {3, 39}, {1, 1}), "gaps.ends: not ascending");
  contains(arrays({3, 1}, {4, 9}, {0, 5}, {1, 2}, {3, 40}, {1, 1}), "gaps.buckets: not below 40");
  contains(arrays({3, 1}, {4, 9}, {0, 5}, {1, 2}, {3, 39}, {1}), "gaps.counts");
  contains(refusal([](ProfileWriter&) {}), "gaps.sequences");
}
