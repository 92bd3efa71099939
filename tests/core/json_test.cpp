// JSON: what is written, and what is read with every failure in its place.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/json_events.hpp"
#include "core/json_tree.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/random.hpp"

using namespace seqguard;

namespace {

std::string refusal(const std::string& text, const auto& read) {
  try {
    const JsonTree tree(text, "f.json", ErrorCode::bad_checkpoint);
    read(tree.root());
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + " " + error.what();
  }
  return "accepted";
}

std::string refusal(const std::string& text) {
  return refusal(text, [](JsonValue) {});
}

}  // namespace

TEST_CASE("json: Python's Infinity and NaN stop only whoever reads them") {
  const std::string text = R"({"a": [-Infinity, Infinity, NaN], "text": "NaN \" Infinity", "NaN": 2, "b": 1.5})";
  const JsonTree tree(text, "f.json", ErrorCode::bad_checkpoint);
  CHECK(tree.root().at("text").text() == "NaN \" Infinity");
  CHECK(tree.root().at("NaN").integer() == 2);
  CHECK(tree.root().at("b").number() == 1.5);
  CHECK(tree.root().at("a").size() == 3);
  std::vector<std::string> found;
  tree.root().at("a").for_each([&](JsonValue value) {
    CHECK(value.is(JsonValue::Kind::real));
    CHECK_THROWS_WITH_AS(value.number(), doctest::Contains("expected a finite number, found "), Error);
    found.push_back(value.describe());
  });
  CHECK(found == std::vector<std::string>{"-Infinity", "Infinity", "NaN"});
  const auto read = [](JsonValue root) { root.at("a").number(); };
  CHECK(refusal(R"({"a": Infinity})", read) == "bad_checkpoint f.json: a, expected a finite number, found Infinity");
  for (const char* broken : {R"({"a": infinity})", R"({"a": Infinit})", R"({"a": +Infinity})", R"({"a": -NaN})",
                             R"({Infinity: 1})", R"({"a": InfinityNaN})", R"({"a": NaN"})"})
    CHECK(refusal(broken).find("bad_checkpoint f.json: malformed JSON") == 0);
}

TEST_CASE("json: written in one line, and with indents") {
  const auto write = [](JsonWriter& json) {
    json.begin_object().field("text", "a").field("flag", true).key("none").null().key("list").begin_array();
    json.value(1).value(std::uint64_t{18446744073709551615u}).value(std::int64_t{INT64_MIN}).begin_array().end_array();
    json.begin_object().end_object().end_array().key("floats").values(std::vector<float>{0.1f, 1e9f, -0.5f});
    json.exact_field("exact", 0.1).exact_field("whole", 2).key("raw").raw("[7]").end_object().end_line();
  };
  JsonWriter line, tree(2);
  write(line);
  write(tree);
  CHECK(line.text() ==
        "{\"text\":\"a\",\"flag\":true,\"none\":null,\"list\":[1,18446744073709551615,-9223372036854775808,[],{}],"
        "\"floats\":[0.100000001,1e+09,-0.5],\"exact\":0.1,\"whole\":2.0,\"raw\":[7]}\n");
  CHECK(
      tree.text() ==
      "{\n  \"text\": \"a\",\n  \"flag\": true,\n  \"none\": null,\n  \"list\": [\n    1,\n    18446744073709551615,\n"
      "    -9223372036854775808,\n    [],\n    {}\n  ],\n  \"floats\": [\n    0.100000001,\n    1e+09,\n    -0.5\n  "
      "],\n"
      "  \"exact\": 0.1,\n  \"whole\": 2.0,\n  \"raw\": [7]\n}\n");
  line.begin_object().end_object().end_line();  // JSON lines
  CHECK(line.text().ends_with("}\n{}\n"));
  line.clear();
  line.value(std::nan("")).end_line().exact(std::numeric_limits<double>::infinity());
  CHECK(line.text() == "null\nnull");
}

TEST_CASE("json: written as the JSON library writes it, whatever the text and the number") {
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int c = 0; c < 6; ++c) text += static_cast<char>(random.below(128));
    text += "\xC3\xA4";
    const double number = (random.uniform() - 0.5) * std::pow(10.0, static_cast<double>(random.below(40)) - 20.0);
    JsonWriter writer;
    writer.begin_object().key(text).exact(number).end_object();
    CHECK(writer.text() == nlohmann::json(std::map<std::string, double>{{text, number}}).dump());
  }
}

TEST_CASE("json: a document that is read and written again has the JSON library's bytes") {
  const std::string text =
      R"( {"b": [1, -2, 18446744073709551615, -9223372036854775808, 1.0, 0.1, 1e-07, 123456789012345678901234567890, -0],
           "a": {"z": null, "\u00e4": true, "": false, "Z": "\"\\\n\r\t\b\f\u0001/"}, "c": [], "d": {}, "e": [[{}]]} )";
  const JsonTree tree(text, "f.json", ErrorCode::bad_format);
  const auto expected = nlohmann::json::parse(text);
  CHECK(tree.root().dump() == expected.dump());
  for (const std::size_t indent : {1, 2}) {
    JsonWriter writer(indent);
    tree.root().write(writer);
    CHECK(writer.text() == expected.dump(static_cast<int>(indent)));
  }
}

