// Columns that follow the primary one.
#include "events/dependent_values.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

using Values = std::vector<std::optional<std::string>>;

/// Forty users who each look at a lamp and at a chair and buy one of them, every second time at another price.
std::string shop(const std::string& lamp, const std::string& chair) {
  std::string text = "user,event,room,price,device\n";
  for (int user = 0; user < 40; ++user) {
    const std::string key = "u" + std::to_string(user) + ",", device = user % 3 == 0 ? "phone\n" : "desk\n";
    text += key + "lamp," + lamp + "," + device + key + "chair," + chair + "," + device;
    text += key + "pay,," + (user % 2 == 0 ? "10.50," : "7,") + device;
  }
  return text;
}

/// The primary column is the first one.
EventSchema fitted(const std::string& text, const SchemaOptions& options = {}) {
  ReadOptions read;
  if (text.find(",price") != std::string::npos)
    read.columns = {{"event"}, {"room"}, {"price", ColumnKind::numeric}, {"device"}};
  read.format = DataFormat::csv;
  read.key = "user";
  return fit_schema(read_events_from_text(text, "shop.csv", read), options);
}

}  // namespace

TEST_CASE("dependent values: a function of the primary column, values that go with some of its values, and neither") {
  const EventSchema schema = fitted(shop("hall,", "kitchen,"));
  REQUIRE(schema.columns.size() == 4);
  const Vocabulary& events = schema.primary_column().vocabulary;
  REQUIRE(events.value(0) == "chair");
  REQUIRE(events.value(1) == "lamp");
  REQUIRE(events.value(2) == "pay");
  CHECK(schema.columns[0].dependent_values.empty());  // the primary column itself
  CHECK(schema.columns[1].dependent_values == Values{"kitchen", "hall", ""});
  CHECK(schema.columns[2].dependent_values == Values{"", "", std::nullopt});  // payments have two prices
  CHECK(schema.columns[3].dependent_values.empty());                          // each event has both devices
}

TEST_CASE("dependent values: one contradiction, and the value is free") {
  std::string text = shop("hall,", "kitchen,");
  text += "u99,lamp,kitchen,,desk\n";
  const EventSchema schema = fitted(text);
  REQUIRE(schema.primary_column().vocabulary.value(0) == "lamp");
  CHECK(schema.columns[1].dependent_values == Values{std::nullopt, "kitchen", ""});
}

TEST_CASE("dependent values: what chance explains is none") {
  // Ten events of ten users with three items, each of its own kind: alike by chance in one of 3^-7 cases.
  std::string text = "user,event,kind\n";
  for (int user = 0; user < 10; ++user) {
    const std::string item = std::to_string(user % 3);
    text += "u" + std::to_string(user) + ",item" + item + ",kind" + item + "\n";
  }
  CHECK(fitted(text).columns[1].dependent_values.empty());
  for (int user = 10; user < 20; ++user) {
    const std::string item = std::to_string(user % 3);
    text += "u" + std::to_string(user) + ",item" + item + ",kind" + item + "\n";
  }
  CHECK(fitted(text).columns[1].dependent_values == Values{"kind0", "kind1", "kind2"});
  // The same events of one user count as one observation of each item.
  std::string one_user = text;
  for (std::size_t at = one_user.find("\nu"); at != std::string::npos; at = one_user.find("\nu", at + 1))
    one_user.replace(at + 1, one_user.find(',', at) - at - 1, "u");
  CHECK(fitted(one_user).columns[1].dependent_values.empty());
  // A column that is the same throughout follows from nothing.
  for (std::size_t at = text.find("kind1"); at != std::string::npos; at = text.find("kind1", at)) text[at + 4] = '0';
  for (std::size_t at = text.find("kind2"); at != std::string::npos; at = text.find("kind2", at)) text[at + 4] = '0';
  CHECK(fitted(text).columns[1].dependent_values.empty());
}

TEST_CASE("dependent values: only primary values that the encoder knows have some") {
  SchemaOptions options;
  options.max_values = 2;
  CHECK(fitted(shop("hall,", "kitchen,"), options).columns[1].dependent_values == Values{"kitchen", "hall"});
}

TEST_CASE("dependent values: numbers come back as they were") {
  for (const float value : {0.F, 9.99F, -1e-30F, 16'777'216.F}) CHECK(number_of(number_text(value)) == value);
  CHECK(number_text(9.5F) == "9.5");
  CHECK(number_text(NAN).empty());
  CHECK(std::isnan(*number_of("")));
  for (const char* text : {"1.5x", " 1", "nan", "inf", "1e99", "-"}) CHECK_FALSE(number_of(text).has_value());
}
