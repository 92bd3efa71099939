// Matrix products: which backend serves, the backend over our own tables, and the public interface.
#include "seqguard/kernels/matmul.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include "kernels/matmul_backend.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

#ifdef SEQGUARD_HAS_ONEDNN
constexpr bool k_has_onednn = true;
#else
constexpr bool k_has_onednn = false;
#endif
#ifdef SEQGUARD_HAS_EIGEN
constexpr bool k_has_eigen = true;
#else
constexpr bool k_has_eigen = false;
#endif

// What automatic means. Share of the multiply-add peak, own / oneDNN 2.6.3, one thread of a Zen 5 with AVX-512, by
// bench/matmul_bench.cpp best of several runs on a busy machine (differences below 4 points are noise there):
//   K x N        M = 16    M = 32    M = 128
//    64 x 64    91 / 59   92 / 59   93 / 83
//    64 x 192   91 / 76   93 / 76   94 / 90
//   128 x 512   94 / 89   92 / 87   92 / 87
//   256 x 256   90 / 89   93 / 90   93 / 90
//  1024 x 256   88 / 89   87 / 86   88 / 90
//   384 x 1152  84 / 86   85 / 88   87 / 90
//   384 x 1536  82 / 84   87 / 85   88 / 86
//  1536 x 384   83 / 85   83 / 90   86 / 90
// So our own, for every shape and instruction set: where oneDNN gains, it gains less than its compilation (22 ms for
// the first product of a process, about 0.5 ms for each further shape) and its allocations in each call cost.
constexpr MatmulBackend k_automatic = MatmulBackend::own;

// Rows a multiple of 4 KB apart share their sets of the first-level cache, where a tile of 12 rows and its panel evict
// each other: 76 % of the peak instead of 93 % for [128, 1024] x [1024, 256] on AVX-512 (Zen 5), the copy included.
template <class Real>
bool rows_collide(MatrixView<const Real> a) {
  return a.rows > 16 && a.stride * sizeof(Real) % 4096 == 0;
}

// The same rows further apart, in scratch.
template <class Real>
MatrixView<const Real> spread_rows(MatrixView<const Real> a, Arena& scratch) {
  const std::size_t stride = a.cols + 64 / sizeof(Real);
  const MatrixView<Real> copy(scratch.allocate<Real>(a.rows * stride).data(), a.rows, a.cols, stride);
  for (std::size_t r = 0; r < a.rows; ++r) std::copy_n(a.row(r), a.cols, copy.row(r));
  return copy;
}

// c = a B, with what `epilogue` adds, by our own table.
template <class Real>
void multiply_packed(const MatmulKernels<Real>& kernels, MatrixView<Real> c, MatrixView<const Real> a,
                     const std::byte* packed, const Epilogue<Real>& epilogue) {
  kernels.multiply({.c = c.data,
                    .a = a.data,
                    .packed = packed,
                    .bias = epilogue.bias,
                    .m = a.rows,
                    .n = c.cols,
                    .k = a.cols,
                    .c_stride = c.stride,
                    .a_row_stride = a.stride,
                    .a_k_stride = 1,
                    .accumulate = epilogue.accumulate});
}

// The backend over MatmulKernels.
// f(first row, how many) for blocks of rows that scratch is taken for.
template <class F>
void in_blocks(std::size_t rows, F f) {
  constexpr std::size_t block = 128;
  for (std::size_t first = 0; first < rows; first += block) f(first, std::min(block, rows - first));
}

template <class Real>
class OwnMatrix final : public PackedMatrix<Real>::Implementation {
  using Base = typename PackedMatrix<Real>::Implementation;

 public:
  OwnMatrix(const MatmulKernels<Real>& kernels, std::size_t k, std::size_t n, Layout layout, Arena* storage)
      : Base(MatmulBackend::own, k, n, layout),
        kernels_(kernels),
        packed_((storage != nullptr ? *storage : storage_).allocate<std::byte>(kernels.packed_bytes(k, n))) {}

  void repack(MatrixView<const Real> source) override {
    const bool kn = this->layout() == Layout::kn;
    kernels_.pack(packed_.data(), source.data, this->k(), this->n(), kn ? source.stride : 1, kn ? 1 : source.stride);
  }

