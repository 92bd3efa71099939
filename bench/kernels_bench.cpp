// Kernels per instruction set, next to the limits of this machine measured in the same run: `seqguard_bench_kernels`.
// Counters: ns_per_element; share_of_bandwidth (element-wise kernels, by their reads and writes) or share_of_peak
// (attention, by its products alone, the exponentials being overhead). Every kernel is compared with the reference
// first.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/kernels/kernel_table.hpp"
#include "support/peak.hpp"

namespace {

using namespace seqguard;

constexpr std::size_t k_rows = 64, k_cols = 256, k_elements = k_rows * k_cols;

/// Arrays for every kernel, in one precision.
template <class Real>
struct Data {
  std::vector<Real> x, y, out, sum, gamma, d_gamma, d_beta, mean, rstd;
  Data() : out(k_elements), sum(k_elements), d_gamma(k_cols), d_beta(k_cols), mean(k_rows), rstd(k_rows) {
    Random random(1);
    const auto fill = [&](std::vector<Real>& v, std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) v.push_back(static_cast<float>(random.normal()));
    };
    fill(x, k_elements);
    fill(y, k_elements);
    fill(gamma, k_cols);
  }
};

/// A kernel on Data; the result is in `out`. bytes: read and written per element.
struct Entry {
  std::string name;
  double bytes;
  std::function<void(const KernelTable<float>&, Data<float>&)> run;
  std::function<void(const KernelTable<double>&, Data<double>&)> reference;
};

template <class F>
Entry entry(const char* name, double bytes, F f) {
  return {name, bytes, f, f};
}

std::vector<Entry> entries() {
  return {
      entry("add", 12, [](auto& k, auto& d) { k.add(d.out.data(), d.x.data(), d.y.data(), k_elements); }),
      entry("gelu", 8, [](auto& k, auto& d) { k.gelu_forward(d.out.data(), d.x.data(), k_elements); }),
      entry("gelu_backward", 12,
            [](auto& k, auto& d) { k.gelu_backward(d.out.data(), d.y.data(), d.x.data(), k_elements); }),
      entry("gelu_tanh", 8, [](auto& k, auto& d) { k.gelu_tanh_forward(d.out.data(), d.x.data(), k_elements); }),
      entry("tanh", 8, [](auto& k, auto& d) { k.tanh_forward(d.out.data(), d.x.data(), k_elements); }),
      entry("softmax", 8, [](auto& k, auto& d) { k.softmax_forward(d.out.data(), d.x.data(), k_rows, k_cols); }),
      entry("dropout", 8,
            [](auto& k, auto& d) {
              std::copy(d.x.begin(), d.x.end(), d.out.begin());
              k.dropout(d.out.data(), k_elements, 0.125F, 7, 0);
            }),
      entry("layer_norm", 16,
            [](auto& k, auto& d) {
              k.layer_norm_forward(d.out.data(), d.sum.data(), d.mean.data(), d.rstd.data(), d.x.data(), d.y.data(),
                                   d.gamma.data(), d.gamma.data(), k_rows, k_cols, 1e-12F);
            }),
      entry("layer_norm_backward", 12,
            [](auto& k, auto& d) {
              std::fill(d.mean.begin(), d.mean.end(), 0);
              std::fill(d.rstd.begin(), d.rstd.end(), 1);
              k.layer_norm_backward(d.out.data(), d.d_gamma.data(), d.d_beta.data(), d.y.data(), d.x.data(),
                                    d.mean.data(), d.rstd.data(), d.gamma.data(), k_rows, k_cols);
            }),
  };
}

struct AdamWState {
  std::vector<float> p, m, v, g;
  explicit AdamWState(std::size_t n) : p(n, 0.5F), m(n, 0.1F), v(n, 0.1F), g(n, 0.2F) {}
  void step(const KernelTable<float>& k) {
    k.adamw({p.data(), m.data(), v.data(), g.data(), p.size(), 1, 1e-3F, 0.9F, 0.999F, 1e-8F, 0.01F, 0.5F, 0.5F});
  }
};

template <class Real>
struct Attention {
  std::size_t length, heads, head_dim, hidden;
  bool causal;
  AttentionDropout<Real> dropout;
  std::vector<Real> qkv, out, log_sum_exp, d_out, d_qkv, scratch;
  Attention(std::size_t length_, std::size_t heads_, std::size_t head_dim_, bool causal_, float rate)
      : length(length_),
        heads(heads_),
        head_dim(head_dim_),
        hidden(heads * head_dim),
        causal(causal_),
        dropout{rate, 7, 0},
        out(length * hidden),
        log_sum_exp(heads * length),
        d_qkv(length * 3 * hidden),
        scratch(attention_backward_scratch(length, head_dim)) {
    Random random(2);
    for (std::size_t i = 0; i < length * 3 * hidden; ++i) qkv.push_back(static_cast<float>(random.normal()));
    for (std::size_t i = 0; i < length * hidden; ++i) d_out.push_back(static_cast<float>(random.normal()));
  }
  Real scale() const { return static_cast<Real>(1 / std::sqrt(static_cast<double>(head_dim))); }
  void forward(const KernelTable<Real>& k) {
    k.attention_forward({.out = out.data(),
                         .log_sum_exp = log_sum_exp.data(),
                         .qkv = qkv.data(),
                         .length = length,
                         .heads = heads,
                         .head_dim = head_dim,
                         .qkv_stride = 3 * hidden,
                         .out_stride = hidden,
                         .scale = scale(),
                         .causal = causal,
                         .dropout = dropout});
  }
  void backward(const KernelTable<Real>& k) {
    k.attention_backward({.d_qkv = d_qkv.data(),
                          .d_out = d_out.data(),
                          .out = out.data(),
                          .log_sum_exp = log_sum_exp.data(),
                          .qkv = qkv.data(),
                          .length = length,
                          .heads = heads,
                          .head_dim = head_dim,
                          .qkv_stride = 3 * hidden,
                          .out_stride = hidden,
                          .scale = scale(),
                          .causal = causal,
                          .scratch = scratch.data(),
                          .dropout = dropout});
  }
  /// Multiply-adds of the two (forward) or five (backward) products over visible pairs, in flops.
  double flops(int products) const {
    const double l = static_cast<double>(length), pairs = causal ? l * (l + 1) / 2 : l * l;
    return products * 2 * pairs * static_cast<double>(hidden);
  }
};

