// Products of bfloat16, emulated and by the hardware: bit for bit against the definition, and against sums in double.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "support/precision_contexts.hpp"

using namespace seqguard;

namespace {

constexpr double k_unit = 0x1p-8;  // of bfloat16: eight bits of significand

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

/// Nearest bfloat16 as a float, ties to even; denormals are zeros.
float rounded(float x) {
  if (std::abs(x) < std::numeric_limits<float>::min()) return std::copysign(0.0F, x);
  return std::bit_cast<float>((bits(x) + 0x7FFF + (bits(x) >> 16 & 1)) & 0xFFFF0000U);
}

float flushed(float x) { return std::abs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0F, x) : x; }

/// The definition: pair by pair, the odd element first, one rounding each.
float chain(float sum, const float* a, const float* b, std::size_t k) {
  sum = flushed(sum);
  for (std::size_t i = 0; i < k; i += 2) {
    const float a1 = i + 1 < k ? rounded(a[i + 1]) : 0, b1 = i + 1 < k ? rounded(b[i + 1]) : 0;
    sum = flushed(std::fma(a1, b1, sum));
    sum = flushed(std::fma(rounded(a[i]), rounded(b[i]), sum));
  }
  return sum;
}

struct Case {
  std::size_t m, k, n;
  std::vector<float> a, w, bias, c;  // [m, k], [n, k], [n], [m, n]

  Case(std::size_t m_, std::size_t k_, std::size_t n_, float scale = 1)
      : m(m_), k(k_), n(n_), a(m * k), w(n * k), bias(n), c(m * n, -77.0F) {
    Random random(11, m * 1000 + k);
    for (std::vector<float>* values : {&a, &w, &bias})
      for (float& x : *values) x = scale * static_cast<float>(random.normal());
  }
  MatrixView<const float> a_view() const { return {a.data(), m, k}; }
  PackedMatrix<float> pack(const Context<float>& context) const { return {context, {w.data(), n, k}, Layout::nk}; }
  const float* row(std::size_t r) const { return a.data() + r * k; }
  const float* column(std::size_t j) const { return w.data() + j * k; }
};

// Odd and even k; every height of a tile; panels with and without a rest; several blocks of k; rows of 4,096 bytes.
struct Shape {
  std::size_t m, k, n;
};
const Shape k_shapes[] = {{1, 1, 1},    {2, 3, 5},    {5, 20, 12},   {13, 31, 33},    {29, 64, 64},
                          {37, 97, 40}, {25, 513, 7}, {7, 1100, 65}, {140, 2048, 33}, {79, 384, 64}};

float value(const std::byte* row, std::size_t i) {
  std::uint16_t upper = 0;
  std::memcpy(&upper, row + 2 * i, 2);
  return std::bit_cast<float>(std::uint32_t{upper} << 16);
}

}  // namespace

TEST_CASE("bf16 product: the bits of its definition, whatever the start value is") {
  for (const Context<float>& context : contexts_in(Precision::bf16))
    for (const auto [m, k, n] : k_shapes)
      for (const bool accumulate : {false, true}) {
        CAPTURE(m);
        CAPTURE(k);
        CAPTURE(n);
        Case p(m, k, n);
        Arena scratch;
        const std::vector<float> before = p.c;
        p.pack(context).multiply({p.c.data(), m, n}, p.a_view(),
                                 {.bias = accumulate ? nullptr : p.bias.data(), .accumulate = accumulate}, scratch);
        std::size_t different = 0;
        for (std::size_t r = 0; r < m; ++r)
          for (std::size_t j = 0; j < n; ++j)
            different += bits(p.c[r * n + j]) !=
                         bits(chain(accumulate ? before[r * n + j] : p.bias[j], p.row(r), p.column(j), k));
        CHECK(different == 0);
      }
}

