#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cases.hpp"
#include "seqguard/kernels/kernel_table.hpp"
#include "support/compare.hpp"

using namespace seqguard;
using namespace kernel_cases;

namespace {

/// Relative error of a sum of n terms: chains in at least four lanes, and their joining.
double sum_error(std::size_t n) { return k_eps / 2 * (static_cast<double>(n) / 4 + 8); }

double largest(const std::vector<double>& x) {
  double result = 0;
  for (const double value : x) result = std::max(result, std::abs(value));
  return result;
}

}  // namespace

TEST_CASE("layer_norm_forward") {
  for (const Case& c : cases()) {
    constexpr double eps = 1e-12;
    for (const bool with_residual : {false, true}) {
      const std::vector<double> in = c.values(20), residual = c.values(21), gamma = random_values(c.cols, 1, 22),
                                beta = random_values(c.cols, 1, 23);
      std::vector<double> out(c.size()), sum(c.size()), mean(c.rows), rstd(c.rows);
      reference_kernels().layer_norm_forward(out.data(), sum.data(), mean.data(), rstd.data(), in.data(),
                                             with_residual ? residual.data() : nullptr, gamma.data(), beta.data(),
                                             c.rows, c.cols, static_cast<float>(eps));
      GuardedFloats fin(in, c.offset), fresidual(residual, 1), fgamma(gamma, 2), fbeta(beta, 3),
          fout(c.size(), c.offset), fsum(c.size(), 1), fmean(c.rows, 1), frstd(c.rows, 1);
      const auto run = [&](float* to, float* sum_to) {
        kernels().layer_norm_forward(to, sum_to, fmean.data(), frstd.data(), fin.data(),
                                     with_residual ? fresidual.data() : nullptr, fgamma.data(), fbeta.data(), c.rows,
                                     c.cols, static_cast<float>(eps));
      };
      run(fout.data(), fsum.data());
      // The mean errs by the summation, the centred values by that and their own rounding (absolute, of the size of the
      // largest element); rstd by the summation of squares and twice the relative error of the centred values.
      const double centre_error = (sum_error(c.cols) + 2 * k_eps) * largest(sum) + k_tiny;
      const auto relative = [&](std::size_t r) { return sum_error(c.cols) + 4 * k_eps + centre_error * rstd[r]; };
      CHECK(mismatch(c.label("layer_norm sum"), fsum.view(), sum,
                     [&](std::size_t i) { return k_eps / 2 * std::abs(sum[i]) + 1.5e-45; }) == "");
      CHECK(mismatch(c.label("layer_norm mean"), fmean.view(), mean, [&](std::size_t) { return centre_error; }) == "");
      CHECK(mismatch(c.label("layer_norm rstd"), frstd.view(), rstd,
                     [&](std::size_t r) { return rstd[r] * relative(r); }) == "");
      CHECK(mismatch(c.label("layer_norm_forward"), fout.view(), out, [&](std::size_t i) {
              const std::size_t r = i / c.cols, column = i % c.cols;
              const double normal = std::abs(sum[i] - mean[r]) * rstd[r];
              return std::abs(gamma[column]) *
                         (centre_error * rstd[r] + (normal + centre_error * rstd[r]) * (relative(r) + 2 * k_eps)) +
                     2 * k_eps * std::abs(beta[column]);
            }) == "");
      CHECK(fout.intact());
      CHECK(fsum.intact());
      CHECK(fmean.intact());
      CHECK(frstd.intact());
      // sum may be the input, and out the sum.
      const std::vector<float> expected(fout.view().begin(), fout.view().end());
      run(fin.data(), fin.data());
      CHECK_MESSAGE(std::ranges::equal(fin.view(), expected), c.label("layer_norm in place"));
    }
  }
}

