// Dropout of attention probabilities: the mask by itself. Its arithmetic is compared with the reference in
// attention_test.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/cases.hpp"
#include "kernels/dropout_hash.hpp"
#include "seqguard/kernels/kernel_table.hpp"

using namespace seqguard;
using namespace kernel_cases;

namespace {

/// Queries of zeros make all visible keys equally probable, and value j is the unit vector j: output i is the row i of
/// the probabilities behind dropout.
struct Probabilities {
  std::size_t length, heads;
  bool causal;

  std::vector<float> of(const AttentionDropout<float>& dropout) const {
    const std::size_t hidden = heads * length;
    std::vector<float> qkv(length * 3 * hidden, 0.0F), out(length * hidden, NAN);
    for (std::size_t head = 0; head < heads; ++head)
      for (std::size_t j = 0; j < length; ++j) qkv[j * 3 * hidden + 2 * hidden + head * length + j] = 1;
    kernels().attention_forward({.out = out.data(),
                                 .log_sum_exp = nullptr,
                                 .qkv = qkv.data(),
                                 .length = length,
                                 .heads = heads,
                                 .head_dim = length,
                                 .qkv_stride = 3 * hidden,
                                 .out_stride = hidden,
                                 .scale = 1,
                                 .causal = causal,
                                 .dropout = dropout});
    return out;
  }
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("attention dropout: the documented mask, over the softmax of all keys") {
  // Lengths around the blocks of queries and keys; a first token beyond 32 bits of tokens times heads is not offered.
  for (const std::size_t length : {1, 7, 17, 65, 130})
    for (const bool causal : {false, true})
      for (const float rate : {0.1F, 0.5F, 0.9F}) {
        CAPTURE(length);
        CAPTURE(causal);
        CAPTURE(rate);
        const Probabilities probabilities{length, 3, causal};
        const AttentionDropout<float> dropout{rate, 0x123456789ABCDEFu, 1'000'003};
        const std::vector<float> found = probabilities.of(dropout);
        std::size_t wrong = 0, dropped = 0, visible = 0;
        for (std::size_t i = 0; i < length; ++i)
          for (std::size_t head = 0; head < 3; ++head)
            for (std::size_t j = 0; j < length; ++j) {
              const float value = found[(i * 3 + head) * length + j];
              const std::size_t seen = causal ? i + 1 : length;
              if (j >= seen) {
                wrong += value != 0;
                continue;
              }
              const std::uint64_t index = (((dropout.first_token + i) * 3 + head) << 32) + j;
              const bool keep = dropout_hash(dropout_key(dropout.key, index), static_cast<std::uint32_t>(index)) >=
                                static_cast<double>(rate) * 0x1p32;
              const double expected = keep ? 1 / (1 - static_cast<double>(rate)) / static_cast<double>(seen) : 0;
              // The sum of `seen` ones is exact; quotients and products are rounded.
              wrong += !(std::abs(static_cast<double>(value) - expected) <= 4 * 0x1p-24 * expected);
              ++visible;
              dropped += !keep;
            }
        CHECK(wrong == 0);
        // Five standard deviations.
        const double mean = static_cast<double>(rate), n = static_cast<double>(visible);
        CHECK(std::abs(static_cast<double>(dropped) - mean * n) <= 5 * std::sqrt(mean * (1 - mean) * n));
      }
}

TEST_CASE("attention dropout: key, token and head make the mask") {
  const Probabilities two{40, 2, false};
  const std::vector<float> one = two.of({0.5F, 7, 100});
  CHECK(same_bits(one, two.of({0.5F, 7, 100})));
  CHECK_FALSE(same_bits(one, two.of({0.5F, 8, 100})));
  // Another place in the batch is another mask: that of token 101 begins with the second row of token 100.
  const std::vector<float> next = two.of({0.5F, 7, 101});
  CHECK(std::memcmp(next.data(), one.data() + 80, 39 * 80 * sizeof(float)) == 0);
  CHECK_FALSE(same_bits(one, next));
  CHECK(std::memcmp(one.data(), one.data() + 40, 40 * sizeof(float)) != 0);  // the heads of one token
}

TEST_CASE("attention dropout: rate 0 gives the bits of no dropout, whatever the key is") {
  for (const std::size_t length : {5, 70}) {
    const Probabilities probabilities{length, 2, true};
    CHECK(same_bits(probabilities.of({}), probabilities.of({0, 99, 5})));
  }
}
