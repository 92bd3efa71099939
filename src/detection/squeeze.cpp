#include "seqguard/detection/detail/squeeze.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// One compressor with fixed memory.
class Stream {
 public:
  Stream(int window_bits, int memory_level) {
    if (deflateInit2(&stream_, k_level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
      fail(ErrorCode::unsupported, "squeeze", "zlib cannot be initialised");
    }
  }
  ~Stream() { deflateEnd(&stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  std::size_t compressed_size(std::span<const std::uint8_t> bytes) {
    deflateReset(&stream_);
    std::uint8_t sink[512];
    std::size_t size = 0;
    int status = Z_OK;
    while (status != Z_STREAM_END) {
      if (stream_.avail_in == 0 && !bytes.empty()) {
        const std::size_t part = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
        stream_.next_in = const_cast<Bytef*>(bytes.data());
        stream_.avail_in = static_cast<uInt>(part);
        bytes = bytes.subspan(part);
      }
      stream_.next_out = sink;
      stream_.avail_out = sizeof(sink);
      status = deflate(&stream_, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
      size += sizeof(sink) - stream_.avail_out;
    }
    return size;
  }

 private:
  static constexpr int k_level = 6;
  z_stream stream_{};
};

}  // namespace

/// deflateReset clears the hash table: 64 KB at zlib's default memory, which takes longer than compressing a short
/// sequence. Up to k_short bytes a small window and table find the very same matches: everything is within reach, and
/// no chain of candidates is cut off (level 6 follows 128 of them).
struct Deflater::Streams {
  static constexpr std::size_t k_short = 128;
  Stream small{10, 4};
  Stream large{15, 8};
};

Deflater::Deflater() : streams_(std::make_unique<Streams>()) {}
Deflater::~Deflater() = default;
Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;

std::size_t Deflater::compressed_size(std::span<const std::uint8_t> bytes) {
  Stream& stream = bytes.size() <= Streams::k_short ? streams_->small : streams_->large;
  return stream.compressed_size(bytes);
}

}  // namespace v0
}  // namespace seqguard
