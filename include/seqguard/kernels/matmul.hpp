// What arithmetic needs (Context), and matrix products: three backends behind one interface.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/kernel_table.hpp"
#include "seqguard/kernels/matmul_kernels.hpp"

namespace seqguard {
inline namespace v0 {

/// Built in and usable with this instruction set.
bool matmul_backend_available(MatmulBackend backend, Isa isa) noexcept;
/// "own", "oneDNN 2.6.3", "Eigen 3.4.0": for --version and benchmarks.
std::string_view matmul_backend_version(MatmulBackend backend) noexcept;

/// Everything arithmetic needs, passed down by value; never global. The tables live as long as the program.
template <class Real>
struct Context {
  const KernelTable<Real>* kernels = nullptr;
  const MatmulKernels<Real>* matmul = nullptr;       ///< our own products: the backend `own`, weight gradients
  MatmulBackend backend = MatmulBackend::automatic;  ///< who multiplies by a PackedMatrix
  Precision precision = Precision::fp32;             ///< of these products
};

/// The float context that the options ask for. @throws Error unsupported_isa; unsupported: a backend that is not built
/// in or not offered for the instruction set, a precision that is not offered.
Context<float> make_context(const LoadOptions& options);
/// The same for an instruction set and a backend.
Context<float> make_context(Isa isa, MatmulBackend backend = MatmulBackend::automatic);
/// The scalar double-precision context.
Context<double> make_reference_context();

/// The same context in single precision: for gradients of a model that scores in a lower one.
template <class Real>
Context<Real> in_fp32(Context<Real> context);

/// What happens to a product before it is stored.
template <class Real>
struct Epilogue {
  const Real* bias = nullptr;  ///< [N], added to each row
  bool accumulate = false;     ///< c += instead of c =; takes no bias
  bool gelu = false;           ///< x Phi(x) of the result; only of products to OperandRows
  bool to_attention = false;   ///< the rows are read by attention, not by a product
};

/// Rows in the form in which the products of a context read them, where it has one (MatmulKernels::rows).
template <class Real>
struct OperandRows {
  std::byte* data = nullptr;
  std::size_t rows = 0, cols = 0;

  static OperandRows allocate(const Context<Real>& context, Arena& arena, std::size_t rows, std::size_t cols) {
    return {arena.allocate<std::byte>(rows * context.matmul->rows->row_bytes(cols)).data(), rows, cols};
  }
};

/// How the source of a PackedMatrix lies in memory.
enum class Layout {
  kn,  ///< source is B[K, N]
  nk,  ///< source is B^T = [N, K]: the weight of an nn.Linear, y = x W^T
};

/// The right-hand side B[K, N] of a product, packed once for the backend and precision of a context. Between repacks
/// any number of threads may use it at once. A row of a product has the same bits in every company of other rows. An
/// empty one, made without arguments, only takes assignments.
template <class Real>
class PackedMatrix {
 public:
  PackedMatrix();
  ~PackedMatrix();
  PackedMatrix(PackedMatrix&&) noexcept;
  PackedMatrix& operator=(PackedMatrix&&) noexcept;
  /// Backend `own` puts the packed values into `storage`, if given: it must outlive the matrix, and not be reset.
  /// @throws Error unsupported, as make_context(); no double precision by oneDNN, only fp32 but by `own`.
  PackedMatrix(const Context<Real>& context, MatrixView<const Real> source, Layout layout, Arena* storage = nullptr);
  /// What a matrix [k, n] takes from `storage` at most; 0 for backends that hold the values themselves.
  static std::size_t storage_bytes(const Context<Real>& context, std::size_t k, std::size_t n);

  /// New values, same shape and layout: no allocation by the own backend and Eigen (training).
  void repack(MatrixView<const Real> source);

  /// c[M, N] = a[M, K] B (+ bias, or + c). c must not overlap a. Takes scratch for at most 128 rows of a and c.
  /// @throws Error invalid_argument if shapes do not fit.
  void multiply(MatrixView<Real> c, MatrixView<const Real> a, Epilogue<Real> epilogue, Arena& scratch) const;
  /// The same from and to rows in the form of the context, which must have one.
  void multiply(MatrixView<Real> c, const OperandRows<Real>& a, Epilogue<Real> epilogue) const;
  void multiply(const OperandRows<Real>& c, MatrixView<const Real> a, Epilogue<Real> epilogue, Arena& scratch) const;

  std::size_t k() const noexcept;
  std::size_t n() const noexcept;
  MatmulBackend backend() const noexcept;  ///< the one in use, never automatic
  std::size_t bytes() const noexcept;      ///< of the packed values, in `storage` or held here

  class Implementation;

 private:
  std::unique_ptr<Implementation> implementation_;
};

/// Weight gradient: c[N, K] += a[M, N]^T b[M, K], terms in the order of the M rows. No overlap. Takes scratch for 256
/// rows of a and b. @throws Error invalid_argument if shapes do not fit; unsupported below single precision.
template <class Real>
void multiply_transposed_add(const Context<Real>& context, MatrixView<Real> c, MatrixView<const Real> a,
                             MatrixView<const Real> b, Arena& scratch);

extern template Context<float> in_fp32(Context<float>);
extern template Context<double> in_fp32(Context<double>);
extern template class PackedMatrix<float>;
extern template class PackedMatrix<double>;
extern template void multiply_transposed_add(const Context<float>&, MatrixView<float>, MatrixView<const float>,
                                             MatrixView<const float>, Arena&);
extern template void multiply_transposed_add(const Context<double>&, MatrixView<double>, MatrixView<const double>,
                                             MatrixView<const double>, Arena&);

}  // namespace v0
}  // namespace seqguard
