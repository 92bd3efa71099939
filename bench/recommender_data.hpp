// What users bought or watched, in order, and the same damaged: for bench/recommender.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/damage.hpp"
#include "seqguard/events/encode.hpp"

namespace seqguard::bench {

/// Item names of one user, the earliest first.
using Items = std::vector<std::string>;

inline std::ifstream open_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) fail(ErrorCode::file_not_found, path, "cannot be opened");
  return file;
}

/// items/ml-100k.inter: rows of user, item, rating, time; equal times stay in the order of the rows.
inline std::vector<Items> read_ml_100k(const std::string& data) {
  std::ifstream file = open_file(data + "/items/ml-100k.inter");
  std::string line, user, item;
  std::getline(file, line);  // names of the columns
  std::map<std::string, std::vector<std::pair<double, std::string>>> users;
  for (double rating, time; file >> user >> item >> rating >> time;) users[user].emplace_back(time, item);
  std::vector<Items> result;
  for (auto& [name, events] : users) {
    std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    result.emplace_back();
    for (const auto& [time, name_of_item] : events) result.back().push_back(name_of_item);
  }
  return result;
}

/// items/video.txt: rows of user and item in order. Items of fewer than `least` users and users of fewer than 5 items
/// are left out, until none is.
inline std::vector<Items> read_video(const std::string& data, std::size_t least) {
  std::ifstream file = open_file(data + "/items/video.txt");
  std::map<std::string, Items> users;
  for (std::string user, item; file >> user >> item;) users[user].push_back(item);
  for (bool changed = true; changed;) {
    changed = false;
    std::map<std::string, std::size_t> counts;
    for (const auto& [user, items] : users)
      for (const std::string& item : items) ++counts[item];
    for (auto& [user, items] : users)
      changed = std::erase_if(items, [&](const std::string& item) { return counts[item] < least; }) > 0 || changed;
    changed = std::erase_if(users, [](const auto& user) { return user.second.size() < 5; }) > 0 || changed;
  }
  std::vector<Items> result;
  for (auto& [user, items] : users) result.push_back(std::move(items));
  return result;
}

struct DamagedLogs {
  std::vector<EncodedEvents> logs;
  std::size_t wrong = 0;  ///< events that are too many or have a wrong item
};

/// What is damaged in equal shares: "all" are duplicates, bursts (a foreign stretch), spurious and replaced items; else
/// one of "duplicated", "burst", "spurious" and "replaced". Empty: none of these names.
inline std::vector<DamageKind> damage_kinds(const std::string& name) {
  const std::pair<const char*, DamageKind> kinds[] = {{"duplicated", DamageKind::duplicated},
                                                      {"burst", DamageKind::foreign_stretch},
                                                      {"spurious", DamageKind::spurious},
                                                      {"replaced", DamageKind::replaced}};
  std::vector<DamageKind> result;
  for (const auto& [kind_name, kind] : kinds)
    if (name == "all" || name == kind_name) result.push_back(kind);
  return result;
}

/// Damages random logs until `share` of the events are wrong, as many by each kind. A log may be hit several times, by
/// several kinds.
inline DamagedLogs damage_logs(const EventSchema& schema, const std::vector<EncodedEvents>& clean,
                               const std::vector<DamageKind>& kinds, double share, std::uint64_t seed) {
  std::vector<const EncodedEvents*> normals;
  double events = 0;
  for (const EncodedEvents& log : clean) {
    normals.push_back(&log);
    events += static_cast<double>(log.n);
  }
  std::vector<Damage> damages;
  for (const DamageKind kind : kinds) {
    DamageOptions options;
    options.shares = {};
    options.shares[static_cast<std::size_t>(kind)] = 1;
    options.clean_share = options.two_kinds_share = options.unknown_share = options.unseen_share = 0;
    damages.emplace_back(schema, normals, options);
  }
  DamagedLogs result{clean, 0};
  std::vector<double> wrong(kinds.size(), 0.0);
  const double quota = share * events / static_cast<double>(kinds.size());
  Random random(seed, 0xDA3A6E);
  DamagedEvents out;
  // Always the kind that has done least so far.
  while (true) {
    const auto least = std::min_element(wrong.begin(), wrong.end());
    if (*least >= quota) break;
    EncodedEvents& log = result.logs[random.below(clean.size())];
    damages[static_cast<std::size_t>(least - wrong.begin())].apply(log, random, out);
    log = out.events;
    const auto count =
        out.tags.size() - static_cast<std::size_t>(std::count(out.tags.begin(), out.tags.end(), EventTag::keep));
    *least += static_cast<double>(count);
    result.wrong += count;
  }
  return result;
}

}  // namespace seqguard::bench
