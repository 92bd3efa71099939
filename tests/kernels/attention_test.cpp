#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "kernels/cases.hpp"
#include "kernels/reference_attention.hpp"
#include "seqguard/kernels/kernel_table.hpp"
#include "support/compare.hpp"

using namespace seqguard;
using namespace kernel_cases;

namespace {

struct Shape {
  std::size_t length, heads, head_dim, extra_stride;
  bool causal;
  double magnitude;  ///< of queries and keys; 1 gives scores around 1, 30 a nearly hard choice
  std::size_t window = 0;
  bool biased = false;
  float rate = 0;  ///< of dropout
};

/// Lengths around the blocks (4, 8, 16 lanes; 64 keys), head widths that are narrow, odd, wide and beyond one chunk.
const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = [] {
    std::vector<Shape> list;
    for (const std::size_t length : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 130})
      for (const bool causal : {false, true}) list.push_back({length, 2, 32, length % 3, causal, 1});
    for (const std::size_t head_dim : {1, 3, 8, 12, 16, 20, 31, 48, 64, 80, 129, 260})
      for (const bool causal : {false, true}) list.push_back({37, 2, head_dim, head_dim % 2, causal, 1});
    for (const std::size_t length : {1, 9, 33, 64, 130, 200})
      for (const std::size_t window : {0, 1, 5, 64})
        for (const bool causal : {false, true}) list.push_back({length, 2, 12, 0, causal, 1, window, window != 5});
    for (const std::size_t length : {2, 9, 16, 33, 64, 130})
      for (const std::size_t window : {0, 5})
        for (const bool causal : {false, true})
          list.push_back({length, 2, 12, 1, causal, 1, window, window == 0, causal ? 0.1F : 0.75F});
    list.push_back({70, 2, 260, 0, true, 1, 0, false, 0.5F});
    for (const double magnitude : {0.0, 1e-20, 30.0, 3000.0}) list.push_back({70, 1, 12, 0, true, magnitude});
    return list;
  }();
  return all;
}

struct Problem {
  Shape s;
  std::size_t hidden, qkv_stride, out_stride;
  double scale;
  std::vector<double> qkv, d_out, out, log_sum_exp, bias;
  std::size_t reach, bias_stride;

  explicit Problem(const Shape& shape) : s(shape), hidden(s.heads * s.head_dim) {
    qkv_stride = 3 * hidden + s.extra_stride;
    out_stride = hidden + s.extra_stride;
    scale = static_cast<float>(1 / std::sqrt(static_cast<double>(s.head_dim)));
    qkv = random_values(s.length * qkv_stride, 1, 1);
    for (std::size_t i = 0; i < qkv.size(); ++i)
      if (i % qkv_stride < 2 * hidden) qkv[i] = static_cast<float>(qkv[i] * s.magnitude);
    d_out = random_values(s.length * out_stride, 1, 2);
    out.assign(s.length * out_stride, 0);
    log_sum_exp.assign(s.heads * s.length, 0);
    reach = s.length + 3;
    bias_stride = 2 * reach - 1 + k_relative_padding;
    if (s.biased) bias = random_values(s.heads * bias_stride, 1, 9);
    reference_kernels().attention_forward({out.data(), log_sum_exp.data(), qkv.data(), s.length, s.heads, s.head_dim,
                                           qkv_stride, out_stride, scale, s.causal, s.window, relative(bias),
                                           dropout<double>()});
  }
  std::string name(const char* kernel) const {
    return std::string(kernel) + " L=" + std::to_string(s.length) + " A=" + std::to_string(s.heads) +
           " D=" + std::to_string(s.head_dim) + " stride+" + std::to_string(s.extra_stride) +
           (s.causal ? " causal" : " full") + " window=" + std::to_string(s.window) + (s.biased ? " biased" : "") +
           " magnitude=" + std::to_string(s.magnitude) + " dropout=" + std::to_string(s.rate);
  }
  template <class Real>
  AttentionDropout<Real> dropout() const {
    return {s.rate, 77, 1'000};
  }
  /// What dropout multiplies a probability with.
  double factor(std::size_t i, std::size_t j, std::size_t head) const {
    return dropout_factor(dropout<double>(), s.heads, head, i, j);
  }
  /// Error of that: 1 - rate, the quotient and the product are rounded.
  double factor_error() const { return s.rate > 0 ? 1.5 * k_eps : 0; }
  template <class Real>
  RelativeBias<Real> relative(const std::vector<Real>& values) const {
    return {values.empty() ? nullptr : values.data(), reach, bias_stride};
  }
  std::vector<float> float_bias() const { return {bias.begin(), bias.end()}; }
  double bias_at(std::size_t i, std::size_t j, std::size_t head) const {
    return bias.empty() ? 0 : bias[head * bias_stride + reach - 1 + i - j];
  }
  bool sees(std::size_t i, std::size_t j) const {
    return (!s.causal || j <= i) && (s.window == 0 || (i > j ? i - j : j - i) <= s.window);
  }
  const double* query(std::size_t i, std::size_t head) const { return &qkv[i * qkv_stride + head * s.head_dim]; }
  const double* key(std::size_t j, std::size_t head) const { return query(j, head) + hidden; }
  const double* value(std::size_t j, std::size_t head) const { return query(j, head) + 2 * hidden; }
  double score(std::size_t i, std::size_t j, std::size_t head) const;
};

double dot(const double* a, const double* b, std::size_t n) {
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += a[i] * b[i];
  return total;
}
double absolute_dot(const double* a, const double* b, std::size_t n) {
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += std::abs(a[i] * b[i]);
  return total;
}

double Problem::score(std::size_t i, std::size_t j, std::size_t head) const {
  return scale * dot(query(i, head), key(j, head), s.head_dim) + bias_at(i, j, head);
}

/// Error of a score: a chain of D products of a scaled query and a key, and one addition.
double score_error(const Problem& p, std::size_t i, std::size_t j, std::size_t head) {
  const double d = static_cast<double>(p.s.head_dim);
  return (d / 2 + 2) * k_eps * p.scale * absolute_dot(p.query(i, head), p.key(j, head), p.s.head_dim) +
         k_eps * std::abs(p.bias_at(i, j, head)) + 1e-37;
}

}  // namespace

