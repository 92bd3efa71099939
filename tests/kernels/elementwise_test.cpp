#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/cases.hpp"
#include "kernels/reference.hpp"
#include "support/compare.hpp"

using namespace seqguard;
using namespace kernel_cases;

namespace {

/// Denormal results round with an absolute error.
constexpr double k_smallest = 1.5e-45;

using Unary = void (*KernelTable<float>::*)(float*, const float*, std::size_t);
using UnaryDouble = void (*KernelTable<double>::*)(double*, const double*, std::size_t);
using Binary = void (*KernelTable<float>::*)(float*, const float*, const float*, std::size_t);
using BinaryDouble = void (*KernelTable<double>::*)(double*, const double*, const double*, std::size_t);

/// out = f(in) on every case, apart and in place.
template <class Bound>
void check_unary(const char* name, Unary kernel, UnaryDouble oracle, Bound bound) {
  for (const Case& c : cases()) {
    const std::vector<double> in = c.values(3);
    std::vector<double> expected(in.size());
    (reference_kernels().*oracle)(expected.data(), in.data(), in.size());
    GuardedFloats x(in, c.offset), out(in.size(), c.offset + 1, NAN);
    (kernels().*kernel)(out.data(), x.data(), in.size());
    const auto limit = [&](std::size_t i) { return bound(in[i], expected[i]) + k_smallest; };
    CHECK(mismatch(c.label(name), out.view(), expected, limit) == "");
    CHECK(out.intact());
    (kernels().*kernel)(x.data(), x.data(), in.size());
    CHECK_MESSAGE(std::ranges::equal(x.view(), out.view()), c.label(name) << " in place");
    CHECK(x.intact());
  }
}

/// d_in = f(d_out, x) on every case, apart and with d_in = d_out. `second` makes x valid, e.g. an output of tanh.
template <class Second, class Bound>
void check_binary(const char* name, Binary kernel, BinaryDouble oracle, Second second, Bound bound) {
  for (const Case& c : cases()) {
    const std::vector<double> a = c.values(4);
    std::vector<double> b = c.values(5), expected(a.size());
    for (double& value : b) value = static_cast<float>(second(value));
    (reference_kernels().*oracle)(expected.data(), a.data(), b.data(), a.size());
    GuardedFloats fa(a, c.offset), fb(b, c.offset + 2), out(a.size(), c.offset + 1, NAN);
    (kernels().*kernel)(out.data(), fa.data(), fb.data(), a.size());
    const auto limit = [&](std::size_t i) { return bound(a[i], b[i], expected[i]) + k_smallest; };
    CHECK(mismatch(c.label(name), out.view(), expected, limit) == "");
    CHECK(out.intact());
    (kernels().*kernel)(fa.data(), fa.data(), fb.data(), a.size());
    CHECK_MESSAGE(std::ranges::equal(fa.view(), out.view()), c.label(name) << " in place");
    CHECK(fa.intact());
  }
}

const auto k_same = [](double x) { return x; };

}  // namespace

TEST_CASE("the table under test is the one of the forced instruction set") {
  const char* forced = std::getenv("SEQGUARD_FORCE_ISA");
  if (forced != nullptr) CHECK(std::string(forced) == kernels().name);
  CHECK(kernels().isa == std::min(default_isa(), Isa::avx512));
  CHECK(kernels().name == to_string(kernels().isa));
  for (const Isa isa : available_isas()) CHECK(kernels_for(isa).isa == std::min(isa, Isa::avx512));
  CHECK(std::string(reference_kernels().name) == "reference");
}

TEST_CASE("add") {
  // One rounding.
  check_binary("add", &KernelTable<float>::add, &KernelTable<double>::add, k_same,
               [](double, double, double e) { return k_eps / 2 * std::abs(e); });
}

TEST_CASE("multiply") {
  // One rounding.
  check_binary("multiply", &KernelTable<float>::multiply, &KernelTable<double>::multiply, k_same,
               [](double, double, double e) { return k_eps / 2 * std::abs(e) + 1e-44; });
}

