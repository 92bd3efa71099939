// Features of single events.
#include "seqguard/detection/event_features.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

Dataset visits() {
  return read_events_from_text(
      "user,event,device,price,time\n"
      "u1,login,phone,,1000\nu1,view,phone,2,1060\nu1,view,desk,4,1120\nu1,pay,desk,4,1100\n"
      "u2,login,desk,1,1000\nu2,pay,desk,3,1060\n",
      "visits.csv",
      {.key = "user",
       .time = "time",
       .columns = {
           {"event", ColumnKind::categorical}, {"device", ColumnKind::categorical}, {"price", ColumnKind::numeric}}});
}

/// Row r, dense.
std::vector<double> row_of(const SparseRows<float>& rows, std::size_t r) {
  std::vector<double> dense(rows.columns);
  for (std::size_t i = rows.offsets[r]; i < rows.offsets[r + 1]; ++i) {
    if (i > rows.offsets[r]) CHECK(rows.column[i - 1] < rows.column[i]);
    dense[rows.column[i]] = static_cast<double>(rows.value[i]);
  }
  return dense;
}

}  // namespace

TEST_CASE("features of an event are what it is, its surprise, tags, repeats, times, numbers, place, and the views") {
  const Dataset data = visits();
  const EventSchema schema = fit_schema(data);
  EncodedEvents events;
  encode(data.view(0), schema, events);
  REQUIRE(events.n == 4);
  const LabelFeatures features = event_label_features(schema, 2, true);
  // 4 of each of event, device and gap, 4 of all surprises, 10 tags, 3 repeats, 6 times, 3 of the price, 3 places, 2
  // views.
  CHECK(features.dense == 12 + 4 + 10 + 3 + 6 + 3 + 3 + 2);
  const std::vector<float> surprise = {1, 2, 3, 4, 0, 0, 0, 8, 1, 1, 1, 1};
  EditTags tags;
  tags.events = {{0.5F, 0.25F, 0.25F}, {1, 0, 0}, {0, 1, 0}, {1, 0, 0}};
  tags.gaps = {{0.5F}, {0}, {0}, {1}, {0}};
  const std::vector<double> views = {7, std::nan("")};
  SparseRows<float> rows;
  rows.columns = features.size();
  EventFeatureScratch scratch;
  append_event_features(features, schema, events, {surprise, &tags, views}, scratch, rows);
  REQUIRE(rows.rows() == 4);
  const std::size_t first = features.size() - features.dense;
  const std::vector<double> row = row_of(rows, 1), last = row_of(rows, 3);
  CHECK(row[events.types[1]] == 1);
  double slots = 0;
  for (std::size_t c = 0; c < first; ++c) slots += row[c];
  CHECK(slots == 5);  // the type, two neighbours, device, gap
  const std::vector<double> dense(row.begin() + static_cast<std::ptrdiff_t>(first), row.end());
  const auto is = [&](std::size_t at, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(at + i);
      CHECK(dense[at + i] == doctest::Approx(expected[i]).epsilon(1e-4));
    }
  };
  is(0, {2, 1, 3, 2.5, 0, 0, 0, 2, 1, 1, 1, 1});
  is(12, {0.25, 4, 4, 13});  // sums of the columns: 2 3 4 13
  const double no = std::log(1e-4 / 1.0001), half = std::log(2.0);
  is(16, {no, no, no, no, 1.25 / 4, 0.25 / 4, 1.5 / 4, std::log(2.25), std::log(1.25), std::log(2.5)});
  is(26, {0, 1, 0.5});  // the other view is the next event
  const double minute = std::log1p(600.0), back = -std::log1p(200.0);
  is(29, {minute, minute, 0, (2 * minute + back) / 4});
  CHECK(dense[34] == 0);
  CHECK(dense[36] == 0);  // a price, after none
  is(38, {0.25, half, std::log(4.0), 7, 0});
  CHECK(last[first + 29] == doctest::Approx(back));
  CHECK(last[first + 34] == 1);
  CHECK(row_of(rows, 2)[first + 26] == 1);  // the view before it
  CHECK(row_of(rows, 2)[first + 27] == 0);
  CHECK(row_of(rows, 0)[first + 36] == 1);
  CHECK_THROWS_AS(append_event_features(features, schema, events, {surprise, nullptr, views}, scratch, rows), Error);
  SparseRows<float> again;
  again.columns = rows.columns;
  append_event_features(features, schema, events, {surprise, &tags, views}, scratch, again);
  CHECK(again.value ==
        std::vector<float>(rows.value.begin(), rows.value.begin() + static_cast<std::ptrdiff_t>(again.value.size())));
}
