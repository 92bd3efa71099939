#include "model/weights_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

WeightsFile::WeightsFile(const std::string& path, FileAccess access) : path_(path) {
  FileToRead file(path_);
  take(file, access);
}

WeightsFile::WeightsFile(Descriptor& file, std::string path, FileAccess access) : path_(std::move(path)) {
  take(file, access);
}

WeightsFile::WeightsFile(std::span<const std::byte> bytes, std::string name)
    : path_(std::move(name)), size_(bytes.size()), bytes_(bytes.data()) {}

WeightsFile::~WeightsFile() {
  if (mapped_) ::munmap(const_cast<std::byte*>(bytes_), size_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

WeightsFile::WeightsFile(WeightsFile&& other) noexcept
    : path_(std::move(other.path_)),
      size_(other.size_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(std::exchange(other.bytes_, nullptr)),
      mapped_(std::exchange(other.mapped_, false)) {}

void WeightsFile::take(Descriptor& file, FileAccess access) {
  size_ = regular_file_size(file, path_);
  char beginning[64];
  const std::size_t got = read_at(file.get(), path_, 0, std::as_writable_bytes(std::span(beginning)));
  refuse_lfs_pointer(path_, {beginning, got});
  if (access == FileAccess::map && size_ > 0) {  // no mapping is empty
    void* const start = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (start == MAP_FAILED) fail_errno(path_, "map");
    bytes_ = static_cast<const std::byte*>(start);
    mapped_ = true;
  }
  descriptor_ = file.release();
}

void WeightsFile::release(std::size_t offset, std::size_t bytes) const {
  constexpr std::size_t k_page = 4096;  // with larger ones the call fails, and they stay
  const std::size_t begin = offset / k_page * k_page, end = (offset + bytes) / k_page * k_page;
  if (begin < end) ::madvise(const_cast<std::byte*>(bytes_) + begin, end - begin, MADV_DONTNEED);
}

void WeightsFile::read(std::size_t offset, std::span<std::byte> out) const {
  std::size_t got = 0;
  if (bytes_ != nullptr) {
    got = std::min(out.size(), size_ - std::min(offset, size_));
    std::copy_n(bytes_ + offset, got, out.data());
    if (mapped_) release(offset, got);
  } else if (descriptor_ >= 0) {
    got = read_at(descriptor_, path_, offset, out);
  }
  if (got != out.size())
    fail(ErrorCode::bad_checkpoint, path_, "file ends early", std::to_string(offset + out.size()) + " bytes",
         std::to_string(offset + got));
}

}  // namespace v0
}  // namespace seqguard
