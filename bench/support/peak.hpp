// The limits of this machine, measured on the calling thread in the same run as what is compared with them.
#pragma once

#include <cstddef>

#include "seqguard/core/isa.hpp"

namespace seqguard {

/// Single-precision GFLOP/s of independent multiply-add chains held in registers (a multiply and an add each where the
/// instruction set has no fused one): the best of several runs of about 10 ms.
double fma_peak_gflops(Isa isa);

/// GB/s (read plus written) of repeated copies within a working set of `bytes` (half source, half destination).
double bandwidth_gbs(std::size_t bytes);

}  // namespace seqguard
