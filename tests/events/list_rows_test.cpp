// RecBole's lists: a row is a sequence.
#include <doctest/doctest.h>

#include <string>

#include "events/data_text.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/fit_schema.hpp"

using namespace seqguard;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string k_header = "session_id:token\titems:token_seq\tprices:float_seq\ttimes:float_seq\tshop:token\n";
const std::string k_rows = k_header + "s1\ta b a\t1 2.5 3\t10 20 30\tx\ns2\tb\t4\t5\ty\ns1\tc\t5\t7\tx\n";

ReadOptions asked(const std::vector<std::string>& columns, const std::string& time = "") {
  ReadOptions options{.time = time};
  for (const std::string& column : columns) options.columns.push_back(column_request_from_string(column));
  return options;
}

}  // namespace

TEST_CASE("list rows: a list that is asked for makes a sequence of each row, further ones go along") {
  CHECK(text_of(k_rows, "x.inter", asked({"items"})) == "session_id *items | s1: a b a | s2: b | s1: c");
  CHECK(text_of(k_rows, "x.inter", asked({"items", "prices", "shop"}, "times")) ==
        "session_id time=times *items prices# shop | s1: a@10000,1,x b@20000,2.5,x a@30000,3,x | s2: b@5000,4,y | s1: "
        "c@7000,5,x");
  CHECK(text_of("items:token_seq,n:float\n\"a  b \",1\n", "x.csv", asked({"items"})) == " *items | : a b");
  // Nobody asks: an event a row.
  const Dataset plain = read_events_from_text(k_rows, "x.inter");
  CHECK(text_of(plain) == "session_id *shop | s1: x x | s2: y");
  REQUIRE(plain.ignored_columns().size() == 3);
  CHECK(plain.ignored_columns()[0] == "items (token_seq, a list: --columns items reads each row as a sequence of it)");
  CHECK(contains(text_of("user:token\titems:token_seq\nu\ta b\n", "x.inter"),
                 "--columns items reads its lists as sequences"));
}

TEST_CASE("list rows: bad rows, empty lists, and questions that make no sense") {
  const std::string text =
      k_header + "s1\ta b\t1\t10 20\tx\ns2\t\t\t\ty\ns3\ta b\t1 x\t1 2\tz\ns4\ta\t1\t1\n" + "s5\tb\t2\t3\tx\n";
  const Dataset data = read_events_from_text(text, "x.inter", asked({"items", "prices"}));
  CHECK(text_of(data) ==
        "session_id *items prices# | s3: a,1 | s5: b,2 | 2: column \"prices\": 1 elements, but 2 in column \"items\" | "
        "4: "
        "column \"prices\": not a number: \"x\" | 5: expected 5 fields, found 4");
  REQUIRE(data.findings().size() == 1);
  CHECK(data.findings()[0].message == "x.inter: 1 of 3 rows have no events: they are left out (the first: line 3)");
  CHECK(data.findings()[0].line == 3);
  CHECK(contains(text_of(k_rows, "x.inter", asked({"shop", "items"})), "the judged column \"shop\" is no list"));
  ReadOptions by_list = asked({"shop"});
  by_list.key = "items";
  CHECK(contains(text_of(k_rows, "x.inter", by_list), "found token_seq, a list"));
  CHECK(contains(text_of("user:token\titems:token_seq\titems:token_seq\tevent:token\n", "x.inter", asked({"items"})),
                 "a name that stands twice"));
}

TEST_CASE("list rows: a model of lists reads lists, as its rows stand") {
  const EventSchema schema =
      fit_schema(read_events_from_text(k_rows, "x.inter", asked({"items", "prices:numeric"}, "times")));
  const ReadOptions options{.schema = &schema, .keep_raw = true};
  const Dataset data = read_events_from_text(k_rows, "y.inter", options);
  CHECK(text_of(data) ==
        "session_id time=times *items prices# | s1: a@10000,1 b@20000,2.5 a@30000,3 | s2: b@5000,4 | s1: "
        "c@7000,5");
  // The rows as they are, and no event of its own.
  std::string rows(data.head());
  for (std::size_t e = 0; e < data.events(); ++e) rows += data.raw(e);
  CHECK(rows == k_rows);
  CHECK(contains(text_of("session_id:token\titems:token\tprices:float_seq\ttimes:float_seq\ns\ta\t1\t2\n", "y.inter",
                         {.schema = &schema}),
                 "the judged column \"items\" is no list"));
}
