// Learn normal behaviour, then judge a sequence.
#include <cstdio>
#include <seqguard/seqguard.hpp>

int main() {
  std::string text;  // 300 normal visits; in real life: seqguard::read_events("visits.txt")
  for (int i = 0; i < 300; ++i)
    text += i % 3 == 0   ? "home search view view cart pay\n"
            : i % 3 == 1 ? "home list view cart pay\n"
                         : "home search view\n";
  const seqguard::Dataset visits = seqguard::read_events_from_text(text, "visits.txt");

  seqguard::FitOptions options;
  options.epochs = 3;
  const seqguard::SequenceScorer scorer(seqguard::fit(visits, options));

  const std::string_view visit[] = {"home", "pay", "pay", "pay", "pay", "cart"};
  auto scratch = scorer.make_scratch(64);  // one per thread
  seqguard::Score score;                   // reused: a warm call allocates nothing
  scorer.score(visit, score, scratch);
  std::printf("score %.2f, p %.2g, %s; most surprising: event %zu \"%s\"\n", score.value, score.p_value,
              score.is_anomaly ? "abnormal" : "normal", score.worst, std::string(visit[score.worst]).c_str());
  return score.is_anomaly ? 0 : 1;
}
