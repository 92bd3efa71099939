// Vocabulary, views and encoding: numbers written out by hand.
#include "seqguard/events/encode.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/utf8.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

Vocabulary sample_vocabulary(VocabularyLimits limits = {}) {
  const std::vector<ValueCount> counts = {{"b", 3}, {"rare", 1}, {"a", 3}, {"c", 7}};
  return Vocabulary::from_counts(counts, limits);
}

EventSchema sample_schema() {
  EventSchema schema = lines_schema(sample_vocabulary({2, 100, true}));
  schema.columns.push_back({"price", ColumnKind::numeric, {}, {1.0, 0.5, -2, 2}});
  schema.time = TimeColumn{"time", "ms", {64, 1000, 2.0}};
  return schema;
}

}  // namespace

TEST_CASE("vocabulary: ordered by count, then bytes, and the cut separates ids from types") {
  const Vocabulary vocabulary = sample_vocabulary({2, 100, true});
  CHECK(vocabulary.types() == 4);
  CHECK(vocabulary.kept() == 3);
  CHECK(vocabulary.size() == 8);
  CHECK(vocabulary.value(0) == "c");
  CHECK(vocabulary.value(1) == "a");
  CHECK(vocabulary.value(2) == "b");
  CHECK(vocabulary.type("rare") == 3);
  CHECK(vocabulary.id("rare") == k_unk_id);
  CHECK(vocabulary.id("b") == 7);
  CHECK(vocabulary.token(7) == "b");
  CHECK(vocabulary.token(k_mask_id) == "[MASK]");
  CHECK(vocabulary.count(0) == 7);
  CHECK(sample_vocabulary({1, 2, true}).kept() == 2);
  CHECK(sample_vocabulary({2, 100, false}).types() == 3);
}

TEST_CASE("vocabulary: unseen values stay apart and never collide with known ones") {
  const Vocabulary vocabulary = sample_vocabulary();
  const TypeId x = vocabulary.type("x"), y = vocabulary.type("y");
  CHECK(x >= k_unseen_type);
  CHECK(y >= k_unseen_type);
  CHECK(x != y);
  CHECK(x == (k_unseen_type | static_cast<TypeId>(hash_bytes("x") & 0x7fffffffu)));
  CHECK(vocabulary.id(x) == k_unk_id);
  CHECK(Vocabulary().type("x") == x);
  // The stored hash of unseen types must not change between builds and machines.
  CHECK(hash_bytes("view:shoes") == 0x553542928BDC657Fu);
}

TEST_CASE("vocabulary: the share of values to come that are new ones") {
  const auto share = [](std::vector<ValueCount> counts) { return Vocabulary::from_counts(counts).unseen_share(); };
  CHECK(share({{"a", 7}, {"b", 1}, {"c", 2}}) == 0.1);
  CHECK(share({{"a", 2}}) == 0);
  CHECK(share({}) == 1);
}

TEST_CASE("vocabulary: many values are all found again") {
  std::vector<ValueCount> counts;
  for (int i = 0; i < 5000; ++i) counts.push_back({"value-" + std::to_string(i), 1});
  const Vocabulary vocabulary = Vocabulary::from_counts(counts);
  bool all = true;
  for (const ValueCount& entry : counts) all = all && vocabulary.value(vocabulary.type(entry.value)) == entry.value;
  CHECK(all);
}

TEST_CASE("vocabulary: refuses doubles, disorder and broken text") {
  const std::vector<ValueCount> twice = {{"a", 1}, {"a", 1}}, disorder = {{"a", 1}, {"b", 2}}, broken = {{"\xC3", 1}};
  CHECK_THROWS_WITH_AS(Vocabulary::from_counts(twice), "vocabulary: value \"a\" stands twice", Error);
  CHECK_THROWS_AS(Vocabulary::from_ordered(disorder, 2), Error);
  CHECK_THROWS_AS(Vocabulary::from_counts(broken), Error);
  CHECK_THROWS_AS(Vocabulary::from_ordered(twice, 3), Error);
}

