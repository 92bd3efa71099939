// Counters that every benchmark of floating-point work reports: the rate, and its share of the machine's limit.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>

#include "support/peak.hpp"

namespace seqguard {

/// Multiply-add peak of this run: the best of the measurements taken before each benchmark, because one that was taken
/// while the machine was busy flatters.
inline double peak_gflops(Isa isa) {
  static std::map<Isa, double> peaks;
  double& peak = peaks[isa];
  peak = std::max(peak, fma_peak_gflops(isa));
  return peak;
}

/// `flops` of one iteration on `threads` cores; per CPU time of the calling thread, or per wall time with
/// UseRealTime().
inline void report_rate(benchmark::State& state, double flops, Isa isa, std::size_t threads = 1) {
  const double limit = peak_gflops(isa) * static_cast<double>(threads);
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GFLOP/s"] = benchmark::Counter(flops * 1e-9, rate);
  state.counters["share_of_limit"] = benchmark::Counter(flops * 1e-9 / limit, rate);
}

}  // namespace seqguard
