// Matrix products: every backend that the forced instruction set offers, against sums in double precision.
#include "seqguard/kernels/matmul.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

using namespace seqguard;

namespace {

std::vector<MatmulBackend> offered_backends(Isa isa) {
  std::vector<MatmulBackend> offered;
  for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen})
    if (matmul_backend_available(backend, isa)) offered.push_back(backend);
  return offered;
}

// A matrix with room around it: rows further apart than they are long, starting off every alignment.
template <class Real>
struct Matrix {
  std::vector<Real> values;
  std::size_t rows, cols, stride, offset;

  Matrix(std::size_t rows_, std::size_t cols_, std::size_t gap, std::size_t offset_ = 0)
      : values(offset_ + rows_ * (cols_ + gap) + 1, Real(-77)),
        rows(rows_),
        cols(cols_),
        stride(cols_ + gap),
        offset(offset_) {}
  MatrixView<Real> view() { return {values.data() + offset, rows, cols, stride}; }
  MatrixView<const Real> view() const { return {values.data() + offset, rows, cols, stride}; }
};

template <class Real>
void fill(MatrixView<Real> view, std::uint64_t stream, double scale) {
  Random random(7, stream);
  for (std::size_t r = 0; r < view.rows; ++r)
    for (std::size_t c = 0; c < view.cols; ++c) view(r, c) = static_cast<Real>(scale * random.normal());
}

struct Shape {
  std::size_t m, k, n;
};
// One; a prime; heads of 12 and 20; every height of a tile; panels of 8, 16 and 32 columns with and without a rest; a k
// beyond one block of the own kernel; rows that collide in the cache (k = 1024) in more than one block; nothing.
const Shape k_shapes[] = {{1, 1, 1},     {1, 7, 1},      {5, 1, 3},      {2, 20, 12},   {13, 12, 20}, {17, 31, 33},
                          {12, 64, 64},  {32, 64, 192},  {37, 97, 101},  {70, 65, 40},  {25, 300, 7}, {16, 513, 47},
                          {7, 129, 257}, {140, 1024, 9}, {19, 1024, 33}, {79, 384, 64}, {0, 8, 8},    {4, 0, 5}};

enum class Start { zero, bias, accumulate };

// |computed - exact| of a sum of k products added in any order to a start value, each product rounded or not:
// (k + 2) roundings, each of at most unit * (|start| + sum |a b|), plus one unit of the smallest denormal for each
// operation that underflows. The sum in long double that it is compared with is exact by comparison.
template <class Real>
double error_bound(std::size_t k, double magnitude) {
  const double unit = std::numeric_limits<Real>::epsilon() / 2;
  return static_cast<double>(k + 2) * (1.01 * unit * magnitude + std::numeric_limits<Real>::denorm_min());
}

template <class Real>
void check_product(const Context<Real>& context, Shape shape, Layout layout, Start start, bool dense,
                   double a_scale = 1, double b_scale = 1) {
  CAPTURE(to_string(context.backend));
  CAPTURE(shape.m);
  CAPTURE(shape.k);
  CAPTURE(shape.n);
  CAPTURE(static_cast<int>(start));
  CAPTURE(dense);
  const auto [m, k, n] = shape;
  const std::size_t gap = dense ? 0 : 3, offset = dense ? 0 : 1;
  Matrix<Real> a(m, k, gap, offset), c(m, n, gap, offset);
  Matrix<Real> b = layout == Layout::kn ? Matrix<Real>(k, n, gap, offset) : Matrix<Real>(n, k, gap, offset);
  Matrix<Real> bias(1, n, 0, offset);
  fill(a.view(), 1, a_scale);
  fill(b.view(), 2, b_scale);
  fill(bias.view(), 3, a_scale * b_scale);
  fill(c.view(), 4, a_scale * b_scale);
  const Matrix<Real> before = c;
  Arena scratch;
  const PackedMatrix<Real> packed(context, b.view(), layout);
  packed.multiply(c.view(), a.view(),
                  {.bias = start == Start::bias ? bias.view().data : nullptr, .accumulate = start == Start::accumulate},
                  scratch);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      long double sum = start == Start::bias         ? bias.view()(0, j)
                        : start == Start::accumulate ? before.view()(i, j)
                                                     : Real(0);
      long double magnitude = std::abs(sum);
      for (std::size_t l = 0; l < k; ++l) {
        const Real factor = layout == Layout::kn ? b.view()(l, j) : b.view()(j, l);
        const long double product = static_cast<long double>(a.view()(i, l)) * factor;
        sum += product;
        magnitude += std::abs(product);
      }
      const double error = static_cast<double>(std::abs(c.view()(i, j) - sum));
      wrong += !(error <= error_bound<Real>(k, static_cast<double>(magnitude)));
    }
  CHECK(wrong == 0);
  // What lies between and behind the rows is not touched.
  std::size_t touched = 0;
  for (std::size_t i = 0; i < c.values.size(); ++i) {
    const bool inside = i >= offset && (i - offset) / c.stride < m && (i - offset) % c.stride < n;
    touched += !inside && c.values[i] != before.values[i];
  }
  CHECK(touched == 0);
}

