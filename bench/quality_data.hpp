// The sequences of the sets of bench/quality_sets.hpp.
#pragma once

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "quality_sets.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/simulator.hpp"

namespace seqguard::bench {

inline std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) fail(ErrorCode::file_not_found, path, "cannot open");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    if (line.find_first_not_of(" \r\t") != std::string::npos) lines.push_back(line);
  return lines;
}

/// The last `count` blank-separated events of a line (0: all).
inline std::string last_events(const std::string& line, std::size_t count) {
  if (count == 0) return line;
  std::istringstream stream(line);
  std::vector<std::string> events;
  for (std::string event; stream >> event;) events.push_back(event);
  std::string result;
  for (std::size_t i = events.size() > count ? events.size() - count : 0; i < events.size(); ++i)
    result += (result.empty() ? "" : " ") + events[i];
  return result;
}

inline Dataset as_dataset(const std::vector<std::string>& lines, std::size_t first, std::size_t last,
                          const QualitySet& set) {
  std::string text;
  for (std::size_t i = first; i < last; ++i) text += last_events(lines[i], set.last_events) + "\n";
  ReadOptions options;
  options.format = DataFormat::lines;
  if (set.keyed) options.profile_key = "key";
  return read_events_from_text(text, "memory.txt", options);
}

/// A set ready for use.
struct QualityData {
  Dataset train, normal;
  std::vector<Dataset> groups;
};

inline QualityData read_lines_set(const QualitySet& set, const std::string& folder) {
  const std::vector<std::string> train = read_lines(folder + set.train), normal = read_lines(folder + set.normal);
  const bool halves = set.train == set.normal;
  const std::size_t middle = train.size() / 2;
  QualityData data{as_dataset(train, 0, halves ? middle : train.size(), set),
                   as_dataset(normal, halves ? middle : 0, normal.size(), set),
                   {}};
  for (const Group& group : set.groups) {
    const std::vector<std::string> lines = read_lines(folder + group.file);
    data.groups.push_back(as_dataset(lines, 0, lines.size(), set));
  }
  return data;
}

/// Rows with one more field, the key of the profile.
inline std::string with_profile_keys(const std::vector<std::string>& rows) {
  std::string text = rows[0] + ",profile\n";
  for (std::size_t i = 1; i < rows.size(); ++i) text += rows[i] + "," + rows[i].substr(0, rows[i].find('_')) + "\n";
  return text;
}

/// The first field of each row is its key; those that labels.csv gives a 1 are the one group.
inline QualityData read_table_set(const QualitySet& set, const std::string& folder) {
  ReadOptions options;
  options.format = DataFormat::csv;
  options.key = "key";
  options.order = "order";
  for (const std::string& name : set.columns)
    options.columns.push_back(name.starts_with("#") ? ColumnRequest{name.substr(1), ColumnKind::numeric}
                                                    : ColumnRequest{name, ColumnKind::categorical});
  std::set<std::string> abnormal;
  for (const std::string& line : read_lines(folder + "labels.csv"))
    if (line.ends_with(",1")) abnormal.insert(line.substr(0, line.find(',')));
  const std::vector<std::string> rows = read_lines(folder + set.normal);
  std::vector<std::string> of_normal{rows[0]}, of_abnormal{rows[0]};
  for (std::size_t i = 1; i < rows.size(); ++i)
    (abnormal.contains(rows[i].substr(0, rows[i].find(','))) ? of_abnormal : of_normal).push_back(rows[i]);
  if (set.keyed) options.profile_key = "profile";
  const auto read = [&](const std::vector<std::string>& selected) {
    std::string text;
    for (const std::string& row : selected) text += row + "\n";
    return read_events_from_text(set.keyed ? with_profile_keys(selected) : text, "rows.csv", options);
  };
  QualityData data{read(read_lines(folder + set.train)), read(of_normal), {}};
  data.groups.push_back(read(of_abnormal));
  return data;
}

/// Learns 4,000 users of one shop, of those without damage; judges 3,000 of another, of each kind about 43. "all": of
/// any kind.
inline QualityData simulate_set(const QualitySet& set, std::uint64_t seed) {
  const auto users_of = [](std::size_t count, std::uint64_t shop, std::string_view kind) {
    std::vector<ShopUser> users = simulate_shop(count, shop);
    std::erase_if(users, [&](const ShopUser& user) {
      return kind == "all" ? user.anomaly == ShopAnomaly::none : to_string(user.anomaly) != kind;
    });
    return read_events_from_text(shop_events_csv(users), "shop.csv", {.format = DataFormat::csv});
  };
  QualityData data{users_of(4000, seed, "none"), users_of(3000, 100 + seed, "none"), {}};
  for (const Group& group : set.groups) data.groups.push_back(users_of(3000, 100 + seed, group.name));
  return data;
}

inline QualityData read_set(const QualitySet& set, const std::string& data_dir, std::uint64_t seed) {
  if (set.is_simulated()) return simulate_set(set, seed);
  const std::string folder = data_dir + "/" + set.folder + "/";
  return set.columns.empty() ? read_lines_set(set, folder) : read_table_set(set, folder);
}

}  // namespace seqguard::bench