TEST_CASE("layer_norm_forward: eps is added to the variance, under the root") {
  // Rows of 1, 3, 1, 3 ..: mean 2, variance 1; with eps = 3 the root is 2, and every operation is exact.
  const auto check = [](const auto& table, auto one) {
    using Real = decltype(one);
    for (const std::size_t cols : {std::size_t{2}, std::size_t{64}, std::size_t{6}}) {
      std::vector<Real> in(cols, 1), out(cols), sum(cols), gamma(cols, 1), beta(cols, 0);
      for (std::size_t c = 1; c < cols; c += 2) in[c] = 3;
      Real mean = 0, rstd = 0;
      table.layer_norm_forward(out.data(), sum.data(), &mean, &rstd, in.data(), nullptr, gamma.data(), beta.data(), 1,
                               cols, 3);
      CAPTURE(cols);
      CHECK(out[0] == doctest::Approx(-0.5));
      CHECK(out[1] == doctest::Approx(0.5));
    }
  };
  check(kernels(), 1.0F);
  check(reference_kernels(), 1.0);
}

TEST_CASE("layer_norm_backward") {
  for (const Case& c : cases()) {
    const std::vector<double> sum = c.values(24), d_out = random_values(c.size(), 1, 25),
                              gamma = random_values(c.cols, 1, 26), start = random_values(c.cols, 1, 27);
    std::vector<double> out(c.size()), x = sum, mean(c.rows), rstd(c.rows), zero(c.cols, 0);
    reference_kernels().layer_norm_forward(out.data(), x.data(), mean.data(), rstd.data(), sum.data(), nullptr,
                                           gamma.data(), zero.data(), c.rows, c.cols, 1e-12);
    for (double& value : mean) value = static_cast<float>(value);
    for (double& value : rstd) value = static_cast<float>(value);
    std::vector<double> d_sum(c.size()), d_gamma = start, d_beta = start;
    reference_kernels().layer_norm_backward(d_sum.data(), d_gamma.data(), d_beta.data(), d_out.data(), sum.data(),
                                            mean.data(), rstd.data(), gamma.data(), c.rows, c.cols);
    GuardedFloats fsum(sum, c.offset), fd_out(d_out, 1), fgamma(gamma, 2), fmean(mean, 0), frstd(rstd, 1),
        fd_sum(c.size(), c.offset), fd_gamma(start, 1), fd_beta(start, 2);
    const auto run = [&](float* to) {
      kernels().layer_norm_backward(to, fd_gamma.data(), fd_beta.data(), fd_out.data(), fsum.data(), fmean.data(),
                                    frstd.data(), fgamma.data(), c.rows, c.cols);
    };
    run(fd_sum.data());
    // Two sums over the row, relative to their magnitudes; a few roundings of each term. Parameters: a chain over rows.
    const auto normal = [&](std::size_t i) { return (sum[i] - mean[i / c.cols]) * rstd[i / c.cols]; };
    std::vector<double> g_mean(c.rows, 0), gn_mean(c.rows, 0), gamma_bound(c.cols), beta_bound(c.cols);
    for (std::size_t i = 0; i < c.cols; ++i) gamma_bound[i] = beta_bound[i] = std::abs(start[i]);
    for (std::size_t i = 0; i < c.size(); ++i) {
      const double g = std::abs(d_out[i] * gamma[i % c.cols]) / static_cast<double>(c.cols);
      g_mean[i / c.cols] += g;
      gn_mean[i / c.cols] += g * std::abs(normal(i));
      gamma_bound[i % c.cols] += std::abs(d_out[i] * normal(i));
      beta_bound[i % c.cols] += std::abs(d_out[i]);
    }
    CHECK(mismatch(c.label("layer_norm_backward d_sum"), fd_sum.view(), d_sum, [&](std::size_t i) {
            const std::size_t r = i / c.cols;
            return rstd[r] * (sum_error(c.cols) + 4 * k_eps) *
                   (std::abs(d_out[i] * gamma[i % c.cols]) + g_mean[r] + std::abs(normal(i)) * gn_mean[r]);
          }) == "");
    const double chain = (static_cast<double>(c.rows) / 2 + 3) * k_eps;
    CHECK(mismatch(c.label("layer_norm_backward d_gamma"), fd_gamma.view(), d_gamma,
                   [&](std::size_t i) { return chain * gamma_bound[i]; }) == "");
    CHECK(mismatch(c.label("layer_norm_backward d_beta"), fd_beta.view(), d_beta,
                   [&](std::size_t i) { return chain * beta_bound[i]; }) == "");
    CHECK(fd_sum.intact());
    CHECK(fd_gamma.intact());
    CHECK(fd_beta.intact());
    const std::vector<float> expected(fd_sum.view().begin(), fd_sum.view().end());
    run(fd_out.data());
    CHECK_MESSAGE(std::ranges::equal(fd_out.view(), expected), c.label("layer_norm_backward in place"));
  }
}