template <class Real>
void check_shapes(const Context<Real>& context) {
  for (const Shape shape : k_shapes)
    for (const Layout layout : {Layout::kn, Layout::nk})
      for (const Start start : {Start::zero, Start::bias, Start::accumulate})
        for (const bool dense : {true, false}) check_product(context, shape, layout, start, dense);
}

bool same_bits(const float* a, const float* b, std::size_t n) { return std::memcmp(a, b, n * sizeof(float)) == 0; }

bool has_fma(Isa isa) {
#if defined(__aarch64__)
  return isa == Isa::baseline;
#else
  return isa != Isa::baseline;
#endif
}

// A table whose packed elements are the upper halves of floats: two bytes each, rows one after another.
struct HalfTable {
  static std::size_t packed_bytes(std::size_t k, std::size_t n) { return 2 * k * n; }
  static void pack(std::byte* packed, const float* b, std::size_t k, std::size_t n, std::size_t k_stride,
                   std::size_t n_stride) {
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const auto upper =
            static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(b[i * k_stride + j * n_stride]) >> 16);
        std::memcpy(packed + 2 * (i * n + j), &upper, 2);
      }
  }
  static void multiply(const MatmulCall<float>& p) {
    for (std::size_t r = 0; r < p.m; ++r)
      for (std::size_t j = 0; j < p.n; ++j) {
        float sum = p.accumulate ? p.c[r * p.c_stride + j] : p.bias != nullptr ? p.bias[j] : 0;
        for (std::size_t i = 0; i < p.k; ++i) {
          std::uint16_t upper = 0;
          std::memcpy(&upper, p.packed + 2 * (i * p.n + j), 2);
          sum += p.a[r * p.a_row_stride + i * p.a_k_stride] * std::bit_cast<float>(std::uint32_t{upper} << 16);
        }
        p.c[r * p.c_stride + j] = sum;
      }
  }
};

// start + a_0 b_0 + a_1 b_1 + ...: the documented order of the own kernel.
float chain(float start, MatrixView<const float> a, std::size_t row, MatrixView<const float> b, std::size_t col,
            bool fused) {
  for (std::size_t l = 0; l < a.cols; ++l)
    start = fused ? std::fma(a(row, l), b(l, col), start) : start + a(row, l) * b(l, col);
  return start;
}

}  // namespace

TEST_CASE("matrix product: every backend and shape") {
  const Isa isa = default_isa();
  for (const MatmulBackend backend : offered_backends(isa)) {
    const Context<float> context = make_context(isa, backend);
    REQUIRE(context.kernels->isa == kernels_for(isa).isa);
    REQUIRE(PackedMatrix<float>(context, Matrix<float>(3, 3, 0).view(), Layout::kn).backend() == backend);
    check_shapes(context);
  }
}

TEST_CASE("matrix product: double precision") {
  Context<double> context = make_reference_context();
  check_shapes(context);
  context.backend = MatmulBackend::eigen;
  if (matmul_backend_available(MatmulBackend::eigen, context.kernels->isa)) check_shapes(context);
}

