#include "sequence_scorer/fit_state.hpp"

#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

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
    if (sequence.key != 0) bytes += std::to_string(sequence.key) + " ";
    append_bytes(bytes, sequence.types);
    for (const auto& ids : sequence.ids) append_bytes(bytes, ids);
    for (const auto& values : sequence.values) append_bytes(bytes, values);
    for (const auto& missing : sequence.missing) append_bytes(bytes, missing);
    append_bytes(bytes, sequence.gaps);
    append_bytes(bytes, sequence.time_ms);
    digest = sha256(bytes);
  }
  return digest;
}

}  // namespace v0
}  // namespace seqguard
