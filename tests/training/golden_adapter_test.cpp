// 20 steps of training adapters against torch and PEFT (tests/reference/make_adapter_goldens.py).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "seqguard/model/adapter.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/training/optimizer.hpp"

using namespace seqguard;

namespace {

const std::string k_adapters = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/adapters/";

/// d_logits = d mean cross-entropy, and that.
double cross_entropy(MatrixView<float> d_logits, MatrixView<const float> logits,
                     const std::vector<std::int64_t>& labels) {
  double loss = 0;
  for (std::size_t r = 0; r < logits.rows; ++r) {
    double total = 0;
    for (std::size_t c = 0; c < logits.cols; ++c) total += std::exp(static_cast<double>(logits(r, c)));
    for (std::size_t c = 0; c < logits.cols; ++c) {
      const double p = std::exp(static_cast<double>(logits(r, c))) / total;
      const bool is_label = static_cast<std::int64_t>(c) == labels[r];
      if (is_label) loss -= std::log(p) / static_cast<double>(logits.rows);
      d_logits(r, c) = static_cast<float>((p - (is_label ? 1 : 0)) / static_cast<double>(logits.rows));
    }
  }
  return loss;
}

double learning_rate_of(std::size_t step) {
  const auto s = static_cast<double>(step);
  return step < 5 ? 0.02 * (s + 1) / 5 : 0.02 - 0.018 * (s - 4) / 15;
}

}  // namespace

TEST_CASE("adapters of three families learn in 20 steps what PEFT's learn") {
  for (const std::string name : {"bert", "distilbert", "modernbert"}) {
    CAPTURE(name);
    const SafetensorsFile golden(k_adapters + name + "/expected.safetensors");
    const auto ids64 = golden.read_vector<std::int64_t>("input_ids", Dtype::i64);
    const auto offsets64 = golden.read_vector<std::int64_t>("offsets", Dtype::i64);
    const auto labels = golden.read_vector<std::int64_t>("labels", Dtype::i64);
    const auto expected = golden.read_vector<float>("losses", Dtype::f32);
    const std::vector<std::int32_t> ids(ids64.begin(), ids64.end());
    const std::vector<std::size_t> offsets(offsets64.begin(), offsets64.end());
    EncoderInput input;
    input.ids = ids;
    input.offsets = offsets;

    const Model<float> base = load_model(make_context(default_isa()), k_adapters + name + "/base");
    Model<float> model = load_adapter(base, k_adapters + name + "/start");
    const std::vector<float> start = model.values();
    Optimizer<float> optimizer(model.table(),
                               {.beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .weight_decay = 0.1, .clip_norm = 0.5});
    const auto d_p = bind_parameters<float>(model.table(), model.spec(), optimizer.lane(0).data());
    const std::size_t n = ids.size(), hidden = model.config().hidden_size;
    const EncoderOptions options{.for_training = true};
    Workspace workspace;
    model.pack(true);
    for (std::size_t step = 0; step < expected.size(); ++step) {
      CAPTURE(step);
      const Arena::Frame frame(workspace.activations);
      const auto cache = run_encoder<float>(model, input, options, workspace);
      std::vector<float> logits(labels.size() * 3), d_logits(logits.size()), gradient(n * hidden);
      const MatrixView<float> z(logits.data(), labels.size(), 3), d_z(d_logits.data(), labels.size(), 3);
      const MatrixView<float> d_hidden(gradient.data(), n, hidden);
      const auto head = run_head<float>(model, 0, z, cache.last_hidden_state(), offsets, {}, workspace);
      const double loss = cross_entropy(d_z, z, labels);
      // Float against double: logits are off by 1e-6 of their size, and so is the loss; parameters drift apart by less.
      // Losses below 1e-2 are a difference of larger numbers.
      CHECK(std::abs(loss - expected[step]) < 1e-5 * std::max<double>(expected[step], 1e-1));
      run_head_backward<float>(model, 0, d_hidden, d_p, d_z, head, cache.last_hidden_state(), offsets, workspace);
      run_encoder_backward<float>(model, d_p, d_hidden, cache, input, options, workspace);
      optimizer.apply(model, optimizer.reduce(model), learning_rate_of(step));
      model.pack_learned();
    }

    const Model<float> trained = load_adapter(base, k_adapters + name + "/trained");
    REQUIRE(trained.values().size() == model.values().size());
    for (const ParameterInfo& info : model.table().entries()) {
      CAPTURE(info.name);
      // A key's bias adds the same to all scores of a query, which softmax does not see: its gradient is rounding
      // alone, and Adam makes steps of full size of it.
      if (info.name.ends_with("self.key.bias")) continue;
      double difference = 0, moved = 0;
      for (std::size_t i = info.offset; i < info.offset + info.count; ++i) {
        difference += std::pow(static_cast<double>(model.values()[i] - trained.values()[i]), 2);
        moved += std::pow(static_cast<double>(trained.values()[i] - start[i]), 2);
      }
      CHECK((moved > 0) == (info.trainable && !info.fixed));
      CHECK(std::sqrt(difference) <= 1e-4 * std::sqrt(moved));
    }
  }
}