TEST_CASE("bf16 product: rounding of special values, and denormals") {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  // Ties to even on both sides, the largest float (rounds to infinity), denormals, and what rounds up to a normal one.
  const std::vector<float> special = {1.0F,      1.00390625F, 1.01171875F, 0x1.FFFFFEp127F, infinity,
                                      -infinity, nan,         0x1p-127F,   -0x1p-149F,      0x1.FFFFFEp-127F,
                                      0.0F,      -0.0F,       3.14159F};
  for (const Context<float>& context : contexts_in(Precision::bf16)) {
    const RowForm<float>& form = *context.matmul->rows;
    std::vector<std::byte> row(form.row_bytes(special.size()), std::byte{0xFF});
    form.round(row.data(), special.data(), 1, special.size(), special.size());
    for (std::size_t i = 0; i < special.size(); ++i) {
      CAPTURE(i);
      if (std::isnan(special[i])) {
        CHECK(std::isnan(value(row.data(), i)));
      } else {
        CHECK(bits(value(row.data(), i)) == bits(rounded(special[i])));
      }
    }
    for (std::size_t i = special.size(); 2 * i < row.size(); ++i) CHECK(bits(value(row.data(), i)) == 0);
    // Sums and products around the smallest normal number. Without FMA a product that is denormal loses bits of itself.
    if (context.matmul == &k_matmul_bf16_baseline) continue;
    Case p(9, 33, 20, 0x1p-64F);
    Arena scratch;
    p.pack(context).multiply({p.c.data(), p.m, p.n}, p.a_view(), {}, scratch);
    for (std::size_t r = 0; r < p.m; ++r)
      for (std::size_t j = 0; j < p.n; ++j) CHECK(bits(p.c[r * p.n + j]) == bits(chain(0, p.row(r), p.column(j), p.k)));
  }
}

TEST_CASE("bf16 product: error against sums in double") {
  for (const Context<float>& context : contexts_in(Precision::bf16))
    for (const auto [m, k, n] : k_shapes) {
      CAPTURE(k);
      Case p(m, k, n);
      Arena scratch;
      p.pack(context).multiply({p.c.data(), m, n}, p.a_view(), {.bias = p.bias.data()}, scratch);
      // Each factor is rounded once, each sum k times: no error can exceed 2 units of bfloat16 and k of single
      // precision of the terms' magnitudes. Roundings of many terms are independent, and uniform in their unit: their
      // sum has a standard deviation of sqrt(2 / 3) units of the root of the squares at most, less where significands
      // are large.
      double squared = 0, expected_squared = 0;
      std::size_t beyond = 0;
      for (std::size_t r = 0; r < m; ++r)
        for (std::size_t j = 0; j < n; ++j) {
          double sum = p.bias[j], magnitude = std::abs(sum), squares = 0;
          for (std::size_t i = 0; i < k; ++i) {
            const double term = static_cast<double>(p.row(r)[i]) * p.column(j)[i];
            sum += term;
            magnitude += std::abs(term);
            squares += term * term;
          }
          const double error = p.c[r * n + j] - sum;
          beyond +=
              !(std::abs(error) <= magnitude * (2 * k_unit + k_unit * k_unit + static_cast<double>(k + 1) * 0x1p-24));
          squared += error * error;
          expected_squared += k_unit * k_unit * squares * 2 / 3;
        }
      CHECK(beyond == 0);
      if (m * n > 100) CHECK(squared <= expected_squared);
    }
}

