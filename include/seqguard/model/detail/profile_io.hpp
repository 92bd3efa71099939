// Fitted statistics as named flat arrays: profile.safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/safetensors.hpp"

namespace seqguard {
inline namespace v0 {

/// Collects arrays under names "SCOPE.NAME" and writes them as one safetensors file.
class ProfileWriter {
 public:
  /// Names of the following arrays begin with `scope` and a point.
  void scope(std::string_view scope) { scope_ = std::string(scope) + "."; }

  void write(std::string_view name, std::span<const std::uint64_t> values);
  void write(std::string_view name, std::span<const std::uint32_t> values);
  void write(std::string_view name, std::span<const float> values);
  void write(std::string_view name, std::span<const double> values);

  /// The bytes of the file.
  std::string serialize() const;

 private:
  struct Array {
    std::string name;
    Dtype dtype;
    std::size_t count;
    std::vector<std::byte> bytes;
  };
  void add(std::string_view name, Dtype dtype, std::size_t count, std::span<const std::byte> bytes);

  std::string scope_;
  std::vector<Array> arrays_;
};

/// Reads arrays of one scope. Every complaint is Error bad_checkpoint and names file and array.
class ProfileReader {
 public:
  /// Borrows `file`.
  ProfileReader(const SafetensorsFile& file, std::string_view scope) : file_(&file), scope_(std::string(scope) + ".") {}

  bool has(std::string_view name) const { return file_->tensors().contains(scope_ + std::string(name)); }
  std::vector<std::uint64_t> u64(std::string_view name) const;
  std::vector<std::uint32_t> u32(std::string_view name) const;
  std::vector<float> f32(std::string_view name) const;   ///< every value finite
  std::vector<double> f64(std::string_view name) const;  ///< every value finite

  /// Throws Error bad_checkpoint "FILE: SCOPE.NAME: what" unless `holds`.
  void require(bool holds, std::string_view name, std::string_view what) const;
  void require_size(std::string_view name, std::size_t found, std::size_t expected) const;
  void require_strictly_ascending(std::string_view name, std::span<const std::uint64_t> values) const;

 private:
  const SafetensorsFile* file_;
  std::string scope_;
};

}  // namespace v0
}  // namespace seqguard
