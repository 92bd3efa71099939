// Rows: what every form of input hands out, and what they say under a plan of columns.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/event_row.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/simulator.hpp"

using namespace seqguard;

namespace {

/// "line[lead|raw] field;field;" of each row, or "line: problem".
std::string rows_of(RowSource& source) {
  std::string text;
  for (SourceRow row; source.next(row); text += "\n") {
    text += std::to_string(row.line);
    if (!row.problem.empty()) {
      text += ": " + row.problem;
      continue;
    }
    text.append("[").append(row.lead).append("|").append(row.raw).append("] ");
    for (const std::string_view field : row.fields) text.append(field).append(";");
  }
  return text;
}

/// Three users; every row overwrites the texts of the row before.
class NumberedRows final : public RowSource {
 public:
  explicit NumberedRows(std::size_t rows) : rows_(rows) {
    info_.name = "numbers";
    info_.columns = {{"user"}, {"event"}, {"amount", ColumnKind::numeric}};
  }
  const SourceInfo& info() const noexcept override { return info_; }
  bool next(SourceRow& row) override {
    if (row_ == rows_) return false;
    texts_ = {"u" + std::to_string(row_ % 3), "event number " + std::to_string(row_ % 10), std::to_string(row_)};
    row.fields.assign(texts_.begin(), texts_.end());
    row.line = ++row_;
    row.problem = row_ % 7 == 0 ? "a bad one" : "";
    return true;
  }

 private:
  SourceInfo info_;
  std::size_t rows_, row_ = 0;
  std::vector<std::string> texts_;
};

void check_equal(const Dataset& a, const Dataset& b) {
  REQUIRE(a.sequences().size() == b.sequences().size());
  REQUIRE(a.events() == b.events());
  REQUIRE(to_json(fit_schema(a)) == to_json(fit_schema(b)));
  for (std::size_t s = 0; s < a.sequences().size(); ++s) {
    const EventsView x = a.view(s), y = b.view(s);
    REQUIRE(a.sequences()[s].key == b.sequences()[s].key);
    REQUIRE(std::equal(x.time_ms.begin(), x.time_ms.end(), y.time_ms.begin(), y.time_ms.end()));
    for (std::size_t c = 0; c < x.columns.size(); ++c)
      for (std::size_t i = 0; i < x.n; ++i) {
        if (x.columns[c].is_text())
          REQUIRE(x.columns[c].text(i) == y.columns[c].text(i));
        else
          REQUIRE(std::to_string(x.columns[c].floats()[i]) == std::to_string(y.columns[c].floats()[i]));
      }
  }
  for (std::size_t e = 0; e < a.events(); ++e) {
    REQUIRE(a.row(e) == b.row(e));
    REQUIRE(a.order_text(e) == b.order_text(e));
  }
}

}  // namespace

TEST_CASE("rows: a table, its bad rows among the others") {
  const auto source =
      open_rows_from_text("\xEF\xBB\xBFuser,event\r\na,\"x, \"\"y\"\"\"\r\n\na\nb,\"1\n2\"\nc,z", "x.csv");
  CHECK(source->info().name == "x.csv");
  CHECK(source->info().format == DataFormat::csv);
  CHECK(source->info().head == "\xEF\xBB\xBFuser,event\r\n");
  CHECK_FALSE(source->info().line_is_sequence);
  REQUIRE(source->info().columns.size() == 2);
  CHECK(source->info().columns[0].name == "user");
  CHECK(rows_of(*source) ==
        "2[|a,\"x, \"\"y\"\"\"\r\n] a;x, \"y\";\n"
        "4: expected 2 fields, found 1\n"
        "5[|b,\"1\n2\"\n] b;1\n2;\n"
        "7[|c,z] c;z;\n");
  CHECK(source->blank_lines() == 1);
  SourceRow row;
  CHECK_FALSE(source->next(row));
}

TEST_CASE("rows: the header of recbole says what columns are") {
  const auto source = open_rows_from_text("user_id:token\tprice:float\ttags:token_seq\tplain\n", "x.inter");
  const std::vector<SourceColumn>& columns = source->info().columns;
  REQUIRE(columns.size() == 4);
  CHECK(columns[0].name == "user_id");
  CHECK(columns[0].kind == ColumnKind::categorical);
  CHECK(columns[1].kind == ColumnKind::numeric);
  CHECK(columns[2].unusable == "token_seq, a list: --columns tags reads each row as a sequence of it");
  CHECK(columns[2].is_list);
  CHECK_FALSE(columns[3].kind.has_value());
}

