// The oracle's own backward kernels against central differences of its forward kernels, in double precision.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "kernels/cases.hpp"
#include "seqguard/kernels/kernel_table.hpp"

using namespace seqguard;
using namespace kernel_cases;
using Values = std::vector<double>;

namespace {

/// Checks `gradient` of f at x. Central differences with step h err by h^2 f'''/6 + eps |f| / h: 1e-10 + 1e-10 for
/// values and third derivatives around 10.
void check_gradient(const char* name, Values x, const Values& gradient, const std::function<double(const Values&)>& f) {
  constexpr double h = 1e-5;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    x[i] = at + h;
    const double above = f(x);
    x[i] = at - h;
    const double below = f(x);
    x[i] = at;
    const double difference = (above - below) / (2 * h);
    CHECK_MESSAGE(std::abs(difference - gradient[i]) <= 1e-8 * (1 + std::abs(gradient[i])),
                  name << " [" << i << "]: difference " << difference << ", gradient " << gradient[i]);
  }
}

double weighted(const Values& weights, const Values& y) {
  double total = 0;
  for (std::size_t i = 0; i < y.size(); ++i) total += weights[i] * y[i];
  return total;
}

const KernelTable<double>& k() { return reference_kernels(); }

}  // namespace

TEST_CASE("reference: gradients of activations") {
  const std::size_t n = 9;
  const Values x = random_values(n, 1.5, 60), d = random_values(n, 1, 61);
  Values y(n), gradient(n);
  const auto with = [&](void (*forward)(double*, const double*, std::size_t)) {
    return [&, forward](const Values& at) {
      Values out(n);
      forward(out.data(), at.data(), n);
      return weighted(d, out);
    };
  };
  k().gelu_backward(gradient.data(), d.data(), x.data(), n);
  check_gradient("gelu", x, gradient, with(k().gelu_forward));
  k().gelu_tanh_backward(gradient.data(), d.data(), x.data(), n);
  check_gradient("gelu_tanh", x, gradient, with(k().gelu_tanh_forward));
  k().relu_backward(gradient.data(), d.data(), x.data(), n);
  check_gradient("relu", x, gradient, with(k().relu_forward));
  for (const double factor : {1.0, 1.702}) {
    k().silu_backward(gradient.data(), d.data(), x.data(), n, factor);
    check_gradient("silu", x, gradient, [&](const Values& at) {
      Values out(n);
      k().silu_forward(out.data(), at.data(), n, factor);
      return weighted(d, out);
    });
  }
  k().tanh_forward(y.data(), x.data(), n);
  k().tanh_backward(gradient.data(), d.data(), y.data(), n);
  check_gradient("tanh", x, gradient, with(k().tanh_forward));
}

TEST_CASE("reference: gradients of softmax and layer normalisation") {
  const std::size_t rows = 3, cols = 5, n = rows * cols;
  const Values x = random_values(n, 1, 62), d = random_values(n, 1, 63), gamma = random_values(cols, 1, 64),
               beta = random_values(cols, 1, 65);
  Values y(n), gradient(n);
  k().softmax_forward(y.data(), x.data(), rows, cols);
  k().softmax_backward(gradient.data(), d.data(), y.data(), rows, cols);
  check_gradient("softmax", x, gradient, [&](const Values& at) {
    Values out(n);
    k().softmax_forward(out.data(), at.data(), rows, cols);
    return weighted(d, out);
  });
  Values sum(n), mean(rows), rstd(rows), d_gamma(cols, 0), d_beta(cols, 0);
  const auto norm = [&](const Values& in, const Values& g, const Values& b) {
    Values out(n);
    k().layer_norm_forward(out.data(), sum.data(), mean.data(), rstd.data(), in.data(), nullptr, g.data(), b.data(),
                           rows, cols, 1e-3);
    return weighted(d, out);
  };
  norm(x, gamma, beta);
  k().layer_norm_backward(gradient.data(), d_gamma.data(), d_beta.data(), d.data(), sum.data(), mean.data(),
                          rstd.data(), gamma.data(), rows, cols);
  check_gradient("layer_norm d_sum", x, gradient, [&](const Values& at) { return norm(at, gamma, beta); });
  check_gradient("layer_norm d_gamma", gamma, d_gamma, [&](const Values& at) { return norm(x, at, beta); });
  check_gradient("layer_norm d_beta", beta, d_beta, [&](const Values& at) { return norm(x, gamma, at); });
}

TEST_CASE("reference: gradients of losses") {
  const std::size_t n = 6;
  const Values z = random_values(n, 2, 66), soft{0, 1, 0.3, 0.9, 1, 0}, hard{0, 1, 0, 1, 1, 0}, w{1, 2, 0.5, 1, 0, 3};
  Values gradient(n);
  k().bce_with_logits(gradient.data(), z.data(), soft.data(), w.data(), n);
  check_gradient("bce", z, gradient,
                 [&](const Values& at) { return k().bce_with_logits(nullptr, at.data(), soft.data(), w.data(), n); });
  k().focal_with_logits(gradient.data(), z.data(), hard.data(), w.data(), n, 2, 0.25);
  check_gradient("focal", z, gradient, [&](const Values& at) {
    return k().focal_with_logits(nullptr, at.data(), hard.data(), w.data(), n, 2, 0.25);
  });
  // Without focus and with equal classes, the focal loss is half of the cross-entropy.
  CHECK(k().focal_with_logits(nullptr, z.data(), hard.data(), w.data(), n, 0, 0.5) ==
        doctest::Approx(k().bce_with_logits(nullptr, z.data(), hard.data(), w.data(), n) / 2));
}

TEST_CASE("reference: gradients of attention") {
  for (const bool causal : {false, true})
    for (const double rate : {0.0, 0.4}) {
      const std::size_t length = 5, heads = 2, width = 3, hidden = heads * width;
      const AttentionDropout<double> dropout{rate, 3, 11};
      const Values qkv = random_values(length * 3 * hidden, 1, 67), d = random_values(length * hidden, 1, 68);
      Values out(length * hidden), levels(heads * length), gradient(qkv.size());
      const auto attend = [&](const Values& at) {
        k().attention_forward({.out = out.data(),
                               .log_sum_exp = levels.data(),
                               .qkv = at.data(),
                               .length = length,
                               .heads = heads,
                               .head_dim = width,
                               .qkv_stride = 3 * hidden,
                               .out_stride = hidden,
                               .scale = 0.5,
                               .causal = causal,
                               .dropout = dropout});
        return weighted(d, out);
      };
      attend(qkv);
      k().attention_backward({.d_qkv = gradient.data(),
                              .d_out = d.data(),
                              .out = out.data(),
                              .log_sum_exp = levels.data(),
                              .qkv = qkv.data(),
                              .length = length,
                              .heads = heads,
                              .head_dim = width,
                              .qkv_stride = 3 * hidden,
                              .out_stride = hidden,
                              .scale = 0.5,
                              .causal = causal,
                              .scratch = nullptr,
                              .dropout = dropout});
      check_gradient(causal ? "causal attention" : "attention", qkv, gradient, attend);
    }
}
