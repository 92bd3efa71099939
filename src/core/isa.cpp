#include "seqguard/core/isa.hpp"

#include <array>
#include <cstdlib>
#include <string>

#include "core/cpu_features.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

struct Available {
  std::array<Isa, 4> isas{};
  std::size_t count = 0;
  Available() {
    [[maybe_unused]] const CpuFeatures cpu = cpu_features();
    isas[count++] = Isa::baseline;
#if defined(SEQGUARD_HAS_ISA_AVX2)
    if (cpu.avx2) isas[count++] = Isa::avx2;
#endif
#if defined(SEQGUARD_HAS_ISA_AVX512)
    if (cpu.avx512) isas[count++] = Isa::avx512;
    if (cpu.avx512_bf16) isas[count++] = Isa::avx512_bf16;
#endif
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
    case Isa::avx512_bf16:
      return "avx512_bf16";
  }
  return "unknown";
}

Isa isa_from_string(std::string_view name) {
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512, Isa::avx512_bf16})
    if (to_string(isa) == name) return isa;
  fail(ErrorCode::unsupported_isa, "instruction set", "unknown name", "baseline, avx2, avx512 or avx512_bf16", name);
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

}  // namespace v0
}  // namespace seqguard
