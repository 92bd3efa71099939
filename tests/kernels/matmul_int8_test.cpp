// Products of 8-bit integers, emulated and by the hardware: bit for bit against the definition, and against sums in
// double.
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

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

/// A vector as bytes: element i is about scale * bytes[i] + offset.
struct Quantised {
  std::vector<int> bytes;
  float scale, offset;
};

/// The definition of a row: its range, 0 included, in 255 steps, of which one is 0; a little wider where the largest
/// element would become 256.
Quantised quantised_row(const float* x, std::size_t k) {
  float highest = 0, lowest = 0;
  for (std::size_t i = 0; i < k; ++i) {
    highest = std::max(highest, x[i]);
    lowest = std::min(lowest, x[i]);
  }
  float step = highest * (1.0F / 255) - lowest * (1.0F / 255);
  Quantised row{std::vector<int>(k, 0), 0, 0};
  if (step <= 0x1p-100F) return row;
  if (highest * (1 / step) + std::nearbyint(-lowest * (1 / step)) >= 255.5F) step *= 1.001F;
  const float zero = std::nearbyint(-lowest * (1 / step));
  for (std::size_t i = 0; i < k; ++i) {
    // An integer added to an even shift: ties go to even after it.
    row.bytes[i] = static_cast<int>(std::nearbyint(static_cast<double>(x[i] * (1 / step)) + zero));
  }
  row.scale = step;
  row.offset = -step * zero;
  return row;
}

/// The definition of a column of weights: the largest magnitude is 127.
Quantised quantised_column(const float* w, std::size_t k) {
  float largest = 0;
  for (std::size_t i = 0; i < k; ++i) largest = std::max(largest, std::abs(w[i]));
  const float step = largest * (1.0F / 127);
  Quantised column{std::vector<int>(k, 0), 0, 0};
  if (step <= 0x1p-100F) return column;
  for (std::size_t i = 0; i < k; ++i) column.bytes[i] = static_cast<int>(std::nearbyint(w[i] * (1 / step)));
  column.scale = step;
  return column;
}

float dot(const Quantised& row, const Quantised& column, float bias) {
  std::int64_t sum = 0, weights = 0;
  for (std::size_t i = 0; i < row.bytes.size(); ++i) {
    sum += row.bytes[i] * column.bytes[i];
    weights += column.bytes[i];
  }
  const float scaled = std::fma(static_cast<float>(sum), row.scale, static_cast<float>(weights) * row.offset);
  return std::fma(scaled, column.scale, bias);
}

struct Case {
  std::size_t m, k, n;
  std::vector<float> a, w, bias, c;  // [m, k], [n, k], [n], [m, n]

  Case(std::size_t m_, std::size_t k_, std::size_t n_, float scale = 1, double mean = 0.3)
      : m(m_), k(k_), n(n_), a(m * k), w(n * k), bias(n), c(m * n, -77.0F) {
    Random random(11, m * 1000 + k);
    for (float& x : a) x = scale * static_cast<float>(random.normal() + mean);  // an asymmetric range
    for (std::vector<float>* values : {&w, &bias})
      for (float& x : *values) x = scale * static_cast<float>(random.normal());
  }
  MatrixView<const float> a_view() const { return {a.data(), m, k}; }
  PackedMatrix<float> pack(const Context<float>& context) const { return {context, {w.data(), n, k}, Layout::nk}; }
  const float* row(std::size_t r) const { return a.data() + r * k; }
  const float* column(std::size_t j) const { return w.data() + j * k; }
  std::vector<Quantised> rows() const {
    std::vector<Quantised> all;
    for (std::size_t r = 0; r < m; ++r) all.push_back(quantised_row(row(r), k));
    return all;
  }
  std::vector<Quantised> columns() const {
    std::vector<Quantised> all;
    for (std::size_t j = 0; j < n; ++j) all.push_back(quantised_column(column(j), k));
    return all;
  }
};

// Every rest of k by four and by a vector; every height of a tile; panels with and without a rest; long sums.
struct Shape {
  std::size_t m, k, n;
};
const Shape k_shapes[] = {{1, 1, 1},    {2, 3, 5},    {5, 22, 12},   {13, 31, 33},    {29, 64, 64},
                          {37, 97, 40}, {25, 513, 7}, {7, 1100, 65}, {140, 2048, 33}, {79, 384, 64}};

