// The contexts below single precision on this machine: of each precision the emulated one, which every machine has, and
// the hardware's.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "kernels/matmul_tables.hpp"
#include "seqguard/kernels/matmul.hpp"

namespace seqguard {

inline constexpr Precision k_low_precisions[] = {Precision::bf16, Precision::int8};

inline bool has_low_precision_hardware() {
  const auto isas = available_isas();
  return std::find(isas.begin(), isas.end(), Isa::avx512_bf16) != isas.end();
}

inline Context<float> emulated(Precision precision) {
  return {&kernels_for(Isa::baseline), precision == Precision::bf16 ? &k_matmul_bf16_baseline : &k_matmul_int8_baseline,
          MatmulBackend::own, precision};
}

inline std::vector<Context<float>> contexts_in(Precision precision) {
  std::vector<Context<float>> contexts = {emulated(precision)};
  if (has_low_precision_hardware())
    contexts.push_back(make_context({.isa = Isa::avx512_bf16, .precision = precision}));
  else
    MESSAGE("avx512_bf16: this CPU does not offer it; of ", to_string(precision), " only the emulation is tested");
  return contexts;
}

inline std::vector<Context<float>> low_precision_contexts() {
  std::vector<Context<float>> contexts;
  for (const Precision precision : k_low_precisions)
    for (const Context<float>& context : contexts_in(precision)) contexts.push_back(context);
  return contexts;
}

}  // namespace seqguard
