// The limits of this machine, measured on the calling thread in the same run as what is compared with them.
#pragma once

#include <cstddef>

#include "seqguard/core/isa.hpp"
#include "seqguard/core/load_options.hpp"

namespace seqguard {

/// GFLOP/s of independent chains held in registers: of multiply-adds in single precision (a multiply and an add each
/// where the instruction set has no fused one), of the products of pairs of bfloat16, or of four bytes. The best of
/// several runs of about 10 ms.
double peak_gflops(Isa isa, Precision precision = Precision::fp32);

/// GB/s (read plus written) of repeated copies within a working set of `bytes` (half source, half destination).
double bandwidth_gbs(std::size_t bytes);

}  // namespace seqguard
