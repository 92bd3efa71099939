#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/read_all.hpp"
#include "model/sharded_tensors.hpp"
#include "seqguard/model/safetensors.hpp"

void seqguard::fuzz_shard_index(std::string_view input) {
  // Two shards that an index can describe: {"a": FIRST, "b": SECOND}.
  static const float values[] = {1, 2, 3};
  static const auto shard = [](const char* name) {
    const TensorToWrite tensor{name, Dtype::f32, {3}, std::as_bytes(std::span(values))};
    return serialize_safetensors(std::span(&tensor, 1));
  };
  static const std::string first = shard("a"), second = shard("b");
  const ShardIndex index = parse_shard_index(input, "fuzz.index.json", {});
  std::vector<std::unique_ptr<TensorSource>> shards;
  for (const std::string& name : index.files) {
    keep(name.find('/') == std::string::npos && name != "..", "shards are files of the directory");
    shards.push_back(std::make_unique<SafetensorsFile>(bytes_of(shards.empty() ? first : second), name));
  }
  read_all(ShardedTensors("fuzz.index.json", index, std::move(shards)), sizeof values * 2);
}
