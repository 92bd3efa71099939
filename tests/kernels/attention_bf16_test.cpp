// Attention over rows of bfloat16, emulated and by the hardware, against double-precision attention of the same rows.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/reference_attention.hpp"
#include "seqguard/core/random.hpp"
#include "support/precision_contexts.hpp"

using namespace seqguard;

namespace {

struct Shape {
  std::size_t length, heads, head_dim;
  bool causal;
  std::size_t window = 0;
  bool biased = false;
  double magnitude = 1;  ///< of queries and keys: 30 gives a nearly hard choice
};

float value(const std::byte* row, std::size_t i) {
  std::uint16_t upper = 0;
  std::memcpy(&upper, row + 2 * i, 2);
  return std::bit_cast<float>(std::uint32_t{upper} << 16);
}

std::vector<Shape> shapes() {
  std::vector<Shape> all;
  for (const std::size_t length : {1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 130, 200})
    for (const bool causal : {false, true}) all.push_back({length, 2, 32, causal});
  for (const std::size_t head_dim : {2, 6, 8, 12, 20, 34, 48, 64, 66, 80, 128})
    for (const bool causal : {false, true}) all.push_back({37, 3, head_dim, causal});
  for (const std::size_t length : {1, 9, 33, 64, 130, 200})
    for (const std::size_t window : {0, 1, 5, 64})
      for (const bool causal : {false, true}) all.push_back({length, 2, 12, causal, window, window != 5});
  for (const double magnitude : {0.0, 1e-20, 30.0}) all.push_back({70, 1, 12, true, 0, false, magnitude});
  return all;
}

struct Problem {
  Shape s;
  std::size_t hidden, reach, bias_stride;
  std::vector<float> qkv, bias;