  void multiply(MatrixView<Real> c, MatrixView<const Real> a, Epilogue<Real> epilogue, Arena& scratch) const override {
    if (kernels_.rows != nullptr) {
      return in_blocks(a.rows, [&](std::size_t first, std::size_t count) {
        const Arena::Frame frame(scratch);
        multiply_rows({.c = c.row(first),
                       .bias = epilogue.bias,
                       .m = count,
                       .c_stride = c.stride,
                       .accumulate = epilogue.accumulate,
                       .a_rows = rounded(a.rows_from(first, count), scratch)});
      });
    }
    if (!rows_collide(a)) return multiply_packed(kernels_, c, a, packed_.data(), epilogue);
    in_blocks(a.rows, [&](std::size_t first, std::size_t count) {
      const Arena::Frame frame(scratch);
      multiply_packed<Real>(kernels_, c.rows_from(first, count), spread_rows(a.rows_from(first, count), scratch),
                            packed_.data(), epilogue);
    });
  }

  void multiply_rows(MatmulCall<Real> call) const override {
    if (kernels_.rows == nullptr) return Base::multiply_rows(call);
    call.packed = packed_.data();
    call.n = this->n();
    call.k = this->k();
    kernels_.multiply(call);
  }

  void multiply_to_rows(std::byte* c, MatrixView<const Real> a, Epilogue<Real> epilogue,
                        Arena& scratch) const override {
    if (kernels_.rows == nullptr) return Base::multiply_to_rows(c, a, epilogue, scratch);
    in_blocks(a.rows, [&](std::size_t first, std::size_t count) {
      const Arena::Frame frame(scratch);
      multiply_rows({.bias = epilogue.bias,
                     .m = count,
                     .a_rows = rounded(a.rows_from(first, count), scratch),
                     .c_rows = c + first * kernels_.rows->row_bytes(this->n()),
                     .gelu = epilogue.gelu,
                     .to_attention = epilogue.to_attention});
    });
  }

  std::size_t bytes() const noexcept override { return packed_.size(); }

 private:
  const std::byte* rounded(MatrixView<const Real> a, Arena& scratch) const {
    const RowForm<Real>& form = *kernels_.rows;
    std::byte* const rows = scratch.allocate<std::byte>(a.rows * form.row_bytes(a.cols)).data();
    form.round(rows, a.data, a.rows, a.cols, a.stride);
    return rows;
  }

  const MatmulKernels<Real>& kernels_;
  Arena storage_;  // unless another is given; for its alignment: a vector load that straddles two cache lines costs two
  std::span<std::byte> packed_;
};

void require_available(MatmulBackend backend, Isa isa) {
  if (!matmul_backend_available(backend, isa))
    fail(ErrorCode::unsupported, "matrix product (--matmul)",
         "backend " + std::string(to_string(backend)) + " is not built in, or not offered for " +
             std::string(to_string(isa)));
}

void require_usable(MatmulBackend backend, Isa isa, Precision precision) {
  require_available(backend, isa);
  if (precision != Precision::fp32 && backend != MatmulBackend::automatic && backend != MatmulBackend::own)
    fail(ErrorCode::unsupported, "matrix product (--matmul)", "no products in " + std::string(to_string(precision)),
         "automatic or own", to_string(backend));
}

std::string shape(std::size_t rows, std::size_t cols) {
  std::string text = "[";  // built by appending: gcc 12 warns wrongly about a literal + string
  return text.append(std::to_string(rows)).append(", ").append(std::to_string(cols)).append("]");
}

template <class Real>
void require_shape(std::string_view where, std::string_view what, MatrixView<Real> view, std::size_t rows,
                   std::size_t cols) {
  if (view.rows != rows || view.cols != cols)
    fail(ErrorCode::invalid_argument, where, std::string(what) + " has the wrong shape", shape(rows, cols),
         shape(view.rows, view.cols));
  if (view.rows > 1 && view.stride < view.cols)
    fail(ErrorCode::invalid_argument, where, std::string(what) + " has rows that overlap",
         "a stride of at least " + std::to_string(view.cols), std::to_string(view.stride));
}

/// Who multiplies matrices of this shape.
template <class Real>
MatmulBackend backend_of(const Context<Real>& context, std::size_t k, std::size_t n) {
  if (k == 0 || n == 0) return MatmulBackend::own;  // the other libraries have no empty products
  return context.backend == MatmulBackend::automatic ? k_automatic : context.backend;
}

