#include "core/cpu_features.hpp"

#include <initializer_list>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace seqguard {
inline namespace v0 {

#if defined(__x86_64__)

namespace {

struct CpuidLeaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

CpuidLeaf cpuid(unsigned leaf, unsigned subleaf = 0) {
  CpuidLeaf r;
  if (!__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx)) return {};
  return r;
}

/// Register state that the operating system saves on a context switch (XCR0).
unsigned long long saved_state() {
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<unsigned long long>(high) << 32) | low;
}

/// "AuthenticAMD", which cpuid spells over ebx, edx, ecx.
bool is_amd() {
  const CpuidLeaf zero = cpuid(0);
  return zero.ebx == 0x68747541 && zero.edx == 0x69746E65 && zero.ecx == 0x444D4163;
}

bool has(unsigned word, std::initializer_list<int> bits) {
  for (const int bit : bits)
    if (!(word >> bit & 1)) return false;
  return true;
}

}  // namespace

CpuFeatures cpu_features() noexcept {
  const CpuidLeaf one = cpuid(1), seven = cpuid(7);
  if (!has(one.ecx, {12 /* FMA */, 27 /* OSXSAVE */, 28 /* AVX */})) return {};
  const unsigned long long state = saved_state();
  const bool avx2 = (state & 0x6) == 0x6 && has(seven.ebx, {5 /* AVX2 */});
  const bool avx512 = avx2 && (state & 0xE6) == 0xE6 &&
                      has(seven.ebx, {16 /* F */, 17 /* DQ */, 28 /* CD */, 30 /* BW */, 31 /* VL */});
  return {.avx2 = avx2,
          .avx512 = avx512,
          .avx512_bf16 = avx512 && is_amd() && has(seven.ecx, {11 /* AVX512_VNNI */}) && seven.eax >= 1 &&
                         has(cpuid(7, 1).eax, {5 /* AVX512_BF16 */})};
}

#else

CpuFeatures cpu_features() noexcept { return {}; }

#endif

}  // namespace v0
}  // namespace seqguard
