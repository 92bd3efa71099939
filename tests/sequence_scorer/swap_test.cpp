// Models are swapped while a service runs: nothing that a host holds is read with the wrong model, or dangles.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sequence_scorer/small_shop.hpp"
#include "sequence_scorer/text_golden.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// All that a scorer says of a sequence, with this scratch.
std::vector<double> judged(const SequenceScorer& scorer, const EventsView& events, SequenceScorer::Scratch& scratch) {
  Score score;
  scorer.score(events, score, scratch, {.masked = true});
  std::vector<double> result = {score.value, score.p_value, score.p_conformal, static_cast<double>(score.worst)};
  for (const EventScore& event : score.events) result.insert(result.end(), {event.value, event.p_value});
  for (const Candidate& candidate : scorer.expected(events, score.worst, 3, scratch))
    result.push_back(candidate.probability);
  if (!scorer.can_repair()) return result;
  const Repair repair = scorer.repair(events, scratch, {.max_false_edits = 0.2});
  result.insert(result.end(), {repair.score_after, repair.largest_gain, static_cast<double>(repair.edits.size())});
  return result;
}

/// A model of one column with several hundred values, as wide as the others: every table is larger.
const SequenceScorer& many_values_scorer() {
  static const SequenceScorer scorer = [] {
    Random random(17);
    std::vector<std::vector<std::string>> sequences(60);
    for (auto& sequence : sequences)
      for (int i = 0; i < 12; ++i) sequence.push_back("value" + std::to_string(random.below(400)));
    FitOptions options = quick_fit();
    options.epochs = 2;
    return SequenceScorer(fit(as_dataset(sequences), options));
  }();
  return scorer;
}

}  // namespace

TEST_CASE("a scratch of another model is made again: another schema, a larger vocabulary, one that was moved from") {
  const Dataset timed = timed_visits(3, 5, true);
  const std::vector<std::string> values = {"value1", "value2", "new", "value2", "value399"},
                                 visit = {"login", "pay", "pay", "drop_table", "list", "view", "zoom", "logout"};
  struct Case {
    const SequenceScorer& scorer;
    EventsView events;
  };
  const OneColumn value_column(values), visit_column(visit);
  const std::vector<Case> cases = {{many_values_scorer(), value_column},
                                   {times_scorer(), timed.view(0)},
                                   {shared_scorer(), visit_column},
                                   {repairing_scorer(), visit_column}};
  std::vector<std::vector<double>> expected;
  for (const auto& [scorer, events] : cases) {
    auto own = scorer.make_scratch(8);
    expected.push_back(judged(scorer, events, own));
  }
  // One scratch, made for the smallest model, goes from model to model and back.
  auto scratch = shared_scorer().make_scratch(0);
  for (const std::size_t i : {0u, 1u, 2u, 3u, 1u, 3u, 0u, 2u}) {
    CAPTURE(i);
    CHECK(judged(cases[i].scorer, cases[i].events, scratch) == expected[i]);
  }
  const auto taken = std::move(scratch);
  CHECK(judged(cases[0].scorer, cases[0].events, scratch) == expected[0]);
}

TEST_CASE("what a host holds outlives the scorer: scores, schema, model, and the scratch's own model") {
  std::optional<SequenceScorer> scorer(fit(as_dataset(visits(40, 1)), [] {
    FitOptions options = quick_fit();
    options.epochs = 1;
    return options;
  }()));
  const std::weak_ptr<const BehaviourModel> watched = scorer->model();
  const Score score = scorer->score(visits(1, 2)[0]);
  const std::string view = score.view;
  auto schema = scorer->schema();
  auto scratch = std::make_unique<SequenceScorer::Scratch>(scorer->make_scratch(8));
  scorer.reset();
  CHECK(schema->primary_column().vocabulary.value(0) == "view");
  schema.reset();
  CHECK_FALSE(watched.expired());  // by the scratch: no other model can come to lie at its address
  shared_scorer().expected(OneColumn(visits(1, 2)[0]), 0, 1, *scratch);
  CHECK(watched.expired());
  CHECK(score.view == view);
  CHECK(to_string(score.worst_by) == "next");
  CHECK_THROWS_AS(SequenceScorer(nullptr), Error);
}

TEST_CASE("a scratch of another text model is made again, and tokens that it holds stay") {
  const TextModel sentences = TextModel::load(k_golden + "text_sentence"),
                  pairs = TextModel::load(k_golden + "text_pairs");
  const std::vector<std::string> texts = {"the quick brown fox", "spam", "hello world and a longer text, cut or not"};
  std::vector<float> embedding(sentences.embedding_size()), classes(pairs.labels().size());
  auto own_a = sentences.make_scratch(), own_b = pairs.make_scratch(), shared = pairs.make_scratch();
  for (const std::string& text : texts) {
    sentences.embed(text, embedding, own_a);
    pairs.classify(text, "an answer", classes, own_b);
    std::vector<float> embedding_again(embedding.size()), classes_again(classes.size());
    sentences.embed(text, embedding_again, shared);
    pairs.classify(text, "an answer", classes_again, shared);
    CHECK(embedding_again == embedding);
    CHECK(classes_again == classes);
  }
  // The tokens of one model, read by another that has at least its ids.
  const TokenSequence tokens = sentences.encode(texts[0], "", shared);
  const std::vector<std::int32_t> ids(tokens.ids.begin(), tokens.ids.end());
  const TokenSequence own_tokens{ids, {}};
  const auto values = [](MatrixView<const float> view) {
    return std::vector<float>(view.data, view.data + view.rows * view.cols);
  };
  CHECK(values(pairs.hidden_states({tokens.ids, {}}, shared)) == values(pairs.hidden_states(own_tokens, own_b)));
  const auto taken = std::move(shared);
  sentences.embed(texts[1], embedding, shared);
  CHECK(shared.tokens().ids.size() > 2);
}

TEST_CASE(
    "open_model: a model of behaviour or a text checkpoint, by the files, and the classes refuse the other kind") {
  const TemporaryDirectory directory;
  save_behaviour_model(*shared_scorer().model(), directory / "model");
  CHECK(std::holds_alternative<SequenceScorer>(open_model(directory / "model")));
  const auto opened = open_model(k_golden + "text_pairs", {}, {.max_tokens = 8});
  REQUIRE(std::holds_alternative<TextModel>(opened));
  CHECK(std::get<TextModel>(opened).max_tokens() == 8);
  try {
    SequenceScorer::load(k_golden + "text_pairs");
    FAIL("opened");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unsupported);
    CHECK(std::string(error.what()).find("TextModel::load() or open_model()") != std::string::npos);
  }
  // What is neither is told what is missing.
  CHECK_THROWS_WITH_AS(SequenceScorer::load(directory.path()), doctest::Contains("detector.json too"), Error);
  CHECK_THROWS_WITH_AS(open_model(directory / "nowhere"), doctest::Contains("a directory with config.json"), Error);
}
