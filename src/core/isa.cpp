#include "seqguard/core/isa.hpp"

#include <array>
#include <cstdlib>
#include <string>

#include "seqguard/core/error.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace seqguard {
namespace {

#if defined(__x86_64__)
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

bool cpu_offers(Isa isa) {
  if (isa == Isa::baseline) return true;
  const CpuidLeaf one = cpuid(1), seven = cpuid(7);
  if (!has(one.ecx, {12 /* FMA */, 27 /* OSXSAVE */, 28 /* AVX */})) return false;
  const unsigned long long state = saved_state();
  const bool avx2 = (state & 0x6) == 0x6 && has(seven.ebx, {5 /* AVX2 */});
  if (isa == Isa::avx2) return avx2;
  return avx2 && (state & 0xE6) == 0xE6 &&
         has(seven.ebx, {16 /* F */, 17 /* DQ */, 28 /* CD */, 30 /* BW */, 31 /* VL */});
}
#else
bool cpu_offers(Isa isa) { return isa == Isa::baseline; }
#endif

bool built_in(Isa isa) {
  switch (isa) {
    case Isa::baseline:
      return true;
#if defined(SEQGUARD_HAS_ISA_AVX2)
    case Isa::avx2:
      return true;
#endif
#if defined(SEQGUARD_HAS_ISA_AVX512)
    case Isa::avx512:
      return true;
#endif
    default:
      return false;
  }
}

struct Available {
  std::array<Isa, 3> isas{};
  std::size_t count = 0;
  Available() {
    for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
      if (built_in(isa) && cpu_offers(isa)) isas[count++] = isa;
  }
};

}  // namespace

std::string_view to_string(Isa isa) noexcept {
  switch (isa) {
    case Isa::baseline:
      return "baseline";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  return "unknown";
}

Isa isa_from_string(std::string_view name) {
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (to_string(isa) == name) return isa;
  fail(ErrorCode::unsupported_isa, "instruction set", "unknown name", "baseline, avx2 or avx512", name);
}

std::span<const Isa> available_isas() noexcept {
  static const Available available;
  return {available.isas.data(), available.count};
}

Isa default_isa() {
  const char* forced = std::getenv("SEQGUARD_FORCE_ISA");
  if (forced == nullptr || *forced == '\0') return available_isas().back();
  const Isa wanted = isa_from_string(forced);
  std::string names;
  for (const Isa isa : available_isas()) {
    if (isa == wanted) return wanted;
    if (!names.empty()) names += ", ";
    names += to_string(isa);
  }
  fail(ErrorCode::unsupported_isa, "SEQGUARD_FORCE_ISA", "not available here", names, forced);
}

}  // namespace seqguard