/// Largest difference relative to the largest expected magnitude: a gross check, the exact bounds are in tests/kernels.
bool agree(const std::vector<float>& found, const std::vector<double>& expected) {
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    worst = std::max(worst, std::abs(static_cast<double>(found[i]) - expected[i]));
  }
  return worst <= 1e-5 * largest;
}

bool verified(bool ok, Isa isa, const std::string& name) {
  if (!ok)
    std::fprintf(stderr, "seqguard_bench_kernels: %s on %s is wrong, not timed\n", name.c_str(), to_string(isa).data());
  return ok;
}

std::string label(const std::string& name, Isa isa) { return name + "/" + std::string(to_string(isa)); }

void count_elements(benchmark::State& state, double elements, double bytes, double bandwidth) {
  using Counter = benchmark::Counter;
  state.counters["ns_per_element"] = Counter(elements * 1e-9, Counter::kIsIterationInvariantRate | Counter::kInvert);
  state.counters["share_of_bandwidth"] =
      Counter(elements * bytes / 1e9 / bandwidth, Counter::kIsIterationInvariantRate);
}

bool register_elementwise(Isa isa, double bandwidth) {
  bool all_right = true;
  for (const Entry& e : entries()) {
    Data<float> found;
    Data<double> expected;
    e.run(kernels_for(isa), found);
    e.reference(reference_kernels(), expected);
    if (!verified(agree(found.out, expected.out), isa, e.name)) {
      all_right = false;
      continue;
    }
    benchmark::RegisterBenchmark(label(e.name, isa).c_str(), [=](benchmark::State& state) {
      Data<float> data;
      for (auto _ : state) {
        e.run(kernels_for(isa), data);
        benchmark::ClobberMemory();
      }
      count_elements(state, k_elements, e.bytes, bandwidth);
    });
  }
  benchmark::RegisterBenchmark(label("adamw", isa).c_str(), [=](benchmark::State& state) {
    AdamWState adamw(k_elements);
    for (auto _ : state) {
      adamw.step(kernels_for(isa));
      benchmark::ClobberMemory();
    }
    count_elements(state, k_elements, 28, bandwidth);
  });
  return all_right;
}

bool register_attention(Isa isa, double peak, std::size_t length, std::size_t head_dim, bool causal, float rate = 0) {
  Attention<float> found(length, 2, head_dim, causal, rate);
  Attention<double> expected(length, 2, head_dim, causal, rate);
  found.forward(kernels_for(isa));
  found.backward(kernels_for(isa));
  expected.forward(reference_kernels());
  expected.backward(reference_kernels());
  const std::string size = "/2x" + std::to_string(head_dim) + "/L" + std::to_string(length) +
                           (causal ? "/causal" : "/full") + (rate > 0 ? "/dropout" : "");
  if (!verified(agree(found.out, expected.out), isa, "attention" + size) ||
      !verified(agree(found.d_qkv, expected.d_qkv), isa, "attention_backward" + size))
    return false;
  const auto add = [&](const char* name, int products, void (Attention<float>::*run)(const KernelTable<float>&)) {
    benchmark::RegisterBenchmark(label(name + size, isa).c_str(), [=](benchmark::State& state) {
      Attention<float> attention = found;
      for (auto _ : state) {
        (attention.*run)(kernels_for(isa));
        benchmark::ClobberMemory();
      }
      const double gflop = attention.flops(products) / 1e9;
      state.counters["gflops"] = benchmark::Counter(gflop, benchmark::Counter::kIsIterationInvariantRate);
      state.counters["share_of_peak"] = benchmark::Counter(gflop / peak, benchmark::Counter::kIsIterationInvariantRate);
    });
  };
  add("attention", 2, &Attention<float>::forward);
  add("attention_backward", 5, &Attention<float>::backward);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  bool all_right = true;
  const double bandwidth = bandwidth_gbs(2 * k_elements * sizeof(float));
  std::printf("copy within %zu KiB: %.1f GB/s\n", 2 * k_elements * sizeof(float) / 1024, bandwidth);
  for (const Isa isa : available_isas()) {
    if (kernels_for(isa).isa != isa) continue;  // products only
    const double peak = peak_gflops(isa);
    std::printf("%s: multiply-add peak %.1f GFLOP/s\n", to_string(isa).data(), peak);
    all_right &= register_elementwise(isa, bandwidth);
    for (const std::size_t length : {32, 128, 512})
      for (const std::size_t head_dim : {12, 32, 64})
        for (const bool causal : {false, true}) all_right &= register_attention(isa, peak, length, head_dim, causal);
    all_right &= register_attention(isa, peak, 128, 32, false, 0.1F);
  }
  benchmark::RunSpecifiedBenchmarks();
  return all_right ? 0 : 1;
}
