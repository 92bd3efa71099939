// Sums, biases, dropout, embedding rows.
#pragma once

#include "kernels/dropout_hash.hpp"
#include "kernels/simd.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void add(float* out, const float* a, const float* b, Size n) {
  for_batches(n, [&](Size i, auto from, auto to) { to(out + i, from(a + i) + from(b + i)); });
}

void multiply(float* out, const float* a, const float* b, Size n) {
  for_batches(n, [&](Size i, auto from, auto to) { to(out + i, from(a + i) * from(b + i)); });
}

void axpy(float* y, const float* x, Size n, float alpha) {
  const Batch factor(alpha);
  for_batches(n, [&](Size i, auto from, auto to) { to(y + i, multiply_add(factor, from(x + i), from(y + i))); });
}

void add_bias(float* x, const float* bias, Size rows, Size cols, Size stride) {
  for (Size r = 0; r < rows; ++r) add(x + r * stride, x + r * stride, bias, cols);
}

void column_sums(float* out, const float* x, Size rows, Size cols, Size stride) {
  for_batches(cols, [&](Size c, auto from, auto to) {
    Batch total = from(out + c);
    for (Size r = 0; r < rows; ++r) total += from(x + r * stride + c);
    to(out + c, total);
  });
}

/// Integer arithmetic in a plain loop, which the compiler turns into vectors: the bits are the same either way.
void dropout(float* x, Size n, float rate, std::uint64_t key, std::uint64_t first) {
  const std::uint32_t threshold = dropout_threshold(static_cast<double>(rate));
  const float scale = 1 / (1 - rate);
  for (Size done = 0; done < n;) {
    // One stretch of indices with the same upper half.
    const std::uint64_t index = first + done, left = (std::uint64_t{1} << 32) - (index & 0xFFFFFFFFu);
    const Size count = left < n - done ? static_cast<Size>(left) : n - done;
    const DropoutKey words = dropout_key(key, index);
    const std::uint32_t low = static_cast<std::uint32_t>(index);
    float* const stretch = x + done;
    for (Size i = 0; i < count; ++i) {
      const bool keep = dropout_hash(words, low + static_cast<std::uint32_t>(i)) >= threshold;
      const std::uint32_t mask = 0U - static_cast<std::uint32_t>(keep);
      stretch[i] = __builtin_bit_cast(float, __builtin_bit_cast(std::uint32_t, stretch[i] * scale) & mask);
    }
    done += count;
  }
}

void gather_add(float* out, const float* table, const std::int32_t* ids, Size rows, Size cols) {
  for (Size t = 0; t < rows; ++t) add(out + t * cols, out + t * cols, table + static_cast<Size>(ids[t]) * cols, cols);
}

void scatter_add(float* d_table, const float* d_out, const std::int32_t* ids, Size rows, Size cols) {
  for (Size t = 0; t < rows; ++t) {
    float* const row = d_table + static_cast<Size>(ids[t]) * cols;
    add(row, row, d_out + t * cols, cols);
  }
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
