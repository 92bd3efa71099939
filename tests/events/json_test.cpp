// JSON lines: events and sequences a line, what is rejected and where, and the way back to the bytes.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "events/byte_source.hpp"
#include "events/data_text.hpp"
#include "events/json_rewrite.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/rewrite.hpp"
#include "seqguard/events/simulator.hpp"

using namespace seqguard;

namespace {

struct Case {
  const char *text, *expected;
};

std::string repeated(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("json: small inputs and what they say") {
  const Case cases[] = {
      // An event a line.
      {R"({"user":"u","event":"a"})", "user *event | u: a"},
      {"{\"user\":\"u\",\"event\":\"a\"}\n{\"user\":\"u\",\"event\":\"b\"}\n", "user *event | u: a b"},
      {"\xEF\xBB\xBF{\"user\":\"u\",\"event\":\"a\"}\r\n\r\n {\"event\":\"b\",\"user\":\"u\"} \r\n",
       "user *event | u: a b"},
      {R"({"user":7,"event":"a","time":1717000000})", "user time=time *event | 7: a@1717000000000"},
      {R"({"user":"u","event":"a","time":"2024-05-01T00:00:00Z"})", "user time=time *event | u: a@1714521600000"},
      {R"({"user":"u","event":"a","time":null})", "user time=time *event | u: a@?"},
      {R"({"user":9007199254740993,"event":123456789012345678901234567890})",
       "user *event | 9007199254740993: 123456789012345678901234567890"},
      {R"({"user":"007","event":true,"x":-0.50e+3})", "user *event x | 007: true,-0.50e+3"},
      {"{\"user\":\"u\",\"event\":\"a\",\"x\":\"p\"}\n{\"user\":\"u\",\"event\":\"b\"}", "user *event x | u: a,p b,"},
      {"{\"user\":\"u\",\"event\":\"a\"}\n{\"user\":\"u\",\"event\":\"b\",\"x\":null,\"y\":false}",
       "user *event x y | u: a,, b,,false"},
      {R"({"user":{"id":"u"},"event":"a","item":{"id":"i","at":{"x":1}}})",
       "user.id *event item.id item.at.x | u: a,i,1"},
      {R"({"user.id":"u","event":"a"})", "user.id *event | u: a"},
      {R"({"user":"u","event":"a","more":{},"list":[],"none":{"none":[{"x":[1,{"y":null}]}]}})", "user *event | u: a"},
      {R"({"user":"u","event":"a \"b\" \u00e9 \ud83d\ude00 \/ \n"})",
       "user *event | u: a \"b\" \xC3\xA9 \xF0\x9F\x98\x80 / \n"},
      {R"({"\u0075ser":"u","event":"a"})", "user *event | u: a"},
      {R"({"user":"u","event":"","x":""})", "user *event x | u: ,"},
      {"{\"user\":\"u\",\"event\":\"a\",\"tags\":[1]}\n{\"user\":\"u\",\"event\":\"b\",\"tags\":\"x\"}",
       "user *event tags | u: a,[1] b,x"},
      {R"({"user":"u","event":"a","order":2})"
       "\n"
       R"({"user":"u","event":"b","order":1})",
       "user order=order *event | u: b a"},
      // A sequence a line.
      {R"({"key":"u","events":["a","b"]})", "key *event | u: a b"},
      {"{\"events\":[\"a\",1,true]}\n{\"events\":[\"c\"]}\n", " *event | : a 1 true | : c"},
      {"{\"key\":\"u\",\"events\":[\"a\"]}\n{\"key\":\"u\",\"events\":[\"b\"]}", "key *event | u: a | u: b"},
      {R"({"key":"u","country":"de","events":[{"event":"a","item":{"id":1}},{"event":"b"}]})",
       "key country *event item.id | u: a,de,1 b,de,"},
      {R"({"key":"u","events":[{"event":"a","time":10},{"event":"b","time":20}],"time":5})",
       "key time=time *event | u: a@10000 b@20000"},
      {R"({"events":[ {"event":"b","seq":2} , {"event":"a","seq":1} ]})", " order=seq *event | : a b"},
      {"{\"key\":\"u\",\"events\":[]}\n{\"key\":\"v\",\"events\":[\"a\"]}", "key *event | v: a"},
      {R"({"key":"u","events":["a",null]})", "key *event | u: a "},
      // Bad rows, and their neighbours.
      {"{\"user\":\"u\",\"event\":\"a\"}\n{\"user\":\"u\",\"event\":}\n{\"user\":\"u\",\"event\":\"b\"}",
       "user *event | u: a b | 2: column 21: no valid JSON: syntax error while parsing value - unexpected '}'; "
       "expected "
       "'[', '{', or a literal"},
      {"{\"user\":\"u\",\"event\":\"a\"}\n[1]\n7\n\"x\"",
       "user *event | u: a | 2: column 1: expected an object {..}, found [ | 3: column 1: expected an object {..}, "
       "found 7 "
       "| 4: column 1: expected an object {..}, found \""},
      {"{\"user\":\"u\",\"event\":\"a\"}\n{\"event\":\"a\"}\n{\"user\":null,\"event\":\"a\"}",
       "user *event | u: a | 2: column \"user\": empty key | 3: column \"user\": empty key"},
      {"{\"user\":\"u\",\"event\":\"a\"}\n{\"user\":\"u\",\"event\":\"a\",\"event\":\"b\"}",
       "user *event | u: a | 2: column 33: a second field \"event\""},
      {"{\"user\":\"u\",\"event\":\"a\",\"x\":{\"y\":1}}\n{\"user\":\"u\",\"event\":\"a\",\"x\":{\"y\":1},\"x.y\":2}",
       "user *event x.y | u: a,1 | 2: column 43: a second field \"x.y\""},
      {"{\"user\":\"u\",\"event\":\"a\"}\n{\"user\":\"u\",\"event\":\"a\\u0000\"}",
       "user *event | u: a | 2: column 21: a text with U+0000"},
      {"{\"key\":\"u\",\"events\":[\"a\"]}\n{\"key\":\"u\",\"events\":\"a\"}\n{\"key\":\"v\"}\n{\"key\":\"w\","
       "\"events\":[[1]]}",
       "key *event | u: a | 2: column 21: expected an array of events, as in the lines before | 3: expected a field "
       "\"events\", as in the lines before | 4: column 22: an array among the events; expected texts or "
       "objects"},
      {"{\"key\":\"u\",\"events\":[\"a\"],\"events\":[\"b\"]}\n{\"key\":\"u\",\"events\":[\"a\"]}",
       "key *event | u: a | 1: column 36: a second field \"events\""},
      {"{\"user\":\"u\",\"event\":\"a\"}\n{\"user\":\"u\",\"event\":\"\xC0\xAF\"}\n",
       "user *event | u: a | 2: invalid UTF-8"},
      // Refused as a whole.
      {"[{\"user\":\"u\"}]",
       "x.jsonl:1: a JSON array, expected an object a line; `jq -c '.[]' FILE | seqguard ... - --format jsonl` makes "
       "such "
       "lines, found \"[{\\\"user\\\":\\\"u\\\"}]\""},
      {"{\n\"user\":\"u\"}",
       "x.jsonl:1: an object over several lines, expected an object a line; `jq -c . FILE | seqguard ... - "
       "--format jsonl` makes such lines, found \"{\""},
      {R"({"event":"a"})", "x.jsonl: no field of its lines looks like a key (user, session, ..); name it with --key"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    std::string expected = c.expected, found = text_of(c.text, "x.jsonl");
    // How an error quotes what it has found is not what this is about.
    const auto plain = [](std::string& text) { text.erase(std::remove(text.begin(), text.end(), '\\'), text.end()); };
    plain(expected);
    plain(found);
    CHECK(found == expected);
  }
}

TEST_CASE("json: what is malformed is found wherever it stands, also behind the last field that is wanted") {
  const std::string good = "{\"user\":\"u\",\"event\":\"a\"}\n";
  const char* bad[] = {R"({"user":"u","event":"a","x":nul})",
                       R"({"user":"u","event":"a","x":truex})",
                       R"({"user":"u","event":"a","x":01})",
                       R"({"user":"u","event":"a","x":1.})",
                       R"({"user":"u","event":"a","x":.5})",
                       R"({"user":"u","event":"a","x":+1})",
                       R"({"user":"u","event":"a","x":1e})",
                       R"({"user":"u","event":"a","x":--1})",
                       R"({"user":"u","event":"a","x":NaN})",
                       R"({"user":"u","event":"a","x":Infinity})",
                       R"({"user":"u","event":"a","x":0x10})",
                       R"({"user":"u","event":"a","x":'a'})",
                       R"({"user":"u","event":"a","x":"\x"})",
                       R"({"user":"u","event":"a","x":"\ud800"})",
                       R"({"user":"u","event":"a","x":"\ud800\u0041"})",
                       R"({"user":"u","event":"a","x":"\udc00"})",
                       R"({"user":"u","event":"a","x":"\u12"})",
                       "{\"user\":\"u\",\"event\":\"a\",\"x\":\"\t\"}",
                       R"({"user":"u","event":"a","x":[1,]})",
                       R"({"user":"u","event":"a","x":[1 2]})",
                       R"({"user":"u","event":"a","x":[1})",
                       R"({"user":"u","event":"a","x":[[[1]]})",
                       R"({"user":"u","event":"a","x":{"y"}})",
                       R"({"user":"u","event":"a","x":{"y":1,}})",
                       R"({"user":"u","event":"a","x":{y:1}})",
                       R"({"user":"u","event":"a","x":1,})",
                       R"({"user":"u","event":"a","x" 1})",
                       R"({"user":"u","event":"a" "x":1})",
                       R"({"user":"u","event":"a","x":1}})",
                       R"({"user":"u","event":"a","x":1} {})",
                       R"({"user":"u","event":"a","x":1}x)",
                       R"({"user":"u","event":"a","x":1)",
                       R"({"user":"u","event":"a","x":"1)",
                       R"({"user":"u","event":"a","x":[[],[{"y":[nul]}]]})",
                       R"({"user":"u","event":"a","x":[{"y":"\ud800"}]})",
                       R"({"user":"u","event":"a","x":[{1:2}]})",
                       "{\"user\":\"u\",\"event\":\"a\" /* no comment */}"};
  for (const char* line : bad) {
    CAPTURE(line);
    const EventSchema schema = fit_schema(read_events_from_text(good, "x.jsonl"));
    const std::string text = good + line + "\n" + good;
    for (const EventSchema* s : {static_cast<const EventSchema*>(nullptr), &schema}) {
      const Dataset data = read_events_from_text(text, "x.jsonl", {.schema = s});
      CHECK(data.events() == 2);
      REQUIRE(data.rejected().rows.size() == 1);
      CHECK(data.rejected().message(0).find("x.jsonl:2: column ") == 0);
    }
  }
}