TEST_CASE("attention_forward agrees with the reference") {
  for (const Shape& shape : shapes()) {
    const Problem p(shape);
    GuardedFloats qkv(p.qkv, 3), out(p.out.size(), 5), log_sum_exp(p.log_sum_exp.size(), 1);
    const std::vector<float> bias = p.float_bias();
    kernels().attention_forward({out.data(), log_sum_exp.data(), qkv.data(), shape.length, shape.heads, shape.head_dim,
                                 p.qkv_stride, p.out_stride, static_cast<float>(p.scale), shape.causal, shape.window,
                                 p.relative(bias), p.dropout<float>()});
    // Weights err by the scores' errors (twice: their own and the maximum's), by rounding score - maximum and exp; the
    // weighted mean by one rounding per term. All relative to the mean of |v|.
    std::vector<double> bounds(p.out.size(), 0), level_bounds(p.log_sum_exp.size());
    const auto terms = [&](std::size_t i) { return static_cast<double>(shape.causal ? i + 1 : shape.length); };
    for (std::size_t head = 0; head < shape.heads; ++head)
      for (std::size_t i = 0; i < shape.length; ++i) {
        const double level = p.log_sum_exp[head * shape.length + i];
        double worst = 0;
        for (std::size_t j = 0; j < shape.length; ++j)
          if (p.sees(i, j)) worst = std::max(worst, score_error(p, i, j, head));
        for (std::size_t j = 0; j < shape.length; ++j) {
          if (!p.sees(i, j)) continue;
          const double score = p.score(i, j, head), weight = std::exp(score - level);
          const double relative = 2 * worst + k_eps * (std::abs(score - level) + 6 + terms(i)) + p.factor_error();
          for (std::size_t d = 0; d < shape.head_dim; ++d)
            bounds[i * p.out_stride + head * shape.head_dim + d] +=
                2 * (relative * weight + k_tiny) * p.factor(i, j, head) * std::abs(p.value(j, head)[d]);
        }
        level_bounds[head * shape.length + i] = worst + k_eps * (std::abs(level) + 6 + terms(i));
      }
    CHECK(mismatch(p.name("attention_forward"), out.view(), p.out, [&](std::size_t i) { return bounds[i]; }) == "");
    CHECK(mismatch(p.name("log_sum_exp"), log_sum_exp.view(), p.log_sum_exp,
                   [&](std::size_t i) { return level_bounds[i]; }) == "");
    CHECK(out.intact());
    CHECK(log_sum_exp.intact());
  }
}

TEST_CASE("attention_forward without log_sum_exp gives the same bits") {
  const Problem p({50, 2, 20, 0, true, 1});
  GuardedFloats qkv(p.qkv, 0), with(p.out.size()), without(p.out.size()), levels(p.log_sum_exp.size());
  AttentionForward<float> call{
      with.data(), levels.data(), qkv.data(), 50, 2, 20, p.qkv_stride, p.out_stride, static_cast<float>(p.scale), true};
  kernels().attention_forward(call);
  call.out = without.data();
  call.log_sum_exp = nullptr;
  kernels().attention_forward(call);
  for (std::size_t i = 0; i < p.out.size(); ++i) REQUIRE(with.data()[i] == without.data()[i]);
}

