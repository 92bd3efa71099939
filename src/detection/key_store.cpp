#include "seqguard/detection/key_store.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_magic = "seqguard-keys 1\n";
constexpr std::size_t k_digest_bytes = 64;
constexpr std::size_t k_max_file_bytes = std::size_t{64} << 30;

void put_u64(std::string& bytes, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(number >> shift));
}

/// Takes the parts of a file one after another.
class FileParts {
 public:
  FileParts(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  std::string_view take(std::size_t size) {
    require(size <= bytes_.size() - at_, "ends too early");
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  std::uint64_t u64() {
    const std::string_view bytes = take(8);
    std::uint64_t number = 0;
    for (int i = 7; i >= 0; --i) number = number << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    return number;
  }
  std::size_t left() const noexcept { return bytes_.size() - at_; }
  void require(bool holds, std::string_view what) const {
    if (!holds) fail(ErrorCode::bad_checkpoint, path_, std::string(what) + ", byte " + std::to_string(at_));
  }

 private:
  std::string_view bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
};

}  // namespace

struct KeyStore::Shard {
  mutable std::shared_mutex mutex;
  std::unordered_map<std::uint64_t, std::string> profiles;
  std::size_t bytes = 0;

  /// Under the lock of a writer.
  void put(std::uint64_t key, std::string profile) {
    std::string& place = profiles[key];
    bytes += profile.size() - place.size();
    place = std::move(profile);
  }
};

KeyStore::KeyStore(std::size_t max_bytes) : max_bytes_(max_bytes), shards_(std::make_unique<Shard[]>(k_shards)) {}
KeyStore::~KeyStore() = default;
KeyStore::KeyStore(KeyStore&&) noexcept = default;
KeyStore& KeyStore::operator=(KeyStore&&) noexcept = default;

KeyStore::Shard& KeyStore::shard_of(std::uint64_t key) const noexcept { return shards_[mix64(key) % k_shards]; }

bool KeyStore::find(std::uint64_t key, KeyProfile& out, std::string& bytes) const {
  const Shard& shard = shard_of(key);
  {
    const std::shared_lock lock(shard.mutex);
    const auto found = shard.profiles.find(key);
    if (found == shard.profiles.end()) {
      out.clear();
      return false;
    }
    bytes = found->second;
  }
  out.read(bytes, "profile of a key");
  return true;
}

bool KeyStore::contains(std::uint64_t key) const {
  const Shard& shard = shard_of(key);
  const std::shared_lock lock(shard.mutex);
  return shard.profiles.contains(key);
}

void KeyStore::put(std::uint64_t key, const KeyProfile& profile) {
  std::string bytes = profile.to_bytes();
  Shard& shard = shard_of(key);
  const std::unique_lock lock(shard.mutex);
  shard.put(key, std::move(bytes));
}

void KeyStore::add(std::uint64_t key, TypeSequence sequence, const SequenceFeatures& features) {
  Shard& shard = shard_of(key);
  const std::unique_lock lock(shard.mutex);  // over all of it, so that two additions at once both count
  KeyProfile profile;
  if (const auto found = shard.profiles.find(key); found != shard.profiles.end())
    profile.read(found->second, "profile of a key");
  profile.add(sequence, features, max_bytes_);
  shard.put(key, profile.to_bytes());
}

bool KeyStore::forget(std::uint64_t key) {
  Shard& shard = shard_of(key);
  const std::unique_lock lock(shard.mutex);
  const auto found = shard.profiles.find(key);
  if (found == shard.profiles.end()) return false;
  shard.bytes -= found->second.size();
  shard.profiles.erase(found);
  return true;
}

std::size_t KeyStore::size() const noexcept {
  std::size_t keys = 0;
  for (std::size_t s = 0; s < k_shards; ++s) {
    const std::shared_lock lock(shards_[s].mutex);
    keys += shards_[s].profiles.size();
  }
  return keys;
}

std::size_t KeyStore::bytes() const noexcept {
  std::size_t bytes = 0;
  for (std::size_t s = 0; s < k_shards; ++s) {
    const std::shared_lock lock(shards_[s].mutex);
    bytes += shards_[s].bytes;
  }
  return bytes;
}

void KeyStore::for_each(FunctionRef<void(std::uint64_t, std::string_view)> function) const {
  std::vector<std::uint64_t> keys;
  for (std::size_t s = 0; s < k_shards; ++s) {
    const std::shared_lock lock(shards_[s].mutex);
    for (const auto& [key, profile] : shards_[s].profiles) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  std::string bytes;
  for (const std::uint64_t key : keys) {
    const Shard& shard = shard_of(key);
    {
      const std::shared_lock lock(shard.mutex);
      const auto found = shard.profiles.find(key);
      if (found == shard.profiles.end()) continue;
      bytes = found->second;
    }
    function(key, bytes);
  }
}

void KeyStore::save(const std::string& path, std::string_view model) const {
  write_file_atomically(path, serialize(model));
}

std::string KeyStore::serialize(std::string_view model) const {
  std::string index, profiles;
  std::uint64_t keys = 0;
  for_each([&](std::uint64_t key, std::string_view profile) {
    put_u64(index, key);
    put_u64(index, profile.size());
    profiles += profile;
    ++keys;
  });
  std::string bytes(k_magic);
  bytes += sha256(model);
  put_u64(bytes, max_bytes_);
  put_u64(bytes, keys);
  bytes += index;
  bytes += profiles;
  bytes += sha256(bytes);
  return bytes;
}

KeyStore KeyStore::load(const std::string& path, std::string_view model) {
  const std::string bytes = read_file(path, k_max_file_bytes);
  FileParts parts(bytes, path);
  parts.require(parts.take(std::min(bytes.size(), k_magic.size())) == k_magic,
                "not a file of profiles of this version");
  parts.require(parts.left() >= 2 * k_digest_bytes + 16, "ends too early");
  const std::string_view all = bytes;
  if (sha256(all.substr(0, all.size() - k_digest_bytes)) != all.substr(all.size() - k_digest_bytes))
    fail(ErrorCode::bad_checkpoint, path, "damaged: its bytes do not have the SHA-256 at its end");
  if (parts.take(k_digest_bytes) != sha256(model))
    fail(ErrorCode::bad_checkpoint, path, "profiles of another model: its event_schema.json is another one");
  KeyStore store(parts.u64());
  const std::uint64_t keys = parts.u64();
  parts.require(keys <= (parts.left() - k_digest_bytes) / 16, "more keys than bytes");
  std::vector<std::pair<std::uint64_t, std::uint64_t>> index(keys);
  for (auto& [key, size] : index) {
    key = parts.u64();
    size = parts.u64();
  }
  KeyProfile checked;
  for (const auto& [key, size] : index) {
    parts.require(size + k_digest_bytes <= parts.left(), "a profile behind the end");
    const std::string_view profile = parts.take(size);
    checked.read(profile, path);  // a look-up may rely on it
    store.shard_of(key).put(key, std::string(profile));
  }
  parts.require(parts.left() == k_digest_bytes, "bytes behind the last profile");
  return store;
}

}  // namespace v0
}  // namespace seqguard
