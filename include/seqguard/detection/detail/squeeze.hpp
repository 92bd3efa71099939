// Repetitiveness: how far zlib shrinks a sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace seqguard {
inline namespace v0 {

/// Size of zlib.compress(bytes, level 6) without keeping the output. Owns two compressors and resets them between
/// calls: no allocation after construction. One per thread.
class Deflater {
 public:
  Deflater();
  ~Deflater();
  Deflater(Deflater&&) noexcept;
  Deflater& operator=(Deflater&&) noexcept;

  std::size_t compressed_size(std::span<const std::uint8_t> bytes);

 private:
  struct Streams;
  std::unique_ptr<Streams> streams_;
};

}  // namespace v0
}  // namespace seqguard
