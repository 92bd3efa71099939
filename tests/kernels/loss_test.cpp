#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "kernels/cases.hpp"
#include "seqguard/kernels/kernel_table.hpp"
#include "support/compare.hpp"

using namespace seqguard;
using namespace kernel_cases;

namespace {

/// Logits around 0 and far out, targets 0, 1 (and 0.3 for binary cross-entropy), weights.
struct Losses {
  std::vector<double> logits, targets, weights;
  explicit Losses(bool soft) {
    logits = random_values(41, 2, 50);
    for (const double z : {0.0, 30.0, -30.0, 90.0, -90.0, 1e4, -1e4, 1e-30}) logits.push_back(static_cast<float>(z));
    weights = random_values(logits.size(), 1, 51);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      targets.push_back(i % 3 == 2 && soft ? static_cast<double>(0.3F) : static_cast<double>(i % 2));
      weights[i] = std::abs(weights[i]);
    }
  }
};

double softplus(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

}  // namespace

TEST_CASE("bce_with_logits") {
  const Losses p(true);
  const std::size_t n = p.logits.size();
  for (const bool weighted : {false, true}) {
    std::vector<double> d(n), magnitude(1, 0);
    const double expected = reference_kernels().bce_with_logits(d.data(), p.logits.data(), p.targets.data(),
                                                                weighted ? p.weights.data() : nullptr, n);
    GuardedFloats logits(p.logits, 1), targets(p.targets, 2), weights(p.weights, 3), found_d(n, 1, NAN);
    const float* const w = weighted ? weights.data() : nullptr;
    const std::vector<float> found{kernels().bce_with_logits(found_d.data(), logits.data(), targets.data(), w, n)};
    // softplus and y z: two roundings each and the library's exp and log1p (1 eps), relative to their magnitudes.
    for (std::size_t i = 0; i < n; ++i)
      magnitude[0] += (weighted ? p.weights[i] : 1) * (softplus(p.logits[i]) + std::abs(p.targets[i] * p.logits[i]));
    CHECK(mismatch("bce_with_logits", found, std::vector<double>{expected},
                   [&](std::size_t) { return 4 * k_eps * magnitude[0]; }) == "");
    CHECK(mismatch("bce_with_logits derivative", found_d.view(), d, [&](std::size_t i) {
            return 3 * k_eps * (weighted ? p.weights[i] : 1);  // sigmoid (2 eps), difference, product
          }) == "");
    CHECK(found_d.intact());
    CHECK(kernels().bce_with_logits(nullptr, logits.data(), targets.data(), w, n) == found[0]);
  }
}

TEST_CASE("focal_with_logits") {
  const Losses p(false);
  const std::size_t n = p.logits.size();
  for (const double gamma : {0.0, 2.0, 5.0}) {
    std::vector<double> d(n);
    const double expected = reference_kernels().focal_with_logits(d.data(), p.logits.data(), p.targets.data(),
                                                                  p.weights.data(), n, gamma, 0.25);
    GuardedFloats logits(p.logits, 1), targets(p.targets, 2), weights(p.weights, 3), found_d(n, 1, NAN);
    const std::vector<float> found{kernels().focal_with_logits(found_d.data(), logits.data(), targets.data(),
                                                               weights.data(), n, static_cast<float>(gamma), 0.25F)};
    // exp(-gamma softplus(s)): the argument errs relatively by 3 eps, and x e^-x is below 0.4; then a few products.
    const auto bound = [&](std::size_t i) {
      const double s = p.targets[i] > 0.5 ? p.logits[i] : -p.logits[i], surprise = softplus(-s);
      return p.weights[i] * std::exp(-gamma * softplus(s)) * (1 + (gamma + 1) * surprise) *
                 (8 + 3 * gamma * softplus(s)) * k_eps +
             k_tiny;
    };
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) total += bound(i);
    CHECK(mismatch("focal_with_logits", found, std::vector<double>{expected}, [&](std::size_t) { return total; }) ==
          "");
    CHECK(mismatch("focal_with_logits derivative", found_d.view(), d, bound) == "");
    CHECK(found_d.intact());
  }
}

TEST_CASE("adamw") {
  for (const Case& c : cases()) {
    if (c.kind == Kind::huge) continue;  // squares of 1e15 and their roots stay in range only with a scaled gradient
    const std::vector<double> gradient = c.values(52), start = random_values(c.size(), 1, 53),
                              m_start = random_values(c.size(), 0.1, 54);
    std::vector<double> p = start, m = m_start, v = random_values(c.size(), 0.1, 55);
    for (double& value : v) value = static_cast<float>(value * value);
    const double lr = static_cast<float>(1e-3), beta1 = 0.875, beta2 = 0.9990234375, eps = static_cast<float>(1e-8);
    const double decay = static_cast<float>(0.01), c1 = static_cast<float>(0.4), c2 = static_cast<float>(0.01);
    GuardedFloats fp(p, c.offset), fm(m, 1), fv(v, 2), fg(gradient, 3);
    reference_kernels().adamw(
        {p.data(), m.data(), v.data(), gradient.data(), c.size(), 0.5, lr, beta1, beta2, eps, decay, c1, c2});
    kernels().adamw({fp.data(), fm.data(), fv.data(), fg.data(), c.size(), 0.5F, static_cast<float>(lr),
                     static_cast<float>(beta1), static_cast<float>(beta2), static_cast<float>(eps),
                     static_cast<float>(decay), static_cast<float>(c1), static_cast<float>(c2)});
    // Three roundings of each term of the moments; the step adds the errors of both, a root, two quotients.
    const auto m_bound = [&](std::size_t i) { return 2 * k_eps * (std::abs(m_start[i]) + std::abs(gradient[i])); };
    const auto v_bound = [&](std::size_t i) { return 2 * k_eps * v[i] + 3e-45; };
    CHECK(mismatch(c.label("adamw m"), fm.view(), m, m_bound) == "");
    CHECK(mismatch(c.label("adamw v"), fv.view(), v, v_bound) == "");
    CHECK(mismatch(c.label("adamw parameter"), fp.view(), p, [&](std::size_t i) {
            const double root = std::sqrt(v[i] / c2) + eps;
            const double step_error = (m_bound(i) + 6 * k_eps * std::abs(m[i])) / c1 / root;
            return lr * step_error + 2 * k_eps * lr * decay * std::abs(start[i]) + k_eps * std::abs(start[i]);
          }) == "");
    CHECK(fp.intact());
    CHECK(fm.intact());
    CHECK(fv.intact());
  }
}

TEST_CASE("squared_norm and all_finite") {
  for (const Case& c : cases()) {
    const std::vector<double> x = c.values(56);
    GuardedFloats fx(x, c.offset);
    const double expected = reference_kernels().squared_norm(x.data(), x.size());
    // Double precision on both sides: one rounding per term.
    CHECK(std::abs(kernels().squared_norm(fx.data(), x.size()) - expected) <=
          static_cast<double>(x.size()) * 1.2e-16 * expected);
    CHECK(kernels().all_finite(fx.data(), x.size()));
    for (const float bad : {NAN, INFINITY, -INFINITY})
      for (const std::size_t place : {std::size_t{0}, x.size() / 2, x.size() - 1}) {
        const float good = fx.data()[place];
        fx.data()[place] = bad;
        CHECK_FALSE(kernels().all_finite(fx.data(), x.size()));
        fx.data()[place] = good;
      }
  }
  CHECK(kernels().all_finite(nullptr, 0));
}
