// Scoring per call, of sequences of 30 events (32 positions), vocabulary 200, a profile of 1,000 distinct normals:
//
//   score_encoder/T/B1/L32/fp32/1   the encoder's forward pass alone
//   score_next/...                  encoding, encoder, prediction head: the causal surprise
//   score_profile/...               the ten statistical views and their calibration
//   score/...                       all of it: SequenceScorer::score, warm
//   score_process/T/B1/L32/fp32/1   a process that loads the model and scores one sequence (wall time)
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_sequences = 1000, k_events = 30, k_values = 200;

/// Walks over 200 values with a preferred successor each; all different.
std::vector<std::vector<std::string>> walks(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::vector<std::string>> result(count);
  for (auto& walk : result) {
    std::size_t value = random.below(k_values);
    for (std::size_t i = 0; i < k_events; ++i) {
      walk.push_back("v" + std::to_string(value));
      value = random.uniform() < 0.7 ? (value * 7 + 1) % k_values : random.below(k_values);
    }
  }
  return result;
}

const SequenceScorer& scorer() {
  static const SequenceScorer instance = [] {
    std::string text;
    for (const auto& walk : walks(k_sequences, 1)) {
      for (const std::string& value : walk) text += value + " ";
      text += "\n";
    }
    ReadOptions read;
    read.format = DataFormat::lines;
    FitOptions options;
    options.epochs = 1;
    options.size = EncoderSize::tiny;
    options.window = k_events + 2;
    return SequenceScorer(fit(read_events_from_text(text, "walks.txt", read), options));
  }();
  return instance;
}

/// One call per iteration, over 64 sequences in turn.
template <class Call>
void per_call(benchmark::State& state, const Call& call) {
  std::size_t i = 0;
  for (std::size_t warm = 0; warm < 64; ++warm) call(warm);
  for (auto _ : state) call(i++ % 64);
}

struct Prepared {
  std::vector<std::vector<std::string>> sequences = walks(64, 2);
  std::vector<EncodedEvents> encoded{64};
  std::vector<double> next;
  SurpriseScratch scratch;
  std::vector<float> out;

  Prepared() {
    const BehaviourModel& model = *scorer().model();
    scratch.reserve(model.schema, model.encoder, k_events);
    for (std::size_t i = 0; i < 64; ++i) {
      encode(OneColumn(sequences[i]), model.schema, encoded[i]);
      next.push_back(causal_surprise(model.encoder, model.schema, encoded[i], scratch, out).means[0]);
    }
  }
};

void encoder_alone(benchmark::State& state) {
  const Model<float>& model = scorer().model()->encoder;
  Prepared prepared;
  per_call(state, [&](std::size_t i) {
    prepared.scratch.batch.clear();
    prepared.scratch.batch.append(prepared.encoded[i], 0, prepared.encoded[i].positions());
    const Arena::Frame frame(prepared.scratch.workspace.activations);
    const EncoderInput input = prepared.scratch.batch.input();
    const auto cache = run_encoder<float>(model, input, {.mask = AttentionMask::causal}, prepared.scratch.workspace);
    benchmark::DoNotOptimize(cache.last_hidden_state().data);
  });
}

void next_alone(benchmark::State& state) {
  const BehaviourModel& model = *scorer().model();
  Prepared prepared;
  EncodedEvents encoded;
  per_call(state, [&](std::size_t i) {
    encode(OneColumn(prepared.sequences[i]), model.schema, encoded);
    benchmark::DoNotOptimize(
        causal_surprise(model.encoder, model.schema, encoded, prepared.scratch, prepared.out).means[0]);
  });
}

void profile_alone(benchmark::State& state) {
  const BehaviourModel& model = *scorer().model();
  if (model.detector.profile().distinct_normals() != k_sequences)
    return state.SkipWithError("the normals are not distinct");
  Prepared prepared;
  SequenceDetector::Scratch scratch(k_events);
  per_call(state, [&](std::size_t i) {
    benchmark::DoNotOptimize(
        model.detector.judge({prepared.encoded[i].types.data(), k_events}, {&prepared.next[i], 1}, scratch).value);
  });
}

void whole(benchmark::State& state) {
  Prepared prepared;
  auto scratch = scorer().make_scratch(k_events);
  Score score;
  for (std::size_t i = 0; i < 64; ++i) {
    scorer().score(prepared.sequences[i], score, scratch);
    SequenceDetector::Scratch other(k_events);
    const SequenceDetector& detector = scorer().model()->detector;
    const double expected =
        detector.judge({prepared.encoded[i].types.data(), k_events}, {&prepared.next[i], 1}, other).value;
    if (score.value != expected) return state.SkipWithError("the parts do not make the whole");
  }
  per_call(state, [&](std::size_t i) { scorer().score(prepared.sequences[i], score, scratch); });
}

#ifdef SEQGUARD_PROGRAM
void process(benchmark::State& state) {
  namespace fs = std::filesystem;
  std::string pattern = (fs::temp_directory_path() / "seqguard_bench_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  save_behaviour_model(*scorer().model(), pattern + "/model");
  std::ofstream input(pattern + "/one.txt");
  const std::vector<std::string> walk = walks(1, 3).front();
  for (const std::string& value : walk) input << value << " ";
  input << "\n";
  input.close();
  const std::string command = std::string(SEQGUARD_PROGRAM) + " score --quiet --model " + pattern + "/model --input " +
                              pattern + "/one.txt >" + pattern + "/out.jsonl";
  if (std::system(command.c_str()) != 0) state.SkipWithError("the program failed");
  for (auto _ : state) benchmark::DoNotOptimize(std::system(command.c_str()));
  fs::remove_all(pattern);
}
#endif

}  // namespace
}  // namespace seqguard

int main(int argc, char** argv) {
  using namespace seqguard;
  const std::string shape = "/T/B1/L32/fp32/1";
  benchmark::RegisterBenchmark(("score_encoder" + shape).c_str(), encoder_alone)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark(("score_next" + shape).c_str(), next_alone)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark(("score_profile" + shape).c_str(), profile_alone)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark(("score" + shape).c_str(), whole)->Unit(benchmark::kMicrosecond);
#ifdef SEQGUARD_PROGRAM
  benchmark::RegisterBenchmark(("score_process" + shape).c_str(), process)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
#endif
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
