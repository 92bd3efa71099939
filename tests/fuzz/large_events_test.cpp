// The largest and slowest files of events that 20 MB can hold.
#include "events/byte_source.hpp"
#include "fuzz/bounded.hpp"
#include "fuzz/targets.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

void read(DataFormat format, const std::string& text, bool keep_raw = false) {
  read_events_from_text(text, "large", {.format = format, .keep_raw = keep_raw});
}

/// `unit(i)` until `bytes` are reached.
template <class Unit>
std::string rows(std::size_t bytes, const std::string& header, const Unit& unit) {
  std::string text = header;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += unit(i);
  return text;
}

std::string number(std::size_t i, std::size_t digits) {
  std::string text;
  for (; digits > 0; --digits, i /= 64)
    text += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[i % 64];
  return text;
}

}  // namespace

TEST_CASE("large inputs: lines of events") {
  const std::size_t bytes = large_input_bytes();
  const auto lines = [&](const char* name, const auto& unit, bool keep_raw) {
    check_bounded(name, [&] { read(DataFormat::lines, rows(bytes, "", unit), keep_raw); });
  };
  for (const bool keep_raw : {false, true}) {
    lines(
        "lines: one line", [](std::size_t) { return "a "; }, keep_raw);
    lines(
        "lines: long lines", [](std::size_t i) { return i % 100'000 == 99'999 ? "a\n" : "a "; }, keep_raw);
    lines(
        "lines: short lines", [](std::size_t) { return "a\n"; }, keep_raw);
    lines(
        "lines: different events", [](std::size_t i) { return number(i, 4) + " "; }, keep_raw);
    lines(
        "lines: empty lines", [](std::size_t) { return "\n"; }, keep_raw);
    lines(
        "lines: bad lines", [](std::size_t) { return std::string("\xFF\n"); }, keep_raw);
  }
  check_bounded("lines: events with one hash", [&] { read(DataFormat::lines, colliding_lines(bytes, " x\n")); });
}

TEST_CASE("large inputs: tables of events") {
  const std::size_t bytes = large_input_bytes();
  const auto table = [&](const char* name, const std::string& header, const auto& unit, bool keep_raw = false) {
    check_bounded(name, [&] { read(DataFormat::csv, rows(bytes, header, unit), keep_raw); });
  };
  for (const bool keep_raw : {false, true}) {
    table(
        "table: short rows", "user,event\n", [](std::size_t) { return "a,b\n"; }, keep_raw);
    table(
        "table: a sequence each row", "user,event\n", [](std::size_t i) { return number(i, 4) + ",b\n"; }, keep_raw);
    table(
        "table: numbers", "user,event,amount,time\n",
        [](std::size_t i) { return "a,b," + std::to_string(i % 10) + ",1\n"; }, keep_raw);
    table(
        "table: orders", "user,event,seq\n", [](std::size_t i) { return "a,b," + std::to_string(9 - i % 10) + "\n"; },
        keep_raw);
    table(
        "table: fine times", "user,event,seq,time\n",
        [](std::size_t i) { return "a,b," + std::to_string(9 - i % 10) + ",.000" + std::to_string(i % 10) + "\n"; },
        keep_raw);
  }
  std::string header = "user,event", empty, full;
  for (std::size_t c = 0; c < 9'900; ++c) {
    header += "," + std::to_string(c);
    empty += ",";
    full += ",a";
  }
  table("table: empty fields", header + "\n", [&](std::size_t i) { return std::to_string(i) + ",e" + empty + "\n"; });
  table("table: fields", header + "\n", [&](std::size_t i) { return std::to_string(i) + ",e" + full + "\n"; });
  table("table: one row", "", [](std::size_t) { return ","; });
  table("table: one header", "", [](std::size_t i) { return std::to_string(i) + ","; });
  table("table: open quotes", "user,event\n", [](std::size_t) { return "\"\n"; });
  table("table: one quoted field", "user,event\n\"", [](std::size_t) { return "\"\""; });
  check_bounded("table: keys with one hash",
                [&] { read(DataFormat::csv, "user,event\n" + colliding_lines(bytes, ",e\n")); });
  check_bounded("table: columns with one hash", [&] {
    read(DataFormat::csv, "user,event," + colliding_lines(std::min<std::size_t>(bytes, 9'000 * 289), ",") + "end\n");
  });
  check_bounded("recbole: short rows", [&] {
    read(DataFormat::recbole, rows(bytes, "user_id:token\titem_id:token\n", [](std::size_t) { return "1\t2\n"; }));
  });
}

TEST_CASE("large inputs: JSON lines of events") {
  const std::size_t bytes = large_input_bytes();
  const auto json = [&](const char* name, const auto& unit) {
    check_bounded(name, [&] { read(DataFormat::jsonl, rows(bytes, "", unit)); });
  };
  json("json: short rows", [](std::size_t) {
    return R"({"user":"a","event":"b"})"
           "\n";
  });
  json("json: sequences", [](std::size_t) {
    return R"({"key":"a","events":["b"]})"
           "\n";
  });
  json("json: bad rows", [](std::size_t) { return "{\n"; });
  json("json: a name each row",
       [](std::size_t i) { return R"({"user":"a","event":"b","n)" + number(i, 4) + "\":1}\n"; });
  json("json: one sequence", [](std::size_t i) { return i == 0 ? "{\"events\":[\"a\"" : ",\"a\""; });
  json("json: nested", [](std::size_t i) { return i == 0 ? "{\"user\":" : "{\"a\":"; });
  for (int kind = 0; kind < k_nasty_json; ++kind)
    check_bounded("json: nasty", [&] { read(DataFormat::jsonl, nasty_json(kind, bytes)); });
}

TEST_CASE("large inputs: what is passed over while the form is guessed is not kept") {
  constexpr std::size_t k_lines = 40, k_line = std::size_t{15} << 20;  // 600 MB, beyond what a reader may take
  std::string packed;
  const std::string one = pack(std::string(k_line, ' ') + "\n", Compression::zstd);
  for (std::size_t i = 0; i < k_lines; ++i) packed += one;
  for (const DataFormat format : {DataFormat::guess, DataFormat::csv})
    check_bounded(format == DataFormat::csv ? "guess: blank lines of a table" : "guess: blank lines",
                  [&] { read_events_from_text(packed, "large", {.format = format, .max_unpacked_ratio = 1'000'000}); });
}

TEST_CASE("large inputs: archives of one byte") {
  for (const Compression kind : {Compression::gzip, Compression::zstd})
    check_bounded("archive: of zeros", [&] {
      const std::string packed = pack("user,event\n" + std::string(100 << 20, 'a'), kind);
      read_events_from_text(packed, "large.csv");
    });
  check_bounded("archive: many empty ones", [&] {
    const std::string one = pack("", Compression::gzip);
    std::string text = pack("user,event\n", Compression::gzip);
    while (text.size() < large_input_bytes()) text += one;
    read_events_from_text(text, "large.csv");
  });
}
