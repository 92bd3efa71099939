// Inputs larger than memory: the parts hold every sequence once and whole, and a temporary file leaves nothing behind.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "events/row_spill.hpp"
#include "seqguard/events/event_parts.hpp"
#include "seqguard/events/simulator.hpp"
#include "support/error_message.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

/// All that a sequence is, as text.
std::string text_of(const Dataset& data, std::size_t s) {
  const EventsView events = data.view(s);
  std::string text = std::string(data.sequences()[s].key) + "@" + std::to_string(data.sequences()[s].line);
  for (std::size_t i = 0; i < events.n; ++i) {
    text += "|" + std::to_string(data.row(data.sequences()[s].first + i));
    if (!events.time_ms.empty()) text += " " + std::to_string(events.time_ms[i]);
    for (const ColumnView& column : events.columns)
      text += " " + (column.is_text() ? std::string(column.text(i)) : std::to_string(column.floats()[i]));
  }
  return text;
}

std::map<std::uint64_t, std::string> by_line(const Dataset& data) {
  std::map<std::uint64_t, std::string> sequences;
  for (std::size_t s = 0; s < data.sequences().size(); ++s)
    sequences.emplace(data.sequences()[s].line, text_of(data, s));
  return sequences;
}

/// The rows of the shop in the order of their times: those of a user lie among all others.
std::string shuffled_shop() {
  std::string text = shop_events_csv(simulate_shop(150, 5));
  const std::size_t header = text.find('\n') + 1;
  std::vector<std::string> rows;
  for (std::size_t at = header; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    rows.push_back(text.substr(at, end - at));
    at = end;
  }
  std::stable_sort(rows.begin(), rows.end(), [](const std::string& a, const std::string& b) {
    const auto time = [](const std::string& row) { return row.substr(row.find(',', row.find(',') + 1) + 1, 13); };
    return time(a) < time(b);
  });
  text.resize(header);
  for (const std::string& row : rows) text += row;
  return text;
}

/// Parts of a few kilobytes, nearly everything on disk.
PartOptions small_parts(const TemporaryDirectory& folder) {
  return {.part_bytes = 60'000, .buffer_bytes = 5'000, .folder = folder.path()};
}

void check_parts(const std::string& text, const std::string& name, std::size_t least_parts) {
  const Dataset whole = read_events_from_text(text, name);
  const auto expected = by_line(whole);
  TemporaryDirectory folder;
  const auto source = open_rows_from_text(text, name);
  const EventParts parts(*source, {}, small_parts(folder));
  CHECK(parts.size() >= least_parts);
  CHECK(parts.is_on_disk());
  CHECK(parts.rows() == whole.events() + whole.rejected().count);
  std::map<std::uint64_t, std::string> found;
  std::uint64_t rejected = 0;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const Dataset part = parts.read(p);
    for (const auto& [line, sequence] : by_line(part)) CHECK(found.emplace(line, sequence).second);
    std::uint64_t before = 0;
    for (const DataSequence& sequence : part.sequences()) {
      CHECK(sequence.line > before);  // in the order of the file
      before = sequence.line;
    }
    rejected += part.rejected().count;
  }
  CHECK(found == expected);
  CHECK(rejected == whole.rejected().count);
}

}  // namespace

TEST_CASE("parts of a table hold every sequence once, whole, as the table read at once has it") {
  check_parts(shuffled_shop(), "shop.csv", 5);
}

