// Compiled once per instruction set: multiply-add chains that fill the pipelines.
#include <cstddef>

#include "kernels/multiply_add.inl.hpp"

#define SEQGUARD_PASTE_(a, b) a##b
#define SEQGUARD_PASTE(a, b) SEQGUARD_PASTE_(a, b)

namespace seqguard {

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

}  // namespace seqguard