TEST_CASE("softmax_forward") {
  for (const Case& c : cases()) {
    const std::vector<double> in = c.values(30);
    std::vector<double> out(c.size());
    reference_kernels().softmax_forward(out.data(), in.data(), c.rows, c.cols);
    GuardedFloats fin(in, c.offset), fout(c.size(), 1, NAN);
    kernels().softmax_forward(fout.data(), fin.data(), c.rows, c.cols);
    // exp errs by 3 eps and by the rounding of x - maximum; the sum by the same in the mean (below 1 + log n) and by
    // its additions.
    CHECK(mismatch(c.label("softmax_forward"), fout.view(), out, [&](std::size_t i) {
            const double* row = &in[i / c.cols * c.cols];
            const double gap = *std::max_element(row, row + c.cols) - in[i];
            if (gap > 100) return k_tiny;
            return out[i] * (k_eps * (gap + 8 + std::log(static_cast<double>(c.cols))) + sum_error(c.cols)) + k_tiny;
          }) == "");
    CHECK(fout.intact());
    kernels().softmax_forward(fin.data(), fin.data(), c.rows, c.cols);
    CHECK_MESSAGE(std::ranges::equal(fin.view(), fout.view()), c.label("softmax_forward in place"));
  }
}

TEST_CASE("softmax_backward") {
  for (const Case& c : cases()) {
    if (c.kind == Kind::equal) continue;  // equal gradients cancel: nothing is left to compare
    const std::vector<double> logits = random_values(c.size(), 1, 31), d_out = c.values(32);
    std::vector<double> out(c.size()), d_in(c.size());
    reference_kernels().softmax_forward(out.data(), logits.data(), c.rows, c.cols);
    for (double& value : out) value = static_cast<float>(value);
    reference_kernels().softmax_backward(d_in.data(), d_out.data(), out.data(), c.rows, c.cols);
    GuardedFloats fd_out(d_out, c.offset), fout(out, 1), fd_in(c.size(), 2, NAN);
    kernels().softmax_backward(fd_in.data(), fd_out.data(), fout.data(), c.rows, c.cols);
    // A sum of products, a difference, a product.
    CHECK(mismatch(c.label("softmax_backward"), fd_in.view(), d_in, [&](std::size_t i) {
            double magnitude = std::abs(d_out[i]);
            for (std::size_t j = i / c.cols * c.cols; j < (i / c.cols + 1) * c.cols; ++j)
              magnitude += std::abs(d_out[j] * out[j]);
            return (sum_error(c.cols) + k_eps) * out[i] * magnitude + 3e-45;
          }) == "");
    CHECK(fd_in.intact());
    kernels().softmax_backward(fd_out.data(), fd_out.data(), fout.data(), c.rows, c.cols);
    CHECK_MESSAGE(std::ranges::equal(fd_out.view(), fd_in.view()), c.label("softmax_backward in place"));
  }
}

