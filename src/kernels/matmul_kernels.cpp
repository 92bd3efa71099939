// Which table of matrix products serves: what was built in, and what this CPU offers.
#include "seqguard/kernels/matmul_kernels.hpp"

#include <string>

#include "core/cpu_features.hpp"
#include "kernels/matmul_tables.hpp"
#include "kernels/reference_matmul.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

const MatmulKernels<float>& matmul_kernels_for(Isa isa, Precision precision) {
  require_offered(precision, isa);
  [[maybe_unused]] const CpuFeatures cpu = cpu_features();
  struct Table {
    const MatmulKernels<float>& kernels;
    bool offered;
  };
  const Table fastest_first[] = {
#if defined(SEQGUARD_HAS_ISA_AVX512)
    {k_matmul_bf16_avx512_bf16, cpu.avx512_bf16},
    {k_matmul_int8_avx512_bf16, cpu.avx512_bf16},
    {k_matmul_fp32_avx512, cpu.avx512},
#endif
#if defined(SEQGUARD_HAS_ISA_AVX2)
    {k_matmul_fp32_avx2, cpu.avx2},
#endif
    {k_matmul_fp32_baseline, true},
  };
  for (const Table& table : fastest_first)
    if (table.offered && table.kernels.isa <= isa && table.kernels.precision == precision) return table.kernels;
  fail(ErrorCode::unsupported, "precision (--precision)", "not built in", "fp32", to_string(precision));
}

const MatmulKernels<double>& reference_matmul_kernels() {
  static constexpr MatmulKernels<double> table = make_reference_matmul<double>();
  return table;
}

}  // namespace v0
}  // namespace seqguard
