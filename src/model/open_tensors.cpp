#include <string>
#include <utility>
#include <vector>

#include "model/sharded_tensors.hpp"
#include "model/weights_file.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/safetensors.hpp"

namespace seqguard {
namespace {

std::unique_ptr<TensorSource> open_shards(const std::string& directory, const std::string& index_name,
                                          FileAccess access, const TensorLimits& limits) {
  const std::string path = directory + "/" + index_name;
  const ShardIndex index = parse_shard_index(read_file(path, limits.max_header_bytes), path, limits);
  std::vector<std::unique_ptr<TensorSource>> shards;
  for (const std::string& name : index.files) {
    Descriptor file = open_inside(directory, name);
    shards.push_back(std::make_unique<SafetensorsFile>(WeightsFile(file, directory + "/" + name, access), limits));
  }
  return std::make_unique<ShardedTensors>(path, index, std::move(shards));
}

}  // namespace

std::unique_ptr<TensorSource> open_tensors(const std::string& directory, FileAccess access,
                                           const TensorLimits& limits) {
  const std::string single = directory + "/model.safetensors", index = "model.safetensors.index.json";
  if (file_exists(single)) return std::make_unique<SafetensorsFile>(single, access, limits);
  if (file_exists(directory + "/" + index)) return open_shards(directory, index, access, limits);
  for (const char* name : {"/pytorch_model.bin", "/pytorch_model.bin.index.json"})
    if (file_exists(directory + name))
      fail(ErrorCode::unsupported_model, directory + name, "not supported: save the model as model.safetensors first");
  return std::make_unique<SafetensorsFile>(single, access, limits);  // whose error says what is missing
}

}  // namespace seqguard
