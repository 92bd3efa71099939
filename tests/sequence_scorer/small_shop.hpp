// A small, fast problem for the tests of the scorer: users who walk through a fixed grammar, and a model of them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"

namespace seqguard::tests {

/// One visit: login, then pairs of "search view" or "list view view", sometimes "cart pay", then logout.
inline std::vector<std::string> visit(Random& random) {
  std::vector<std::string> events = {"login"};
  const std::size_t rounds = 3 + random.below(5);
  for (std::size_t i = 0; i < rounds; ++i) {
    if (random.uniform() < 0.5) {
      events.insert(events.end(), {"search", "view"});
    } else {
      events.insert(events.end(), {"list", "view", "zoom"});
    }
    if (random.uniform() < 0.3) events.insert(events.end(), {"cart", "pay"});
  }
  events.push_back("logout");
  return events;
}

inline std::vector<std::vector<std::string>> visits(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::vector<std::string>> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(visit(random));
  return result;
}

inline Dataset as_dataset(const std::vector<std::vector<std::string>>& sequences) {
  std::string text;
  for (const auto& sequence : sequences) {
    for (const std::string& event : sequence) text += event + " ";
    text += "\n";
  }
  ReadOptions options;
  options.format = DataFormat::lines;
  return read_events_from_text(text, "visits.txt", options);
}

/// Options of a fit that takes a fraction of a second, of a model that repairs nothing.
inline FitOptions quick_fit() {
  FitOptions options;
  options.epochs = 20;
  options.seed = 3;
  options.repair = false;
  return options;
}

/// One digest over all files of a model directory.
inline std::string digest(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) names.push_back(std::filesystem::relative(entry.path(), directory).string());
  std::sort(names.begin(), names.end());
  std::string all;
  for (const std::string& name : names) all += name + sha256(read_file(directory + "/" + name, 1u << 28));
  return sha256(all);
}

/// One model for all tests of a program.
inline const SequenceScorer& shared_scorer() {
  static const SequenceScorer scorer(fit(as_dataset(visits(200, 1)), quick_fit()));
  return scorer;
}

/// A fit of a few seconds that learns to repair visits: 300 hold for the gate.
inline FitInput repairing_fit() {
  FitOptions options = quick_fit();
  options.repair = true;
  options.target_fpr = 0.05;
  FitInput input = prepare_fit(as_dataset(visits(1200, 1)), options);
  input.plan.steps = 60;
  input.plan.tagger_steps = 700;
  return input;
}

/// The model of it.
inline const SequenceScorer& repairing_scorer() {
  static const SequenceScorer scorer(fit(repairing_fit()));
  return scorer;
}

/// A model whose tagger has hardly learned, in a fraction of a second: for what does not depend on how well it repairs.
inline const SequenceScorer& hasty_repairer() {
  static const SequenceScorer scorer = [] {
    FitOptions options = quick_fit();
    options.repair = true;
    FitInput input = prepare_fit(as_dataset(visits(200, 1)), options);
    input.plan.steps = 60;
    input.plan.tagger_steps = 20;
    return SequenceScorer(fit(std::move(input)));
  }();
  return scorer;
}

/// A model of users who see pages "a" to "n" in their order, each left out by half of them: no value comes twice.
inline const SequenceScorer& page_scorer() {
  static const SequenceScorer scorer = [] {
    Random random(81);
    std::vector<std::vector<std::string>> sequences(100);
    for (auto& pages : sequences) {
      pages = {"start"};
      for (char page = 'a'; page <= 'n'; ++page)
        if (random.uniform() < 0.5) pages.emplace_back(1, page);
    }
    return SequenceScorer(fit(as_dataset(sequences), quick_fit()));
  }();
  return scorer;
}

/// Visits on one of two devices, an event every 20 to 59 seconds, or every second for `bots`.
inline Dataset timed_visits(std::size_t count, std::uint64_t seed, bool bots) {
  Random random(seed);
  std::string text = "user,event,device,time\n";
  for (std::size_t user = 0; user < count; ++user) {
    std::uint64_t seconds = 1'700'000'000 + 86'400 * user;
    const std::string device = random.uniform() < 0.5 ? "phone" : "desk";
    for (const std::string& event : visit(random)) {
      text += "u" + std::to_string(user) + "," + event + "," + device + "," + std::to_string(seconds * 1000) + "\n";
      seconds += bots ? 1 : 20 + random.below(40);
    }
  }
  ReadOptions options;
  options.format = DataFormat::csv;
  options.key = "user";
  options.time = "time";
  return read_events_from_text(text, "visits.csv", options);
}

/// Visits of users with a kind and a cost, which follow from the event: only what is paid has one.
inline Dataset visits_with_kinds(std::size_t count, std::uint64_t seed) {
  std::string text = "user,event,kind,cost\n";
  std::size_t user = 0;
  for (const auto& events : visits(count, seed)) {
    ++user;
    for (const std::string& event : events) {
      const bool is_order = event == "cart" || event == "pay", is_account = event == "login" || event == "logout";
      text += "u" + std::to_string(user) + "," + event + "," +
              (is_order     ? "order"
               : is_account ? "account"
                            : "browse") +
              "," + (event == "pay" ? "9.5" : "") + "\n";
    }
  }
  ReadOptions options;
  options.format = DataFormat::csv;
  options.key = "user";
  options.columns = {{"event"}, {"kind"}, {"cost", ColumnKind::numeric}};
  return read_events_from_text(text, "visits.csv", options);
}

/// A model of users with devices and times.
inline const SequenceScorer& times_scorer() {
  static const SequenceScorer scorer(fit(timed_visits(150, 1, false), quick_fit()));
  return scorer;
}

}  // namespace seqguard::tests
