// Texts to sentence embeddings: tokenizer, encoder, pooling. Names: text/MODEL/HOW/THREADS, HOW: one text a call, or
// 256 in one call. Random weights and the small vocabulary of tests/golden; bench/text_speed.py measures a real model
// beside other libraries:
//   SEQGUARD_BENCH_MODEL  a sentence-transformers directory, measured as text/given
//   SEQGUARD_BENCH_TEXTS  its texts, one a line
// Limit: the multiply-add peak over the flops of products and attention, which leaves the tokenizer out.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"
#include "support/models.hpp"
#include "support/report.hpp"
#include "support/temporary_directory.hpp"
#include "support/texts.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_vocabulary = 30'522, k_texts = 256;

/// A model of this size with the golden tokenizer.
TextModel make_text_model(const ModelSize& size) {
  const TemporaryDirectory directory;
  ModelSpec spec = model_spec(size, k_vocabulary);
  Model<float> model(make_context(default_isa()), spec);
  model.initialize(1);
  save_model(directory / "model", model);
  std::filesystem::copy_file(std::string(SEQGUARD_GOLDEN_TOKENIZERS) + "/bert_uncased.json",
                             directory / "model/tokenizer.json");
  return TextModel::load(directory / "model");
}

/// Embeddings of all texts, each by a call of its own.
std::vector<float> embed_alone(const TextModel& model, const std::vector<std::string_view>& texts,
                               TextModel::Scratch& scratch, std::vector<std::size_t>& lengths) {
  std::vector<float> out(texts.size() * model.embedding_size());
  lengths.clear();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    model.embed(texts[i], std::span(out).subspan(i * model.embedding_size(), model.embedding_size()), scratch);
    lengths.push_back(scratch.tokens().ids.size());
  }
  return out;
}

void embed(benchmark::State& state, const TextModel& model, const std::vector<std::string>& lines, bool batch,
           std::size_t threads) {
  const std::vector<std::string_view> texts(lines.begin(), lines.end());
  auto scratch = model.make_scratch();
  std::vector<std::size_t> lengths;
  const std::vector<float> alone = embed_alone(model, texts, scratch, lengths);
  std::vector<float> out(alone.size());
  std::vector<ItemStatus> status(texts.size());
  const auto executor = make_thread_pool(threads);
  const auto run_batch = [&] {
    model.embed_batch(texts, {out.data(), texts.size(), model.embedding_size()}, status, *executor);
  };
  run_batch();
  if (out != alone) return state.SkipWithError("a batch differs from texts alone");
  for (auto _ : state) {
    if (batch)
      run_batch();
    else
      benchmark::DoNotOptimize(embed_alone(model, texts, scratch, lengths).data());
  }
  const ModelConfig& config = model.model().config();
  const ModelSize size{"", config.hidden_size, config.num_hidden_layers, config.num_attention_heads};
  report_rate(state, encoder_flops(size, lengths), model.model().context().kernels->isa, threads);
  state.counters["texts/s"] =
      benchmark::Counter(static_cast<double>(texts.size()), benchmark::Counter::kIsIterationInvariantRate);
}

void add(const std::string& name, const TextModel& model, const std::vector<std::string>& texts) {
  const auto add_one = [&](const char* how, bool batch, std::size_t threads) {
    auto* benchmark =
        benchmark::RegisterBenchmark(("text/" + name + "/" + how + "/" + std::to_string(threads)).c_str(),
                                     [=](benchmark::State& state) { embed(state, model, texts, batch, threads); });
    benchmark->Unit(benchmark::kMillisecond);
    if (threads > 1) benchmark->UseRealTime();
  };
  add_one("one", false, 1);
  for (const std::size_t threads : {1, 2}) add_one("batch", true, threads);
}

}  // namespace
}  // namespace seqguard

int main(int count, char** arguments) {
  using namespace seqguard;
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  const char* model = std::getenv("SEQGUARD_BENCH_MODEL");
  const char* texts = std::getenv("SEQGUARD_BENCH_TEXTS");
  if (model != nullptr && texts != nullptr) {
    add("given", TextModel::load(model), read_lines(texts));
  } else {
    const ModelSize& minilm = k_model_sizes[3];
    add(minilm.name, make_text_model(minilm), make_texts(k_texts, k_english));
  }
  benchmark::RunSpecifiedBenchmarks();
}
