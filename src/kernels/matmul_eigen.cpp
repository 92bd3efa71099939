// Matrix products by Eigen: portable, and a second opinion for the tests. Compiled for the baseline instruction set.
//
// Eigen's blocking follows the number of rows, and with it the rounding of each row. Every call therefore multiplies
// exactly k_height rows, a short panel being filled up with zeros. Eigen allocates inside a product where its own
// packing buffers exceed the stack limit (128 KB).
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>
#include <algorithm>
#include <string>

#include "kernels/matmul_backend.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

template <class Real>
using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Real>
using Strided = Eigen::Map<Matrix<Real>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class Real>
using ConstStrided = Eigen::Map<const Matrix<Real>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class Real>
ConstStrided<Real> map(MatrixView<const Real> view) {
  return {view.data, static_cast<Eigen::Index>(view.rows), static_cast<Eigen::Index>(view.cols),
          Eigen::OuterStride<>(static_cast<Eigen::Index>(view.stride))};
}
template <class Real>
Strided<Real> map(MatrixView<Real> view) {
  return {view.data, static_cast<Eigen::Index>(view.rows), static_cast<Eigen::Index>(view.cols),
          Eigen::OuterStride<>(static_cast<Eigen::Index>(view.stride))};
}

template <class Real>
class EigenMatrix final : public PackedMatrix<Real>::Implementation {
 public:
  static constexpr std::size_t k_height = 32;

  EigenMatrix(std::size_t k, std::size_t n, Layout layout)
      : PackedMatrix<Real>::Implementation(MatmulBackend::eigen, k, n, layout),
        b_(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(n)) {}

  void repack(MatrixView<const Real> source) override {
    if (this->layout() == Layout::kn)
      b_ = map(source);
    else
      b_ = map(source).transpose();
  }

  void multiply(MatrixView<Real> c, MatrixView<const Real> a, Epilogue<Real> epilogue, Arena& scratch) const override {
    const Arena::Frame frame(scratch);
    const MatrixView<Real> in(scratch.allocate<Real>(k_height * this->k()).data(), k_height, this->k());
    const MatrixView<Real> out(scratch.allocate<Real>(k_height * this->n()).data(), k_height, this->n());
    for (std::size_t first = 0; first < a.rows; first += k_height) {
      const auto count = static_cast<Eigen::Index>(std::min(k_height, a.rows - first));
      map(in).topRows(count) = map(a.rows_from(first, static_cast<std::size_t>(count)));
      map(in).bottomRows(static_cast<Eigen::Index>(k_height) - count).setZero();
      map(out).noalias() = map(MatrixView<const Real>(in)) * b_;
      auto target = map(c.rows_from(first, static_cast<std::size_t>(count)));
      if (epilogue.accumulate)
        target += map(out).topRows(count);
      else if (epilogue.bias != nullptr)
        target = map(out).topRows(count).rowwise() +
                 Eigen::Map<const Eigen::Matrix<Real, 1, Eigen::Dynamic>>(epilogue.bias, out_cols());
      else
        target = map(out).topRows(count);
    }
  }

  std::size_t bytes() const noexcept override { return static_cast<std::size_t>(b_.size()) * sizeof(Real); }

 private:
  Eigen::Index out_cols() const { return static_cast<Eigen::Index>(this->n()); }

  Matrix<Real> b_;
};

}  // namespace

template <class Real>
std::unique_ptr<typename PackedMatrix<Real>::Implementation> make_eigen_matrix(std::size_t k, std::size_t n,
                                                                               Layout layout) {
  return std::make_unique<EigenMatrix<Real>>(k, n, layout);
}

template std::unique_ptr<PackedMatrix<float>::Implementation> make_eigen_matrix<float>(std::size_t, std::size_t,
                                                                                       Layout);
template std::unique_ptr<PackedMatrix<double>::Implementation> make_eigen_matrix<double>(std::size_t, std::size_t,
                                                                                         Layout);

std::string_view eigen_version() noexcept {
#define SEQGUARD_TEXT_OF(x) #x
#define SEQGUARD_TEXT(x) SEQGUARD_TEXT_OF(x)
  return "Eigen " SEQGUARD_TEXT(EIGEN_WORLD_VERSION) "." SEQGUARD_TEXT(EIGEN_MAJOR_VERSION) "." SEQGUARD_TEXT(
      EIGEN_MINOR_VERSION);
}

}  // namespace v0
}  // namespace seqguard
