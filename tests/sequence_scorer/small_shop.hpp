// A small, fast problem for the tests of the scorer: users who walk through a fixed grammar, and a model of them.
#pragma once

#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

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

/// Options of a fit that takes a fraction of a second.
inline FitOptions quick_fit() {
  FitOptions options;
  options.epochs = 20;
  options.seed = 3;
  return options;
}

/// One model for all tests of a program.
inline const SequenceScorer& shared_scorer() {
  static const SequenceScorer scorer(fit(as_dataset(visits(200, 1)), quick_fit()));
  return scorer;
}

}  // namespace seqguard::tests
