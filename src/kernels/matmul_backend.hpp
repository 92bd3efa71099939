// What a matrix-product backend provides to PackedMatrix, and how each is made. Private to src/kernels.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "seqguard/core/error.hpp"
#include "seqguard/kernels/matmul.hpp"

namespace seqguard {
inline namespace v0 {

/// Shapes are checked by PackedMatrix before any of these is called.
template <class Real>
class PackedMatrix<Real>::Implementation {
 public:
  Implementation(MatmulBackend backend, std::size_t k, std::size_t n, Layout layout)
      : backend_(backend), k_(k), n_(n), layout_(layout) {}
  virtual ~Implementation() = default;
  virtual void repack(MatrixView<const Real> source) = 0;
  virtual void multiply(MatrixView<Real> c, MatrixView<const Real> a, Epilogue<Real> epilogue,
                        Arena& scratch) const = 0;
  /// From or to rows in the form of a table. @throws Error unsupported but for `own` with such a table.
  virtual void multiply_rows(MatmulCall<Real>) const { refuse_rows(); }
  virtual void multiply_to_rows(std::byte*, MatrixView<const Real>, Epilogue<Real>, Arena&) const { refuse_rows(); }
  virtual std::size_t bytes() const noexcept = 0;

  MatmulBackend backend() const noexcept { return backend_; }
  std::size_t k() const noexcept { return k_; }
  std::size_t n() const noexcept { return n_; }
  Layout layout() const noexcept { return layout_; }

 private:
  [[noreturn]] static void refuse_rows() {
    fail(ErrorCode::unsupported, "PackedMatrix::multiply",
         "the products of this context have no rows of their own form");
  }

  MatmulBackend backend_;
  std::size_t k_, n_;
  Layout layout_;
};

/// @throws Error unsupported where oneDNN reports a failure.
std::unique_ptr<PackedMatrix<float>::Implementation> make_onednn_matrix(const Context<float>& context, std::size_t k,
                                                                        std::size_t n, Layout layout);
/// "oneDNN 2.6.3": the version compiled against.
std::string_view onednn_version() noexcept;

template <class Real>
std::unique_ptr<typename PackedMatrix<Real>::Implementation> make_eigen_matrix(std::size_t k, std::size_t n,
                                                                               Layout layout);
std::string_view eigen_version() noexcept;

}  // namespace v0
}  // namespace seqguard
