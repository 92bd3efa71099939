// A host of the library: learns, saves, loads, scores. Prints what it got bit by bit, so that builds with other flags
// can be compared.
#include <cstddef>
#include <cstdio>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/behaviour_model.hpp>
#include <string>
#include <vector>

namespace {

/// Visits to a shop, regular enough to be learned: a search, some views, at times a purchase.
std::string make_visits() {
  std::string text;
  for (unsigned i = 0; i < 60; ++i) {
    text += i % 3 == 0 ? "search" : "home search";
    for (unsigned j = 0; j < 1 + i * 7 % 5; ++j) text += " view";
    text += i % 4 == 0 ? " cart pay\n" : " leave\n";
  }
  return text;
}

void print(const char* name, const seqguard::Score& score) {
  std::printf("score %s %a %a %a %s worst %zu\n", name, score.value, score.p_value, score.p_conformal,
              score.is_anomaly ? "abnormal" : "normal", score.worst);
  for (const seqguard::EventScore& event : score.events)
    std::printf("event %s %a %a\n", name, event.value, event.p_value);
}

}  // namespace

int main() {
#ifdef __FAST_MATH__
  std::printf("host fast-math\n");
#else
  std::printf("host plain\n");
#endif
  seqguard::FitOptions fit_options;
  fit_options.epochs = 3;
  fit_options.compute.matmul = seqguard::MatmulBackend::own;
  const seqguard::Dataset visits = seqguard::read_events_from_text(make_visits(), "visits.txt");
  seqguard::save_behaviour_model(*seqguard::fit(visits, fit_options), "shop-model");

  seqguard::LoadOptions load_options;
  load_options.matmul = seqguard::MatmulBackend::own;
  const auto scorer = seqguard::SequenceScorer::load("shop-model", load_options);
  auto scratch = scorer.make_scratch(64);
  seqguard::Score score;
  const std::vector<std::string> visit = {"home", "search", "view", "view", "cart", "pay"};
  const std::vector<std::string> robot = {"pay", "pay", "teleport", "pay", "home"};
  scorer.score(visit, score, scratch);
  print("visit", score);
  scorer.score(robot, score, scratch);
  print("robot", score);

  try {
    seqguard::SequenceScorer::load("no-such-model");
  } catch (const seqguard::Error& error) {
    std::printf("error %s\n", error.what());
  }
}
