// Bring an abnormal sequence back to normal with as few edits as possible.
#include <cstdio>
#include <seqguard/seqguard.hpp>

int main() {
  std::string text;
  for (int i = 0; i < 400; ++i)
    text += i % 2 == 0 ? "home search view cart pay bye\n" : "home list view cart pay bye\n";
  seqguard::FitOptions options;
  options.epochs = 20;
  const seqguard::SequenceScorer scorer(seqguard::fit(seqguard::read_events_from_text(text, "visits.txt"), options));

  const std::string_view visit[] = {"home", "search", "view", "search", "pay", "bye"};
  const seqguard::Repair repair = scorer.repair(seqguard::OneColumn(visit));

  std::printf("%s: score %.2f -> %.2f\n", std::string(to_string(repair.result)).c_str(), repair.score_before,
              repair.score_after);
  for (const seqguard::Edit& edit : repair.edits)
    std::printf("  event %zu: %s \"%s\" by \"%s\"\n", edit.position, std::string(to_string(edit.operation)).c_str(),
                edit.before.c_str(), edit.after.c_str());
  return repair.result == seqguard::RepairResult::edited ? 0 : 1;
}
