// Weights in several files with an index (model.safetensors.index.json); private to the library.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/descriptor.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

/// What an index says: {"metadata": {"total_size": bytes}, "weight_map": {tensor: file}}.
struct ShardIndex {
  std::optional<std::uint64_t> total_size;
  std::map<std::string, std::string, std::less<>> file_of;  ///< by tensor; plain file names of the directory
  std::vector<std::string> files;                           ///< each once, in order
};

/// `path` is for messages. @throws Error bad_checkpoint.
ShardIndex parse_shard_index(std::string_view text, const std::string& path, const TensorLimits& limits);

/// Opens a file of the directory for reading without leaving it: a symbolic link is followed only into the blobs of the
/// Hub's cache. @throws Error file_not_found, io_error; bad_checkpoint for any other link.
Descriptor open_inside(const std::string& directory, const std::string& name);

/// The tensors of all shards under one roof.
class ShardedTensors : public TensorSource {
 public:
  /// `shards` are in the order of index.files. @throws Error bad_checkpoint if index and shards do not agree.
  ShardedTensors(std::string path, const ShardIndex& index, std::vector<std::unique_ptr<TensorSource>> shards);

 private:
  struct Place {
    const TensorSource* shard;
    const TensorInfo* info;  // there
  };
  void read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const override;
  const std::string& file_of(const TensorInfo& info) const override;

  std::vector<std::unique_ptr<TensorSource>> shards_;
  std::vector<Place> places_;  // by TensorInfo::place
};

}  // namespace v0
}  // namespace seqguard