TEST_CASE("gelu_forward") {
  // The documented accuracy.
  check_unary("gelu_forward", &KernelTable<float>::gelu_forward, &KernelTable<double>::gelu_forward,
              [](double x, double) { return 4 * k_eps * std::max(1.0, std::abs(x)); });
}

TEST_CASE("gelu_forward is accurate on a dense grid and keeps its limits") {
  std::vector<double> in;
  for (int i = -80000; i <= 80000; ++i) in.push_back(static_cast<float>(i * 1e-4));
  for (const double x : {0.0, 1e30, -1e30, 3e38, -3e38, 1e-45, -1e-45}) in.push_back(static_cast<float>(x));
  std::vector<double> expected(in.size());
  reference_kernels().gelu_forward(expected.data(), in.data(), in.size());
  GuardedFloats x(in, 0), out(in.size());
  kernels().gelu_forward(out.data(), x.data(), in.size());
  CHECK(mismatch("gelu_forward grid", out.view(), expected,
                 [&](std::size_t i) { return 4 * k_eps * std::max(1.0, std::abs(in[i])); }) == "");
  CHECK(out.data()[in.size() - 6] == 1e30F);
  CHECK(out.data()[in.size() - 5] == 0.0F);
}

TEST_CASE("gelu_backward") {
  // Phi errs by 2.2 eps; x phi(x) by 3 eps of exp and x^2 / 2 times the rounding of its argument, and is below 0.25.
  check_binary("gelu_backward", &KernelTable<float>::gelu_backward, &KernelTable<double>::gelu_backward, k_same,
               [](double d, double, double) { return 6 * k_eps * std::abs(d); });
}

TEST_CASE("gelu_tanh_forward") {
  // With s = sigmoid(2u): x s errs by 2 eps, and by s (1 - s) x (4 eps 2u + 3 eps), where s (1 - s) x 2u is below 0.3.
  check_unary("gelu_tanh_forward", &KernelTable<float>::gelu_tanh_forward, &KernelTable<double>::gelu_tanh_forward,
              [](double x, double) { return 4 * k_eps * std::max(1.0, std::abs(x)); });
}

TEST_CASE("gelu_tanh_backward") {
  // As forward, with the factor 2u' below 8 where s (1 - s) is not small: x s (1 - s) 2u' is below 0.4, and so is its
  // derivative in 2u times 2u.
  check_binary("gelu_tanh_backward", &KernelTable<float>::gelu_tanh_backward, &KernelTable<double>::gelu_tanh_backward,
               k_same, [](double d, double, double) { return 8 * k_eps * std::abs(d); });
}

TEST_CASE("relu_forward and relu_backward are exact") {
  const auto exact = [](double, double) { return 0.0; };
  check_unary("relu_forward", &KernelTable<float>::relu_forward, &KernelTable<double>::relu_forward, exact);
  check_binary("relu_backward", &KernelTable<float>::relu_backward, &KernelTable<double>::relu_backward, k_same,
               [](double, double, double) { return 0.0; });
}

namespace {

/// silu with a factor as a function of two or three arrays.
template <int thousandths>
struct Silu {
  static constexpr double k_factor = thousandths / 1000.0;
  static void forward(float* out, const float* in, std::size_t n) {
    kernels().silu_forward(out, in, n, static_cast<float>(k_factor));
  }
  static void backward(float* d_in, const float* d_out, const float* in, std::size_t n) {
    kernels().silu_backward(d_in, d_out, in, n, static_cast<float>(k_factor));
  }
};

}  // namespace

