// Five steps of training against transformers and torch.optim.AdamW (tests/reference/make_goldens.py).
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/prediction.hpp"
#include "seqguard/training/optimizer.hpp"

using namespace seqguard;

TEST_CASE("the losses of five AdamW steps agree with torch") {
  const std::string directory = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/gradients";
  const SafetensorsFile golden(directory + "/expected.safetensors");
  const auto ids64 = golden.read_vector<std::int64_t>("input_ids", Dtype::i64);
  const auto types64 = golden.read_vector<std::int64_t>("token_type_ids", Dtype::i64);
  const auto offsets64 = golden.read_vector<std::int64_t>("offsets", Dtype::i64);
  const auto labels = golden.read_vector<std::int64_t>("labels", Dtype::i64);
  const auto expected = golden.read_vector<float>("adamw.losses", Dtype::f32);
  const std::vector<std::int32_t> ids(ids64.begin(), ids64.end()), types(types64.begin(), types64.end());
  const std::vector<std::size_t> offsets(offsets64.begin(), offsets64.end());
  EncoderInput input;
  input.ids = ids;
  input.token_type_ids = types;
  input.offsets = offsets;

  std::vector<std::uint32_t> rows;
  std::vector<std::int32_t> targets;
  for (std::size_t t = 0; t < labels.size(); ++t) {
    if (labels[t] < 0) continue;
    rows.push_back(static_cast<std::uint32_t>(t));
    targets.push_back(static_cast<std::int32_t>(labels[t]));
  }
  const std::vector<float> factors(rows.size(), 1.0f / static_cast<float>(rows.size()));
  const PredictionTargets what{rows, targets};

  Model<float> model = load_model(make_context(default_isa()), directory);
  Optimizer<float> optimizer(model.table(),
                             {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.1, .clip_norm = 0});
  const auto d_p = bind_parameters<float>(model.table(), model.spec(), optimizer.lane(0).data());
  const std::size_t n = ids.size(), hidden = model.config().hidden_size;
  const EncoderOptions options{.for_training = true};
  Workspace workspace;
  for (std::size_t step = 0; step < expected.size(); ++step) {
    model.pack(true);
    const Arena::Frame frame(workspace.activations);
    const auto cache = run_encoder<float>(model, input, options, workspace);
    auto prediction = PredictionCache<float>::allocate(workspace.activations, model.config(), rows.size(), 1);
    prediction_forward<float>(model, prediction, cache.last_hidden_state(), what, workspace.scratch);
    double loss = 0;
    for (const float value : prediction.losses) loss += value / static_cast<double>(rows.size());
    // float against double: a gradient is off by about 1e-6 of its size, and AdamW moves a parameter whose gradient is
    // small by as much as any other, so that after k steps of 0.01 the loss may differ by some 1e-5; a wrong moment,
    // decay or bias correction shows in the second digit.
    CHECK(std::abs(loss - expected[step]) < 1e-4 * expected[step]);
    std::vector<float> gradient(n * hidden);
    const MatrixView<float> d_hidden(gradient.data(), n, hidden);
    prediction_backward<float>(model, d_hidden, d_p, factors, prediction, what, workspace.scratch);
    run_encoder_backward<float>(model, d_p, d_hidden, cache, input, options, workspace);
    optimizer.apply(model, optimizer.reduce(model), 0.01);
  }
}
