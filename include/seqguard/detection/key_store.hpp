// The profiles of all keys of a model: looked up at every score, added to, and forgotten, without learning anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "seqguard/core/function_ref.hpp"
#include "seqguard/detection/key_profile.hpp"

namespace seqguard {
inline namespace v0 {

/// Profiles by key_number() (events/encode.hpp). Thread-safe: any number of threads may look up, add and forget at
/// once. A look-up holds one of k_shards reader locks for as long as it takes to copy at most max_bytes().
class KeyStore {
 public:
  /// `max_bytes`: of a profile (KeyProfile::add()).
  explicit KeyStore(std::size_t max_bytes = KeyProfile::k_default_bytes);
  ~KeyStore();
  KeyStore(KeyStore&&) noexcept;
  KeyStore& operator=(KeyStore&&) noexcept;

  /// The profile of a key; false: it has none, and `out` is empty. `bytes` is a buffer.
  /// Allocates nothing once both have held as much.
  bool find(std::uint64_t key, KeyProfile& out, std::string& bytes) const;
  bool contains(std::uint64_t key) const;
  /// Puts a profile in the place of that of the key, if it has one.
  void put(std::uint64_t key, const KeyProfile& profile);
  /// Adds a normal to the profile of a key, which may be new: all of it or, where memory is short, nothing.
  void add(std::uint64_t key, TypeSequence sequence, const SequenceFeatures& features);
  /// Forgets a key; whether it was there.
  bool forget(std::uint64_t key);

  std::size_t size() const noexcept;   ///< keys
  std::size_t bytes() const noexcept;  ///< of their profiles
  std::size_t max_bytes() const noexcept { return max_bytes_; }
  /// All keys with their profiles, ascending. What is added in the meantime may be missing.
  void for_each(FunctionRef<void(std::uint64_t key, std::string_view profile)> function) const;

  /// Writes one file, complete or not at all: "seqguard-keys", version, `model`, keys ascending, profiles, SHA-256.
  /// `model` tells the model to which the profiles belong. @throws Error io_error.
  void save(const std::string& path, std::string_view model) const;
  std::string serialize(std::string_view model) const;  ///< the bytes of that file
  /// @throws Error file_not_found, io_error; bad_checkpoint: damaged, or of another model than `model`.
  static KeyStore load(const std::string& path, std::string_view model);

 private:
  struct Shard;
  static constexpr std::size_t k_shards = 64;
  Shard& shard_of(std::uint64_t key) const noexcept;

  std::size_t max_bytes_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace v0
}  // namespace seqguard
