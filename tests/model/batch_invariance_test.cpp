// A sequence has the same bits alone and in any place of any ragged batch: on each backend of the matrix products,
// under both masks, for hidden states and surprises.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/whole_model.hpp"
#include "support/precision_contexts.hpp"

using namespace seqguard;

namespace {

/// Elements of sequence `position` of the batch that differ from the sequence alone.
std::size_t differences(const WholeResult<float>& alone, const WholeResult<float>& batch,
                        const std::vector<std::size_t>& offsets, std::size_t position, std::size_t hidden) {
  const std::size_t first = offsets[position], length = offsets[position + 1] - first, n = offsets.back();
  std::size_t count = 0;
  for (std::size_t i = 0; i < length * hidden; ++i) count += alone.hidden[i] != batch.hidden[first * hidden + i];
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t t = 0; t < length; ++t) count += alone.losses[c * length + t] != batch.losses[c * n + first + t];
  return count;
}

/// Lengths of the company: shorter and longer than a tile of rows, of queries and of keys.
const std::vector<std::size_t> k_company{1, 33, 2, 70, 13, 16, 5};

void check_invariance(const Model<float>& model, AttentionMask mask) {
  for (const std::size_t length : {std::size_t{1}, std::size_t{12}, std::size_t{65}}) {
    WholeBatch alone;
    alone.append(1000, length);
    const WholeResult<float> expected = run_whole<float>(model, alone, mask);
    for (std::size_t place = 0; place <= k_company.size(); place += 2) {
      WholeBatch batch;
      for (std::size_t i = 0; i <= k_company.size(); ++i) {
        if (i == place) batch.append(1000, length);
        if (i < k_company.size()) batch.append(10 * place + i, k_company[i]);
      }
      const WholeResult<float> found = run_whole<float>(model, batch, mask);
      CAPTURE(length);
      CAPTURE(place);
      CHECK(differences(expected, found, batch.offsets, place, model.config().hidden_size) == 0);
    }
  }
}

}  // namespace

TEST_CASE("a sequence has the same bits alone and in any company") {
  const Isa isa = default_isa();
  struct Shape {
    std::size_t hidden, heads, intermediate;
  };
  // Whole vectors, and sizes that leave a rest in every loop.
  for (const Shape shape : {Shape{64, 2, 256}, Shape{36, 3, 50}})
    for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen}) {
      if (!matmul_backend_available(backend, isa)) continue;
      const Model<float> model =
          whole_model<float>(make_context(isa, backend), whole_spec(shape.hidden, shape.heads, shape.intermediate));
      REQUIRE(model.context().kernels->isa == kernels_for(isa).isa);
      for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal}) {
        INFO(to_string(backend) << ", hidden " << shape.hidden << (mask == AttentionMask::causal ? ", causal" : ""));
        check_invariance(model, mask);
      }
    }
}

TEST_CASE("below single precision, too, a sequence has the same bits alone and in any company") {
  for (const Context<float>& context : low_precision_contexts()) {
    check_invariance(whole_model<float>(context, whole_spec(64, 2, 256)), AttentionMask::full);
    // Heads of 12, and of an odd number of dimensions, whose attention is single precision.
    for (const std::size_t heads : {3, 4})
      check_invariance(whole_model<float>(context, whole_spec(36, heads, 50)), AttentionMask::causal);
  }
}

TEST_CASE("under the causal mask, what comes later changes nothing") {
  const Model<float> model = whole_model<float>(make_context(default_isa()), whole_spec(64, 2, 256));
  const std::size_t hidden = model.config().hidden_size;
  WholeBatch whole, changed;
  whole.append(1000, 40);
  changed.append(1000, 40);
  for (std::size_t t = 25; t < 40; ++t) changed.ids[t] = static_cast<std::int32_t>(t);
  const auto states = [&](const WholeBatch& batch, AttentionMask mask) {
    std::vector<float> result = run_whole<float>(model, batch, mask).hidden;
    result.resize(25 * hidden);
    return result;
  };
  CHECK(states(whole, AttentionMask::causal) == states(changed, AttentionMask::causal));
  CHECK(states(whole, AttentionMask::full) != states(changed, AttentionMask::full));
}