TEST_CASE("rows: lines of events, with keys and without") {
  const auto plain = open_rows_from_text("  a  b\r\n\n\xFF\nc", "x.txt");
  CHECK(plain->info().line_is_sequence);
  CHECK(plain->info().columns.size() == 1);
  CHECK(rows_of(*plain) == "1[  |a  ] a;\n1[|b\r\n] b;\n3: invalid UTF-8\n4[|c] c;\n");
  CHECK(plain->blank_lines() == 1);
  const auto keyed = open_rows_from_text("u\t a b\nv\t\n", "x.txt", {.keyed_lines = true});
  CHECK(keyed->info().columns.size() == 2);
  CHECK(rows_of(*keyed) == "1[u\t |a ] a;u;\n1[|b\n] b;u;\n2: no events\n");
}

TEST_CASE("rows: a schema says what their fields mean") {
  const EventSchema schema =
      fit_schema(read_events_from_text("user,seq,time,event,price\na,0,100,view,1\nb,1,160,view,10\n", "x.csv",
                                       {.columns = {{"event", {}}, {"price", ColumnKind::numeric}}}));
  const auto source = open_rows_from_text(
      "price,event,more,time,seq,user\n"
      "2.5,buy,?,1717000000,9007199254740993,u\n"
      ",buy,?,,9007199254740992,u\n"
      "2.5,buy,?,1717000000,7,\n"
      "cheap,buy,?,1717000000,7,u\n"
      "2.5,buy\n"
      "1,view,?,1717000001,8,v\n",
      "y.csv");
  const RowParser parser(plan_from_schema(source->info(), schema));
  SourceRow row;
  EventRow first;
  REQUIRE(source->next(row));
  parser.parse(row, first);
  CHECK(first.problem == "");
  CHECK(first.line == 2);
  CHECK(first.raw == "2.5,buy,?,1717000000,9007199254740993,u\n");
  CHECK(first.key == "u");
  CHECK(first.order_text == "9007199254740993");
  CHECK(first.time_ms == 1717000000000);
  REQUIRE(first.values.size() == 2);
  CHECK(first.values[0].text == "buy");
  CHECK(first.values[1].text == "2.5");
  CHECK(first.values[1].number == 2.5f);
  EventRow event = first;  // what it held is gone after the next parse
  REQUIRE(source->next(row));
  parser.parse(row, event);
  CHECK(event.problem == "");
  CHECK(event.order < first.order);  // a double holds both as one number
  CHECK(event.time_ms == k_no_time);
  CHECK(std::isnan(event.values[1].number));
  std::string problems, last;  // texts last until the next row is asked for
  while (source->next(row)) {
    parser.parse(row, event);
    problems += event.problem + "\n";
    last = std::string(event.key) + " " + std::string(event.values[0].text);
  }
  CHECK(problems ==
        "column \"user\": empty key\ncolumn \"price\": not a number: \"cheap\"\nexpected 6 fields, found 2\n\n");
  CHECK(last == "v view");

  const auto lacking = open_rows_from_text("user,event,time\n", "z.csv");
  CHECK_THROWS_WITH_AS(plan_from_schema(lacking->info(), schema), doctest::Contains("no column \"seq\""), Error);
}

TEST_CASE("rows: a data set is built from any source, which may reuse its memory") {
  NumberedRows source(25'000);  // more than the sample from which columns are inferred
  const Dataset data = read_events(source);
  CHECK(data.rejected().file == "numbers");
  CHECK(data.rejected().count == 25'000 / 7);
  REQUIRE(data.sequences().size() == 3);
  CHECK(data.events() == 25'000 - 25'000 / 7);
  std::size_t wrong = 0;
  for (std::size_t s = 0; s < 3; ++s)
    for (std::size_t i = 0; i < data.sequences()[s].count; ++i) {
      const std::uint64_t number = data.row(data.sequences()[s].first + i) - 1;
      wrong += data.sequences()[s].key != "u" + std::to_string(number % 3) ||
               data.view(s).columns[0].text(i) != "event number " + std::to_string(number % 10) ||
               data.view(s).columns[1].floats()[i] != static_cast<float>(number);
    }
  CHECK(wrong == 0);
  NumberedRows again(10);
  CHECK_THROWS_WITH_AS(read_events(again, {.strict = true}), "numbers:7: a bad one", Error);
}

TEST_CASE("rows: the simulated shop is a source, and gives what its file gives") {
  const std::vector<ShopUser> users = simulate_shop(100, 3);
  for (const ShopTable table : {ShopTable::events, ShopTable::clean}) {
    const auto rows = shop_rows(users, table);
    const std::string text = table == ShopTable::events ? shop_events_csv(users) : shop_clean_csv(users);
    check_equal(read_events(*rows), read_events_from_text(text, "shop.csv"));
  }
}