float bf16_value(const std::byte* row, std::size_t i) {
  std::uint16_t upper = 0;
  std::memcpy(&upper, row + 2 * i, 2);
  return std::bit_cast<float>(std::uint32_t{upper} << 16);
}

}  // namespace

TEST_CASE("int8 product: the bits of its definition, whatever the start value is") {
  for (const Context<float>& context : contexts_in(Precision::int8))
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
        const std::vector<Quantised> rows = p.rows(), columns = p.columns();
        std::size_t different = 0;
        for (std::size_t r = 0; r < m; ++r)
          for (std::size_t j = 0; j < n; ++j) {
            const float expected =
                accumulate ? dot(rows[r], columns[j], 0) + before[r * n + j] : dot(rows[r], columns[j], p.bias[j]);
            different += bits(p.c[r * n + j]) != bits(expected);
          }
        CHECK(different == 0);
      }
}

TEST_CASE("int8 product: sums as large as 32 bits hold do not saturate, longer ones are refused") {
  constexpr std::size_t k = 66'311;  // times 255 * 127: 2^31 - 1,913
  for (const Context<float>& context : contexts_in(Precision::int8)) {
    std::vector<float> a(k, 1.0F), w(2 * k, 1.0F), c(2);
    std::fill_n(w.begin() + k, k, -1.0F);
    Arena scratch;
    PackedMatrix<float>(context, {w.data(), 2, k}, Layout::nk)
        .multiply({c.data(), 1, 2}, {a.data(), 1, k}, {}, scratch);
    CHECK(c[0] == doctest::Approx(static_cast<double>(k)).epsilon(1e-6));
    CHECK(c[1] == -c[0]);
    w.resize(k + 1);
    CHECK_THROWS_WITH_AS(
        PackedMatrix<float>(context, {w.data(), 1, k + 1}, Layout::nk),
        "precision (--precision): int8 has no room for sums of so many products, expected at most 66311, found 66312",
        Error);
  }
}

TEST_CASE("int8 product: rows and columns without a range, of one sign, of all magnitudes, and what is not finite") {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN(),
                  large = 0x1p127F;
  constexpr std::size_t k = 37;
  for (const Context<float>& context : contexts_in(Precision::int8)) {
    Case p(9, k, 5);
    const auto row = [&](std::size_t r) { return p.a.begin() + static_cast<std::ptrdiff_t>(r * k); };
    std::fill_n(row(0), k, 0.0F);
    std::fill_n(row(1), k, -3.25F);
    std::fill_n(row(2), k, 1e-35F);  // no range: zeros
    row(3)[35] = nan;
    row(4)[36] = infinity;
    row(5)[0] = -infinity;
    row(6)[1] = large;
    row(6)[2] = -large;
    std::fill_n(row(7), k, -0.0F);
    for (std::size_t i = 0; i < k; ++i) {
      p.w[i] = 0;
      p.w[k + i] = i == 5 ? nan : 1.0F;
      p.w[2 * k + i] = i == 36 ? -infinity : 1.0F;
    }
    Arena scratch;
    p.pack(context).multiply({p.c.data(), p.m, p.n}, p.a_view(), {.bias = p.bias.data()}, scratch);
    const std::vector<Quantised> rows = p.rows(), columns = p.columns();
    for (std::size_t r = 0; r < p.m; ++r)
      for (std::size_t j = 0; j < p.n; ++j) {
        CAPTURE(r);
        CAPTURE(j);
        const float found = p.c[r * p.n + j];
        if (r == 3 || r == 4 || r == 5 || j == 1 || j == 2)
          CHECK(std::isnan(found));
        else if (r == 0 || r == 2 || r == 7 || j == 0)
          CHECK(found == p.bias[j]);
        else
          CHECK(bits(found) == bits(dot(rows[r], columns[j], p.bias[j])));
      }
  }
}

