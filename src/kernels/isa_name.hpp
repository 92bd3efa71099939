// The name that an object compiled once per instruction set gives to what it exports: SEQGUARD_ISA_NAME(k_kernels_) is
// k_kernels_avx2 where SEQGUARD_ISA is avx2.
#pragma once

#define SEQGUARD_PASTE_(a, b) a##b
#define SEQGUARD_PASTE(a, b) SEQGUARD_PASTE_(a, b)
#define SEQGUARD_ISA_NAME(prefix) SEQGUARD_PASTE(prefix, SEQGUARD_ISA)
