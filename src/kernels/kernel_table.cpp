#include "seqguard/kernels/kernel_table.hpp"

#include <string>

#include "kernels/isa_tables.hpp"
#include "kernels/reference.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

const KernelTable<float>& kernels_for(Isa isa) {
  std::string names;
  for (const Isa offered : available_isas()) {
    if (offered == isa) {
      switch (isa) {
#if defined(SEQGUARD_HAS_ISA_AVX512)
        case Isa::avx512:
        case Isa::avx512_bf16:
          return k_kernels_avx512;
#endif
#if defined(SEQGUARD_HAS_ISA_AVX2)
        case Isa::avx2:
          return k_kernels_avx2;
#endif
        default:
          return k_kernels_baseline;
      }
    }
    if (!names.empty()) names += ", ";
    names += to_string(offered);
  }
  fail(ErrorCode::unsupported_isa, "kernels", "instruction set not available here", names, to_string(isa));
}

const KernelTable<double>& reference_kernels() {
  static constexpr KernelTable<double> table = make_reference_table<double>();
  return table;
}

}  // namespace v0
}  // namespace seqguard
