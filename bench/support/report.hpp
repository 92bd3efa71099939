// Counters that every benchmark of floating-point work reports: the rate, and its share of the machine's limit.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <utility>

#include "support/peak.hpp"

namespace seqguard {

/// Multiply-add peak of this run: the best of the measurements taken before each benchmark, because one that was taken
/// while the machine was busy flatters.
inline double best_peak_gflops(Isa isa, Precision precision) {
  static std::map<std::pair<Isa, Precision>, double> peaks;
  double& peak = peaks[{isa, precision}];
  peak = std::max(peak, peak_gflops(isa, precision));
  return peak;
}

/// `flops` of one iteration, which take `least_seconds` at the limit; per CPU time of the calling thread, or per wall
/// time with UseRealTime().
inline void report_rate_within(benchmark::State& state, double flops, double least_seconds) {
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GFLOP/s"] = benchmark::Counter(flops * 1e-9, rate);
  state.counters["share_of_limit"] = benchmark::Counter(least_seconds, rate);
}

/// The same of flops that have one limit, on `threads` cores.
inline void report_rate(benchmark::State& state, double flops, Isa isa, std::size_t threads = 1,
                        Precision precision = Precision::fp32) {
  const double limit = best_peak_gflops(isa, precision) * static_cast<double>(threads);
  report_rate_within(state, flops, flops * 1e-9 / limit);
}

}  // namespace seqguard
