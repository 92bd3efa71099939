// Our numbers against those of transformers (tests/reference/make_goldens.py says what the files hold).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/isa.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/prediction.hpp"

using namespace seqguard;

namespace {

const std::string k_golden = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/";

/// max |found - expected| / max |expected|.
template <class Real>
double difference(std::span<const Real> found, std::span<const float> expected) {
  REQUIRE(found.size() == expected.size());
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double distance = std::abs(static_cast<double>(found[i]) - expected[i]);
    worst = std::isnan(distance) ? distance : std::max(worst, distance);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return worst / largest;
}

struct Golden {
  SafetensorsFile file;
  std::vector<std::int32_t> ids, types;
  std::vector<std::size_t> offsets;

  explicit Golden(const std::string& name, const std::string& ids_name = "input_ids")
      : file(k_golden + name + "/expected.safetensors") {
    for (const std::int64_t id : file.read_vector<std::int64_t>(ids_name, Dtype::i64))
      ids.push_back(static_cast<std::int32_t>(id));
    for (const std::int64_t type : file.read_vector<std::int64_t>("token_type_ids", Dtype::i64))
      types.push_back(static_cast<std::int32_t>(type));
    for (const std::int64_t offset : file.read_vector<std::int64_t>("offsets", Dtype::i64))
      offsets.push_back(static_cast<std::size_t>(offset));
  }
  EncoderInput input() const {
    EncoderInput input;
    input.ids = ids;
    input.token_type_ids = types;
    input.offsets = offsets;
    return input;
  }
  bool has(const std::string& name) const { return file.tensors().find(name) != file.tensors().end(); }
  void check(const std::string& name, MatrixView<float> found) const {
    CAPTURE(name);
    // The bound of the project: 2e-5 of the largest output, some 170 roundings of float along the longest path.
    CHECK(difference<float>({found.data, found.rows * found.cols}, file.read_vector<float>(name, Dtype::f32)) <= 2e-5);
  }
};

MatrixView<float> matrix(Arena& arena, std::size_t rows, std::size_t cols) {
  return {arena.allocate<float>(rows * cols).data(), rows, cols};
}

void compare(const Model<float>& model, const Golden& golden, AttentionMask mask) {
  const std::string prefix = mask == AttentionMask::causal ? "causal." : "";
  const std::size_t n = golden.ids.size(), sequences = golden.offsets.size() - 1, hidden = model.config().hidden_size;
  Arena arena, scratch;
  auto encoder = EncoderCache<float>::allocate(arena, model.config(), n, false);
  encoder_forward<float>(model.context(), encoder, golden.input(), model.config(), model.parameters(), model.packed(),
                         {mask, {}}, scratch);
  const MatrixView<float> h = encoder.last_hidden_state();
  golden.check(prefix + "last_hidden_state", h);

  const ModelHeads& heads = model.spec().heads;
  if (golden.has(prefix + "pooler_output")) {
    REQUIRE(heads.pooler);
    const MatrixView<float> pooled = matrix(arena, sequences, hidden);
    pooler_output<float>(model, pooled, h, golden.offsets, scratch);
    golden.check(prefix + "pooler_output", pooled);
  }
  if (!golden.has(prefix + "logits")) return;
  const std::size_t width = heads.masked_lm ? model.config().vocab_size : model.parameters().classifier.out_features;
  const MatrixView<float> logits = matrix(arena, heads.sequence_labels > 0 ? sequences : n, width);
  if (heads.masked_lm)
    masked_lm_logits<float>(model, logits, h, scratch);
  else if (heads.sequence_labels > 0)
    sequence_logits<float>(model, logits, h, golden.offsets, scratch);
  else
    token_logits<float>(model, logits, h, scratch);
  golden.check(prefix + "logits", logits);
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
  const EncoderOptions options{mask, {}};
  Arena arena, scratch;
  auto cache = EncoderCache<double>::allocate(arena, model.config(), n, true);
  encoder_forward<double>(model.context(), cache, golden.input(), model.config(), model.parameters(), model.packed(),
                          options, scratch);
  auto prediction = PredictionCache<double>::allocate(arena, model.config(), rows.size(), 1);
  prediction_forward<double>(model, prediction, cache.last_hidden_state(), what, scratch);
  double loss = 0;
  for (const double value : prediction.losses) loss += value / static_cast<double>(rows.size());

  std::vector<double> gradient(model.table().size()), d_hidden(n * hidden);
  const auto d_p = bind_parameters<double>(model.table(), model.spec(), gradient.data());
  const MatrixView<double> d(d_hidden.data(), n, hidden);
  prediction_backward<double>(model, d, d_p, factors, prediction, what, scratch);
  encoder_backward<double>(model.context(), d_p, d, cache, golden.input(), model.config(), model.parameters(),
                           model.packed(), options, scratch);

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

TEST_CASE("hidden states, pooler and logits agree with transformers on every matrix backend, under both masks") {
  for (const MatmulBackend backend :
       {MatmulBackend::automatic, MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen}) {
    if (backend != MatmulBackend::automatic && !matmul_backend_available(backend, default_isa())) continue;
    for (const char* name :
         {"model_d12", "model_d32_long", "masked_lm_d20", "sequence_classification_d32", "token_classification_d12"}) {
      CAPTURE(to_string(backend));
      CAPTURE(name);
      const Model<float> model = load_scoring_model(make_context(default_isa(), backend), k_golden + name);
      const Golden golden(name);
      for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal}) compare(model, golden, mask);
    }
  }
}

TEST_CASE("every family and head agrees with transformers on every matrix backend") {
  std::size_t compared = 0;
  for (const FamilyTraits* traits : families()) {
    if (traits->family == Family::bert) continue;  // above
    for (const Head head : {Head::none, Head::masked_lm, Head::sequence_classification, Head::token_classification,
                            Head::replaced_token_detection}) {
      if (head == Head::replaced_token_detection && !traits->detects_replaced_tokens) continue;
      const std::string name = std::string(traits->model_type) + "_" +
                               architecture_name(traits->family, head).substr(traits->class_prefix.size());
      CAPTURE(name);
      const Golden golden(name);
      for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen}) {
        if (!matmul_backend_available(backend, default_isa())) continue;
        const Model<float> model = load_scoring_model(make_context(default_isa(), backend), k_golden + name);
        CHECK(model.config().max_tokens() == golden.offsets.back() - golden.offsets[golden.offsets.size() - 2]);
        compare(model, golden, AttentionMask::full);
        ++compared;
      }
    }
  }
  CHECK(compared >= families().size() * 4 - 3);
}

TEST_CASE("loss and gradients of a masked-LM step agree with transformers") { compare_gradients(AttentionMask::full); }

TEST_CASE("loss and gradients of a next-event step agree with transformers") {
  compare_gradients(AttentionMask::causal);
}