TEST_CASE("matrix product: huge, tiny and denormal values") {
  const Isa isa = default_isa();
  struct Scales {
    double a, b;
  };
  // Products near 2^120 (k of them stay below 2^128), products that are denormal, factors that are denormal.
  for (const Scales scales :
       {Scales{0x1p58, 0x1p58}, Scales{0x1p-70, 0x1p-70}, Scales{0x1p-135, 1}, Scales{1, 0x1p-140}})
    for (const MatmulBackend backend : offered_backends(isa))
      check_product(make_context(isa, backend), {21, 64, 37}, Layout::nk, Start::bias, true, scales.a, scales.b);
}

TEST_CASE("matrix product: a row has the same bits at every place and in every company") {
  const Isa isa = default_isa();
  struct Size {
    std::size_t k, n;
  };
  constexpr std::size_t most = 70;
  for (const MatmulBackend backend : offered_backends(isa))
    for (const Size size : {Size{64, 64}, Size{20, 33}, Size{300, 40}, Size{1024, 35}, Size{2, 3}}) {
      CAPTURE(to_string(backend));
      CAPTURE(size.k);
      CAPTURE(size.n);
      Matrix<float> w(size.n, size.k, 0), a(most, size.k, 0), c(most, size.n, 0), probe(1, size.k, 0),
          alone(1, size.n, 0), bias(1, size.n, 0);
      fill(w.view(), 1, 1);
      fill(probe.view(), 2, 1);
      fill(bias.view(), 3, 1);
      Arena scratch;
      const PackedMatrix<float> packed(make_context(isa, backend), w.view(), Layout::nk);
      const Epilogue<float> epilogue{.bias = bias.view().data};
      packed.multiply(alone.view(), probe.view(), epilogue, scratch);
      std::size_t different = 0;
      for (std::size_t m = 1; m <= most; ++m) {
        fill(a.view().rows_from(0, m), 100 + m, 1);
        for (std::size_t place = 0; place < m; ++place) {
          // All places of the largest batch; first, middle and last of the others.
          if (m != most && place != 0 && place != m / 2 && place != m - 1) continue;
          float* const row = a.view().row(place);
          std::swap_ranges(row, row + size.k, probe.view().data);
          packed.multiply(c.view().rows_from(0, m), a.view().rows_from(0, m), epilogue, scratch);
          std::swap_ranges(row, row + size.k, probe.view().data);
          different += !same_bits(c.view().row(place), alone.view().row(0), size.n);
        }
      }
      CHECK(different == 0);
    }
}

TEST_CASE("matrix product: the own kernel is one chain of multiply-adds in the order of k") {
  const Isa isa = default_isa();
  const Context<float> context = make_context(isa, MatmulBackend::own);
  for (const Shape shape : {Shape{29, 300, 45}, Shape{20, 1024, 35}}) {
    const auto [m, k, n] = shape;
    Matrix<float> a(m, k, 0), b(k, n, 0), c(m, n, 0), bias(1, n, 0);
    fill(a.view(), 1, 1);
    fill(b.view(), 2, 1);
    fill(bias.view(), 3, 1);
    Arena scratch;
    const PackedMatrix<float> packed(context, b.view(), Layout::kn);
    packed.multiply(c.view(), a.view(), {.bias = bias.view().data}, scratch);
    std::size_t different = 0;
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j)
        different += c.view()(i, j) != chain(bias.view()(0, j), a.view(), i, b.view(), j, has_fma(isa));
    CHECK(different == 0);
  }
}

TEST_CASE("matrix product: weight gradient adds the terms in the order of the rows") {
  const Isa isa = default_isa();
  const Context<float> context = make_context(isa);
  // The third crosses a block of rows; the fourth has rows that collide in the cache.
  for (const Shape shape :
       {Shape{1, 1, 1}, Shape{33, 20, 12}, Shape{515, 40, 31}, Shape{40, 17, 1024}, Shape{0, 4, 4}}) {
    CAPTURE(shape.m);
    const auto [m, k, n] = shape;
    Matrix<float> dy(m, n, n == 1024 ? 0 : 3, 1), x(m, k, 5, 2), dw(n, k, 1, 3);
    fill(dy.view(), 1, 1);
    fill(x.view(), 2, 1);
    fill(dw.view(), 3, 1);
    Matrix<float> dyt(n, m, 0);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j) dyt.view()(j, i) = dy.view()(i, j);
    const Matrix<float> before = dw;
    Arena scratch;
    multiply_transposed_add<float>(context, dw.view(), dy.view(), x.view(), scratch);
    std::size_t different = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < k; ++j)
        different += dw.view()(i, j) != chain(before.view()(i, j), dyt.view(), i, x.view(), j, has_fma(isa));
    CHECK(different == 0);
    CHECK(dw.values.back() == before.values.back());
  }
}