TEST_CASE("json: hostile lines are bad rows, in little time and memory") {
  const std::string good = "{\"user\":\"u\",\"event\":\"a\"}\n";
  const std::string deep = repeated("[", 200'000), pairs = repeated("{\"a\":", 200'000);
  std::string many = "{\"user\":\"u\",\"event\":\"a\"";
  for (int i = 0; i < 20'000; ++i) many += ",\"" + std::to_string(i) + "\":1";
  const std::string lines[] = {
      "{\"user\":\"u\",\"event\":" + deep + "}",
      pairs,
      "{\"user\":\"u\",\"event\":" + repeated("[", 70) + repeated("]", 70) + "}",
      "{\"user\":\"u\",\"event\":\"a\",\"" + std::string(2000, 'n') + "\":1}",
  };
  for (const std::string& line : lines) {
    const std::string text = good + line + "\n" + good;
    const Dataset data = read_events_from_text(text, "x.jsonl");
    CHECK(data.events() == 2);
    CHECK(data.rejected().count == 1);
  }
  CHECK(text_of(good + many + "}\n", "x.jsonl").find("more than 10000 fields") != std::string::npos);
  // A number of a million digits is a text like any other, and no number that a numeric column takes.
  const std::string digits(1'000'000, '9');
  const std::string text =
      good + "{\"user\":\"u\",\"event\":" + digits + "}\n{\"user\":\"u\",\"event\":\"a\",\"n\":" + digits + "}\n";
  const Dataset data = read_events_from_text(text, "x.jsonl", {.columns = {{"event", {}}, {"n", ColumnKind::numeric}}});
  CHECK(data.events() == 2);
  CHECK(data.rejected().message(0).find("x.jsonl:3: column \"n\": out of range for a number") == 0);
}

TEST_CASE("json: fields that are lists are left out, or refused by whoever asks for them") {
  const char* text = "{\"user\":\"u\",\"event\":\"a\",\"v\":[1,2]}\n{\"user\":\"u\",\"event\":\"b\",\"v\":[3,4]}\n";
  const Dataset data = read_events_from_text(text, "x.jsonl");
  REQUIRE(data.ignored_columns().size() == 1);
  CHECK(data.ignored_columns()[0] == "v (array)");
  CHECK(text_of(text, "x.jsonl", {.columns = {{"event", {}}, {"v", {}}}})
            .find("column \"v\" cannot be used, expected one value a row, and one name, found array") !=
        std::string::npos);
}

TEST_CASE("json: a model's columns may be missing from all lines, but not those that it cannot do without") {
  const EventSchema schema = fit_schema(read_events_from_text(
      "user,event,amount\nu,a,1\nu,b,2\n", "x.csv", {.columns = {{"event", {}}, {"amount", ColumnKind::numeric}}}));
  CHECK(text_of("{\"event\":\"a\",\"user\":\"u\"}", "y.jsonl", {.schema = &schema}) == "user *event amount# | u: a,?");
  CHECK(text_of("{\"event\":\"a\"}", "y.jsonl", {.schema = &schema}).find("no column \"user\" in its lines") !=
        std::string::npos);
  CHECK(text_of("{\"user\":\"u\"}", "y.jsonl", {.schema = &schema}).find("no column \"event\" in its lines") !=
        std::string::npos);
}

TEST_CASE("json: a form is known by its first byte where the name says nothing") {
  CHECK(text_of("\n {\"user\":\"u\",\"event\":\"a\"}", "stdin") == "user *event | u: a");
  CHECK(text_of("a {b", "stdin") == " *event | : a {b");
  CHECK(text_of("{\"user\":\"u\",\"event\":\"a\"}", "x.ndjson.gz") == "user *event | u: a");
}

TEST_CASE("json: the same rows give the same data, whatever their form") {
  const std::vector<ShopUser> users = simulate_shop(40, 3);
  const auto table = [&](DataFormat format) { return table_text(*shop_rows(users, ShopTable::events), format); };
  const std::string csv = table(DataFormat::csv), json = table(DataFormat::jsonl), tabs = table(DataFormat::recbole);
  const std::string expected = text_of(csv, "x.csv"), schema = to_json(fit_schema(read_events_from_text(csv, "x.csv")));
  REQUIRE(expected.size() > 10'000);
  const std::pair<std::string, const char*> forms[] = {{json, "x.jsonl"},
                                                       {tabs, "x.inter"},
                                                       {pack(csv, Compression::gzip), "x.csv.gz"},
                                                       {pack(json, Compression::gzip), "x.jsonl.gz"},
                                                       {pack(csv, Compression::zstd), "x.csv.zst"},
                                                       {pack(json, Compression::zstd), "stdin"}};
  for (const auto& [text, name] : forms) {
    CAPTURE(name);
    CHECK(text_of(text, name) == expected);
    CHECK(to_json(fit_schema(read_events_from_text(text, name))) == schema);
  }
}

TEST_CASE("json: the bytes of rows give the file back") {
  for (const std::string text :
       {"\xEF\xBB\xBF{\"user\":\"u\",\"event\":\"a\"}\r\n{\"user\":\"v\",\"event\":\"b\"}",
        "{\"key\":\"u\", \"events\" : [ \"a\" , {\"event\":\"b\"} ] }\n{\"events\":[\"c\"],\"key\":\"v\"}\n"}) {
    const Dataset data = read_events_from_text(text, "x.jsonl", {.keep_raw = true});
    std::string raw(data.head());
    for (std::size_t s = 0; s < data.sequences().size(); ++s) {
      raw += data.lead(s);
      for (std::size_t i = 0; i < data.sequences()[s].count; ++i) raw += data.raw(data.sequences()[s].first + i);
    }
    CHECK(raw == text);
  }
}

TEST_CASE("json: fields read and replaced in a row, every other byte kept") {
  const std::string row = "{ \"a\" : 1 , \"b\":{\"c\":\"x\\\"y\",\"d\":null}, \"e.f\":[1,{\"a\":2}],\"g\":true }\r\n";
  const auto value = [&](const char* name) { return json_field_value(row, name); };
  CHECK(value("a") == "1");
  CHECK(value("b.c") == "x\"y");
  CHECK(value("b.d") == "");
  CHECK(value("e.f") == "[1,{\"a\":2}]");
  CHECK(value("g") == "true");
  CHECK(value("b") == "{\"c\":\"x\\\"y\",\"d\":null}");
  CHECK(value("nothing") == "");
  const auto with = [&](const char* name, const char* text) { return replace_json_field(row, name, text); };
  CHECK(with("a", "2.5") ==
        "{ \"a\" : 2.5 , \"b\":{\"c\":\"x\\\"y\",\"d\":null}, \"e.f\":[1,{\"a\":2}],\"g\":true }\r\n");
  CHECK(with("a", "two").starts_with("{ \"a\" : \"two\" ,"));
  CHECK(with("a", "").starts_with("{ \"a\" : null ,"));
  CHECK(with("b.c", "7").find("{\"c\":\"7\",\"d\"") != std::string::npos);
  CHECK(with("b.c", "").find("{\"c\":\"\",\"d\"") != std::string::npos);
  CHECK(with("b.d", "\xC3\xA9\n").find("\"d\":\"\xC3\xA9\\n\"}") != std::string::npos);
  CHECK(with("g", "false").find("\"g\":false }") != std::string::npos);
  CHECK(with("b.new", "1").find("\"d\":null,\"new\":\"1\"}") != std::string::npos);
  CHECK(with("new.one", "1").ends_with("\"g\":true ,\"new.one\":\"1\"}\r\n"));
  CHECK(replace_json_field("{}\n", "a", "1") == "{\"a\":\"1\"}\n");
  CHECK(replace_json_field("{}\n", "a", "") == "{}\n");
  std::string text;
  const std::vector<std::string> names = {"a", "b.c", "b.d", "g", "e.f", "z.z"};
  append_json_row(text, names, std::vector<std::string_view>{"5", "6", "7", "true", "", "1"}, row);
  CHECK(text == "{\"a\":5,\"b\":{\"c\":\"6\",\"d\":\"7\"},\"g\":true,\"z.z\":\"1\"}\n");
  append_json_row(text = "", names, std::vector<std::string_view>{"5", "", "", "", "", ""}, "");
  CHECK(text == "{\"a\":\"5\",\"b.c\":null,\"b.d\":null,\"g\":null,\"e.f\":null,\"z.z\":null}\n");
}
