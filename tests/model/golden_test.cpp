// Our numbers against those of transformers.
#include "model/golden.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/prediction.hpp"
#include "support/precision_contexts.hpp"

using namespace seqguard;

namespace {

/// Moves each matrix's elements by up to a rounding: to bfloat16, 2^-8 of them (the files' own are exact in it); to
/// int8, half a step of 1/127 of the largest of their row.
void disturb_matrices(Model<float>& model, Precision precision) {
  for (const ParameterInfo& info : model.table().entries()) {
    if (info.role != ParameterRole::weight) continue;
    Random random(3, info.offset);
    const std::size_t width = info.count / info.shape.front();
    for (std::size_t r = 0; r < info.count; r += width) {
      const std::span<float> row = std::span<float>(model.values()).subspan(info.offset + r, width);
      float largest = 0;
      for (const float x : row) largest = std::max(largest, std::abs(x));
      for (float& x : row) {
        const double size = precision == Precision::bf16 ? 0x1p-8 * x : largest / 254;
        x += static_cast<float>(size * (2 * random.uniform() - 1));
      }
    }
  }
  model.pack(false);
}

/// Loss and gradients of the masked-LM step and of the next-event step, in double.
void compare_gradients(AttentionMask mask) {
  const std::string prefix = mask == AttentionMask::causal ? "causal." : "";
  const Golden golden("gradients", prefix + "input_ids");
  const Model<float> loaded = load_model(make_context(default_isa()), k_golden + "gradients");
  Model<double> model(make_reference_context(), loaded.spec());
  std::copy(loaded.values().begin(), loaded.values().end(), model.values().begin());
  model.pack(true);

  std::vector<std::uint32_t> rows;
  std::vector<std::int32_t> targets;
  const auto labels = golden.file.read_vector<std::int64_t>(prefix + "labels", Dtype::i64);
  for (std::size_t t = 0; t < labels.size(); ++t) {
    if (labels[t] < 0) continue;
    rows.push_back(static_cast<std::uint32_t>(t));
    targets.push_back(static_cast<std::int32_t>(labels[t]));
  }
  const std::vector<double> factors(rows.size(), 1.0 / static_cast<double>(rows.size()));
  const PredictionTargets what{rows, targets};
  const std::size_t n = golden.ids.size(), hidden = model.config().hidden_size;
  const EncoderOptions options{.mask = mask, .for_training = true};
  Workspace workspace;
  const auto cache = run_encoder<double>(model, golden.input(), options, workspace);
  auto prediction = PredictionCache<double>::allocate(workspace.activations, model.config(), rows.size(), 1);
  prediction_forward<double>(model, prediction, cache.last_hidden_state(), what, workspace.scratch);
  double loss = 0;
  for (const double value : prediction.losses) loss += value / static_cast<double>(rows.size());

  std::vector<double> gradient(model.table().size()), d_hidden(n * hidden);
  const auto d_p = bind_parameters<double>(model.table(), model.spec(), gradient.data());
  const MatrixView<double> d(d_hidden.data(), n, hidden);
  prediction_backward<double>(model, d, d_p, factors, prediction, what, workspace.scratch);
  run_encoder_backward<double>(model, d_p, d, cache, golden.input(), options, workspace);

  // Both sides compute in double; the file holds floats, rounded by up to 6e-8.
  constexpr double k_bound = 1e-6;
  const std::vector<float> expected_loss = golden.file.read_vector<float>(prefix + "loss", Dtype::f32);
  CHECK(std::abs(loss - expected_loss[0]) <= k_bound * loss);
  for (const ParameterInfo& info : model.table().entries()) {
    CAPTURE(info.name);
    const std::vector<float> expected = golden.file.read_vector<float>(prefix + "grad." + info.name, Dtype::f32);
    const std::span<const double> found = std::span<const double>(gradient).subspan(info.offset, info.count);
    if (info.name.ends_with("key.bias"))  // exactly zero in theory: a shift of all keys leaves softmax as it is
      for (const double value : found) CHECK(std::abs(value) < 1e-12);
    else
      CHECK(difference<double>(found, expected) <= k_bound);
  }
}

}  // namespace

TEST_CASE("every family and head agrees with transformers on every matrix backend, BERT also under the causal mask") {
  for (const FamilyTraits* traits : families()) {
    double worst = 0;
    for (const std::string& name : goldens_of(*traits)) {
      CAPTURE(name);
      const Golden golden(name);
      for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen}) {
        if (!matmul_backend_available(backend, default_isa())) continue;
        CAPTURE(to_string(backend));
        const Model<float> model = load_scoring_model(make_context(default_isa(), backend), k_golden + name);
        CHECK(model.config().max_tokens() == golden.offsets.back() - golden.offsets[golden.offsets.size() - 2]);
        worst = std::max(worst, compare(model, golden, AttentionMask::full));
        if (traits->family == Family::bert) worst = std::max(worst, compare(model, golden, AttentionMask::causal));
      }
    }
    MESSAGE(traits->model_type, ": at most ", worst, " of the largest output");
  }
}

TEST_CASE("below single precision every family and head is as near transformers as its roundings allow") {
  // How far roundings move an output depends on the model: these have large weights and sharp attention. The measure is
  // the model itself, in single precision, with its matrices disturbed by as much. bf16 rounds, once each, what enters
  // a product, and queries, keys, values and attention weights: five independent roundings of the same size for each of
  // those, sqrt(5) = 2.2 times the error. int8 rounds weights and what enters a product: two, of a range that is up to
  // twice the largest magnitude for the latter; those of bfloat16 in attention are small beside them. The largest of
  // some thousand errors scatters: four times.
  const auto largest = [](const Model<float>& model, const Golden& golden, bool is_bert) {
    constexpr double anything = 1;
    const double full = compare(model, golden, AttentionMask::full, anything);
    return is_bert ? std::max(full, compare(model, golden, AttentionMask::causal, anything)) : full;
  };
  for (const FamilyTraits* traits : families()) {
    const bool is_bert = traits->family == Family::bert;
    for (const Precision precision : k_low_precisions) {
      double by_weights = 0;
      for (const std::string& name : goldens_of(*traits)) {
        Model<float> model = load_model(make_context(default_isa()), k_golden + name);
        disturb_matrices(model, precision);
        by_weights = std::max(by_weights, largest(model, Golden(name), is_bert));
      }
      for (const Context<float>& context : contexts_in(precision)) {
        double worst = 0;
        for (const std::string& name : goldens_of(*traits))
          worst = std::max(worst, largest(load_scoring_model(context, k_golden + name), Golden(name), is_bert));
        MESSAGE(traits->model_type, " in ", to_string(precision), ": at most ", worst,
                " of the largest output; by disturbed weights ", by_weights);
        CHECK(worst <= 4 * by_weights);
      }
    }
  }
}

TEST_CASE("loss and gradients of a masked-LM step agree with transformers") { compare_gradients(AttentionMask::full); }

TEST_CASE("loss and gradients of a next-event step agree with transformers") {
  compare_gradients(AttentionMask::causal);
}
