// Compiled once per instruction set: multiply-add chains that fill the pipelines.
#include <cstddef>

#include "kernels/multiply_add.inl.hpp"

#define SEQGUARD_PASTE_(a, b) a##b
#define SEQGUARD_PASTE(a, b) SEQGUARD_PASTE_(a, b)

namespace seqguard {

#if defined(__AVX512BF16__)
// The same with the products of pairs of bfloat16: four flops for each of 16 lanes.
double run_bf16_products(std::size_t rounds, float* sink) {
  constexpr std::size_t k_chains = 24;  // two pipelines of six cycles, twice: 12 chains reach 93 % of this
  __m512 chain[k_chains];
  for (std::size_t i = 0; i < k_chains; ++i) chain[i] = _mm512_set1_ps(static_cast<float>(i));
  const auto factor = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3F7F3F7F));  // 0.996
  const auto term = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3A833A83));    // 0.001
  for (std::size_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 24
    for (std::size_t i = 0; i < k_chains; ++i) chain[i] = _mm512_dpbf16_ps(chain[i], factor, term);
  }
  for (std::size_t i = 1; i < k_chains; ++i) chain[0] = _mm512_add_ps(chain[0], chain[i]);
  *sink = xsimd::hadd(FloatBatch(chain[0]));
  return 64.0 * static_cast<double>(rounds * k_chains);
}

// And with the products of four bytes: eight operations for each lane.
double run_int8_products(std::size_t rounds, float* sink) {
  constexpr std::size_t k_chains = 24;
  __m512i chain[k_chains];
  for (std::size_t i = 0; i < k_chains; ++i) chain[i] = _mm512_set1_epi32(static_cast<int>(i));
  const __m512i a = _mm512_set1_epi32(0x11C07B05), b = _mm512_set1_epi32(0x037F81E5);
  for (std::size_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 24
    for (std::size_t i = 0; i < k_chains; ++i) {
      __m512i sum = chain[i];  // an operand of the statement, else the chains lie in memory
      asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
      chain[i] = sum;
    }
  }
  for (std::size_t i = 1; i < k_chains; ++i) chain[0] = _mm512_add_epi32(chain[0], chain[i]);
  *sink = static_cast<float>(_mm512_reduce_add_epi32(chain[0]));
  return 128.0 * static_cast<double>(rounds * k_chains);
}
#else
double SEQGUARD_PASTE(run_fma_, SEQGUARD_ISA)(std::size_t rounds, float* sink) {
  using Batch = FloatBatch;
  // Enough independent chains for two pipelines of four or five cycles; all fit into sixteen registers.
  constexpr std::size_t k_chains = 12;
  Batch chain[k_chains];
  for (std::size_t i = 0; i < k_chains; ++i) chain[i] = Batch(static_cast<float>(i));
  const Batch factor(0.999F), term(1e-3F);
  for (std::size_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (std::size_t i = 0; i < k_chains; ++i) chain[i] = multiply_add(chain[i], factor, term);
  }
  for (std::size_t i = 1; i < k_chains; ++i) chain[0] += chain[i];
  *sink = xsimd::hadd(chain[0]);
  return 2.0 * static_cast<double>(rounds * k_chains * Batch::size);
}
#endif

}  // namespace seqguard
