#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/checkpoint_directory.hpp"
#include "model/sharded_tensors.hpp"
#include "model/torch_file.hpp"
#include "model/weights_file.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/safetensors.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

template <class File>
std::unique_ptr<TensorSource> open_shards(const std::string& directory, const std::string& index_path,
                                          FileAccess access, const TensorLimits& limits) {
  ShardIndex index = parse_shard_index(read_file(index_path, limits.max_header_bytes), index_path, limits);
  if (std::is_same_v<File, TorchFile>) index.total_size.reset();
  std::vector<std::unique_ptr<TensorSource>> shards;
  for (const std::string& name : index.files) {
    Descriptor file = open_inside(directory, name);
    shards.push_back(std::make_unique<File>(WeightsFile(file, directory + "/" + name, access), limits));
  }
  return std::make_unique<ShardedTensors>(index_path, index, std::move(shards));
}

}  // namespace

std::unique_ptr<TensorSource> open_tensors(const std::string& directory, FileAccess access,
                                           const TensorLimits& limits) {
  const std::string safe = directory + "/model.safetensors", torch = directory + "/pytorch_model.bin";
  if (file_exists(safe)) return std::make_unique<SafetensorsFile>(safe, access, limits);
  if (const std::string index = safe + ".index.json"; file_exists(index))
    return open_shards<SafetensorsFile>(directory, index, access, limits);
  if (file_exists(torch)) return std::make_unique<TorchFile>(torch, access, limits);
  if (const std::string index = torch + ".index.json"; file_exists(index))
    return open_shards<TorchFile>(directory, index, access, limits);
  fail_without_weights(directory);
}

}  // namespace v0
}  // namespace seqguard
