#include "seqguard/events/repeats.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

/// Ids of one of the two columns with distances, without the reserved ones; marks as they are.
std::vector<std::int32_t> buckets(const EncodedEvents& events, std::size_t column) {
  std::vector<std::int32_t> result;
  for (std::size_t i = 1; i <= events.n; ++i) result.push_back(events.ids[column][i] - k_reserved_ids);
  return result;
}

}  // namespace

TEST_CASE("distances to the same event before and behind, in buckets") {
  const Dataset data = read_events_from_text("a b a a c d e f g h i b\n", "letters.txt");
  const EventSchema schema = fit_schema(data), with = with_repeats(schema, 64);
  REQUIRE(with.columns.size() == 3);
  const EncodedData encoded(data, schema);
  EncodedEvents out;
  RepeatScratch scratch;
  add_repeats(encoded[0], {}, with, scratch, out);
  // b comes back after ten events, in the bucket up to 15.
  CHECK(buckets(out, 1) == std::vector<std::int32_t>{0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 7});
  CHECK(buckets(out, 2) == std::vector<std::int32_t>{2, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  for (const std::size_t c : {1U, 2U}) {
    CHECK(out.ids[c].front() == k_cls_id);
    CHECK(out.ids[c].back() == k_sep_id);
    for (const std::int32_t id : out.ids[c]) CHECK(id < static_cast<std::int32_t>(with.columns[c].vocabulary.size()));
  }
  // A value that the data hold once is one that nobody else has seen.
  CHECK(out.ids[0][1] != k_unk_id);
  CHECK(out.ids[0][5] == k_unk_id);
}

TEST_CASE("a hidden event is nobody's repeat") {
  const Dataset data = read_events_from_text("a b a b a\n", "letters.txt");
  const EventSchema schema = fit_schema(data), with = with_repeats(schema, 64);
  const EncodedData encoded(data, schema);
  EncodedEvents out;
  RepeatScratch scratch;
  add_repeats(encoded[0], std::vector<std::uint8_t>{0, 0, 1, 0, 0}, with, scratch, out);
  CHECK(out.ids[0][3] == k_mask_id);
  CHECK(out.ids[1][3] == k_mask_id);
  CHECK(buckets(out, 1) == std::vector<std::int32_t>{0, 0, k_mask_id - k_reserved_ids, 2, 4});
  CHECK(buckets(out, 2) == std::vector<std::int32_t>{4, 2, k_mask_id - k_reserved_ids, 0, 0});
}

TEST_CASE("columns of these names may be there already") {
  const Dataset data = read_events_from_text("user,event,same event before\nu,a,x\nu,b,y\n", "odd.csv");
  const EventSchema with = with_repeats(fit_schema(data), 64);
  check(with);
  CHECK(with.columns.size() == 4);
}
