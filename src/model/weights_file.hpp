// The bytes of a file of weights, read at any place; private to the library.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/descriptor.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

/// A regular file, or memory that stands for one. Movable; reading is const and thread-safe.
class WeightsFile {
 public:
  /// @throws Error file_not_found, io_error; bad_format: a pointer of Git LFS.
  WeightsFile(const std::string& path, FileAccess access);
  /// Takes an open file. @throws Error io_error if it is not a regular one; bad_format likewise.
  WeightsFile(Descriptor& file, std::string path, FileAccess access);
  /// Borrows bytes; `name` is for messages.
  WeightsFile(std::span<const std::byte> bytes, std::string name);
  ~WeightsFile();
  WeightsFile(WeightsFile&& other) noexcept;
  WeightsFile& operator=(WeightsFile&&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::size_t size() const noexcept { return size_; }
  /// The whole, where it is mapped or borrowed; else nothing.
  std::span<const std::byte> bytes() const noexcept { return {bytes_, bytes_ != nullptr ? size_ : 0}; }
  /// Fills `out` from `offset` on. @throws Error io_error; bad_checkpoint if the file ends early.
  void read(std::size_t offset, std::span<std::byte> out) const;

 private:
  void take(Descriptor& file, FileAccess access);
  /// Gives up mapped pages that were read, so that a model and its file are not in memory both. They come back when
  /// they are read again.
  void release(std::size_t offset, std::size_t bytes) const;

  std::string path_;
  std::size_t size_ = 0;
  int descriptor_ = -1;               // none for memory
  const std::byte* bytes_ = nullptr;  // mapped or borrowed; none where the file is read
  bool mapped_ = false;
};

}  // namespace v0
}  // namespace seqguard
