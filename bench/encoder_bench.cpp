// The whole encoder. Names: encoder/MODEL/BATCH/LENGTH/PRECISION/THREADS; the batch "ragged" is 32 sequences of mean
// length 76 of 128. least_cosine: of a token's hidden state with that of the double-precision model. Limit: the peak of
// multiply-adds, or of products of bfloat16, over the flops of products and attention; in int8 that of products of
// bytes over those of products, and of bfloat16 over those of attention.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/model.hpp"
#include "support/models.hpp"
#include "support/report.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_vocabulary = 1000;

template <class Real>
Model<Real> make_model(const Context<Real>& context, const ModelSize& size) {
  Model<Real> model(context, model_spec(size, k_vocabulary));
  model.initialize(1);
  model.pack(false);
  return model;
}

/// Last hidden states of a chunk, in the worker's memory.
template <class Real>
MatrixView<Real> encode_chunk(const Model<Real>& model, const BenchChunk& chunk, Workspace& workspace) {
  const auto cache = run_encoder<Real>(model, chunk.input(), {}, workspace);
  return cache.last_hidden_state();
}

/// A short sequence against the double-precision model. In single precision the bound allows 32 roundings of values of
/// order 1 in each of the six sums that a value passes per layer; a wrong formula is off by 1e-2 and more. In bf16 a
/// factor is off by 2^-8 at most and roundings are independent: the root of the mean square, in units of the largest
/// output's order 1, stays within that for each pair of layers. In int8 a factor is off by 1/510 of its row's range,
/// which is some six to eight times the size of most of its elements: four times as much.
bool matches_reference(const Model<float>& model, const ModelSize& size, double& least_cosine) {
  const std::vector<std::size_t> lengths{7};
  const BenchChunk chunk = make_chunks(lengths, k_vocabulary).front();
  const Model<double> reference = make_model<double>(make_reference_context(), size);
  Workspace workspace;
  const MatrixView<float> found = encode_chunk<float>(model, chunk, workspace);
  const MatrixView<double> expected = encode_chunk<double>(reference, chunk, workspace);
  least_cosine = 1;
  for (std::size_t r = 0; r < found.rows; ++r) {
    double dot = 0, found_squared = 0, expected_squared = 0;
    for (std::size_t c = 0; c < found.cols; ++c) {
      dot += static_cast<double>(found(r, c)) * expected(r, c);
      found_squared += static_cast<double>(found(r, c)) * found(r, c);
      expected_squared += expected(r, c) * expected(r, c);
    }
    least_cosine = std::min(least_cosine, dot / std::sqrt(found_squared * expected_squared));
  }
  if (model.context().precision != Precision::fp32) {
    const double factor = model.context().precision == Precision::int8 ? 0x1p-6 : 0x1p-8;
    double squared = 0;
    const std::size_t count = found.rows * found.cols;
    for (std::size_t i = 0; i < count; ++i) squared += std::pow(found.data[i] - expected.data[i], 2.0);
    return std::sqrt(squared / static_cast<double>(count)) <= factor * static_cast<double>(size.layers) / 2;
  }
  const double bound = 6.0 * 32 * static_cast<double>(size.layers) * 0x1p-24;
  for (std::size_t i = 0; i < found.rows * found.cols; ++i)
    if (!(std::abs(found.data[i] - expected.data[i]) <= bound)) return false;
  return true;
}

void encode_batch(benchmark::State& state, const ModelSize& size, const std::vector<std::size_t>& lengths,
                  Precision precision, std::size_t threads) {
  const Context<float> context = make_context({.isa = default_isa(), .precision = precision});
  const Model<float> model = make_model<float>(context, size);
  double least_cosine = 0;
  if (!matches_reference(model, size, least_cosine))
    return state.SkipWithError("differs from the double-precision model");
  state.counters["least_cosine"] = least_cosine;
  const std::vector<BenchChunk> chunks = make_chunks(lengths, k_vocabulary);
  const std::unique_ptr<Executor> executor = make_thread_pool(threads);
  std::vector<Workspace> workers(threads);
  const auto run = [&] {
    executor->run(chunks.size(), [&](std::size_t c, std::size_t worker) {
      const Arena::Frame frame(workers[worker].activations);
      benchmark::DoNotOptimize(encode_chunk<float>(model, chunks[c], workers[worker]).data);
    });
  };
  run();
  for (auto _ : state) run();
  const Isa isa = context.kernels->isa;
  const double products = product_flops(size, lengths), attention = attention_flops(size, lengths);
  const Precision in_attention = precision == Precision::int8 ? Precision::bf16 : precision;
  const double least = products / best_peak_gflops(isa, precision) + attention / best_peak_gflops(isa, in_attention);
  report_rate_within(state, products + attention, least * 1e-9 / static_cast<double>(threads));
}

void register_all() {
  const auto add = [](const ModelSize& size, const std::string& batch, const std::vector<std::size_t>& lengths,
                      std::size_t threads) {
    for (const Precision precision : offered_precisions(default_isa())) {
      const std::string name = std::string("encoder/") + size.name + "/" + batch + "/" +
                               std::string(to_string(precision)) + "/" + std::to_string(threads);
      auto* benchmark = benchmark::RegisterBenchmark(
          name.c_str(), [=](benchmark::State& state) { encode_batch(state, size, lengths, precision, threads); });
      benchmark->Unit(benchmark::kMillisecond);
      if (threads > 1) benchmark->UseRealTime();
    }
  };
  for (const ModelSize& size : k_model_sizes) {
    for (const std::size_t length : {std::size_t{32}, std::size_t{128}}) {
      const std::string suffix = "/L" + std::to_string(length);
      add(size, "B1" + suffix, batch_lengths(1, length), 1);
      for (const std::size_t threads : {1, 2}) add(size, "B32" + suffix, batch_lengths(32, length), threads);
    }
    for (const std::size_t threads : {1, 2}) add(size, "ragged/L128", ragged_lengths(32), threads);
  }
}

}  // namespace
}  // namespace seqguard

int main(int argc, char** argv) {
  seqguard::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