TEST_CASE("int8 product: error against sums in double") {
  for (const Context<float>& context : contexts_in(Precision::int8))
    for (const auto [m, k, n] : k_shapes) {
      CAPTURE(k);
      Case p(m, k, n);
      Arena scratch;
      p.pack(context).multiply({p.c.data(), m, n}, p.a_view(), {.bias = p.bias.data()}, scratch);
      // An element of the row is off by half a step of 1/254.7 of its row's range at most, a weight by half a step of
      // 1/127 of its column's largest magnitude: no sum can be off by more than what these do to the other factor, and
      // by their product; three roundings of single precision come besides, of the sum before the offset is taken off
      // it, and of each step's inverse. The roundings of many terms are independent, and uniform in their step, of
      // which they have 1/12 as their variance.
      double squared = 0, expected_squared = 0;
      std::size_t beyond = 0;
      for (std::size_t r = 0; r < m; ++r)
        for (std::size_t j = 0; j < n; ++j) {
          double sum = p.bias[j], rows = 0, weights = 0, row_squares = 0, weight_squares = 0, low = 0, high = 0,
                 most = 0;
          for (std::size_t i = 0; i < k; ++i) {
            const double x = p.row(r)[i], w = p.column(j)[i];
            sum += x * w;
            rows += std::abs(x);
            weights += std::abs(w);
            row_squares += x * x;
            weight_squares += w * w;
            low = std::min(low, x);
            high = std::max(high, x);
            most = std::max(most, std::abs(w));
          }
          const double row_step = (high - low) / 254.7, weight_step = most / 127, terms = static_cast<double>(k);
          const double bound = row_step / 2 * weights + weight_step / 2 * rows + terms * row_step * weight_step / 4;
          const double single = 0x1p-22 * (terms * (high - low) * most + std::abs(p.bias[j]));
          const double error = p.c[r * n + j] - sum;
          beyond += !(std::abs(error) <= bound + single);
          squared += error * error;
          expected_squared += row_step * row_step / 12 * (weight_squares + terms * weight_step * weight_step / 12) +
                              weight_step * weight_step / 12 * row_squares;
        }
      CHECK(beyond == 0);
      // Errors of one row are shared by its sums: with fewer than a hundred of them the mean scatters by 15 %.
      if (m * n > 100) CHECK(squared <= 1.2 * expected_squared);
    }
}

TEST_CASE("int8 product: rows for attention are bfloat16, rows for the next product bytes, with and without GELU") {
  for (const Context<float>& context : contexts_in(Precision::int8))
    for (const auto [m, k, n] : k_shapes)
      for (const bool gelu : {false, true}) {
        CAPTURE(k);
        CAPTURE(n);
        const Case p(m, k, n, 1 / std::sqrt(static_cast<float>(k)));
        Arena memory, scratch;
        const auto attended = OperandRows<float>::allocate(context, memory, m, n);
        const auto rows = OperandRows<float>::allocate(context, memory, m, n);
        const PackedMatrix<float> packed = p.pack(context);
        packed.multiply(attended, p.a_view(), {.bias = p.bias.data(), .gelu = gelu, .to_attention = true}, scratch);
        packed.multiply(rows, p.a_view(), {.bias = p.bias.data(), .gelu = gelu}, scratch);
        const std::vector<Quantised> quantised = p.rows(), columns = p.columns();
        const std::size_t row_bytes = context.matmul->rows->row_bytes(n);
        Case next(m, n, 17);
        std::size_t different = 0;
        for (std::size_t r = 0; r < m; ++r)
          for (std::size_t j = 0; j < n; ++j) {
            const double x = dot(quantised[r], columns[j], p.bias[j]);
            const double exact = gelu ? x / 2 * (1 + std::erf(x / std::sqrt(2.0))) : x;
            const float found = bf16_value(attended.data + r * row_bytes, j);
            // GELU is approximated to 1.9e-4, and the result is rounded once to bfloat16.
            different += !(std::abs(found - exact) <= (gelu ? 1.9e-4 : 0) * (1 + 0x1p-8) + 0x1p-8 * std::abs(exact));
            next.a[r * n + j] = found;
          }
        CHECK(different == 0);
        // A product reads the bytes as it reads floats of the rounded values.
        std::vector<float> from_rows(next.c.size());
        const PackedMatrix<float> second = next.pack(context);
        second.multiply({from_rows.data(), m, next.n}, rows, {.bias = next.bias.data()});
        second.multiply({next.c.data(), m, next.n}, next.a_view(), {.bias = next.bias.data()}, scratch);
        CHECK(std::memcmp(from_rows.data(), next.c.data(), from_rows.size() * sizeof(float)) == 0);
      }
}

