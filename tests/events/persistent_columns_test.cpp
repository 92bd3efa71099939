// Which columns are constant over stretches, and the field of event_schema.json that says so.
#include "events/persistent_columns.hpp"

#include <doctest/doctest.h>

#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/simulator.hpp"

using namespace seqguard;

namespace {

/// Users who each look at twenty pages out of ten. Beside the page: its area, which follows from it, a host that
/// changes with probability `changes` and is the first of five in a share `common` of the choices.
EventSchema fitted(double changes, double common, std::size_t users = 40) {
  std::string text = "user,page,area,host\n";
  for (std::size_t user = 0; user < users; ++user) {
    Random random(user);
    std::size_t host = 0;
    for (std::size_t i = 0; i < 20; ++i) {
      if (i == 0 || random.uniform() < changes) host = random.uniform() < common ? 0 : random.below(5);
      // Pages come in long runs of one area.
      const std::size_t page = (i / 10 + user) % 2 * 5 + random.below(5);
      text += "u" + std::to_string(user) + ",p" + std::to_string(page) + ",a" + std::to_string(page / 5) + ",h" +
              std::to_string(host) + "\n";
    }
  }
  ReadOptions read;
  read.format = DataFormat::csv;
  read.key = "user";
  read.columns = {{"page"}, {"area"}, {"host"}};
  return fit_schema(read_events_from_text(text, "pages.csv", read));
}

}  // namespace

TEST_CASE("persistent columns agree in most neighbours, more often than chance and than their value explains") {
  const EventSchema schema = fitted(.1, 0);
  CHECK_FALSE(schema.columns[0].persistent);
  CHECK_FALSE(schema.columns[1].persistent);  // the same in nine of ten neighbours, but it follows from the page
  CHECK(schema.columns[2].persistent);
  CHECK_FALSE(fitted(.5, 0).columns[2].persistent);     // agrees in .6
  CHECK_FALSE(fitted(1, .95).columns[2].persistent);    // agrees in .92, by chance
  CHECK_FALSE(fitted(0, 1).columns[2].persistent);      // never anything else
  CHECK_FALSE(fitted(.1, 0, 3).columns[2].persistent);  // 57 neighbours at most
}

TEST_CASE("the device of the simulated shop is persistent, its items are not") {
  const EventSchema schema = fit_schema(read_events_from_text(shop_clean_csv(simulate_shop(100, 3)), "shop.csv"));
  for (const EventColumn& column : schema.columns) {
    CAPTURE(column.name);
    CHECK(column.persistent == (column.name == "device"));
  }
}

TEST_CASE("event_schema.json: persistent may be absent, and only categorical columns beside the primary one have it") {
  EventSchema schema = fitted(.1, 0);
  const std::string json = to_json(schema);
  const EventSchema read = schema_from_json(json);
  CHECK(read.columns[2].persistent);
  CHECK_FALSE(read.columns[1].persistent);
  CHECK(to_json(read) == json);
  const std::string field = "\"persistent\": true,";
  const std::size_t at = json.find(field);
  REQUIRE(at != std::string::npos);
  std::string other = json;
  CHECK_FALSE(schema_from_json(other.erase(at, field.size())).columns[2].persistent);
  other = json;
  CHECK_THROWS_WITH_AS(schema_from_json(other.replace(at, field.size(), "\"persistent\": 1,")),
                       doctest::Contains("persistent, expected"), Error);
  schema.columns[0].persistent = true;
  CHECK_THROWS_WITH_AS(to_json(schema),
                       "event schema, column \"page\": the column cannot be persistent, expected a categorical column "
                       "beside the primary one, found the primary column",
                       Error);
}
