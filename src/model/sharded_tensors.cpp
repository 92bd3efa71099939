#include "model/sharded_tensors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

#include "core/json_tree.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

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
std::optional<std::uint64_t> total_size_of(const JsonValue& document) {
  const auto metadata = document.member("metadata");
  const auto size = metadata ? metadata->member("total_size") : std::nullopt;
  if (!size) return std::nullopt;
  const double value = size->is_number() ? size->number() : -1;
  if (!(value >= 0 && value == std::floor(value))) size->refuse("a number of bytes");
  if (size->is(JsonValue::Kind::integer)) return size->natural();
  constexpr double k_largest_exact = 0x1p53;
  if (value > k_largest_exact) size->refuse("a number of bytes");
  return static_cast<std::uint64_t>(value);
}

}  // namespace

ShardIndex parse_shard_index(std::string_view text, const std::string& path, const TensorLimits& limits) {
  if (text.size() > limits.max_header_bytes)
    fail(ErrorCode::bad_checkpoint, path, "index too large",
         "at most " + std::to_string(limits.max_header_bytes) + " bytes", std::to_string(text.size()));
  const JsonTree tree(text, path, ErrorCode::bad_checkpoint);
  ShardIndex index;
  index.total_size = total_size_of(tree.root());
  const JsonValue map = tree.root().at("weight_map").demand(JsonValue::Kind::object);
  if (map.size() == 0) map.refuse("an object of tensor and file names");
  if (map.size() > limits.max_tensors)
    fail(ErrorCode::bad_checkpoint, path, "too many tensors", "at most " + std::to_string(limits.max_tensors),
         std::to_string(map.size()));
  map.for_each([&](JsonValue file) {
    if (!is_plain_name(file.text())) file.refuse("the plain name of a file in this directory");
    index.file_of.emplace(file.key(), file.text());
    index.files.emplace_back(file.text());
  });
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
    notes_.push_back(path_ + ": metadata.total_size is " + std::to_string(*index.total_size) +
                     ", but the shards hold " + std::to_string(bytes) + " bytes, all of which are read");
}

void ShardedTensors::read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const {
  const Place& place = places_[info.place];
  read_next_of(*place.shard, *place.info, cursor, out);
}

const std::string& ShardedTensors::file_of(const TensorInfo& info) const { return places_[info.place].shard->path(); }

}  // namespace v0
}  // namespace seqguard
