// A host of the library: learns, saves, loads, scores. Prints what it got bit by bit, so that builds with other flags
// can be compared.
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "all_headers.hpp"  // every header of the library

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

/// Three steps of training of a small encoder with a head, through the templates of the headers.
void train_network() {
  using namespace seqguard;
  ModelSpec spec;
  spec.config.vocab_size = 20;
  spec.config.hidden_size = 16;
  spec.config.num_hidden_layers = 2;
  spec.config.num_attention_heads = 2;
  spec.config.intermediate_size = 32;
  spec.config.max_position_embeddings = 16;
  spec.config.initializer_range = 0.3;
  spec.heads = {{"odd", Head::sequence_classification, {"odd"}, Pooling::mean, HeadLoss::binary}};
  Model<float> model(make_context(default_isa(), MatmulBackend::own), spec);
  model.initialize(1);
  Optimizer<float> optimizer(model.table(), {});
  const std::vector<std::int32_t> ids = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
  const std::vector<std::size_t> offsets = {0, 4, 11};
  EncoderInput input;
  input.ids = ids;
  input.offsets = offsets;
  Workspace workspace(model, ids.size(), true);
  for (std::uint64_t step = 0; step < 3; ++step) {
    model.pack(true);
    const Arena::Frame frame(workspace.activations);
    const EncoderOptions options{.dropout = {0.1F, step, 0}, .for_training = true};
    const auto encoder = run_encoder<float>(model, input, options, workspace);
    const MatrixView<float> hidden = encoder.last_hidden_state();
    std::vector<float> logits(2), d_logits(2), d_hidden(hidden.rows * hidden.cols);
    const float targets[] = {1, 0};
    const auto head = run_head<float>(model, 0, {logits.data(), 2, 1}, hidden, offsets, {}, workspace);
    const float loss =
        model.context().kernels->bce_with_logits(d_logits.data(), logits.data(), targets, nullptr, logits.size());
    const auto d_p = bind_parameters<float>(model.table(), model.spec(), optimizer.lane(0).data());
    const MatrixView<float> d(d_hidden.data(), hidden.rows, hidden.cols);
    run_head_backward<float>(model, 0, d, d_p, {d_logits.data(), 2, 1}, head, hidden, offsets, workspace);
    run_encoder_backward<float>(model, d_p, d, encoder, input, options, workspace);
    const double norm = optimizer.reduce(model);
    optimizer.apply(model, norm, learning_rate<double>({.peak = 0.01}, step, 3));
    std::printf("network loss %a\nnetwork logit %a\nnetwork norm %a\n", static_cast<double>(loss),
                static_cast<double>(logits[1]), norm);
  }
}

/// Detection, calibration and metrics.
void judge_numbers() {
  using namespace seqguard;
  std::vector<double> normal, abnormal;
  Random random(3);
  for (int i = 0; i < 40; ++i) {
    normal.push_back(random.normal());
    abnormal.push_back(0.7 + random.normal());
  }
  const TailCalibration tail(normal);
  std::printf("statistics level %a\nstatistics threshold %a\n", tail.level(2.5), tail.threshold(0.01));
  std::printf("statistics auroc %a\nstatistics f1 %a\n", auroc(normal, abnormal),
              confusion_at(normal, abnormal, 0.5).f1());
  std::vector<std::vector<TypeId>> visits(30);
  for (auto& visit : visits)
    for (std::size_t i = 0; i < 10; ++i) visit.push_back(static_cast<TypeId>((i + random.below(3)) % 7));
  const std::vector<TypeSequence> normals(visits.begin(), visits.end());
  SequenceDetector detector(Recipe::single("ngram"));
  detector.fit(normals);
  SequenceDetector::Scratch scratch;
  std::printf("statistics detector %a\n", detector.decision_function(normals[3], scratch));
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
  train_network();
  judge_numbers();
}