template <class Real>
std::unique_ptr<typename PackedMatrix<Real>::Implementation> make_matrix(const Context<Real>& context, std::size_t k,
                                                                         std::size_t n, Layout layout, Arena* storage) {
  require_usable(context.backend, context.kernels->isa, context.precision);
  const MatmulBackend backend = backend_of(context, k, n);
  constexpr std::size_t k_most_int8_terms = std::numeric_limits<std::int32_t>::max() / (255 * 127);
  if (context.precision == Precision::int8 && k > k_most_int8_terms)
    fail(ErrorCode::unsupported, "precision (--precision)", "int8 has no room for sums of so many products",
         "at most " + std::to_string(k_most_int8_terms), std::to_string(k));
#ifdef SEQGUARD_HAS_ONEDNN
  if constexpr (std::is_same_v<Real, float>) {
    if (backend == MatmulBackend::onednn) return make_onednn_matrix(context, k, n, layout);
  }
#endif
#ifdef SEQGUARD_HAS_EIGEN
  if (backend == MatmulBackend::eigen) return make_eigen_matrix<Real>(k, n, layout);
#endif
  if (backend != MatmulBackend::own)
    fail(ErrorCode::unsupported, "matrix product (--matmul)",
         "backend " + std::string(to_string(backend)) + " has no double precision");
  return std::make_unique<OwnMatrix<Real>>(*context.matmul, k, n, layout, storage);
}

}  // namespace

bool matmul_backend_available(MatmulBackend backend, Isa isa) noexcept {
  switch (backend) {
    case MatmulBackend::automatic:
    case MatmulBackend::own:
      return true;
    case MatmulBackend::onednn:
      return k_has_onednn && isa >= Isa::avx512;
    case MatmulBackend::eigen:
      return k_has_eigen;
  }
  return false;
}

std::string_view matmul_backend_version(MatmulBackend backend) noexcept {
#ifdef SEQGUARD_HAS_ONEDNN
  if (backend == MatmulBackend::onednn) return onednn_version();
#endif
#ifdef SEQGUARD_HAS_EIGEN
  if (backend == MatmulBackend::eigen) return eigen_version();
#endif
  return to_string(backend);
}

Context<float> make_context(const LoadOptions& options) {
  const Isa isa = options.isa ? *options.isa : default_isa();
  require_usable(options.matmul, isa, options.precision);
  return {&kernels_for(isa), &matmul_kernels_for(isa, options.precision), options.matmul, options.precision};
}

Context<float> make_context(Isa isa, MatmulBackend backend) { return make_context({.isa = isa, .matmul = backend}); }

Context<double> make_reference_context() {
  return {&reference_kernels(), &reference_matmul_kernels(), MatmulBackend::own, Precision::fp32};
}

template <class Real>
Context<Real> in_fp32(Context<Real> context) {
  if constexpr (std::is_same_v<Real, float>) {
    if (context.precision != Precision::fp32)
      context.matmul = &matmul_kernels_for(context.kernels->isa, Precision::fp32);
  }
  context.precision = Precision::fp32;
  return context;
}

template <class Real>
PackedMatrix<Real>::PackedMatrix() = default;
template <class Real>
PackedMatrix<Real>::~PackedMatrix() = default;
template <class Real>
PackedMatrix<Real>::PackedMatrix(PackedMatrix&&) noexcept = default;
template <class Real>
PackedMatrix<Real>& PackedMatrix<Real>::operator=(PackedMatrix&&) noexcept = default;

template <class Real>
PackedMatrix<Real>::PackedMatrix(const Context<Real>& context, MatrixView<const Real> source, Layout layout,
                                 Arena* storage) {
  const bool kn = layout == Layout::kn;
  implementation_ =
      make_matrix(context, kn ? source.rows : source.cols, kn ? source.cols : source.rows, layout, storage);
  repack(source);
}

template <class Real>
std::size_t PackedMatrix<Real>::storage_bytes(const Context<Real>& context, std::size_t k, std::size_t n) {
  if (backend_of(context, k, n) != MatmulBackend::own) return 0;
  return context.matmul->packed_bytes(k, n) + Arena::k_alignment;
}

template <class Real>
void PackedMatrix<Real>::repack(MatrixView<const Real> source) {
  if (implementation_ == nullptr) fail(ErrorCode::invalid_argument, "PackedMatrix::repack", "nothing was packed");
  const bool kn = implementation_->layout() == Layout::kn;
  require_shape("PackedMatrix::repack", "source", source, kn ? k() : n(), kn ? n() : k());
  implementation_->repack(source);
}

template <class Real>
void PackedMatrix<Real>::multiply(MatrixView<Real> c, MatrixView<const Real> a, Epilogue<Real> epilogue,
                                  Arena& scratch) const {
  if (implementation_ == nullptr) fail(ErrorCode::invalid_argument, "PackedMatrix::multiply", "nothing was packed");
  require_shape("PackedMatrix::multiply", "a", a, a.rows, k());
  require_shape("PackedMatrix::multiply", "c", c, a.rows, n());
  if (epilogue.accumulate && epilogue.bias != nullptr)
    fail(ErrorCode::invalid_argument, "PackedMatrix::multiply", "accumulation takes no bias");
  if (epilogue.gelu) fail(ErrorCode::invalid_argument, "PackedMatrix::multiply", "GELU is of products to rows only");
  if (a.rows == 0 || n() == 0) return;
  implementation_->multiply(c, a, epilogue, scratch);
}

