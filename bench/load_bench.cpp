// Loading a model: reading, checking and packing. Name: load/MODEL/fp32. The files are in the system's cache.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "seqguard/model/checkpoint.hpp"
#include "support/models.hpp"

namespace seqguard {
namespace {

/// A directory that goes away with its owner.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "seqguard_bench_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string model() const { return (path_ / "model").string(); }

 private:
  std::filesystem::path path_;
};

void load(benchmark::State& state, const ModelSize& size) {
  const TemporaryDirectory directory;
  const Context<float> context = make_context(default_isa());
  ModelSpec spec = model_spec(size, 1000);
  spec.config.architectures = {"BertForMaskedLM"};
  spec.heads.masked_lm = true;
  Model<float> written(context, spec);
  written.initialize(1);
  save_model(directory.model(), written);
  if (load_model(context, directory.model()).values() != written.values())
    return state.SkipWithError("the loaded values differ from those written");
  for (auto _ : state) {
    Model<float> model = load_model(context, directory.model());
    model.pack(false);
    benchmark::DoNotOptimize(model.values().data());
  }
}

}  // namespace
}  // namespace seqguard

int main(int argc, char** argv) {
  for (const seqguard::ModelSize& size : seqguard::k_model_sizes) {
    const std::string name = std::string("load/") + size.name + "/fp32";
    benchmark::RegisterBenchmark(name.c_str(), [&size](benchmark::State& state) {
      seqguard::load(state, size);
    })->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