TEST_CASE("attention_backward agrees with the reference") {
  for (const Shape& shape : shapes()) {
    Problem p(shape);
    // The backward pass takes the rounded results of the forward pass, here as in the reference.
    for (double& x : p.out) x = static_cast<float>(x);
    for (double& x : p.log_sum_exp) x = static_cast<float>(x);
    const std::size_t scratch_size = attention_backward_scratch(shape.length, shape.head_dim);
    std::vector<double> expected(p.qkv.size(), 0), expected_bias(p.bias), bias_bounds(p.bias.size(), 0);
    const std::vector<float> bias = p.float_bias();
    reference_kernels().attention_backward(
        {expected.data(), p.d_out.data(), p.out.data(), p.log_sum_exp.data(), p.qkv.data(), shape.length, shape.heads,
         shape.head_dim, p.qkv_stride, p.out_stride, p.scale, shape.causal, nullptr, shape.window, p.relative(p.bias),
         shape.biased ? expected_bias.data() : nullptr, p.dropout<double>()});
    GuardedFloats qkv(p.qkv, 3), out(p.out, 1), d_out(p.d_out, 2), log_sum_exp(p.log_sum_exp, 1),
        d_qkv(p.qkv.size(), 1, 0), scratch(scratch_size, 1, NAN), d_bias(p.bias, 1);
    for (std::size_t i = 0; i < p.qkv.size(); ++i)
      if (i % p.qkv_stride < 3 * p.hidden) d_qkv.data()[i] = NAN;
    kernels().attention_backward({d_qkv.data(), d_out.data(), out.data(), log_sum_exp.data(), qkv.data(), shape.length,
                                  shape.heads, shape.head_dim, p.qkv_stride, p.out_stride, static_cast<float>(p.scale),
                                  shape.causal, scratch.data(), shape.window, p.relative(bias),
                                  shape.biased ? d_bias.data() : nullptr, p.dropout<float>()});
    // P errs by its score, by rounding score - log_sum_exp and by exp; dP and delta by a chain of D products each; the
    // three gradients are sums over L terms.
    std::vector<double> bounds(p.qkv.size(), 0);
    const double d_terms = static_cast<double>(shape.head_dim) / 2 + 2,
                 l_terms = static_cast<double>(shape.length) / 2 + 6;
    for (std::size_t head = 0; head < shape.heads; ++head)
      for (std::size_t i = 0; i < shape.length; ++i) {
        const double* const d_row = &p.d_out[i * p.out_stride + head * shape.head_dim];
        const double* const row = &p.out[i * p.out_stride + head * shape.head_dim];
        const double delta = dot(d_row, row, shape.head_dim);
        const double delta_error = d_terms * k_eps * absolute_dot(d_row, row, shape.head_dim);
        const double level = p.log_sum_exp[head * shape.length + i];
        for (std::size_t j = 0; j < shape.length; ++j) {
          if (!p.sees(i, j)) continue;
          const double score = p.score(i, j, head), weight = std::exp(score - level);
          const double relative = score_error(p, i, j, head) + k_eps * (std::abs(score - level) + 5 + l_terms);
          const double factor = p.factor(i, j, head);
          const double gap = factor * dot(d_row, p.value(j, head), shape.head_dim) - delta;
          const double d_error =
              (d_terms * k_eps + p.factor_error()) * factor * absolute_dot(d_row, p.value(j, head), shape.head_dim) +
              delta_error;
          const double score_bound =
              p.scale * ((weight * relative + k_tiny) * std::abs(gap) + weight * d_error) * (1 + 4 * k_eps) + k_tiny;
          // A sum of at most L terms that begins at the start value, of magnitude 1.
          if (shape.biased)
            bias_bounds[head * p.bias_stride + p.reach - 1 + i - j] +=
                score_bound / p.scale + l_terms * k_eps * (std::abs(weight * gap) + 2);
          for (std::size_t d = 0; d < shape.head_dim; ++d) {
            const std::size_t column = head * shape.head_dim + d;
            bounds[i * p.qkv_stride + column] += score_bound * std::abs(p.key(j, head)[d]);
            bounds[j * p.qkv_stride + p.hidden + column] += score_bound * std::abs(p.query(i, head)[d]);
            bounds[j * p.qkv_stride + 2 * p.hidden + column] +=
                (weight * (relative + p.factor_error()) + k_tiny) * factor * std::abs(d_row[d]);
          }
        }
      }
    CHECK(mismatch(p.name("attention_backward"), d_qkv.view(), expected,
                   [&](std::size_t i) { return bounds[i] + k_tiny; }) == "");
    if (shape.biased)
      CHECK(mismatch(p.name("d_bias"), d_bias.view(), expected_bias, [&](std::size_t i) { return bias_bounds[i]; }) ==
            "");
    CHECK(d_bias.intact());
    CHECK(d_qkv.intact());
    CHECK(scratch.intact());
  }
}