template <class Real>
void PackedMatrix<Real>::multiply(MatrixView<Real> c, const OperandRows<Real>& a, Epilogue<Real> epilogue) const {
  if (implementation_ == nullptr) fail(ErrorCode::invalid_argument, "PackedMatrix::multiply", "nothing was packed");
  require_shape("PackedMatrix::multiply", "a", MatrixView<const Real>(nullptr, a.rows, a.cols), a.rows, k());
  require_shape("PackedMatrix::multiply", "c", c, a.rows, n());
  implementation_->multiply_rows({.c = c.data,
                                  .bias = epilogue.bias,
                                  .m = a.rows,
                                  .c_stride = c.stride,
                                  .accumulate = epilogue.accumulate,
                                  .a_rows = a.data});
}

template <class Real>
void PackedMatrix<Real>::multiply(const OperandRows<Real>& c, MatrixView<const Real> a, Epilogue<Real> epilogue,
                                  Arena& scratch) const {
  if (implementation_ == nullptr) fail(ErrorCode::invalid_argument, "PackedMatrix::multiply", "nothing was packed");
  require_shape("PackedMatrix::multiply", "a", a, a.rows, k());
  require_shape("PackedMatrix::multiply", "c", MatrixView<const Real>(nullptr, c.rows, c.cols), a.rows, n());
  if (epilogue.accumulate) fail(ErrorCode::invalid_argument, "PackedMatrix::multiply", "rows take no sums");
  implementation_->multiply_to_rows(c.data, a, epilogue, scratch);
}

template <class Real>
std::size_t PackedMatrix<Real>::k() const noexcept {
  return implementation_ ? implementation_->k() : 0;
}
template <class Real>
std::size_t PackedMatrix<Real>::n() const noexcept {
  return implementation_ ? implementation_->n() : 0;
}
template <class Real>
MatmulBackend PackedMatrix<Real>::backend() const noexcept {
  return implementation_ ? implementation_->backend() : MatmulBackend::own;
}
template <class Real>
std::size_t PackedMatrix<Real>::bytes() const noexcept {
  return implementation_ ? implementation_->bytes() : 0;
}

// The rows of b, which are the terms of each sum, are packed in blocks; each block continues the chain of sums in c.
// The order of terms is therefore that of the rows whatever the block is.
template <class Real>
void multiply_transposed_add(const Context<Real>& context, MatrixView<Real> c, MatrixView<const Real> a,
                             MatrixView<const Real> b, Arena& scratch) {
  require_shape("multiply_transposed_add", "a", a, b.rows, a.cols);
  require_shape("multiply_transposed_add", "c", c, a.cols, b.cols);
  require_shape("multiply_transposed_add", "b", b, b.rows, b.cols);
  constexpr std::size_t k_block = 256;
  const MatmulKernels<Real>& kernels = *context.matmul;
  if (kernels.rows != nullptr)
    fail(ErrorCode::unsupported, "multiply_transposed_add", "gradients are computed in single precision");
  for (std::size_t first = 0; first < b.rows; first += k_block) {
    const Arena::Frame frame(scratch);
    const std::size_t count = std::min(k_block, b.rows - first);
    MatrixView<const Real> terms = a.rows_from(first, count);
    if (rows_collide(terms)) terms = spread_rows(terms, scratch);
    std::byte* const packed = scratch.allocate<std::byte>(kernels.packed_bytes(count, b.cols)).data();
    kernels.pack(packed, b.row(first), count, b.cols, b.stride, 1);
    kernels.multiply({.c = c.data,
                      .a = terms.data,
                      .packed = packed,
                      .bias = nullptr,
                      .m = c.rows,
                      .n = c.cols,
                      .k = count,
                      .c_stride = c.stride,
                      .a_row_stride = 1,
                      .a_k_stride = terms.stride,
                      .accumulate = true});
  }
}

template Context<float> in_fp32(Context<float>);
template Context<double> in_fp32(Context<double>);
template class PackedMatrix<float>;
template class PackedMatrix<double>;
template void multiply_transposed_add(const Context<float>&, MatrixView<float>, MatrixView<const float>,
                                      MatrixView<const float>, Arena&);
template void multiply_transposed_add(const Context<double>&, MatrixView<double>, MatrixView<const double>,
                                      MatrixView<const double>, Arena&);

}  // namespace v0
}  // namespace seqguard
