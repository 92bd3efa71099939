// Non-owning views. The shape letters used in every comment of the library:
//   B sequences, L events of one sequence, N tokens of a ragged batch (all sequences one after another),
//   H hidden size, A attention heads, D = H / A, I intermediate (feed-forward) size, V vocabulary size.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace seqguard {
inline namespace v0 {

/// A row-major matrix somewhere in memory: element (r, c) is data[r * stride + c], stride >= cols.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  MatrixView() = default;
  MatrixView(T* data_, std::size_t rows_, std::size_t cols_) : MatrixView(data_, rows_, cols_, cols_) {}
  MatrixView(T* data_, std::size_t rows_, std::size_t cols_, std::size_t stride_)
      : data(data_), rows(rows_), cols(cols_), stride(stride_) {}
  /// A mutable view converts to a const one.
  template <class U>
  requires(std::is_same_v<const U, T>) MatrixView(const MatrixView<U>& other)
      : MatrixView(other.data, other.rows, other.cols, other.stride) {}

  T* row(std::size_t r) const { return data + r * stride; }
  T& operator()(std::size_t r, std::size_t c) const { return data[r * stride + c]; }
  /// Rows [first, first + count).
  MatrixView rows_from(std::size_t first, std::size_t count) const {
    return MatrixView(row(first), count, cols, stride);
  }
  /// Columns [first, first + count).
  MatrixView cols_from(std::size_t first, std::size_t count) const {
    return MatrixView(data + first, rows, count, stride);
  }
};

/// Ragged batch: sequence b owns the rows [offsets[b], offsets[b + 1]); offsets.size() == B + 1, offsets[0] == 0.
using Offsets = std::span<const std::size_t>;

}  // namespace v0
}  // namespace seqguard