TEST_CASE_TEMPLATE("silu_forward and silu_backward on a dense grid, with their limits", Form, Silu<1000>, Silu<1702>) {
  std::vector<double> in;
  for (int i = -40000; i <= 40000; ++i) in.push_back(static_cast<float>(i * 1e-3));
  for (const double x : {0.0, 1e30, -1e30, 3e38, -3e38, 1e-45, -1e-45}) in.push_back(static_cast<float>(x));
  const std::size_t n = in.size();
  const double factor = static_cast<float>(Form::k_factor);
  std::vector<double> expected(n), ones(n, 1.0);
  GuardedFloats x(in, 0), d(ones, 0), out(n);
  reference_kernels().silu_forward(expected.data(), in.data(), n, factor);
  Form::forward(out.data(), x.data(), n);
  // exp errs by 3 eps and by u eps / 2 of its argument's rounding; x s (1 - s) u is below 0.5, and x s below |x|.
  CHECK(mismatch("silu_forward", out.view(), expected,
                 [&](std::size_t i) { return 4 * k_eps * std::max(1.0, std::abs(in[i])); }) == "");
  reference_kernels().silu_backward(expected.data(), ones.data(), in.data(), n, factor);
  Form::backward(out.data(), d.data(), x.data(), n);
  // As before for s, below 1; u s (1 - s) is below 0.3, and so is its derivative times u.
  CHECK(mismatch("silu_backward", out.view(), expected, [&](std::size_t) { return 6 * k_eps; }) == "");
}

TEST_CASE("tanh_forward") {
  // xsimd's, below 1.2 eps; on NEON and without fused multiply-add a little more.
  check_unary("tanh_forward", &KernelTable<float>::tanh_forward, &KernelTable<double>::tanh_forward,
              [](double, double e) { return 3 * k_eps * std::abs(e); });
}

TEST_CASE("tanh_backward") {
  // y^2, the difference from 1 and the product: three roundings, the first two of numbers up to 1.
  check_binary(
      "tanh_backward", &KernelTable<float>::tanh_backward, &KernelTable<double>::tanh_backward,
      [](double x) { return std::tanh(x); }, [](double d, double, double) { return 1.5 * k_eps * std::abs(d); });
}

TEST_CASE("axpy") {
  for (const Case& c : cases()) {
    const std::vector<double> x = c.values(6), y = c.values(7);
    std::vector<double> expected = y;
    reference_kernels().axpy(expected.data(), x.data(), x.size(), -0.75);
    GuardedFloats fx(x, c.offset), fy(y, c.offset + 1);
    kernels().axpy(fy.data(), fx.data(), x.size(), -0.75F);
    // A product and a sum, fused or not.
    CHECK(mismatch(c.label("axpy"), fy.view(), expected,
                   [&](std::size_t i) { return k_eps * (std::abs(x[i]) + std::abs(y[i])) + k_smallest; }) == "");
    CHECK(fy.intact());
  }
}

TEST_CASE("add_bias and column_sums over strided views") {
  for (const Case& c : cases()) {
    const std::size_t stride = c.cols + 3;
    const std::vector<double> bias = Case{"", 1, c.cols, 0, c.kind}.values(8);
    std::vector<double> x = random_values(c.rows * stride, 1, 9), sums = bias, magnitudes(c.cols);
    const std::vector<double> values = c.values(10);
    for (std::size_t i = 0; i < values.size(); ++i) x[i / c.cols * stride + i % c.cols] = values[i];
    for (std::size_t i = 0; i < c.cols; ++i) {
      magnitudes[i] = std::abs(bias[i]);
      for (std::size_t r = 0; r < c.rows; ++r) magnitudes[i] += std::abs(x[r * stride + i]);
    }
    GuardedFloats fx(x, c.offset), fbias(bias, 1), fsums(bias, c.offset + 1);
    kernels().column_sums(fsums.data(), fx.data(), c.rows, c.cols, stride);
    reference_kernels().column_sums(sums.data(), x.data(), c.rows, c.cols, stride);
    // A chain of `rows` additions.
    CHECK(mismatch(c.label("column_sums"), fsums.view(), sums, [&](std::size_t i) {
            return static_cast<double>(c.rows) * k_eps / 2 * magnitudes[i] + k_smallest;
          }) == "");
    CHECK(fsums.intact());
    kernels().add_bias(fx.data(), fbias.data(), c.rows, c.cols, stride);
    reference_kernels().add_bias(x.data(), bias.data(), c.rows, c.cols, stride);
    // One rounding; the columns between the views must stay.
    CHECK(mismatch(c.label("add_bias"), fx.view(), x, [&](std::size_t i) {
            return i % stride < c.cols ? k_eps / 2 * std::abs(x[i]) + k_smallest : 0;
          }) == "");
    CHECK(fx.intact());
  }
}

