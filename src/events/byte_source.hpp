// Bytes of an input one after another, as they are or unpacked: gzip and zstd are known by their first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "seqguard/events/row_source.hpp"

namespace seqguard {
inline namespace v0 {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `most` bytes into `into`; 0 only at the end. @throws Error io_error; bad_format: a damaged archive.
  virtual std::size_t read(char* into, std::size_t most) = 0;
  /// Of a file: bytes that were read so far, and its size (0: not known).
  virtual std::uint64_t bytes_read() const noexcept { return 0; }
  virtual std::uint64_t bytes_in_all() const noexcept { return 0; }
};

/// A file, or standard input for "-". @throws Error file_not_found, io_error.
std::unique_ptr<ByteSource> open_bytes(const std::string& path);
/// From memory, which must outlive the source.
std::unique_ptr<ByteSource> open_bytes_from_text(std::string_view text);

/// How much an archive may grow, so that a small file cannot keep a reader busy for days.
struct UnpackLimits {
  std::uint64_t ratio = 250;  ///< bytes out for a byte in, once 64 MiB are out
  std::uint64_t bytes = std::uint64_t{1} << 40;
};

struct UnpackedBytes {
  std::unique_ptr<ByteSource> bytes;
  Compression compression = Compression::none;
};

/// What the bytes hold: of an archive (several in a row are one) what was packed, else themselves. What is no text that
/// a reader here knows - Parquet, other archives, UTF-16, Latin-1 - is refused by its name, with the command that makes
/// it readable; `name` stands for the file. @throws Error bad_format, unsupported, io_error.
UnpackedBytes unpack(std::unique_ptr<ByteSource> bytes, const std::string& name, const UnpackLimits& limits);

/// `text` as one archive, at the usual level of its program; as it is for `none`.
std::string pack(std::string_view text, Compression compression);

}  // namespace v0
}  // namespace seqguard