TEST_CASE("bf16 product: rows for the next product, with and without GELU") {
  for (const Context<float>& context : contexts_in(Precision::bf16))
    for (const auto [m, k, n] : k_shapes)
      for (const bool gelu : {false, true}) {
        CAPTURE(k);
        CAPTURE(n);
        const Case p(m, k, n, 1 / std::sqrt(static_cast<float>(k)));
        Arena memory, scratch;
        const auto rows = OperandRows<float>::allocate(context, memory, m, n);
        const PackedMatrix<float> packed = p.pack(context);
        packed.multiply(rows, p.a_view(), {.bias = p.bias.data(), .gelu = gelu}, scratch);
        const std::size_t row_bytes = context.matmul->rows->row_bytes(n);
        std::size_t different = 0;
        for (std::size_t r = 0; r < m; ++r) {
          const std::byte* const row = rows.data + r * row_bytes;
          for (std::size_t j = 0; j < n; ++j) {
            const float x = chain(p.bias[j], p.row(r), p.column(j), k);
            const double exact = x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
            // GELU is approximated to 1.9e-4, and the result is rounded once.
            different += gelu ? !(std::abs(value(row, j) - exact) <= 1.9e-4 * (1 + k_unit) + k_unit * std::abs(exact))
                              : bits(value(row, j)) != bits(rounded(x));
          }
          for (std::size_t j = n; 2 * j < row_bytes; ++j) different += bits(value(row, j)) != 0;
        }
        CHECK(different == 0);
        // A product reads them as it reads floats of the same values.
        Case next(m, n, 17);
        for (std::size_t r = 0; r < m; ++r)
          for (std::size_t j = 0; j < n; ++j) next.a[r * n + j] = value(rows.data + r * row_bytes, j);
        std::vector<float> from_rows(next.c.size());
        const PackedMatrix<float> second = next.pack(context);
        second.multiply({from_rows.data(), m, next.n}, rows, {.bias = next.bias.data()});
        second.multiply({next.c.data(), m, next.n}, next.a_view(), {.bias = next.bias.data()}, scratch);
        CHECK(std::memcmp(from_rows.data(), next.c.data(), from_rows.size() * sizeof(float)) == 0);
      }
}

TEST_CASE("bf16 product: a row has the same bits at every place and in every company") {
  constexpr std::size_t most = 70;
  for (const Context<float>& context : contexts_in(Precision::bf16))
    for (const Shape shape : {Shape{most, 64, 64}, Shape{most, 21, 33}, Shape{most, 1100, 40}}) {
      const Case p(most, shape.k, shape.n);
      Case probe(1, shape.k, shape.n);
      Arena scratch;
      const PackedMatrix<float> packed = p.pack(context);
      packed.multiply({probe.c.data(), 1, p.n}, probe.a_view(), {.bias = p.bias.data()}, scratch);
      std::size_t different = 0;
      std::vector<float> a = p.a, c(most * p.n);
      for (std::size_t m = 1; m <= most; ++m)
        for (const std::size_t place : {std::size_t{0}, m / 2, m - 1}) {
          std::swap_ranges(probe.a.begin(), probe.a.end(), a.begin() + static_cast<std::ptrdiff_t>(place * p.k));
          packed.multiply({c.data(), m, p.n}, {a.data(), m, p.k}, {.bias = p.bias.data()}, scratch);
          std::swap_ranges(probe.a.begin(), probe.a.end(), a.begin() + static_cast<std::ptrdiff_t>(place * p.k));
          different += std::memcmp(c.data() + place * p.n, probe.c.data(), p.n * sizeof(float)) != 0;
        }
      CHECK(different == 0);
    }
}

TEST_CASE("bf16 product: half the memory, and what it does not do is refused") {
  for (const Context<float>& context : contexts_in(Precision::bf16)) {
    Case p(4, 64, 64);
    const PackedMatrix<float> packed = p.pack(context);
    CHECK(packed.bytes() == 2 * p.k * p.n);
    Arena scratch;
    std::vector<float> dw(p.n * p.k);
    CHECK_THROWS_WITH_AS(
        multiply_transposed_add<float>(context, {dw.data(), p.n, p.k}, {p.c.data(), p.m, p.n}, p.a_view(), scratch),
        "multiply_transposed_add: gradients are computed in single precision", Error);
    CHECK_THROWS_AS(packed.multiply({p.c.data(), p.m, p.n}, p.a_view(), {.gelu = true}, scratch), Error);
    const auto narrow = OperandRows<float>::allocate(context, scratch, p.m, p.n - 1);
    CHECK_THROWS_AS(packed.multiply(narrow, p.a_view(), {}, scratch), Error);
    CHECK_THROWS_AS(packed.multiply({p.c.data(), p.m, p.n}, narrow, {}), Error);
    const Context<float> gradients = in_fp32(context);
    CHECK(gradients.precision == Precision::fp32);
    CHECK(gradients.matmul->rows == nullptr);
    // Single precision has no rows of its own form.
    CHECK_THROWS_AS(p.pack(gradients).multiply({p.c.data(), p.m, p.n}, OperandRows<float>{nullptr, p.m, p.k}, {}),
                    Error);
  }
}
