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

CpuidLeaf cpuid(unsigned leaf) {
  CpuidLeaf r;
  if (!__get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx)) return {};
  return r;
}

/// Register state that the operating system saves on a context switch (XCR0).
unsigned long long saved_state() {
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<unsigned long long>(high) << 32) | low;
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
  return {.avx2 = avx2,
          .avx512 = avx2 && (state & 0xE6) == 0xE6 &&
                    has(seven.ebx, {16 /* F */, 17 /* DQ */, 28 /* CD */, 30 /* BW */, 31 /* VL */})};
}

#else

CpuFeatures cpu_features() noexcept { return {}; }

#endif

}  // namespace v0
}  // namespace seqguard
