// Why something was judged as it was: a visitor of a simulated shop, and a comment.
//
//   explain MODEL_DIR OUTPUT_DIR [LEARNING_RATE]      a text checkpoint that learns what spam is (fine_tune_text.cpp)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <seqguard/events/simulator.hpp>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/explain_text.hpp>
#include <seqguard/sequence_scorer/explanation.hpp>
#include <seqguard/sequence_scorer/fine_tune_text.hpp>

#include "comments.hpp"

using namespace seqguard;

namespace {

/// The most abnormal of some new visitors.
void explain_visitor() {
  const std::vector<ShopUser> past = simulate_shop(200, 1), now = simulate_shop(200, 2);
  FitOptions options;
  options.epochs = 5;
  const SequenceScorer scorer(fit(read_events(*shop_rows(past, ShopTable::clean)), options));
  ReadOptions columns;
  const auto schema = scorer.schema();
  columns.schema = schema.get();
  const Dataset visitors = read_events(*shop_rows(now, ShopTable::events), columns);
  std::size_t worst = 0;
  std::vector<double> scores;
  for (std::size_t s = 0; s < visitors.sequences().size(); ++s) {
    scores.push_back(scorer.score(visitors.view(s)).value);
    if (scores[s] > scores[worst]) worst = s;
  }

  const Explanation explanation = scorer.explain(visitors.view(worst));
  std::printf("visitor %s, p %.4f:\n", std::string(visitors.sequences()[worst].key).c_str(), explanation.score.p_value);
  for (const std::string& sentence : explanation.sentences()) std::printf("  - %s\n", sentence.c_str());
  const SuspiciousEvent& event = explanation.events.front();
  std::printf("  event %zu, %.1f nats (%.1f without its context), most of it because of:\n", event.position,
              event.surprise, event.baseline_surprise);
  for (std::size_t i = 0; i < std::min<std::size_t>(3, event.attributions.size()); ++i)
    std::printf("    %+.2f  event %zu, column %s\n", event.attributions[i].value, event.attributions[i].event,
                event.attributions[i].column.c_str());
}

/// What made a comment spam, word by word.
void explain_comment(const char* from, const char* to, double learning_rate) {
  LabelledTexts texts{"comments", TextProblem::single_label_classification, {"fine", "spam"}, {}};
  for (const Comment& comment : k_known)
    texts.texts.push_back({std::string(comment.text), "", comment.spam ? 1u : 0u, {}, 0});
  FineTuneTextOptions options;
  options.learning_rate = learning_rate;
  options.steps = 100;
  options.valid_fraction = 0;
  fine_tune_text(from, texts, to, options);

  const TextModel model = TextModel::load(to);
  TextExplainer explainer(model);
  const TextExplanation explanation = explainer.explain(k_known[8].text);
  std::printf("\"%s\" is %s:\n", std::string(k_known[8].text).c_str(), explanation.name.c_str());
  for (const WordAttribution& word : explanation.words) std::printf("  %+.2f  %s\n", word.value, word.word.c_str());
  std::printf("  log odds %.2f, %.2f with every word hidden\n", explanation.log_odds, explanation.baseline);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: explain MODEL_DIR OUTPUT_DIR [LEARNING_RATE]\n");
    return 2;
  }
  explain_visitor();
  explain_comment(argv[1], argv[2], argc == 4 ? std::strtod(argv[3], nullptr) : 1e-4);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "explain: %s\n", error.what());
  return 1;
}