TEST_CASE("int8 attention: that of bfloat16, its result in bytes for the next product") {
  constexpr std::size_t length = 37, heads = 3;
  for (const Context<float>& context : contexts_in(Precision::int8))
    for (const std::size_t head_dim : {12, 32, 64}) {
      const std::size_t hidden = heads * head_dim;
      const Context<float> rounded =
          context.matmul == &k_matmul_int8_baseline ? emulated(Precision::bf16) : contexts_in(Precision::bf16).back();
      Case in(length, 3 * hidden, 1);
      Arena memory, scratch;
      const auto attend = [&](const Context<float>& with) {
        const RowForm<float>& form = *with.matmul->rows;
        const auto qkv = OperandRows<float>::allocate(with, memory, length, 3 * hidden);
        const auto out = OperandRows<float>::allocate(with, memory, length, hidden);
        form.round_for_attention(qkv.data, in.a.data(), length, 3 * hidden, 3 * hidden);
        form.attention({.out = out.data,
                        .qkv = qkv.data,
                        .out_stride = form.row_bytes(hidden),
                        .qkv_stride = form.row_bytes(3 * hidden),
                        .length = length,
                        .heads = heads,
                        .head_dim = head_dim,
                        .scale = 1 / std::sqrt(static_cast<float>(head_dim)),
                        .causal = true});
        return out;
      };
      const auto bytes = attend(context), expected = attend(rounded);
      Case next(length, hidden, 19);
      for (std::size_t r = 0; r < length; ++r)
        for (std::size_t d = 0; d < hidden; ++d)
          next.a[r * hidden + d] = bf16_value(expected.data + r * rounded.matmul->rows->row_bytes(hidden), d);
      std::vector<float> found(next.c.size());
      const PackedMatrix<float> packed = next.pack(context);
      packed.multiply({found.data(), length, next.n}, bytes, {});
      packed.multiply({next.c.data(), length, next.n}, next.a_view(), {}, scratch);
      CHECK(std::memcmp(found.data(), next.c.data(), found.size() * sizeof(float)) == 0);
    }
}

TEST_CASE("int8 product: a row has the same bits at every place and in every company") {
  constexpr std::size_t most = 70;
  for (const Context<float>& context : contexts_in(Precision::int8))
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

TEST_CASE("int8 product: a quarter of the memory, and what it does not do is refused") {
  for (const Context<float>& context : contexts_in(Precision::int8)) {
    Case p(4, 64, 64);
    const PackedMatrix<float> packed = p.pack(context);
    CHECK(packed.bytes() == p.k * p.n + 8 * p.n);  // and two floats for each column
    Arena scratch;
    std::vector<float> dw(p.n * p.k);
    CHECK_THROWS_WITH_AS(
        multiply_transposed_add<float>(context, {dw.data(), p.n, p.k}, {p.c.data(), p.m, p.n}, p.a_view(), scratch),
        "multiply_transposed_add: gradients are computed in single precision", Error);
    const Context<float> gradients = in_fp32(context);
    CHECK(gradients.precision == Precision::fp32);
    CHECK(gradients.matmul->rows == nullptr);
  }
}

TEST_CASE("int8 product: a row whose ends are both half a step from a byte keeps all of its bytes") {
  // -127.5 and 127.5 in steps of 1: the byte of 0 is 128, and 127.5 would be 256.
  for (const Context<float>& context : contexts_in(Precision::int8)) {
    std::vector<float> a(40, 0.0F), w(40, 0.0F), c(1);
    a[3] = -127.5F;
    a[4] = 127.5F;
    w[4] = 1.0F;
    Arena scratch;
    const PackedMatrix<float> packed(context, {w.data(), 1, 40}, Layout::nk);
    packed.multiply({c.data(), 1, 1}, {a.data(), 1, 40}, {}, scratch);
    CHECK(std::abs(c[0] - 127.5F) <= 0.501F);
  }
}
