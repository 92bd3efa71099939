// The tables exported by the objects of kernels_isa.cpp, one per instruction set built in.
#pragma once

#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {

extern const KernelTable<float> k_kernels_baseline;
extern const KernelTable<float> k_kernels_avx2;
extern const KernelTable<float> k_kernels_avx512;

}  // namespace v0
}  // namespace seqguard