TEST_CASE("so do parts of lines, of JSON sequences, and of a table with bad rows") {
  std::string lines, json, bad = "user,time,event\n";
  for (int i = 0; i < 4000; ++i) {
    lines += "a" + std::to_string(i % 7) + " b" + std::to_string(i % 11) + " c\n";
    json += "{\"key\":\"k" + std::to_string(i) + "\",\"events\":[\"x" + std::to_string(i % 5) + "\",\"y\"]}\n";
    bad += "u" + std::to_string(i % 900) + "," + (i % 50 == 3 ? "never" : std::to_string(1'700'000'000 + i)) + ",e" +
           std::to_string(i % 9) + (i % 70 == 4 ? ",one too many" : "") + "\n";
  }
  check_parts(lines, "log.txt", 3);
  check_parts(json, "log.jsonl", 3);
  check_parts(bad, "log.csv", 3);
}

TEST_CASE("sequences are picked from all parts") {
  const std::string text = shuffled_shop();
  const Dataset whole = read_events_from_text(text, "shop.csv");
  TemporaryDirectory folder;
  const auto source = open_rows_from_text(text, "shop.csv");
  const EventParts parts(*source, {}, small_parts(folder));
  const std::vector<std::string> keys = {"u00003", "u00140", "u00077"};
  const Dataset picked = parts.read_only(keys, {});
  REQUIRE(picked.sequences().size() == 3);
  const auto all = by_line(whole);
  for (const auto& [line, sequence] : by_line(picked)) CHECK(all.at(line) == sequence);
}

TEST_CASE("a sample has whole sequences, is the same for a seed, and no larger than asked for") {
  const std::string text = shuffled_shop();
  const auto all = by_line(read_events_from_text(text, "shop.csv"));
  TemporaryDirectory folder;
  const auto sample = [&](std::uint64_t seed, double& share) {
    PartOptions options = small_parts(folder);
    options.seed = seed;
    const auto source = open_rows_from_text(text, "shop.csv");
    const EventParts parts(*source, {}, options);
    return by_line(parts.read_sample(parts.bytes() / 3, share));
  };
  double share = 0;
  const auto first = sample(1, share);
  CHECK(share > 0.25);  // a third, less at most one group of 1024, of which a long user can be ten times the mean
  CHECK(share <= 1.0 / 3);
  CHECK(first.size() > 150 / 6);
  for (const auto& [line, sequence] : first) CHECK(all.at(line) == sequence);
  CHECK(sample(1, share) == first);
  CHECK(sample(2, share) != first);
}

TEST_CASE("a sample passes over a user who does not fit, and says so where nobody does") {
  std::string text = "user,event\n";
  for (int i = 0; i < 5000; ++i) text += "whale,event" + std::to_string(i % 10) + "\n";
  for (int i = 0; i < 300; ++i) text += "u" + std::to_string(i % 100) + ",event" + std::to_string(i % 10) + "\n";
  TemporaryDirectory folder;
  const auto source = open_rows_from_text(text, "log.csv");
  const EventParts parts(*source, {}, small_parts(folder));
  double share = 0;
  const Dataset sample = parts.read_sample(60'000, share);
  CHECK(sample.sequences().size() >= 90);
  CHECK(share < 0.2);
  CHECK(message_of([&] { (void)parts.read_sample(10, share); }).find("--memory") != std::string::npos);
}

TEST_CASE("the temporary file has no name") {
  TemporaryDirectory folder;
  const std::string text = shuffled_shop();
  const auto source = open_rows_from_text(text, "shop.csv");
  const EventParts parts(*source, {}, small_parts(folder));
  REQUIRE(parts.is_on_disk());
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("what cannot be parted is refused by name") {
  TemporaryDirectory folder;
  std::string one = "user,event\n";
  for (int i = 0; i < 3000; ++i) one += "u1,event" + std::to_string(i % 10) + "\n";
  const auto source = open_rows_from_text(one, "one.csv");
  const EventParts parts(*source, {}, small_parts(folder));
  std::string message;
  for (std::size_t p = 0; p < parts.size(); ++p)
    if (const std::string m = message_of([&] { (void)parts.read(p); }); m != "no error") message = m;
  CHECK(message.find("one.csv") != std::string::npos);
  CHECK(message.find("--memory") != std::string::npos);

  PartOptions nowhere = small_parts(folder);
  nowhere.folder = std::string(folder.path()) + "/missing";
  const std::string shop = shuffled_shop();
  const auto again = open_rows_from_text(shop, "shop.csv");
  message = message_of([&] { EventParts(*again, {}, nowhere); });
  CHECK(message.find("--temp") != std::string::npos);
  CHECK(message.find("/missing") != std::string::npos);
}

TEST_CASE("rows come back as they were, raw bytes and problems included") {
  TemporaryDirectory folder;
  RowSpill spill(folder.path(), 3, {.most_in_memory = 100, .keep_raw = true});
  for (std::uint64_t line = 1; line <= 50; ++line) {
    SourceRow row;
    row.line = line;
    const std::string text = "value " + std::to_string(line), empty;
    row.raw = text;
    row.lead = "k";
    row.fields = {text, empty, std::string_view("\0x", 2)};
    if (line % 7 == 0) row.problem = "bad " + std::to_string(line);
    spill.add(line % 3, row);
  }
  spill.finish();
  CHECK(spill.is_on_disk());
  const std::vector<std::size_t> all = {2, 0, 1};
  const auto rows = spill.rows(all, {});
  SourceRow row;
  for (std::uint64_t line = 1; line <= 50; ++line) {
    REQUIRE(rows->next(row));
    CHECK(row.line == line);
    if (line % 7 == 0) {
      CHECK(row.problem == "bad " + std::to_string(line));
      continue;
    }
    CHECK(row.problem.empty());
    REQUIRE(row.fields.size() == 3);
    CHECK(row.fields[0] == "value " + std::to_string(line));
    CHECK(row.fields[1].empty());
    CHECK(row.fields[2] == std::string_view("\0x", 2));
    CHECK(row.raw == row.fields[0]);
    CHECK(row.lead == "k");
  }
  CHECK(!rows->next(row));
}
