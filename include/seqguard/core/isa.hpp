// Instruction sets: what the CPU offers, what was built in, which one is used.
#pragma once

#include <span>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// Bundles of features; each is one compilation of the kernels.
enum class Isa {
  baseline,  ///< what the target guarantees: SSE2 on x86-64, NEON on aarch64
  avx2,      ///< AVX2 + FMA
  avx512,    ///< AVX-512 F, BW, DQ, VL, CD
  /// Products of bfloat16 (AVX512_BF16) and of bytes (AVX512_VNNI) besides, on CPUs where the former are faster than
  /// single precision. All other kernels are those of avx512.
  avx512_bf16,
};

/// "baseline", "avx2", "avx512", "avx512_bf16": the values of SEQGUARD_FORCE_ISA.
std::string_view to_string(Isa isa) noexcept;

/// @throws Error unsupported_isa for a name that is none of the above.
Isa isa_from_string(std::string_view name);

/// Built in and offered by this CPU and operating system (cpuid, xgetbv), slowest first.
std::span<const Isa> available_isas() noexcept;

/// The one that a new Context uses: SEQGUARD_FORCE_ISA if set, else the last of available_isas().
/// @throws Error unsupported_isa if the variable names one that is unknown or not available.
Isa default_isa();

}  // namespace v0
}  // namespace seqguard
