// What the processor offers and the operating system keeps across a context switch.
#pragma once

namespace seqguard {
inline namespace v0 {

/// One field for each group of features that some object of this library is compiled for. All false off x86-64.
struct CpuFeatures {
  bool avx2 = false;    ///< AVX2, FMA
  bool avx512 = false;  ///< AVX2, FMA; AVX-512 F, BW, DQ, VL, CD
  /// The same, AVX512_BF16 and AVX512_VNNI, on AMD: there VDPBF16PS has twice the rate of single precision (Zen 4, Zen
  /// 5), on Sapphire Rapids half of it.
  bool avx512_bf16 = false;
};

CpuFeatures cpu_features() noexcept;

}  // namespace v0
}  // namespace seqguard
