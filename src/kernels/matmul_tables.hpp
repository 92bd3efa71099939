// The tables exported by the objects of matmul_*.cpp that are compiled once per instruction set.
#pragma once

#include "seqguard/kernels/matmul_kernels.hpp"

namespace seqguard {
inline namespace v0 {

extern const MatmulKernels<float> k_matmul_fp32_baseline;
extern const MatmulKernels<float> k_matmul_fp32_avx2;
extern const MatmulKernels<float> k_matmul_fp32_avx512;
/// The baseline's are emulated: offered to nobody, tested on every machine.
extern const MatmulKernels<float> k_matmul_bf16_baseline;
extern const MatmulKernels<float> k_matmul_bf16_avx512_bf16;
extern const MatmulKernels<float> k_matmul_int8_baseline;
extern const MatmulKernels<float> k_matmul_int8_avx512_bf16;

}  // namespace v0
}  // namespace seqguard
