// Models that only score: the same numbers, from memory that holds every weight once.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "model/whole_model.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/isa.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "support/allocation_counter.hpp"
#include "support/precision_contexts.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

ModelSpec four_megabytes() {
  ModelSpec spec;
  spec.config.vocab_size = 3000;
  spec.config.hidden_size = 128;
  spec.config.num_hidden_layers = 3;
  spec.config.num_attention_heads = 4;
  spec.config.intermediate_size = 512;
  spec.config.max_position_embeddings = 64;
  spec.pooler = true;
  return spec;
}

}  // namespace

TEST_CASE("a model that only scores has the bits of one that holds its values as well, in every arithmetic") {
  WholeBatch batch;
  for (const std::size_t length : {1, 7, 30}) batch.append(length, length);
  std::vector<Context<float>> contexts = low_precision_contexts();
  for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen})
    if (matmul_backend_available(backend, default_isa())) contexts.push_back(make_context(default_isa(), backend));
  for (const Context<float>& context : contexts) {
    CAPTURE(to_string(context.backend));
    CAPTURE(to_string(context.precision));
    const Model<float> model = whole_model(context, whole_spec(36, 3, 50));
    const TemporaryDirectory directory;
    save_model(directory / "model", model);
    for (const FileAccess access : {FileAccess::read, FileAccess::map}) {
      const Model<float> loaded = load_scoring_model(context, directory / "model", model.spec().features, access);
      for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal}) {
        const WholeResult<float> expected = run_whole(model, batch, mask), found = run_whole(loaded, batch, mask);
        CHECK(found.hidden == expected.hidden);
        CHECK(found.losses == expected.losses);
      }
    }
  }
}

TEST_CASE("what needs the values is refused by a model that only scores, and the message says what to do") {
  const std::string golden = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/model_d12";
  Model<float> model = load_scoring_model(make_context(default_isa()), golden);
  const TemporaryDirectory directory;
  const auto refused = [&](auto call) {
    try {
      call();
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::unsupported);
      return std::string(error.what()).find("use load_model()") != std::string::npos;
    }
    return false;
  };
  CHECK(refused([&] { model.values(); }));
  CHECK(refused([&] { model.pack(false); }));
  CHECK(refused([&] { model.initialize(1); }));
  CHECK(refused([&] { save_model(directory / "model", model); }));
  CHECK(refused([&] {
    DirectoryWriter writer(directory / "model");
    write_model(writer, model, std::vector<float>(model.table().size()));
  }));
}

TEST_CASE("loading for scoring holds the weights once, and one matrix besides" *
          doctest::skip(!k_allocations_counted)) {
  const Context<float> context = make_context(default_isa(), MatmulBackend::own);
  const TemporaryDirectory directory;
  std::size_t weights = 0, largest = 0;
  {
    Model<float> model(context, four_megabytes());
    model.initialize(1);
    save_model(directory / "model", model);
    weights = model.table().size() * sizeof(float);
    largest = 4 * 128 * 128 * sizeof(float);  // of the feed-forward block
  }
  const std::size_t before = bytes_held;
  most_bytes_held = before;
  const Model<float> model = load_scoring_model(context, directory / "model");
  // Beside them the names of 56 tensors: in the header's text, its JSON and two tables (40 KB).
  constexpr std::size_t k_small = 65'536;
  CHECK(most_bytes_held - before <= weights + largest + k_small);
  CHECK(most_bytes_held - before <= 1.15 * static_cast<double>(weights));
  CHECK(bytes_held - before <= weights + k_small);
}

TEST_CASE("in bf16 a scoring model holds its matrices in half the memory, in int8 in a quarter" *
          doctest::skip(!k_allocations_counted)) {
  const Context<float> fp32 = make_context(default_isa(), MatmulBackend::own);
  const TemporaryDirectory directory;
  std::size_t weights = 0, tables = 0;
  {
    Model<float> model(fp32, four_megabytes());
    model.initialize(1);
    save_model(directory / "model", model);
    weights = model.table().size() * sizeof(float);
    for (const ParameterInfo& info : model.table().entries())
      if (info.role != ParameterRole::weight) tables += info.count * sizeof(float);
  }
  for (const Context<float>& context : low_precision_contexts()) {
    const std::size_t before = bytes_held;
    const Model<float> model = load_scoring_model(context, directory / "model");
    // In int8 a scale and a sum besides for each of an output's 128 weights at least.
    const std::size_t matrices = weights - tables,
                      most = context.precision == Precision::bf16 ? matrices / 2 : matrices / 4 + matrices / 64;
    CHECK(bytes_held - before <= tables + most + 65'536);
  }
}

TEST_CASE("below single precision training is refused, and gradients come from a copy in fp32") {
  for (const Precision precision : k_low_precisions) {
    Model<float> model = whole_model<float>(emulated(precision), whole_spec(36, 3, 50));
    const std::string refusal =
        "precision (--precision): models are trained and calibrated in single precision, expected fp32, found " +
        std::string(to_string(precision));
    CHECK_THROWS_WITH_AS(model.pack(true), refusal.c_str(), Error);
    CHECK(begin_from<float>(model, model.spec(), 1).context().precision == Precision::fp32);
  }
}

TEST_CASE("from the first call on, a workspace of the model's own allocates nothing within its budget" *
          doctest::skip(!k_allocations_counted)) {
  struct Case {
    Context<float> context;
    std::size_t intermediate;
  };
  // Rows of 1,024 floats lie 4 KB apart and are copied, rows of 36 are not. Below single precision all are rounded.
  std::vector<Case> cases;
  std::vector<Context<float>> contexts = low_precision_contexts();
  contexts.push_back(make_context(default_isa(), MatmulBackend::own));
  for (const Context<float>& context : contexts)
    for (const std::size_t intermediate : {std::size_t{1024}, std::size_t{50}})
      cases.push_back({context, intermediate});
  for (const auto& [context, intermediate] : cases) {
    CAPTURE(to_string(context.precision));
    const Model<float> model = whole_model<float>(context, whole_spec(36, 3, intermediate));
    WholeBatch batch;
    for (std::uint64_t s = 0; s < 4; ++s) batch.append(s, 32);
    const std::span<const std::int32_t> features[] = {batch.features};
    const NumericInput numerics[] = {{batch.numbers, batch.states}};
    EncoderInput input;
    input.ids = batch.ids;
    input.features = features;
    input.numerics = numerics;
    input.time_gaps = batch.gaps;
    input.offsets = batch.offsets;
    const std::size_t n = batch.ids.size();
    std::vector<std::uint32_t> rows;
    for (std::uint32_t t = 0; t < n; ++t) rows.push_back(t);
    std::vector<std::int32_t> targets(3 * n, 6);
    Workspace workspace(model, n);
    const std::size_t before = allocation_count;
    const auto cache = run_encoder<float>(model, input, {}, workspace);
    auto prediction = PredictionCache<float>::allocate(workspace.activations, model.config(), n, 3);
    prediction_forward<float>(model, prediction, cache.last_hidden_state(), {rows, targets}, workspace.scratch);
    const std::size_t after = allocation_count;
    CHECK(after == before);
  }
}
