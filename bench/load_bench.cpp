// Loading a model: reading, checking and packing, until it can score. The files are in the system's cache.
//
//   load/SIZE/fp32                    an event model with 1,000 values
//   load/all-MiniLM/STORAGE/ACCESS    the shape of all-MiniLM-L6-v2: 22.7 million parameters, 90.9 MB in fp32
//   load/copy/all-MiniLM/fp32         the limit: the same bytes copied from the file into memory that is there already
//   load/given                        the directory SEQGUARD_BENCH_MODEL, as TextModel with its tokenizer
//
// peak_of_weights: by how much the resident memory grows at most, over 4 bytes a parameter.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"
#include "support/memory.hpp"
#include "support/models.hpp"
#include "support/temporary_directory.hpp"

namespace seqguard {
namespace {

ModelSpec event_model(const ModelSize& size) {
  ModelSpec spec = model_spec(size, 1000);
  spec.heads = {{"", Head::masked_lm}};
  return spec;
}

ModelSpec all_mini_lm() {
  ModelSpec spec = model_spec(k_model_sizes[3], 30'522);
  spec.config.max_position_embeddings = 512;
  spec.config.type_vocab_size = 2;
  spec.pooler = true;
  return spec;
}

/// What the model makes of a few tokens.
std::vector<float> hidden_states(const Model<float>& model) {
  const std::int32_t ids[] = {2, 7, 901, 44, 3};
  const std::size_t offsets[] = {0, std::size(ids)};
  EncoderInput input;
  input.ids = ids;
  input.offsets = offsets;
  Workspace workspace;
  const auto cache = run_encoder<float>(model, input, {}, workspace);
  const MatrixView<const float> hidden = cache.last_hidden_state();
  return {hidden.data, hidden.data + hidden.rows * hidden.cols};
}

Model<float> load(const std::string& directory, FileAccess access) {
  return load_scoring_model(make_context(default_isa()), directory, {}, access);
}

/// Growth at the first time, when nothing is warm; then the time.
template <class Load>
void measure(benchmark::State& state, std::size_t parameters, const Load& load_once) {
  const double growth = static_cast<double>(peak_growth(load_once));
  for (auto _ : state) load_once();
  state.counters["peak_of_weights"] = growth / (4 * static_cast<double>(parameters));
}

void load_written(benchmark::State& state, const ModelSpec& spec, const WeightsOptions& storage, FileAccess access) {
  const TemporaryDirectory directory;
  std::size_t parameters = 0;
  {
    Model<float> written(make_context(default_isa()), spec);
    written.initialize(1);
    save_model(directory / "model", written, storage);
    parameters = written.table().size();
    written.values() = load_model(written.context(), directory / "model").values();  // rounded, in half precision
    written.pack(false);
    if (hidden_states(load(directory / "model", access)) != hidden_states(written))
      return state.SkipWithError("the loaded model is not the one that was written");
  }
  measure(state, parameters, [&] { load(directory / "model", access); });
}

void load_given(benchmark::State& state, const std::string& directory) {
  std::size_t parameters = 0;
  {
    const TextModel model = TextModel::load(directory);
    for (const ParameterInfo& info : model.model().table().entries()) parameters += info.count;
  }
  measure(state, parameters, [&] { TextModel::load(directory); });
}

void copy(benchmark::State& state) {
  const TemporaryDirectory directory;
  {
    const Model<float> written(make_context(default_isa()), all_mini_lm());
    save_model(directory / "model", written);
  }
  std::ifstream file(directory / "model/model.safetensors", std::ios::binary);
  file.rdbuf()->pubsetbuf(nullptr, 0);
  std::vector<char> bytes(std::filesystem::file_size(directory / "model/model.safetensors"));
  for (auto _ : state) {
    file.seekg(0);
    if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
      return state.SkipWithError("cannot read the file");
  }
}

void add(const std::string& name, std::function<void(benchmark::State&)> body) {
  benchmark::RegisterBenchmark(name.c_str(), [body = std::move(body)](benchmark::State& state) {
    body(state);
  })->Unit(benchmark::kMillisecond);
}

void add_all(const std::string& given) {
  for (const ModelSize& size : k_model_sizes)
    add(std::string("load/") + size.name + "/fp32",
        [&size](benchmark::State& state) { load_written(state, event_model(size), {}, FileAccess::read); });
  const std::pair<const char*, WeightsOptions> storages[] = {
      {"fp32", {}}, {"sharded", {.max_shard_bytes = 20'000'000}}, {"fp16", {.dtype = Dtype::f16}}};
  for (const auto& [name, storage] : storages)
    for (const FileAccess access : {FileAccess::read, FileAccess::map})
      add(std::string("load/all-MiniLM/") + name + (access == FileAccess::read ? "/read" : "/map"),
          [storage = storage, access](benchmark::State& state) {
            load_written(state, all_mini_lm(), storage, access);
          });
  add("load/copy/all-MiniLM/fp32", copy);
  if (!given.empty()) add("load/given", [given](benchmark::State& state) { load_given(state, given); });
}

}  // namespace
}  // namespace seqguard

int main(int argc, char** argv) {
  const char* given = std::getenv("SEQGUARD_BENCH_MODEL");
  seqguard::add_all(given == nullptr ? "" : given);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
