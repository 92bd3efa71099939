#include "model/sharded_tensors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/strict_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
namespace {

using Json = nlohmann::json;

/// Letters, digits, '.', '_' and '-' only, and neither "." nor "..": the name of a file in this directory.
bool is_plain_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), allowed);
}

/// metadata.total_size: an integer, or a float that is one (some versions of transformers wrote 8.0).
std::optional<std::uint64_t> total_size_of(const Json& document, const std::string& path) {
  const auto metadata = document.find("metadata");
  if (metadata == document.end()) return std::nullopt;
  if (!metadata->is_object()) fail(ErrorCode::bad_checkpoint, path, "metadata", "an object", metadata->type_name());
  const auto size = metadata->find("total_size");
  if (size == metadata->end()) return std::nullopt;
  if (size->is_number_unsigned()) return size->get<std::uint64_t>();
  constexpr double k_largest_exact = 0x1p53;
  if (size->is_number_float())
    if (const double value = size->get<double>(); value >= 0 && value <= k_largest_exact && value == std::floor(value))
      return static_cast<std::uint64_t>(value);
  fail(ErrorCode::bad_checkpoint, path, "metadata.total_size", "a number of bytes", size->dump().substr(0, 100));
}

}  // namespace

ShardIndex parse_shard_index(std::string_view text, const std::string& path, const TensorLimits& limits) {
  if (text.size() > limits.max_header_bytes)
    fail(ErrorCode::bad_checkpoint, path, "index too large",
         "at most " + std::to_string(limits.max_header_bytes) + " bytes", std::to_string(text.size()));
  const Json document = parse_strict_json(text, path, ErrorCode::bad_checkpoint);
  if (!document.is_object()) fail(ErrorCode::bad_checkpoint, path, "index", "an object", document.type_name());
  ShardIndex index;
  index.total_size = total_size_of(document, path);
  const auto map = document.find("weight_map");
  if (map == document.end() || !map->is_object() || map->empty())
    fail(ErrorCode::bad_checkpoint, path, "weight_map", "an object of tensor and file names",
         map == document.end() ? "none"
         : map->is_object()    ? "an empty one"
                               : map->type_name());
  if (map->size() > limits.max_tensors)
    fail(ErrorCode::bad_checkpoint, path, "too many tensors", "at most " + std::to_string(limits.max_tensors),
         std::to_string(map->size()));
  for (const auto& [name, file] : map->items()) {
    const std::string where = path + ": tensor \"" + name.substr(0, 100) + "\"";
    if (!file.is_string()) fail(ErrorCode::bad_checkpoint, where, "file", "a string", file.type_name());
    const std::string& file_name = file.get_ref<const std::string&>();
    if (!is_plain_name(file_name))
      fail(ErrorCode::bad_checkpoint, where, "file", "the plain name of a file in this directory",
           "\"" + file_name.substr(0, 100) + "\"");
    index.file_of.emplace(name, file_name);
    index.files.push_back(file_name);
  }
  std::sort(index.files.begin(), index.files.end());
  index.files.erase(std::unique(index.files.begin(), index.files.end()), index.files.end());
  if (index.files.size() > limits.max_shards)
    fail(ErrorCode::bad_checkpoint, path, "too many shards", "at most " + std::to_string(limits.max_shards),
         std::to_string(index.files.size()));
  return index;
}

Descriptor open_inside(const std::string& directory, const std::string& name) {
  constexpr int k_flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const Descriptor folder(directory, O_RDONLY | O_DIRECTORY);
  if (folder.get() < 0) fail_errno(directory, "open");
  const std::string path = directory + "/" + name;
  int file = ::openat(folder.get(), name.c_str(), k_flags);
  if (file < 0 && errno == ELOOP) {
    char target[256];  // longer than any link of the Hub's cache; a longer one is cut and refused
    const ssize_t length = ::readlinkat(folder.get(), name.c_str(), target, sizeof target);
    const std::string_view text(target, length > 0 ? static_cast<std::size_t>(length) : 0);
    if (!is_hub_link(text))
      fail(ErrorCode::bad_checkpoint, path, "symbolic link", "a regular file, or a link to ../../blobs/HASH",
           "\"" + std::string(text) + "\"");
    file = ::openat(folder.get(), std::string(text).c_str(), k_flags);
  }
  if (file < 0) fail_errno(path, "open");
  return Descriptor(file);
}

ShardedTensors::ShardedTensors(std::string path, const ShardIndex& index,
                               std::vector<std::unique_ptr<TensorSource>> shards)
    : shards_(std::move(shards)) {
  path_ = std::move(path);
  std::uint64_t bytes = 0;
  for (std::size_t s = 0; s < shards_.size(); ++s) {
    for (const auto& [name, info] : shards_[s]->tensors()) {
      const auto listed = index.file_of.find(name);
      if (listed == index.file_of.end() || listed->second != index.files[s])
        fail(ErrorCode::bad_checkpoint, shards_[s]->path() + ": tensor \"" + name + "\"", "file by the index",
             index.files[s], listed == index.file_of.end() ? "none" : listed->second);
      TensorInfo& added = tensors_.emplace(name, info).first->second;
      added.place = places_.size();
      places_.push_back({shards_[s].get(), &info});
      bytes += info.bytes();
    }
  }
  for (const auto& [name, file] : index.file_of)
    if (!tensors_.contains(name)) fail(ErrorCode::bad_checkpoint, path_, "tensor \"" + name + "\" is not in " + file);
  if (index.total_size && *index.total_size != bytes)
    fail(ErrorCode::bad_checkpoint, path_, "metadata.total_size", std::to_string(bytes) + " bytes in the shards",
         std::to_string(*index.total_size));
}

void ShardedTensors::read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const {
  const Place& place = places_[info.place];
  read_next_of(*place.shard, *place.info, cursor, out);
}

const std::string& ShardedTensors::file_of(const TensorInfo& info) const { return places_[info.place].shard->path(); }

}  // namespace seqguard