TEST_CASE("matrix product: repacking gives the product of the new values") {
  const Isa isa = default_isa();
  for (const MatmulBackend backend : offered_backends(isa)) {
    CAPTURE(to_string(backend));
    const Context<float> context = make_context(isa, backend);
    Matrix<float> first(41, 67, 0), second(41, 67, 2, 1), a(9, 67, 0), repacked(9, 41, 0), fresh(9, 41, 0);
    fill(first.view(), 1, 1);
    fill(second.view(), 2, 1);
    fill(a.view(), 3, 1);
    Arena scratch;
    PackedMatrix<float> packed(context, first.view(), Layout::nk);
    packed.repack(second.view());
    packed.multiply(repacked.view(), a.view(), {}, scratch);
    PackedMatrix<float>(context, second.view(), Layout::nk).multiply(fresh.view(), a.view(), {}, scratch);
    CHECK(same_bits(repacked.values.data(), fresh.values.data(), repacked.values.size()));
  }
}

TEST_CASE("matrix product: packed elements are the table's own affair") {
  constexpr MatmulKernels<float> table{Isa::baseline, Precision::bf16, HalfTable::packed_bytes, HalfTable::pack,
                                       HalfTable::multiply};
  const Context<float> context{&kernels_for(default_isa()), &table, MatmulBackend::own, Precision::bf16};
  const std::size_t m = 9, k = 64, n = 33;
  Matrix<float> w(n, k, 2, 1), a(m, k, 0), c(m, n, 0), expected(m, n, 0);
  fill(w.view(), 1, 1);
  fill(a.view(), 2, 1);
  const std::size_t room = PackedMatrix<float>::storage_bytes(context, k, n);
  CHECK(room >= 2 * k * n);
  CHECK(room <= 2 * k * n + Arena::k_alignment);
  Arena storage(room), scratch;
  PackedMatrix<float> packed(context, w.view(), Layout::nk, &storage);
  CHECK(packed.bytes() == 2 * k * n);
  CHECK(storage.capacity() == room);  // what storage_bytes() says is enough
  packed.multiply(c.view(), a.view(), {}, scratch);
  // The same as single precision with weights whose lower halves are zero; n is no multiple of any panel.
  for (float& weight : w.values) weight = std::bit_cast<float>(std::bit_cast<std::uint32_t>(weight) & 0xFFFF0000u);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t l = 0; l < k; ++l) {
        if (l == 0) expected.view()(i, j) = 0;
        expected.view()(i, j) += a.view()(i, l) * w.view()(j, l);
      }
  CHECK(same_bits(c.values.data(), expected.values.data(), m * n));
  // The weight gradient packs its terms by the same table: halves of x, added in the order of the rows.
  Matrix<float> dy(k, m, 0), x(k, n, 0), dw(m, n, 0), dw_expected(m, n, 0);
  fill(dy.view(), 3, 1);
  fill(x.view(), 4, 1);
  for (float& value : x.values) value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & 0xFFFF0000u);
  fill(dw.view(), 5, 1);
  dw_expected = dw;
  multiply_transposed_add<float>(context, dw.view(), dy.view(), x.view(), scratch);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t l = 0; l < k; ++l) dw_expected.view()(i, j) += dy.view()(l, i) * x.view()(l, j);
  CHECK(same_bits(dw.values.data(), dw_expected.values.data(), m * n));
}