TEST_CASE("UTF-8: the edges of well-formedness") {
  for (const char* good : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    CHECK(is_valid_utf8(good));
  // stray trail, overlong, surrogate, beyond U+10FFFF, cut off
  for (const char* bad : {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"})
    CHECK_FALSE(is_valid_utf8(bad));
}

TEST_CASE("gap buckets: reserved ids, octaves, the last bucket, extremes") {
  const GapBuckets bucket{64, 1000, 2.0};
  CHECK(bucket(0, 0) == 3);
  CHECK(bucket(0, 1000) == 5);  // log2(2) * 2 = 2
  CHECK(bucket(0, 7000) == 9);  // log2(8) * 2 = 6
  CHECK(bucket(5, 4) == k_gap_unknown);
  CHECK(bucket(k_no_time, 4) == k_gap_unknown);
  CHECK(bucket(4, k_no_time) == k_gap_unknown);
  CHECK(bucket(0, std::numeric_limits<std::int64_t>::max()) == 63);
  CHECK(bucket(k_no_time + 1, std::numeric_limits<std::int64_t>::max()) == 63);
  CHECK(GapBuckets{}(0, 10LL * 365 * 24 * 3600 * 1000) == 62);  // ten years: one before the last with the default
}

TEST_CASE("encode: marks, ids, numbers, gaps") {
  const EventSchema schema = sample_schema();
  const std::vector<std::string> names = {"c", "rare", "never", "a"};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> prices = {0.0f, nan, std::expm1(1.25f), -1e30f};
  const std::vector<std::int64_t> times = {1000, 2000, 500, k_no_time};
  const ColumnView columns[] = {std::span<const std::string>(names), std::span<const float>(prices)};
  EncodedEvents out;
  encode({4, columns, times}, schema, out);
  CHECK(out.ids[0] == std::vector<std::int32_t>{k_cls_id, 5, k_unk_id, k_unk_id, 6, k_sep_id});
  CHECK(out.types[0] == 0);
  CHECK(out.types[1] == 3);
  CHECK(out.types[2] >= k_unseen_type);
  CHECK(out.values[1].size() == 6);
  CHECK(out.values[1][1] == doctest::Approx(-2.0));  // (log1p(0) - 1) / .5
  CHECK(out.values[1][2] == 0.0f);
  CHECK(out.missing[1] == std::vector<std::uint8_t>{0, 0, 1, 0, 0, 0});
  CHECK(out.values[1][3] == doctest::Approx(0.5));  // (1.25 - 1) / .5
  CHECK(out.values[1][4] == -2.0f);                 // clipped
  CHECK(out.gaps == std::vector<std::int32_t>{k_gap_pad, k_gap_first, 5, k_gap_unknown, k_gap_unknown, k_gap_pad});
  CHECK(out.ids[1].empty());
}

TEST_CASE("encode: ids, views and strings give the same, and the empty sequence is only its marks") {
  const EventSchema schema = lines_schema(sample_vocabulary());
  const std::vector<std::string> names = {"b", "x"};
  const std::vector<std::string_view> views = {"b", "x"};
  const std::vector<TypeId> types = {2, schema.columns[0].vocabulary.type("x")};
  EncodedEvents a, b, c;
  encode(OneColumn(names), schema, a);
  encode(OneColumn(views), schema, b);
  encode(OneColumn(types), schema, c);
  CHECK(a.ids == b.ids);
  CHECK(a.ids == c.ids);
  CHECK(a.types == c.types);
  encode(OneColumn(std::vector<std::string>{}), schema, a);
  CHECK(a.n == 0);
  CHECK(a.ids[0] == std::vector<std::int32_t>{k_cls_id, k_sep_id});
}

TEST_CASE("encode: a view that does not fit the schema is refused by name") {
  const EventSchema schema = sample_schema();
  const std::vector<std::string> names = {"a", "b"};
  const std::vector<float> one_price = {1.0f}, two_prices = {1.0f, 2.0f};
  const std::vector<TypeId> no_type = {4, 0};
  const std::vector<std::int64_t> one_time = {1};
  const ColumnView name_column = std::span<const std::string>(names), short_column = std::span<const float>(one_price),
                   price_column = std::span<const float>(two_prices), id_column = std::span<const TypeId>(no_type);
  EncodedEvents out;
  const auto refused = [&](std::vector<ColumnView> columns, std::span<const std::int64_t> times) {
    CHECK_THROWS_AS(encode({2, columns, times}, schema, out), Error);
  };
  refused({name_column}, {});
  refused({name_column, name_column}, {});
  refused({name_column, short_column}, {});
  refused({id_column, price_column}, {});
  refused({name_column, price_column}, one_time);
  const ColumnView fitting[] = {name_column, price_column};
  encode({2, fitting, {}}, schema, out);
  CHECK(out.gaps == std::vector<std::int32_t>{k_gap_pad, k_gap_first, k_gap_unknown, k_gap_pad});
}

TEST_CASE("encode: reserved buffers stay where they are") {
  const EventSchema schema = sample_schema();
  const std::vector<std::string> names(50, "a");
  const std::vector<float> prices(50, 1.0f);
  const std::vector<std::int64_t> times(50, 1000);
  const ColumnView columns[] = {std::span<const std::string>(names), std::span<const float>(prices)};
  EncodedEvents out;
  reserve(out, schema, 50);
  const void* before[] = {out.types.data(), out.ids[0].data(), out.values[1].data(), out.missing[1].data(),
                          out.gaps.data()};
  for (const std::size_t n : {std::size_t{50}, std::size_t{3}, std::size_t{50}}) {
    const ColumnView cut[] = {columns[0].slice(0, n), columns[1].slice(0, n)};
    encode({n, cut, std::span(times).first(n)}, schema, out);
    CHECK(out.ids[0].size() == n + 2);
    const void* after[] = {out.types.data(), out.ids[0].data(), out.values[1].data(), out.missing[1].data(),
                           out.gaps.data()};
    for (std::size_t i = 0; i < std::size(before); ++i) CHECK(before[i] == after[i]);
  }
}

TEST_CASE("a whole data set is encoded as its sequences are one by one") {
  // Known, rare, unseen and empty values, numbers that are missing, times out of order.
  const Dataset data = read_events_from_text(
      "user,time,event,price\nu1,1000,a,1\nu2,5000,never "
      "seen,\nu1,900,rare,nan\nu1,2000,,2.5\nu2,9000,c,-0\nu2,9500,a,0\n",
      "log.csv", {.key = "user", .time = "time", .columns = {{"event"}, {"price", ColumnKind::numeric}}});
  REQUIRE(data.events() == 6);
  const EventSchema schema = sample_schema();
  const EncodedData all(data, schema);
  EncodedEvents one;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    encode(data.view(s), schema, one);
    CHECK(all[s].types == one.types);
    CHECK(all[s].ids == one.ids);
    CHECK(all[s].values == one.values);
    CHECK(all[s].missing == one.missing);
    CHECK(all[s].gaps == one.gaps);
  }
}

TEST_CASE("column views: slices") {
  const std::vector<std::string> names = {"a", "b", "c"};
  const std::vector<float> numbers = {1, 2, 3};
  CHECK(ColumnView(std::span<const std::string>(names)).slice(1, 2).text(0) == "b");
  CHECK(ColumnView(std::span<const float>(numbers)).slice(2, 1).floats()[0] == 3);
  CHECK(ColumnView().slice(0, 0).size() == 0);
}