TEST_CASE("log_sum_exp_update and exp_minus over tiles of columns") {
  for (const Case& c : cases()) {
    const std::size_t stride = c.cols + 2;
    std::vector<double> x = random_values(c.rows * stride, 1, 33);
    const std::vector<double> values = c.values(34), factor = random_values(c.rows, 1, 35);
    for (std::size_t i = 0; i < values.size(); ++i) x[i / c.cols * stride + i % c.cols] = values[i];
    std::vector<double> maximum(c.rows, -INFINITY), sum(c.rows, 0), level(c.rows);
    GuardedFloats fx(x, c.offset), fmaximum(maximum, 1), fsum(sum, 2), ffactor(factor, 3);
    // Two tiles: the first column, then the rest.
    for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 1}, {1, c.cols - 1}}) {
      reference_kernels().log_sum_exp_update(maximum.data(), sum.data(), x.data() + first, c.rows, count, stride);
      kernels().log_sum_exp_update(fmaximum.data(), fsum.data(), fx.data() + first, c.rows, count, stride);
    }
    const auto gap = [&](std::size_t r, std::size_t i) { return std::abs(x[r * stride + i] - maximum[r]); };
    CHECK(mismatch(c.label("log_sum_exp_update maximum"), fmaximum.view(), maximum, [](std::size_t) { return 0.0; }) ==
          "");
    // Each term errs by exp and the rounding of its argument (twice for the first tile), the sum by its additions.
    CHECK(mismatch(c.label("log_sum_exp_update sum"), fsum.view(), sum, [&](std::size_t r) {
            double bound = (sum_error(c.cols) + k_eps) * sum[r] + k_tiny * static_cast<double>(c.cols);
            for (std::size_t i = 0; i < c.cols; ++i)
              if (gap(r, i) < 100) bound += k_eps * std::exp(-gap(r, i)) * (gap(r, i) + 5);
            return bound;
          }) == "");
    CHECK(fmaximum.intact());
    CHECK(fsum.intact());
    for (std::size_t r = 0; r < c.rows; ++r) level[r] = static_cast<float>(maximum[r] + std::log(sum[r]));
    GuardedFloats flevel(level, 1);
    std::vector<double> expected = x;
    reference_kernels().exp_minus(expected.data(), level.data(), factor.data(), c.rows, c.cols, stride);
    kernels().exp_minus(fx.data(), flevel.data(), ffactor.data(), c.rows, c.cols, stride);
    CHECK(mismatch(c.label("exp_minus"), fx.view(), expected, [&](std::size_t i) {
            const std::size_t r = i / stride;
            if (i % stride >= c.cols) return 0.0;
            const double distance = std::abs(x[i] - level[r]);
            if (distance > 100) return k_tiny * std::abs(factor[r]);
            return std::abs(expected[i]) * k_eps * (distance / 2 + 4) + k_tiny * std::abs(factor[r]);
          }) == "");
    CHECK(fx.intact());
  }
}

TEST_CASE("a row has the same bits wherever it stands") {
  for (const std::size_t cols : {12, 20, 64, 97}) {
    const std::vector<double> in = random_values(9 * cols, 1, 36), ones(cols, 1);
    GuardedFloats x(in, 1), gamma(ones, 0), all(in.size()), one(cols), sum(in.size()), mean(9), rstd(9);
    kernels().layer_norm_forward(all.data(), sum.data(), mean.data(), rstd.data(), x.data(), nullptr, gamma.data(),
                                 gamma.data(), 9, cols, 1e-12F);
    kernels().layer_norm_forward(one.data(), sum.data(), mean.data(), rstd.data(), x.data() + 5 * cols, nullptr,
                                 gamma.data(), gamma.data(), 1, cols, 1e-12F);
    CHECK(std::ranges::equal(all.view().subspan(5 * cols, cols), one.view()));
    kernels().softmax_forward(all.data(), x.data(), 9, cols);
    kernels().softmax_forward(one.data(), x.data() + 5 * cols, 1, cols);
    CHECK(std::ranges::equal(all.view().subspan(5 * cols, cols), one.view()));
  }
}
