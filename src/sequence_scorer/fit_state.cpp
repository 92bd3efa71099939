#include "sequence_scorer/fit_state.hpp"

#include <span>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/safetensors.hpp"

namespace seqguard {
namespace {

template <class T>
TensorToWrite tensor(std::string name, Dtype dtype, const std::vector<T>& values) {
  return {std::move(name), dtype, {values.size()}, std::as_bytes(std::span<const T>(values))};
}

template <class T>
void append_bytes(std::string& out, const std::vector<T>& values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

}  // namespace

std::string data_fingerprint(const EncodedData& data) {
  // A chain of digests, one for each sequence, rather than one of a copy of all data.
  std::string digest, bytes;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const EncodedEvents& sequence = data[i];
    bytes = digest + " " + std::to_string(sequence.n) + " ";
    append_bytes(bytes, sequence.types);
    for (const auto& ids : sequence.ids) append_bytes(bytes, ids);
    for (const auto& values : sequence.values) append_bytes(bytes, values);
    for (const auto& missing : sequence.missing) append_bytes(bytes, missing);
    append_bytes(bytes, sequence.gaps);
    digest = sha256(bytes);
  }
  return digest;
}

void save_fit_state(const FitState& state, const std::string& path) {
  const TrainerState& t = state.trainer;
  const std::vector<std::uint64_t> counters = {
      state.job, state.has_trainer ? 1u : 0u, t.optimizer.step,   t.step, t.epoch,
      t.crop,    t.validations_since,         t.stopped ? 1u : 0u};
  const std::vector<double> best_loss = {t.best_loss};
  const std::vector<TensorToWrite> tensors = {tensor("counters", Dtype::u64, counters),
                                              tensor("best_loss", Dtype::f64, best_loss),
                                              tensor("next", Dtype::f64, state.next),
                                              tensor("event_next", Dtype::f64, state.event_next),
                                              tensor("event_masked", Dtype::f64, state.event_masked),
                                              tensor("values", Dtype::f32, t.values),
                                              tensor("best_values", Dtype::f32, t.best_values),
                                              tensor("optimizer.m", Dtype::f32, t.optimizer.m),
                                              tensor("optimizer.v", Dtype::f32, t.optimizer.v)};
  write_file_atomically(path, serialize_safetensors(tensors, {{"fingerprint", state.fingerprint}}));
}

FitState load_fit_state(const std::string& path, const std::string& fingerprint) {
  const SafetensorsFile file(path);
  FitState state;
  const auto found = file.metadata().find("fingerprint");
  state.fingerprint = found == file.metadata().end() ? "none" : found->second;
  if (state.fingerprint != fingerprint)
    fail(ErrorCode::bad_checkpoint, path,
         "belongs to other data, options, instruction set or matrix backend; remove it or repeat the first call",
         fingerprint.substr(0, 12), state.fingerprint.substr(0, 12));
  const auto counters = file.read_vector<std::uint64_t>("counters", Dtype::u64);
  if (counters.size() != 8)
    fail(ErrorCode::bad_checkpoint, path, "counters", "8 values", std::to_string(counters.size()));
  TrainerState& t = state.trainer;
  state.job = counters[0];
  state.has_trainer = counters[1] != 0;
  t.optimizer.step = counters[2];
  t.step = counters[3];
  t.epoch = counters[4];
  t.crop = counters[5];
  t.validations_since = counters[6];
  t.stopped = counters[7] != 0;
  const auto best_loss = file.read_vector<double>("best_loss", Dtype::f64);
  t.best_loss = best_loss.empty() ? 0 : best_loss[0];
  state.next = file.read_vector<double>("next", Dtype::f64);
  state.event_next = file.read_vector<double>("event_next", Dtype::f64);
  state.event_masked = file.read_vector<double>("event_masked", Dtype::f64);
  t.values = file.read_vector<float>("values", Dtype::f32);
  t.best_values = file.read_vector<float>("best_values", Dtype::f32);
  t.optimizer.m = file.read_vector<float>("optimizer.m", Dtype::f32);
  t.optimizer.v = file.read_vector<float>("optimizer.v", Dtype::f32);
  return state;
}

}  // namespace seqguard
