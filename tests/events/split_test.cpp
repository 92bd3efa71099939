// Parts of a data set: shares, kinds, users and times that are not shared.
#include "seqguard/events/split.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "seqguard/events/reader.hpp"
#include "support/error_message.hpp"

using namespace seqguard;

namespace {

/// `users` users of 4 events each, one a minute; user u begins at minute u.
std::string log_of(std::size_t users) {
  std::string text = "user,time,event\n";
  for (std::size_t u = 0; u < users; ++u)
    for (std::size_t i = 0; i < 4; ++i)
      text += "u" + std::to_string(u) + "," + std::to_string(1'700'000'000 + 60 * (u + i)) + ",e" + std::to_string(i) +
              "\n";
  return text;
}

Dataset read(const std::string& text, const ReadOptions& options = {}) {
  return read_events_from_text(text, "log.csv", options);
}

}  // namespace

TEST_CASE("deal gives each part its share of all and of every kind") {
  std::vector<std::string> kinds(1000);
  for (std::size_t i = 0; i < 37; ++i) kinds[i * 20] = "bot";
  for (std::size_t i = 0; i < 9; ++i) kinds[i * 31 + 1] = "takeover";
  const std::array<double, 3> shares = {0.7, 0.1, 0.2};
  const std::vector<std::uint32_t> parts = deal(kinds, shares, 5);
  std::map<std::string, std::array<std::size_t, 3>> counts;
  std::array<std::size_t, 3> all{};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    ++counts[kinds[i]][parts[i]];
    ++all[parts[i]];
  }
  CHECK(all == std::array<std::size_t, 3>{700, 100, 200});
  // What one kind leaves over goes to the next: at most one more or less of each.
  for (std::size_t p = 0; p < 3; ++p) {
    CHECK(std::abs(static_cast<double>(counts["bot"][p]) - 37 * shares[p]) <= 1.0);
    CHECK(std::abs(static_cast<double>(counts["takeover"][p]) - 9 * shares[p]) <= 1.5);
  }
  CHECK(deal(kinds, shares, 5) == parts);
  CHECK(deal(kinds, shares, 6) != parts);
  CHECK(message_of([&] {
          (void)deal(kinds, std::array<double, 2>{1.0, 0.0}, 1);
        }).find("above 0") != std::string::npos);
}

TEST_CASE("equal shares are folds whose sizes differ by at most one") {
  const std::vector<std::string> kinds(101);
  std::vector<std::size_t> sizes(10);
  for (const std::uint32_t fold : deal(kinds, std::vector<double>(10, 1.0), 3)) ++sizes[fold];
  for (const std::size_t size : sizes) CHECK((size == 10 || size == 11));
}

TEST_CASE("by user a sequence is in one part, and so are all sessions of a user") {
  const Dataset data = read(log_of(50));
  const Split split = split_events(data, {}, {.shares = {0.8, 0.2}});
  std::size_t test = 0;
  for (const DataSequence& sequence : data.sequences()) {
    for (std::size_t i = 1; i < sequence.count; ++i)
      CHECK(split.part[sequence.first + i] == split.part[sequence.first]);
    test += split.part[sequence.first];
  }
  CHECK(test == 10);
  CHECK(split.from_ms.empty());

  std::string sessions = "session,account,event\n";
  for (int s = 0; s < 60; ++s)
    sessions += "s" + std::to_string(s) + ",a" + std::to_string(s % 12) + ",x" + std::to_string(s % 5) + "\n";
  const Dataset keyed = read(sessions, {.key = "session", .profile_key = "account"});
  REQUIRE(keyed.sequences().size() == 60);
  const Split parted = split_events(keyed, {}, {.shares = {0.5, 0.5}});
  std::map<std::string, std::uint32_t> of_account;
  for (const DataSequence& sequence : keyed.sequences())
    CHECK(of_account.try_emplace(std::string(sequence.profile_key), parted.part[sequence.first]).first->second ==
          parted.part[sequence.first]);
}

TEST_CASE("by time every event of a part is later than those of the part before") {
  const Dataset data = read(log_of(40));
  const Split split = split_events(data, {}, {.by = SplitBy::time, .shares = {0.7, 0.1, 0.2}});
  REQUIRE(split.from_ms.size() == 2);
  std::array<std::size_t, 3> events{};
  for (std::size_t s = 0; s < data.sequences().size(); ++s)
    for (std::size_t i = 0; i < data.sequences()[s].count; ++i) {
      const std::int64_t time = data.view(s).time_ms[i];
      const std::uint32_t part = split.part[data.sequences()[s].first + i];
      ++events[part];
      CHECK(part == (time >= split.from_ms[1] ? 2u : time >= split.from_ms[0] ? 1u : 0u));
    }
  // Times are shared by up to four events, which stay together: of 160 events each part has its share to within three.
  CHECK(std::abs(static_cast<int>(events[0]) - 112) <= 3);
  CHECK(std::abs(static_cast<int>(events[2]) - 32) <= 3);

  const Split given = split_events(data, {}, {.by = SplitBy::time, .last_from_ms = 1'700'000'600'000});
  REQUIRE(given.from_ms == std::vector<std::int64_t>{1'700'000'600'000});
}

TEST_CASE("by user and time neither is shared, and what is left out is said") {
  const Dataset data = read(log_of(40));
  const Split split = split_events(data, {}, {.by = SplitBy::user_time, .shares = {0.6, 0.4}});
  std::size_t left_out = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    std::uint32_t own = k_no_part;
    for (std::size_t i = 0; i < data.sequences()[s].count; ++i) {
      const std::uint32_t part = split.part[data.sequences()[s].first + i];
      if (part == k_no_part) {
        ++left_out;
        continue;
      }
      CHECK((own == k_no_part || own == part));
      own = part;
      CHECK((data.view(s).time_ms[i] >= split.from_ms[0]) == (part == 1));
    }
  }
  CHECK(left_out > 0);
}

TEST_CASE("events without a time stay with the one before them") {
  const Dataset data = read("user,time,event\nu1,,a\nu1,1700000000,b\nu1,,a\nu1,1700000900,b\nu1,,c\n");
  const Split split = split_events(data, {}, {.by = SplitBy::time, .last_from_ms = 1'700'000'900'000});
  CHECK(split.part == std::vector<std::uint32_t>{0, 0, 0, 1, 1});
}

TEST_CASE("what cannot be split is refused by name") {
  const Dataset data = read(log_of(3));
  CHECK(message_of([&] {
          (void)split_events(data, {}, {.shares = {0.9, 0.1}});
        }).find("part 2 of 2 would have no event") != std::string::npos);
  CHECK(message_of([&] { (void)split_events(data, {}, {.shares = {1}}); }).find("two at least") != std::string::npos);
  const Dataset untimed = read("user,event\nu1,a\nu2,b\n");
  CHECK(message_of([&] { (void)split_events(untimed, {}, {.by = SplitBy::time}); }).find("no event has one") !=
        std::string::npos);
  CHECK(message_of([&] { (void)split_by_from_string("week"); }).find("user-time") != std::string::npos);
}
