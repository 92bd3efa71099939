// The float model on the instruction set under test against the same model in double, computed by plain loops.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/whole_model.hpp"

using namespace seqguard;

namespace {

double largest_difference(const std::vector<float>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    REQUIRE(std::isfinite(found[i]));
    worst = std::max(worst, std::abs(found[i] - expected[i]));
  }
  return worst;
}

}  // namespace

TEST_CASE("the float model follows the double one") {
  const Isa isa = default_isa();
  // Hidden states are normalised: of order 1, at most 1.3 * sqrt(64) + .9 in any place. A layer has two residual sums
  // whose branches are products of up to 256 terms; the error of such a sum, as a random walk, is sqrt(256) roundings
  // of partial sums of order 1, and LayerNorm (rstd of order 1) hands it on. Four such sums and the embedding: 5 * 16
  // eps. Weights of standard deviation .1 instead of .02 and the slope of softmax and GELU amplify by at most 4.
  const double hidden_bound = 4 * 5 * 16 * 0x1p-24;
  // A surprise is the difference of a logit, a product of 64 terms whose factors carry the error above (a random walk
  // of 64 errors, weights of order .1: about the bound itself), and of a log-sum-exp, which averages such errors.
  const double loss_bound = 3 * hidden_bound;
  for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen}) {
    if (!matmul_backend_available(backend, isa)) continue;
    const ModelSpec spec = whole_spec(64, 2, 256);
    const Model<float> model = whole_model<float>(make_context(isa, backend), spec);
    const Model<double> reference = whole_model<double>(make_reference_context(), spec);
    WholeBatch batch;
    for (const std::size_t length : {1, 7, 70, 32}) batch.append(length, length);
    for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal}) {
      INFO(to_string(backend));
      const WholeResult<float> found = run_whole<float>(model, batch, mask);
      const WholeResult<double> expected = run_whole<double>(reference, batch, mask);
      CHECK(largest_difference(found.hidden, expected.hidden) < hidden_bound);
      CHECK(largest_difference(found.losses, expected.losses) < loss_bound);
    }
  }
}
