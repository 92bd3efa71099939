// The key of a profile, beside the key of a sequence.
#include <doctest/doctest.h>

#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

const std::string k_sessions =
    "session,account,event\n"
    "s1,ann,a\ns1,ann,b\ns2,bob,a\ns2,ann,c\ns3,ann,b\ns3,,a\n";

}  // namespace

TEST_CASE("a column of a table names whose profile a session is judged by") {
  const Dataset data =
      read_events_from_text(k_sessions, "log.csv", {.format = DataFormat::csv, .profile_key = "account"});
  REQUIRE(data.sequences().size() == 3);
  CHECK(data.key_column() == "session");
  CHECK(data.profile_key_column() == "account");
  CHECK(data.columns().size() == 1);
  CHECK(data.sequences()[0].profile_key == "ann");
  CHECK(data.view(1).key == "bob");
  // One session of two accounts, and one row without any: those rows are left out.
  REQUIRE(data.rejected().count == 2);
  CHECK(data.rejected().message(0) ==
        "log.csv:5: column \"account\": \"ann\", but its sequence has the profile key \"bob\" since line 4");
  CHECK(data.rejected().message(1) == "log.csv:7: column \"account\": empty key of a profile");
  CHECK(data.sequences()[1].count == 1);
}

TEST_CASE("what stands before a tab names the profile of a line") {
  const Dataset data = read_events_from_text("ann\ta b\nbob\ta\nann\tb b\n", "log.txt",
                                             {.format = DataFormat::lines, .profile_key = "key"});
  REQUIRE(data.sequences().size() == 3);
  CHECK(data.key_column().empty());
  CHECK(data.profile_key_column() == "key");
  CHECK(data.view(2).key == "ann");
  CHECK(data.view(2).n == 2);
}

TEST_CASE("the schema keeps the profile key, and encoding knows it by its number only") {
  const Dataset data =
      read_events_from_text(k_sessions, "log.csv", {.format = DataFormat::csv, .profile_key = "account"});
  const EventSchema schema = fit_schema(data);
  CHECK(schema.sequence.profile_key == "account");
  const EventSchema again = schema_from_json(to_json(schema));
  CHECK(again.sequence.profile_key == "account");
  const Dataset with_schema =
      read_events_from_text(k_sessions, "log.csv", {.format = DataFormat::csv, .schema = &again});
  EncodedEvents encoded;
  encode(with_schema.view(0), again, encoded);
  CHECK(encoded.key == key_number("ann"));
  EventsView nobody = with_schema.view(0);
  nobody.key = {};
  encode(nobody, again, encoded);
  CHECK(encoded.key == 0);
}

TEST_CASE("a profile for each sequence is refused") {
  const auto read = [](const char* key, const char* profile_key) {
    return read_events_from_text(k_sessions, "log.csv",
                                 {.format = DataFormat::csv, .key = key, .profile_key = profile_key});
  };
  CHECK_THROWS_WITH_AS(read("session", "session"),
                       doctest::Contains("--profile-key \"session\" names the sequences themselves"), Error);
  CHECK_THROWS_WITH_AS(read("session", "user"), doctest::Contains("no column \"user\" in the header"), Error);
}