TEST_CASE("gather_add and scatter_add") {
  for (const Case& c : cases()) {
    constexpr std::size_t table_rows = 7;
    std::vector<std::int32_t> ids(c.rows);
    for (std::size_t t = 0; t < c.rows; ++t) ids[t] = static_cast<std::int32_t>(t * 5 % table_rows);
    const std::vector<double> tokens = c.values(11), table = Case{"", table_rows, c.cols, 0, c.kind}.values(12);
    std::vector<double> out = tokens, d_table = table, magnitudes(table.size(), 0);
    reference_kernels().gather_add(out.data(), table.data(), ids.data(), c.rows, c.cols);
    reference_kernels().scatter_add(d_table.data(), tokens.data(), ids.data(), c.rows, c.cols);
    for (std::size_t i = 0; i < table.size(); ++i) magnitudes[i] = std::abs(table[i]);
    for (std::size_t t = 0; t < c.rows; ++t)
      for (std::size_t i = 0; i < c.cols; ++i)
        magnitudes[static_cast<std::size_t>(ids[t]) * c.cols + i] += std::abs(tokens[t * c.cols + i]);
    GuardedFloats ftokens(tokens, c.offset), ftable(table, 1), fout(tokens, c.offset + 1), fd_table(table, 2);
    kernels().gather_add(fout.data(), ftable.data(), ids.data(), c.rows, c.cols);
    kernels().scatter_add(fd_table.data(), ftokens.data(), ids.data(), c.rows, c.cols);
    CHECK(mismatch(c.label("gather_add"), fout.view(), out, [&](std::size_t i) {
            return k_eps / 2 * std::abs(out[i]) + k_smallest;  // one rounding
          }) == "");
    CHECK(mismatch(c.label("scatter_add"), fd_table.view(), d_table, [&](std::size_t i) {
            return static_cast<double>(c.rows) * k_eps / 2 * magnitudes[i] + k_smallest;  // a chain of at most `rows`
          }) == "");
    CHECK(fout.intact());
    CHECK(fd_table.intact());
  }
}

TEST_CASE("dropout has the same bits on every instruction set, keeps its rate and continues at any index") {
  constexpr std::size_t n = 10007;
  const std::vector<double> values = random_values(n, 1, 13);
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{77}, (std::uint64_t{5} << 32) - 1000}) {
    for (const float rate : {0.0F, 0.1F, 0.9F}) {
      GuardedFloats x(values, 1), expected(values, 0), halves(values, 3);
      kernels().dropout(x.data(), n, rate, 42, first);
      ReferenceKernels<float>::dropout(expected.data(), n, rate, 42, first);
      CHECK(std::ranges::equal(x.view(), expected.view()));
      CHECK(x.intact());
      kernels().dropout(halves.data(), 5001, rate, 42, first);
      kernels().dropout(halves.data() + 5001, n - 5001, rate, 42, first + 5001);
      CHECK(std::ranges::equal(x.view(), halves.view()));
      // Five standard deviations of a binomial share.
      const double dropped = static_cast<double>(std::ranges::count(x.view(), 0.0F)) / n;
      CHECK(std::abs(dropped - rate) <= 5 * std::sqrt(rate * (1 - rate) / n));
    }
  }
  GuardedFloats one(values, 0), other(values, 0);
  kernels().dropout(one.data(), n, 0.5F, 1, 0);
  kernels().dropout(other.data(), n, 0.5F, 2, 0);
  std::size_t same = 0;
  for (std::size_t i = 0; i < n; ++i) same += (one.data()[i] == 0) == (other.data()[i] == 0);
  CHECK(std::abs(static_cast<double>(same) / n - 0.5) <= 5 * 0.5 / std::sqrt(static_cast<double>(n)));
}
