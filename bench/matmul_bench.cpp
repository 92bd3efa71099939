// Matrix products of the encoder: every backend and instruction set on the shapes of the models T, S, M and MiniLM.
// Name: matmul/MODEL/PRODUCT/M/BACKEND/ISA. Counters: GFLOP/s, and the share of the multiply-add peak of the same run.
// Under avx512_bf16 stand the products of bfloat16, and under int8 those of bytes, with the rounding of their rows:
// `own` to floats, `rows` to rows for the next product, with GELU where it is ffn1; their limits are the peaks of
// VDPBF16PS and VPDPBUSD.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "support/report.hpp"

namespace seqguard {
namespace {

struct Product {
  std::string name;
  std::size_t k, n;
};

std::vector<Product> products(const std::string& model, std::size_t h) {
  return {
      {model + "/proj", h, h}, {model + "/qkv", h, 3 * h}, {model + "/ffn1", h, 4 * h}, {model + "/ffn2", 4 * h, h}};
}

// Aligned as the model's activations are, which come from an Arena too.
struct Buffer {
  Arena arena;
  std::span<float> values;

  explicit Buffer(std::size_t count) : arena(count * sizeof(float)), values(arena.allocate<float>(count)) {
    std::fill(values.begin(), values.end(), 0.0f);
  }
  Buffer(std::size_t count, std::uint64_t stream) : Buffer(count) {
    Random random(1, stream);
    for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
  }
  float* data() { return values.data(); }
};

// Every element against double; the bound is that of a chain of k roundings of terms below 1/4, in bf16 besides of two
// roundings of 2^-8 in each of them, which are independent: six standard deviations of their sum. In int8 the two are
// uniform in steps of 1/254, of factors whose mean square is 1/12.
bool matches(std::span<const float> c, std::span<const float> a, std::span<const float> w, std::size_t m, std::size_t k,
             std::size_t n, Precision precision = Precision::fp32) {
  const double size = static_cast<double>(k);
  const double rounded = precision == Precision::bf16   ? 6 * 0.25 * 0x1p-8 * std::sqrt(2.0 / 3)
                         : precision == Precision::int8 ? 6 * std::sqrt(2.0) / 12 / 254
                                                        : 0;
  const double bound = size * size * 0.25 * 0x1p-24 + std::sqrt(size) * rounded;
  for (std::size_t r = 0; r < m; ++r)
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::size_t i = 0; i < k; ++i) sum += static_cast<double>(a[r * k + i]) * w[j * k + i];
      if (!(std::abs(c[r * n + j] - sum) <= bound)) return false;
    }
  return true;
}

void multiply(benchmark::State& state, Product product, std::size_t m, MatmulBackend backend, Isa isa,
              Precision precision) {
  const auto [name, k, n] = product;
  Buffer a(m * k, 1), w(n * k, 2), bias(n), c(m * n);
  Arena scratch;
  const Context<float> context = make_context({.isa = isa, .matmul = backend, .precision = precision});
  const PackedMatrix<float> packed(context, {w.data(), n, k}, Layout::nk);
  const MatrixView<float> out(c.data(), m, n);
  packed.multiply(out, {a.data(), m, k}, {.bias = bias.data()}, scratch);
  if (!matches(c.values, a.values, w.values, m, k, n, precision))
    return state.SkipWithError("differs from the double-precision product");
  for (auto _ : state) {
    packed.multiply(out, {a.data(), m, k}, {.bias = bias.data()}, scratch);
    benchmark::DoNotOptimize(c.data());
    benchmark::ClobberMemory();
  }
  report_rate(state, 2.0 * static_cast<double>(m * k * n), isa, 1, precision);
}

// To rounded rows, which the next product reads; what they hold is tested in tests/kernels.
void multiply_to_rows(benchmark::State& state, Product product, std::size_t m, Isa isa, Precision precision) {
  const auto [name, k, n] = product;
  Buffer a(m * k, 1), w(n * k, 2), bias(n);
  Arena scratch, memory;
  const Context<float> context = make_context({.isa = isa, .precision = precision});
  const PackedMatrix<float> packed(context, {w.data(), n, k}, Layout::nk);
  const auto rows = OperandRows<float>::allocate(context, memory, m, n);
  const Epilogue<float> epilogue{.bias = bias.data(), .gelu = name.ends_with("ffn1")};
  for (auto _ : state) {
    packed.multiply(rows, {a.data(), m, k}, epilogue, scratch);
    benchmark::DoNotOptimize(rows.data);
    benchmark::ClobberMemory();
  }
  report_rate(state, 2.0 * static_cast<double>(m * k * n), isa, 1, precision);
}

