// The contexts that compute in bfloat16 on this machine: the emulated one, which every machine has, and the hardware's.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "kernels/matmul_tables.hpp"
#include "seqguard/kernels/matmul.hpp"

namespace seqguard {

inline bool has_bf16_hardware() {
  const auto isas = available_isas();
  return std::find(isas.begin(), isas.end(), Isa::avx512_bf16) != isas.end();
}

inline Context<float> emulated_bf16() {
  return {&kernels_for(Isa::baseline), &k_matmul_bf16_baseline, MatmulBackend::own, Precision::bf16};
}

inline std::vector<Context<float>> bf16_contexts() {
  std::vector<Context<float>> contexts = {emulated_bf16()};
  if (has_bf16_hardware())
    contexts.push_back(make_context({.isa = Isa::avx512_bf16, .precision = Precision::bf16}));
  else
    MESSAGE("avx512_bf16: this CPU does not offer it; only its emulation is tested");
  return contexts;
}

}  // namespace seqguard
