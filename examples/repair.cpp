// Put damaged sequences right: a wrong event, a repetition, a hole. Learns from 600 visits in a few seconds.
#include <cstdio>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/fit_input.hpp>
#include <string>
#include <vector>

int main() {
  std::string text;
  for (int i = 0; i < 600; ++i)
    text += i % 2 == 0 ? "home search view cart pay bye\n" : "home list view zoom view cart pay bye\n";
  seqguard::FitOptions options;
  options.target_fpr = 0.05;
  seqguard::FitInput input = seqguard::prepare_fit(seqguard::read_events_from_text(text, "visits.txt"), options);
  input.plan.steps = 40;  // the traffic is simple; without these lines the plan of `fit` is followed
  input.plan.tagger_steps = 300;
  const seqguard::SequenceScorer scorer(seqguard::fit(input));

  const std::vector<std::vector<std::string>> damaged = {
      {"home", "search", "view", "hack", "pay", "bye"},
      {"home", "search", "view", "cart", "cart", "cart", "pay", "bye"},
      {"home", "list", "view", "view", "cart", "pay", "bye"},
      {"home", "search", "view", "cart", "pay", "bye"}};
  std::size_t edited = 0;
  for (const auto& visit : damaged) {
    const seqguard::Repair repair = scorer.repair(visit);
    for (const std::string& event : visit) std::printf("%s ", event.c_str());
    std::printf("\n  %s: score %.2f -> %.2f\n", to_string(repair.result).data(), repair.score_before,
                repair.score_after);
    for (const seqguard::Edit& edit : repair.edits)
      std::printf("  event %zu: %s %s %s  (p %.2f, gain %.2f)\n", edit.position, to_string(edit.operation).data(),
                  edit.before.c_str(), edit.after.c_str(), edit.probability, edit.gain);
    edited += repair.result == seqguard::RepairResult::edited ? 1 : 0;
  }
  return edited == 3 ? 0 : 1;  // the last one was right
}