// dW[n, k] += dY[m, n]^T X[m, k]
void weight_gradient(benchmark::State& state, Product product, std::size_t m, Isa isa) {
  const auto [name, k, n] = product;
  Buffer dy(m * n, 1), x(m * k, 2), dw(n * k), dyt(n * m), xt(k * m);
  Arena scratch;
  const Context<float> context = make_context(isa);
  const auto add = [&] {
    multiply_transposed_add<float>(context, {dw.data(), n, k}, {dy.data(), m, n}, {x.data(), m, k}, scratch);
  };
  add();
  for (std::size_t r = 0; r < m; ++r) {
    for (std::size_t j = 0; j < n; ++j) dyt.values[j * m + r] = dy.values[r * n + j];
    for (std::size_t j = 0; j < k; ++j) xt.values[j * m + r] = x.values[r * k + j];
  }
  if (!matches(dw.values, dyt.values, xt.values, n, m, k))
    return state.SkipWithError("differs from the double-precision product");
  for (auto _ : state) {
    add();
    benchmark::DoNotOptimize(dw.data());
    benchmark::ClobberMemory();
  }
  report_rate(state, 2.0 * static_cast<double>(m * k * n), isa);
}

/// What is timed under the last part of a name.
struct Arithmetic {
  std::string name;
  Isa isa;
  Precision precision;
};

/// fp32 under each instruction set but avx512_bf16, whose name stands for bf16, and int8.
std::vector<Arithmetic> arithmetics() {
  std::vector<Arithmetic> all;
  for (const Isa isa : available_isas())
    for (const Precision precision : offered_precisions(isa)) {
      if ((precision == Precision::fp32) == (isa == Isa::avx512_bf16)) continue;
      all.push_back(
          {std::string(precision == Precision::int8 ? to_string(precision) : to_string(isa)), isa, precision});
    }
  return all;
}

void register_product(const Product& product, const Arithmetic& arithmetic) {
  const Isa isa = arithmetic.isa;
  const Precision precision = arithmetic.precision;
  const bool is_fp32 = precision == Precision::fp32;
  const auto name = [&](std::size_t m, std::string_view what) {
    return "matmul/" + product.name + "/" + std::to_string(m) + "/" + std::string(what) + "/" + arithmetic.name;
  };
  for (const std::size_t m : {16, 32, 128})
    for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen})
      if (matmul_backend_available(backend, isa) && (backend != MatmulBackend::eigen || isa == Isa::baseline) &&
          (backend == MatmulBackend::own || is_fp32))
        benchmark::RegisterBenchmark(name(m, to_string(backend)).c_str(), multiply, product, m, backend, isa,
                                     precision);
  if (is_fp32)
    benchmark::RegisterBenchmark(name(128, "gradient").c_str(), weight_gradient, product, 128, isa);
  else
    benchmark::RegisterBenchmark(name(128, "rows").c_str(), multiply_to_rows, product, 128, isa, precision);
}

void register_all() {
  struct Model {
    const char* name;
    std::size_t hidden;
  };
  for (const Arithmetic& arithmetic : arithmetics())
    for (const Model model : {Model{"T", 64}, Model{"S", 128}, Model{"M", 256}, Model{"MiniLM", 384}})
      for (const Product& product : products(model.name, model.hidden)) register_product(product, arithmetic);
}

}  // namespace
}  // namespace seqguard

int main(int argc, char** argv) {
  seqguard::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  for (const seqguard::MatmulBackend backend : {seqguard::MatmulBackend::onednn, seqguard::MatmulBackend::eigen})
    benchmark::AddCustomContext(std::string(to_string(backend)), std::string(matmul_backend_version(backend)));
  for (const auto& [name, isa, precision] : seqguard::arithmetics())
    benchmark::AddCustomContext("peak GFLOP/s " + name, std::to_string(seqguard::peak_gflops(isa, precision)));
  benchmark::RunSpecifiedBenchmarks();
}
