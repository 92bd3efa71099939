// The gradient that an objective gives, through encoder and heads, against central differences in double.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/edit_objectives.hpp"
#include "seqguard/training/event_objectives.hpp"

using namespace seqguard;

namespace {

/// Visits with a second column, a number and a time.
Dataset visits() {
  const char* const events[] = {"login", "search", "view", "cart", "pay"};
  std::string text = "user,event,device,price,time\n";
  for (std::size_t user = 0; user < 4; ++user)
    for (std::size_t i = 0; i < 3 + user; ++i)
      text += "u" + std::to_string(user) + "," + events[(user + i * i) % 5] + "," + (i % 2 == 0 ? "phone" : "desk") +
              "," + std::to_string(3 * i + user) + "," + std::to_string(1'700'000'000 + 60 * i * i) + "\n";
  ReadOptions read;
  read.columns = {{"event"}, {"device"}, {"price", ColumnKind::numeric}};
  return read_events_from_text(text, "visits.csv", read);
}

/// A chunk of all visits behind a model in double, differentiated parameter by parameter.
struct Problem {
  EventSchema schema;
  EncodedData data;
  Model<double> model;
  TrainingChunk chunk;
  Workspace workspace;

  static ModelSpec spec(const EventSchema& schema, bool predicts_columns) {
    ModelSpec spec;
    spec.config.vocab_size = schema.primary_column().vocabulary.size();
    spec.config.hidden_size = 8;
    spec.config.num_hidden_layers = 1;
    spec.config.num_attention_heads = 2;
    spec.config.intermediate_size = 10;
    spec.config.max_position_embeddings = 16;
    spec.config.type_vocab_size = 1;
    spec.config.initializer_range = 0.4;
    spec.config.layer_norm_eps = 1e-5;
    spec.config.classifier_dropout = 0.3;
    spec.features = model_features(schema);
    spec.features.predicted = predicts_columns;
    spec.heads = {{"", Head::masked_lm},
                  {"kind", Head::sequence_classification, {"a", "b", "c"}},
                  {"flags", Head::sequence_classification, {"x", "y", "z"}, Pooling::mean, HeadLoss::binary},
                  {"sizes", Head::sequence_classification, {"u", "v", "w"}, Pooling::cls, HeadLoss::squared_error},
                  {"steps", Head::token_classification, {"a", "b", "c"}},
                  {"marks", Head::token_classification, {"x"}, Pooling::cls, HeadLoss::binary},
                  {"tags", Head::token_classification, {"a", "b", "c"}, Pooling::cls, HeadLoss::softmax, true},
                  {"gaps", Head::gap_classification, {"missing"}, Pooling::cls, HeadLoss::binary}};
    return spec;
  }

  explicit Problem(bool predicts_columns = true, const Dataset& visited = visits())
      : schema(fit_schema(visited)),
        data(visited, schema),
        model(make_reference_context(), spec(schema, predicts_columns)) {
    model.initialize(5);
    chunk.batch.prepare(schema, 0);
    for (std::size_t i = 0; i < data.size(); ++i) chunk.batch.append(data[i], 0, data[i].positions());
    // The last sequence has no labels, and one label of the third is not known.
    const float nan = std::numeric_limits<float>::quiet_NaN();
    chunk.labels = {{1, 0, 0, 0, 0.25F, 0.75F, 0, 1, 0, nan, nan, nan},
                    {},
                    {1, 0, 0, 0, 0.25F, 0.75F, 0, nan, 1, nan, nan, nan},
                    {}};
    for (std::size_t t = 0; t < chunk.batch.tokens(); ++t) {
      chunk.labels[3].push_back(t % 3 == 0 ? nan : t % 3 == 1 ? 1.0F : 0.0F);
      for (std::size_t c = 0; c < 3; ++c) chunk.labels[1].push_back(t % 4 == 0 ? nan : t % 3 == c ? 1.0F : 0.0F);
    }
  }

  ChunkTargets ask(const Objective<double>& objective) {
    ChunkTargets targets;
    targets.clear(chunk.batch.decoders());
    for (std::size_t b = 0; b < chunk.batch.sequences(); ++b) {
      Random random(7, b);
      objective.corrupt(chunk, targets, b, random);
    }
    return targets;
  }

  /// factor * loss as in training; its gradient.
  double run(const Objective<double>& objective, const ChunkTargets& targets, double factor,
             std::vector<double>& gradient) {
    model.pack(true);
    const Arena::Frame frame(workspace.activations);
    const EncoderInput input = chunk.batch.input();
    const EncoderOptions options{objective.mask(), {0.2F, 99, 3}, true, 0.15F};
    const auto cache = run_encoder<double>(model, input, options, workspace);
    const MatrixView<double> hidden = cache.last_hidden_state();
    gradient.assign(model.table().gradient_size(), 0.0);
    const auto d_p = bind_parameters<double>(model.table(), model.spec(), gradient.data());
    std::vector<double> d_hidden(hidden.rows * hidden.cols);
    const LossGradient<double> d_loss{factor, d_p, {d_hidden.data(), hidden.rows, hidden.cols}};
    const double loss =
        objective.loss({model, chunk, hidden, options.dropout, input.offsets}, targets, &d_loss, workspace);
    run_encoder_backward<double>(model, d_p, d_loss.d_hidden, cache, input, options, workspace);
    return factor * loss;
  }

  /// Largest difference to the central differences, relative as in tests/model/gradient_test.cpp.
  double worst_difference(const Objective<double>& objective) {
    const ChunkTargets targets = ask(objective);
    std::vector<double> gradient, unused;
    run(objective, targets, 0.7, gradient);
    constexpr double k_step = 1e-5;
    double worst = 0, largest = 0;
    for (const ParameterInfo& info : model.table().entries())
      for (std::size_t i = 0; i < info.count; ++i) {
        double& value = model.values()[info.offset + i];
        const double before = value;
        value = before + k_step;
        const double up = run(objective, targets, 0.7, unused);
        value = before - k_step;
        const double down = run(objective, targets, 0.7, unused);
        value = before;
        const double numeric = (up - down) / (2 * k_step);
        const double difference = std::abs(numeric - gradient[info.gradient_offset + i]) / (1 + std::abs(numeric));
        if (!(difference <= worst)) worst = difference;
        largest = std::max(largest, std::abs(numeric));
      }
    CHECK(largest > 0.01);  // there was something to differentiate
    return worst;
  }
};

// 100 times the error of the difference quotient: see tests/model/gradient_test.cpp.
constexpr double k_bound = 1e-8;

}  // namespace

TEST_CASE("gradients of the event objectives, all columns of an event predicted") {
  Problem problem;
  REQUIRE(problem.chunk.batch.decoders() == 3);
  SUBCASE("next event") { CHECK(problem.worst_difference(NextEvent<double>(0.3)) < k_bound); }
  SUBCASE("masked events") {
    CHECK(problem.worst_difference(MaskedEvents<double>(primary_counts(problem.schema))) < k_bound);
  }
}

TEST_CASE("gradients of classification, with dropout, by each loss") {
  Problem problem;
  for (const std::size_t head : {1U, 2U, 3U}) {
    CAPTURE(problem.model.spec().heads[head].name);
    const Classification<double> objective(problem.model.spec(), head, {}, head == 1 ? 0 : 2);
    CHECK(problem.ask(objective).rows == (std::vector<std::uint32_t>{0, 1, 2}));
    CHECK(problem.worst_difference(objective) < k_bound);
  }
  CHECK(problem.ask(Classification<double>(problem.model.spec(), 1, {}, 2)).rows == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("gradients of classification of tokens, and of every option of the losses") {
  Problem problem;
  const LabelLossOptions focal{2, std::nullopt, 0.1, {}}, balanced{0, std::nullopt, 0.2, {0.5, 2, 1}},
      both{1.5, std::nullopt, 0, {0.5, 2, 1}};
  for (const LabelLossOptions& options : {LabelLossOptions{}, focal, balanced, both}) {
    CHECK(problem.worst_difference(Classification<double>(problem.model.spec(), 4, options, 1)) < k_bound);
    CHECK(problem.worst_difference(Classification<double>(problem.model.spec(), 2, options, 2)) < k_bound);
  }
  for (const LabelLossOptions& options : {LabelLossOptions{}, LabelLossOptions{2, 0.25, 0.1, {3}}}) {
    const Classification<double> marks(problem.model.spec(), 5, options, 3);
    CHECK(problem.worst_difference(marks) < k_bound);
    for (const std::uint32_t row : problem.ask(marks).rows) CHECK(row % 3 != 0);
  }
}

TEST_CASE("gradients of what an edit tagger learns: tags, gaps, and the values of both") {
  Problem problem(false);
  const ModelSpec& spec = problem.model.spec();
  CHECK(problem.worst_difference(Classification<double>(spec, 6, {}, 1)) < k_bound);
  const Classification<double> gaps(spec, 7, {}, 3);
  CHECK(problem.worst_difference(gaps) < k_bound);
  for (const std::uint32_t row : problem.ask(gaps).rows) CHECK(row % 3 != 0);

  problem.chunk.labels.emplace_back();
  for (std::size_t t = 0; t < problem.chunk.batch.tokens(); ++t)
    problem.chunk.labels[4].push_back(t % 3 == 1 ? static_cast<float>(k_reserved_ids + t % 5)
                                                 : std::numeric_limits<float>::quiet_NaN());
  const EventValues<double> values(spec, 4);
  const MissingValues<double> missing(spec, 7, 4);
  for (const Objective<double>* const objective : std::initializer_list<const Objective<double>*>{&values, &missing}) {
    const ChunkTargets targets = problem.ask(*objective);
    REQUIRE(targets.rows.size() > 3);
    CHECK(targets.columns.front().size() == targets.rows.size());
    for (std::size_t r = 0; r < targets.rows.size(); ++r) {
      CHECK(targets.rows[r] % 3 == 1);
      CHECK(targets.columns.front()[r] == static_cast<std::int32_t>(k_reserved_ids + targets.rows[r] % 5));
    }
    CHECK(problem.worst_difference(*objective) < k_bound);
  }
  CHECK_THROWS_AS(EventValues<double>(Problem().model.spec(), 4), Error);
  CHECK_THROWS_AS(MissingValues<double>(spec, 6, 4), Error);
}

TEST_CASE("a loss without a gradient is the one without dropout, and two objectives add to one gradient") {
  Problem problem;
  const Classification<double> classes(problem.model.spec(), 1), flags(problem.model.spec(), 2, {}, 2);
  const MaskedEvents<double> masked(primary_counts(problem.schema));
  const ChunkTargets of_classes = problem.ask(classes), of_flags = problem.ask(flags), of_events = problem.ask(masked);
  problem.model.pack(true);
  Workspace workspace;
  const EncoderInput input = problem.chunk.batch.input();
  const auto cache = run_encoder<double>(problem.model, input, {.for_training = true}, workspace);
  const MatrixView<double> hidden = cache.last_hidden_state();
  const EncodedChunk<double> encoded{problem.model, problem.chunk, hidden, {0, 99, 0}, input.offsets};
  const std::size_t size = hidden.rows * hidden.cols, parameters = problem.model.table().gradient_size();
  struct Sum {
    std::vector<double> d_hidden, gradient;
  };
  const auto add = [&](Sum& sum, const Objective<double>& objective, const ChunkTargets& targets) {
    sum.d_hidden.resize(size);
    sum.gradient.resize(parameters);
    const auto d_p = bind_parameters<double>(problem.model.table(), problem.model.spec(), sum.gradient.data());
    const LossGradient<double> d_loss{0.5, d_p, {sum.d_hidden.data(), hidden.rows, hidden.cols}};
    return objective.loss(encoded, targets, &d_loss, workspace);
  };
  Sum one, two, three, all;
  add(one, classes, of_classes);
  add(two, flags, of_flags);
  add(three, masked, of_events);
  add(all, classes, of_classes);
  add(all, flags, of_flags);
  add(all, masked, of_events);
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    worst = std::max(worst, std::abs(all.d_hidden[i] - one.d_hidden[i] - two.d_hidden[i] - three.d_hidden[i]));
    largest = std::max(largest, std::abs(all.d_hidden[i]));
  }
  for (std::size_t i = 0; i < parameters; ++i)
    worst = std::max(worst, std::abs(all.gradient[i] - one.gradient[i] - two.gradient[i] - three.gradient[i]));
  CHECK(largest > 0.01);
  CHECK(worst < 1e-14);  // three additions of numbers of order 1

  Sum again;
  const double with_dropout = add(again, classes, of_classes);
  const double without = classes.loss(encoded, of_classes, nullptr, workspace);
  CHECK(with_dropout != without);
  CHECK(classes.loss(encoded, of_classes, nullptr, workspace) == without);
}

TEST_CASE("classification needs a head that classifies, and as many labels") {
  Problem problem;
  CHECK_THROWS_AS(Classification<double>(problem.model.spec(), 0), Error);
  CHECK_THROWS_AS(Classification<double>(problem.model.spec(), 8), Error);
  const Classification<double> objective(problem.model.spec(), 1), tokens(problem.model.spec(), 4, {}, 9);
  problem.chunk.labels[0].pop_back();
  CHECK_THROWS_WITH_AS(problem.ask(objective), doctest::Contains("labels of 4 sequences, expected 12, found 11"),
                       Error);
  CHECK_THROWS_WITH_AS(problem.ask(tokens), doctest::Contains("labels of 26 tokens, expected 78, found 0"), Error);
}