TEST_CASE("json: values have types, and failures a place") {
  const std::string text = R"({"n": 7, "list": [1, {"deep": "x"}, null], "real": 0.5, "flag": true, "minus": -1})";
  const JsonTree tree(text, "f.json", ErrorCode::bad_checkpoint);
  const JsonValue root = tree.root();
  CHECK(root.at("n").natural() == 7);
  CHECK(root.at("n").natural(7) == 7);
  CHECK(root.at("n").number() == 7.0);
  CHECK(root.at("minus").integer() == -1);
  CHECK(root.at("minus").number() == -1.0);
  CHECK(root.at("real").number() == 0.5);
  CHECK(root.at("real").number_text() == "0.5");
  CHECK(root.at("real").share() == 0.5);
  CHECK(root.at("flag").equals(true));
  CHECK_FALSE(root.at("flag").equals("true"));
  CHECK(root.at("list").size() == 3);
  CHECK(root.at("list").first_child()->next_sibling()->at("deep").equals("x"));
  CHECK_FALSE(root.member("nothing").has_value());

  const auto fails = [&](const auto& read) { return refusal(text, read); };
  CHECK(fails([](JsonValue v) { v.at("n").natural(6); }) ==
        "bad_checkpoint f.json: n, expected an integer, 0 .. 6, found 7");
  CHECK(fails([](JsonValue v) { v.at("minus").natural(); }) ==
        "bad_checkpoint f.json: minus, expected a non-negative integer, found -1");
  CHECK(fails([](JsonValue v) { v.at("real").integer(); }) ==
        "bad_checkpoint f.json: real, expected an integer, found 0.5");
  CHECK(fails([](JsonValue v) { v.at("n").share(); }) == "bad_checkpoint f.json: n, expected 0 .. 1, found 7");
  CHECK(fails([](JsonValue v) { v.at("flag").number(); }) ==
        "bad_checkpoint f.json: flag, expected a number, found true");
  CHECK(fails([](JsonValue v) { v.at("list").texts(); }) == "bad_checkpoint f.json: list[0], expected a text, found 1");
  CHECK(fails([](JsonValue v) { v.at("list").first_child()->next_sibling()->at("deep").boolean(); }) ==
        "bad_checkpoint f.json: list[1].deep, expected true or false, found \"x\"");
  CHECK(fails([](JsonValue v) { v.at("more"); }) ==
        "bad_checkpoint f.json: field \"more\", expected a value, found none");
  CHECK(fails([](JsonValue v) { v.at("n").at("more"); }) == "bad_checkpoint f.json: n, expected an object, found 7");
  CHECK(fails([](JsonValue v) {
          v.allow_only({"n", "list"}, ErrorCode::bad_format);
        }) == "bad_format f.json: unknown field \"real\", expected only n, list, found 0.5");
}

TEST_CASE("json: null is a value of a member, and no value where one is looked for") {
  const JsonTree tree(R"({"a": null})", "f.json", ErrorCode::bad_format);
  CHECK(tree.root().member("a").has_value());
  CHECK_FALSE(tree.root().find("a").has_value());
  CHECK_THROWS_AS(tree.root().at("a"), Error);
  CHECK(tree.root().text_or("a", "absent") == "absent");
  CHECK(tree.root().boolean_or("b", true));
}

TEST_CASE("json: documents that are refused") {
  CHECK(refusal("{\"a\": [{\"b\": 1, \"c\": 2, \"b\": 3}]}") == "bad_checkpoint f.json: a[0]: duplicate key \"b\"");
  CHECK(refusal(std::string("{}\0", 3)) == "bad_checkpoint f.json: malformed JSON: NUL byte at offset 2");
  CHECK(refusal("{\"a\": }").find("bad_checkpoint f.json: malformed JSON: parse error at line 1, column 7: ") == 0);
  CHECK(refusal("\"" + std::string(1'000'000, 'x')).size() < 300);
  CHECK(refusal("1e999").find("bad_checkpoint f.json: malformed JSON: number overflow") == 0);
  CHECK(refusal("\"\xFF\"").find("bad_checkpoint f.json: malformed JSON: ") == 0);
  CHECK(refusal(std::string(64, '[') + std::string(64, ']')) == "accepted");
  CHECK(refusal(std::string(65, '[')) ==
        "bad_checkpoint f.json: JSON nested too deeply, expected at most 64, found more");

  const JsonTree twice(R"({"a": 1, "a": 2, "b": 3})", "f.json", ErrorCode::bad_format,
                       DuplicateKeys::refuse_if_asked_for);
  CHECK(twice.root().size() == 3);
  CHECK(twice.root().at("b").natural() == 3);
  CHECK_THROWS_WITH_AS(twice.root().at("a"), "f.json: duplicate key \"a\"", Error);
}