TEST_CASE("matrix product: a table for every instruction set, below single precision only where it is offered") {
  for (const Isa isa : available_isas()) {
    const MatmulKernels<float>& table = matmul_kernels_for(isa, Precision::fp32);
    CHECK(table.isa == kernels_for(isa).isa);
    CHECK(table.precision == Precision::fp32);
    CHECK(make_context(isa).matmul == &table);
    CHECK(make_context({.isa = isa}).kernels == make_context(isa).kernels);
    CHECK(table.packed_bytes(7, 33) >= 7 * 33 * sizeof(float));
    for (const Precision precision : {Precision::bf16, Precision::int8}) {
      CHECK_THROWS_AS(make_context({.isa = isa, .matmul = MatmulBackend::eigen, .precision = precision}), Error);
      if (isa == Isa::avx512_bf16) {
        const Context<float> context = make_context({.isa = isa, .precision = precision});
        CHECK(context.matmul->precision == precision);
        CHECK(context.matmul->isa == isa);
        CHECK(context.precision == precision);
      } else {
        const std::string refusal = "precision (--precision): not offered for the instruction set " +
                                    std::string(to_string(isa)) + ", expected fp32, found " +
                                    std::string(to_string(precision));
        CHECK_THROWS_WITH_AS(matmul_kernels_for(isa, precision), refusal.c_str(), Error);
        CHECK_THROWS_WITH_AS(make_context({.isa = isa, .precision = precision}), refusal.c_str(), Error);
      }
    }
  }
}

TEST_CASE("matrix product: operands that do not fit are refused") {
  const Isa isa = default_isa();
  for (const MatmulBackend backend : offered_backends(isa)) {
    Arena scratch;
    std::vector<float> room(100);
    const auto view = [&](std::size_t rows, std::size_t cols) { return MatrixView<float>(room.data(), rows, cols); };
    PackedMatrix<float> packed(make_context(isa, backend), view(4, 6), Layout::kn);
    CHECK(packed.k() == 4);
    CHECK(packed.n() == 6);
    CHECK(packed.bytes() >= 24 * sizeof(float));
    CHECK_THROWS_AS(packed.multiply(view(2, 6), view(2, 5), {}, scratch), Error);
    CHECK_THROWS_AS(packed.multiply(view(2, 5), view(2, 4), {}, scratch), Error);
    CHECK_THROWS_AS(packed.multiply(view(3, 6), view(2, 4), {}, scratch), Error);
    CHECK_THROWS_AS(packed.multiply(view(2, 6), MatrixView<float>(room.data(), 2, 4, 3), {}, scratch), Error);
    CHECK_THROWS_AS(packed.multiply(view(2, 6), view(2, 4), {.bias = room.data(), .accumulate = true}, scratch), Error);
    CHECK_THROWS_AS(packed.repack(view(6, 4)), Error);
    CHECK_THROWS_AS(PackedMatrix<float>().multiply(view(2, 6), view(2, 4), {}, scratch), Error);
  }
  Arena scratch;
  std::vector<float> room(100);
  const auto view = [&](std::size_t rows, std::size_t cols) { return MatrixView<float>(room.data(), rows, cols); };
  const Context<float> context = make_context(isa);
  CHECK_THROWS_AS(multiply_transposed_add<float>(context, view(3, 4), view(5, 3), view(6, 4), scratch), Error);
  CHECK_THROWS_AS(multiply_transposed_add<float>(context, view(4, 4), view(5, 3), view(5, 4), scratch), Error);
  CHECK_THROWS_AS(multiply_transposed_add<float>(context, view(3, 3), view(5, 3), view(5, 4), scratch), Error);
}

TEST_CASE("matrix product: names, versions and availability of the backends") {
  for (const MatmulBackend backend :
       {MatmulBackend::automatic, MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen}) {
    CHECK(matmul_backend_from_string(to_string(backend)) == backend);
    CHECK_FALSE(matmul_backend_version(backend).empty());
  }
  CHECK_THROWS_AS(matmul_backend_from_string("mkl"), Error);
  CHECK_FALSE(matmul_backend_available(MatmulBackend::onednn, Isa::baseline));
  CHECK_THROWS_AS(make_context(Isa::baseline, MatmulBackend::onednn), Error);
  const PackedMatrix<float> packed(make_context(default_isa()), Matrix<float>(64, 64, 0).view(), Layout::nk);
  CHECK(packed.backend() != MatmulBackend::automatic);
}
