// Tokenizers on texts of 128 characters, one thread. Names: tokenizer/KIND/TEXTS. The tokenizers are those of
// tests/golden/tokenizers; bench/tokenizer_speed.py measures a real one beside the Hugging Face package:
//   SEQGUARD_BENCH_TOKENIZER  a directory or tokenizer.json, measured as tokenizer/given/given
//   SEQGUARD_BENCH_TEXTS      its texts, one a line
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/text/tokenizer.hpp"
#include "support/texts.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_texts = 1000;

/// The offsets of the tokens cover every letter of the text, once and in order.
bool is_covered(std::string_view text, const Encoding& encoding) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    if (encoding.sequence[i] < 0) continue;
    const TextSpan span = encoding.offsets[i];
    if (span.begin > span.end || span.end > text.size()) return false;
    for (; at < span.begin; ++at)
      if (text[at] != ' ') return false;
    at = std::max<std::size_t>(at, span.end);
  }
  return at == text.size() || text.substr(at).find_first_not_of(' ') == std::string_view::npos;
}

void encode(benchmark::State& state, const std::string& path, const std::vector<std::string>& texts, bool ascii) {
  const Tokenizer tokenizer = Tokenizer::load(path);
  TokenizerScratch scratch;
  Encoding encoding;
  std::size_t tokens = 0, bytes = 0;
  for (const std::string& text : texts) {
    tokenizer.encode(text, encoding, scratch);
    if (ascii && !is_covered(text, encoding)) return state.SkipWithError("tokens do not cover the text");
    tokens += encoding.ids.size();
    bytes += text.size();
  }
  for (auto _ : state)
    for (const std::string& text : texts) {
      tokenizer.encode(text, encoding, scratch);
      benchmark::DoNotOptimize(encoding.ids.data());
    }
  const auto rounds = static_cast<double>(state.iterations());
  const auto rate = [&](std::size_t n) {
    return benchmark::Counter(static_cast<double>(n) * rounds, benchmark::Counter::kIsRate);
  };
  state.counters["texts/s"] = rate(texts.size());
  state.counters["tokens/s"] = rate(tokens);
  state.counters["bytes/s"] = rate(bytes);
}

void load(benchmark::State& state, const std::string& path) {
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::load(path).vocab_size());
}

void add(const std::string& name, const std::string& path, std::vector<std::string> texts, bool ascii) {
  benchmark::RegisterBenchmark(("tokenizer/" + name).c_str(), [=](benchmark::State& state) {
    encode(state, path, texts, ascii);
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace seqguard

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  const char* tokenizer = std::getenv("SEQGUARD_BENCH_TOKENIZER");
  const char* texts = std::getenv("SEQGUARD_BENCH_TEXTS");
  if (tokenizer != nullptr && texts != nullptr) {
    seqguard::add("given/given", tokenizer, seqguard::read_lines(texts), false);
    benchmark::RegisterBenchmark("tokenizer/given/load", [=](benchmark::State& state) {
      seqguard::load(state, tokenizer);
    })->Unit(benchmark::kMillisecond);
  } else {
    const auto english = seqguard::make_texts(seqguard::k_texts, seqguard::k_english),
               mixed = seqguard::make_texts(seqguard::k_texts, seqguard::k_mixed);
    for (const char* name : {"bert_uncased", "roberta", "xlm_roberta"}) {
      const std::string path = std::string(SEQGUARD_GOLDEN_TOKENIZERS) + "/" + name + ".json";
      seqguard::add(std::string(name) + "/english", path, english, true);
      seqguard::add(std::string(name) + "/mixed", path, mixed, false);
    }
  }
  benchmark::RunSpecifiedBenchmarks();
}