  explicit Problem(const Shape& shape) : s(shape), hidden(s.heads * s.head_dim), reach(s.length + 3) {
    bias_stride = 2 * reach - 1 + k_relative_padding;
    Random random(5, s.length * 1000 + s.head_dim);
    for (std::size_t i = 0; i < s.length * 3 * hidden; ++i)
      qkv.push_back(static_cast<float>((i % (3 * hidden) < 2 * hidden ? s.magnitude : 1.0) * random.normal()));
    for (std::size_t i = 0; s.biased && i < s.heads * bias_stride; ++i)
      bias.push_back(static_cast<float>(random.normal()));
  }
  std::vector<std::byte> rows(const RowForm<float>& form) const {
    std::vector<std::byte> result(s.length * form.row_bytes(3 * hidden));
    form.round_for_attention(result.data(), qkv.data(), s.length, 3 * hidden, 3 * hidden);
    return result;
  }
  std::vector<std::byte> attend(const RowForm<float>& form) const {
    const std::vector<std::byte> in = rows(form);
    std::vector<std::byte> out(s.length * form.row_bytes(hidden), std::byte{0xFF});
    form.attention({.out = out.data(),
                    .qkv = in.data(),
                    .out_stride = form.row_bytes(hidden),
                    .qkv_stride = form.row_bytes(3 * hidden),
                    .length = s.length,
                    .heads = s.heads,
                    .head_dim = s.head_dim,
                    .scale = 1 / std::sqrt(static_cast<float>(s.head_dim)),
                    .causal = s.causal,
                    .window = s.window,
                    .bias = {bias.empty() ? nullptr : bias.data(), reach, bias_stride}});
    return out;
  }
};

/// Elements of the output beyond their bound. A weight differs from the exact one by the rounding to bfloat16, 2^-8 of
/// it; by its exponent's error, D + 4 roundings of the magnitudes that the score is made of, in the weight and again in
/// the sum of weights; by the exponential's, 7.6e-5, in both; and by L roundings of the sums. The result is rounded
/// once.
std::size_t beyond_bound(const Problem& p, const RowForm<float>& form) {
  const std::vector<std::byte> in = p.rows(form), out = p.attend(form);
  const auto [length, heads, head_dim, causal, window, biased, magnitude] = p.s;
  const double scale = 1 / std::sqrt(static_cast<double>(head_dim)), single = 0x1p-24, half = 0x1p-8;
  const std::size_t in_bytes = form.row_bytes(3 * p.hidden), out_bytes = form.row_bytes(p.hidden);
  std::size_t beyond = 0;
  for (std::size_t head = 0; head < heads; ++head)
    for (std::size_t i = 0; i < length; ++i) {
      std::vector<double> weight(length, 0.0);
      double sum = 0, score_error = 0, highest = -INFINITY;
      const auto in_at = [&](std::size_t row, std::size_t part, std::size_t d) {
        return static_cast<double>(value(in.data() + row * in_bytes, part * p.hidden + head * head_dim + d));
      };
      const auto sees = [&](std::size_t j) {
        return (!causal || j <= i) && (window == 0 || (i > j ? i - j : j - i) <= window);
      };
      for (std::size_t j = 0; j < length; ++j) {
        if (!sees(j)) continue;
        double dot = 0, size = 0;
        for (std::size_t d = 0; d < head_dim; ++d) {
          dot += in_at(i, 0, d) * in_at(j, 1, d);
          size += std::abs(in_at(i, 0, d) * in_at(j, 1, d));
        }
        const double bias = biased ? p.bias[head * p.bias_stride + p.reach - 1 + i - j] : 0;
        weight[j] = scale * dot + bias;
        score_error =
            std::max(score_error, static_cast<double>(head_dim + 4) * single * (scale * size + std::abs(bias)));
        highest = std::max(highest, weight[j]);
      }
      for (std::size_t j = 0; j < length; ++j) sum += weight[j] = sees(j) ? std::exp(weight[j] - highest) : 0;
      for (std::size_t d = 0; d < head_dim; ++d) {
        double exact = 0, size = 0;
        for (std::size_t j = 0; j < length; ++j) {
          exact += weight[j] / sum * in_at(j, 2, d);
          size += weight[j] / sum * std::abs(in_at(j, 2, d));
        }
        const double relative = half + 4 * score_error + 2 * 7.6e-5 + static_cast<double>(length + 8) * single +
                                4 * single * std::abs(highest);
        const double found = value(out.data() + i * out_bytes, head * head_dim + d);
        beyond += !(std::abs(found - exact) <= relative * size * (1 + half) + half * std::abs(exact));
      }
    }
  for (std::size_t i = 0; i < length; ++i)
    for (std::size_t c = p.hidden; 2 * c < out_bytes; ++c) beyond += value(out.data() + i * out_bytes, c) != 0;
  return beyond;
}

}  // namespace

TEST_CASE("bf16 attention: against double, under every mask") {
  for (const Context<float>& context : contexts_in(Precision::bf16))
    for (const Shape& shape : shapes()) {
      CAPTURE(shape.length);
      CAPTURE(shape.head_dim);
      CAPTURE(shape.causal);
      CAPTURE(shape.window);
      CAPTURE(shape.biased);
      CAPTURE(shape.magnitude);
      CHECK(beyond_bound(Problem(shape), *context.matmul->rows) == 0);
    }
}

TEST_CASE("bf16 attention: under the causal mask, what comes later changes no bit") {
  for (const Context<float>& context : contexts_in(Precision::bf16)) {
    const RowForm<float>& form = *context.matmul->rows;
    Problem p({100, 2, 12, true});
    const std::vector<std::byte> before = p.attend(form);
    const std::size_t row = 3 * p.hidden, seen = 41;
    for (std::size_t i = seen * row; i < p.qkv.size(); ++i) p.qkv[i] *= 3;
    const std::vector<std::byte> after = p.attend(form);
    CHECK(std::memcmp(before.data(), after.data(), seen * form.row_bytes(p.hidden)) == 0);
    CHECK(std::memcmp(before.data(), after.data(), before.size()) != 0);
  }
}
