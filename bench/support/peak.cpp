#include "support/peak.hpp"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace seqguard {

/// Runs `rounds` rounds of multiply-adds and returns the flops done. One per instruction set:
/// bench/support/peak_isa.cpp.
double run_fma_baseline(std::size_t rounds, float* sink);
double run_fma_avx2(std::size_t rounds, float* sink);
double run_fma_avx512(std::size_t rounds, float* sink);
double run_bf16_products(std::size_t rounds, float* sink);
double run_int8_products(std::size_t rounds, float* sink);

namespace {

constexpr int k_repetitions = 7;

/// Processor time of this thread: other programs on the machine take none of it.
double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double run_products(Isa isa, Precision precision, std::size_t rounds, float* sink) {
#if defined(SEQGUARD_HAS_ISA_AVX512)
  if (precision == Precision::bf16) return run_bf16_products(rounds, sink);
  if (precision == Precision::int8) return run_int8_products(rounds, sink);
#endif
  switch (isa) {
#if defined(SEQGUARD_HAS_ISA_AVX512)
    case Isa::avx512:
    case Isa::avx512_bf16:
      return run_fma_avx512(rounds, sink);
#endif
#if defined(SEQGUARD_HAS_ISA_AVX2)
    case Isa::avx2:
      return run_fma_avx2(rounds, sink);
#endif
    default:
      return run_fma_baseline(rounds, sink);
  }
}

/// Largest rate of `work` (which returns the amount done) over runs of at least 10 ms.
template <class Work>
double best_rate(Work work) {
  double best = 0;
  for (int i = 0; i < k_repetitions; ++i) {
    const double start = processor_seconds();
    double done = 0, seconds = 0;
    do {
      done += work();
      seconds = processor_seconds() - start;
    } while (seconds < 0.01);
    best = std::max(best, done / seconds);
  }
  return best;
}

}  // namespace

double peak_gflops(Isa isa, Precision precision) {
  volatile float sink_target = 0;
  return best_rate([&] {
           float sink = 0;
           const double flops = run_products(isa, precision, 100'000, &sink);
           sink_target = sink;
           return flops;
         }) /
         1e9;
}

double bandwidth_gbs(std::size_t bytes) {
  const std::size_t half = std::max<std::size_t>(bytes / 2, 64);
  std::vector<char> source(half, 1), target(half);
  const std::size_t passes = std::max<std::size_t>(1, (1 << 20) / half);
  return best_rate([&] {
           for (std::size_t i = 0; i < passes; ++i) {
             std::memcpy(target.data(), source.data(), half);
             asm volatile("" : : "r"(target.data()), "r"(source.data()) : "memory");
           }
           return static_cast<double>(2 * half * passes);
         }) /
         1e9;
}

}  // namespace seqguard
