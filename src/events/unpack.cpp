// The one place that meets zlib's and libzstd's streams.
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "events/byte_source.hpp"
#include "events/foreign_form.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_chunk = std::size_t{1} << 16;

/// A source of which the first bytes were read already.
class ResumedBytes final : public ByteSource {
 public:
  ResumedBytes(std::string head, std::unique_ptr<ByteSource> rest) : head_(std::move(head)), rest_(std::move(rest)) {}
  std::size_t read(char* into, std::size_t most) override {
    if (at_ == head_.size()) return rest_->read(into, most);
    const std::size_t count = std::min(most, head_.size() - at_);
    std::copy_n(head_.data() + at_, count, into);
    at_ += count;
    return count;
  }

 private:
  std::string head_;
  std::size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

std::string read_head(ByteSource& bytes) {
  std::string head(k_chunk, '\0');
  std::size_t size = 0;
  for (std::size_t count; size < k_chunk && (count = bytes.read(head.data() + size, k_chunk - size)) > 0;)
    size += count;
  head.resize(size);
  return head;
}

/// The bytes of an archive, and the count of what went in and out.
class Archive {
 public:
  Archive(std::unique_ptr<ByteSource> bytes, std::string name, const UnpackLimits& limits)
      : bytes_(std::move(bytes)), name_(std::move(name)), limits_(limits), buffer_(k_chunk) {}

  /// Bytes of the archive that were not taken yet; empty at its end.
  std::string_view rest() {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = bytes_->read(buffer_.data(), buffer_.size());
    }
    return {buffer_.data() + begin_, end_ - begin_};
  }
  void take(std::size_t count) {
    begin_ += count;
    in_ += count;
  }
  /// Counts what came out. @throws Error bad_format beyond the limits.
  std::size_t put(std::size_t count) {
    constexpr std::uint64_t k_always = std::uint64_t{64} << 20;
    out_ += count;
    if (out_ > limits_.bytes || (out_ > k_always && out_ / limits_.ratio > in_))
      fail(ErrorCode::bad_format, where(),
           "the archive unpacks to far more than its size; if it is to be trusted, unpack it outside and read the "
           "result",
           "at most " + std::to_string(limits_.ratio) + " bytes for each of its own, and " +
               std::to_string(limits_.bytes) + " in all",
           std::to_string(out_));
    return count;
  }
  [[noreturn]] void fail_here(const std::string& what) const { fail(ErrorCode::bad_format, where(), what); }

 private:
  std::string where() const { return name_ + ": byte " + std::to_string(in_) + " of the archive"; }

  std::unique_ptr<ByteSource> bytes_;
  std::string name_;
  UnpackLimits limits_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t in_ = 0, out_ = 0;
};

constexpr int k_gzip_form = 15 + 16;  // the largest window; 16: gzip's header and trailer

class GzipBytes final : public ByteSource {
 public:
  explicit GzipBytes(Archive archive) : archive_(std::move(archive)) {
    if (inflateInit2(&stream_, k_gzip_form) != Z_OK) archive_.fail_here("no memory to unpack gzip");
  }
  ~GzipBytes() override { inflateEnd(&stream_); }
  GzipBytes(const GzipBytes&) = delete;
  GzipBytes& operator=(const GzipBytes&) = delete;

  std::size_t read(char* into, std::size_t most) override {
    while (true) {
      const std::string_view rest = archive_.rest();
      if (rest.empty()) {
        if (!at_boundary_) archive_.fail_here("the gzip archive ends in the middle of its data: it was cut off");
        return 0;
      }
      if (at_boundary_ && is_behind_one_) {  // tapes and disks fill up with zeros, which gzip passes over
        const std::size_t zeros = std::min(rest.find_first_not_of('\0'), rest.size());
        archive_.take(zeros);
        if (zeros > 0) continue;
      }
      at_boundary_ = false;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
      stream_.avail_in = static_cast<uInt>(rest.size());
      stream_.next_out = reinterpret_cast<Bytef*>(into);
      stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(most, k_chunk));
      const uInt room = stream_.avail_out;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      archive_.take(rest.size() - stream_.avail_in);
      if (result == Z_STREAM_END) {
        at_boundary_ = is_behind_one_ = true;  // another archive may follow: gzip reads both as one
        inflateReset(&stream_);
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        archive_.fail_here(std::string("the gzip archive is damaged: ") +
                           (stream_.msg != nullptr ? stream_.msg : "no memory"));
      }
      if (const std::size_t count = room - stream_.avail_out; count > 0) return archive_.put(count);
    }
  }

 private:
  Archive archive_;
  z_stream stream_ = {};
  bool at_boundary_ = true, is_behind_one_ = false;
};

class ZstdBytes final : public ByteSource {
 public:
  explicit ZstdBytes(Archive archive) : archive_(std::move(archive)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) archive_.fail_here("no memory to unpack zstd");
  }
  ~ZstdBytes() override { ZSTD_freeDStream(stream_); }
  ZstdBytes(const ZstdBytes&) = delete;
  ZstdBytes& operator=(const ZstdBytes&) = delete;

  std::size_t read(char* into, std::size_t most) override {
    while (true) {
      ZSTD_outBuffer out{into, most, 0};
      const std::string_view rest = archive_.rest();
      if (rest.empty() && at_boundary_) return 0;
      ZSTD_inBuffer in{rest.data(), rest.size(), 0};
      const std::size_t result = ZSTD_decompressStream(stream_, &out, &in);
      archive_.take(in.pos);
      if (ZSTD_isError(result)) refuse(result);
      at_boundary_ = result == 0;
      if (out.pos > 0) return archive_.put(out.pos);
      if (rest.empty()) archive_.fail_here("the zstd archive ends in the middle of its data: it was cut off");
    }
  }

 private:
  [[noreturn]] void refuse(std::size_t result) const {
    // Without a limit an archive of a few bytes could ask for gigabytes.
    if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
      archive_.fail_here(
          "the zstd archive needs more than 128 MiB to unpack; it was packed with --long or --ultra, and "
          "`zstd -dc --memory=2048MB` unpacks it");
    archive_.fail_here(std::string("the zstd archive is damaged: ") + ZSTD_getErrorName(result));
  }

  Archive archive_;
  ZSTD_DStream* stream_;
  bool at_boundary_ = true;
};

std::string gzip(std::string_view text) {
  z_stream stream = {};
  constexpr int k_memory = 8;  // zlib's default
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, k_gzip_form, k_memory, Z_DEFAULT_STRATEGY) != Z_OK)
    fail(ErrorCode::io_error, "gzip", "no memory to pack");
  std::string result;
  int status = Z_OK;
  while (status == Z_OK) {
    constexpr std::size_t k_most = std::size_t{1} << 30;  // the counts of a stream have 32 bits
    const std::string_view part = text.substr(0, k_most);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    const std::size_t size = result.size();
    result.resize(size + k_chunk);
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + size);
    stream.avail_out = k_chunk;
    status = deflate(&stream, part.size() == text.size() ? Z_FINISH : Z_NO_FLUSH);
    result.resize(result.size() - stream.avail_out);
    text.remove_prefix(part.size() - stream.avail_in);
  }
  deflateEnd(&stream);
  return result;
}

std::string zstd(std::string_view text) {
  std::string result(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(result.data(), result.size(), text.data(), text.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size)) fail(ErrorCode::io_error, "zstd", ZSTD_getErrorName(size));
  result.resize(size);
  return result;
}

Compression compression_of(std::string_view head) {
  if (head.starts_with("\x1F\x8B")) return Compression::gzip;
  // A frame that is passed over, as pzstd puts in front: 50 .. 5F 2A 4D 18.
  const bool is_skippable =
      head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xF0) == 0x50 && head.substr(1, 3) == "\x2A\x4D\x18";
  return is_skippable || head.starts_with("\x28\xB5\x2F\xFD") ? Compression::zstd : Compression::none;
}

}  // namespace

UnpackedBytes unpack(std::unique_ptr<ByteSource> bytes, const std::string& name, const UnpackLimits& limits) {
  std::string head = read_head(*bytes);
  const Compression compression = compression_of(head);
  bytes = std::make_unique<ResumedBytes>(std::move(head), std::move(bytes));
  if (compression == Compression::gzip) bytes = std::make_unique<GzipBytes>(Archive(std::move(bytes), name, limits));
  if (compression == Compression::zstd) bytes = std::make_unique<ZstdBytes>(Archive(std::move(bytes), name, limits));
  head = read_head(*bytes);
  refuse_foreign_form(head, name);
  return {std::make_unique<ResumedBytes>(std::move(head), std::move(bytes)), compression};
}

std::string pack(std::string_view text, Compression compression) {
  switch (compression) {
    case Compression::none:
      break;
    case Compression::gzip:
      return gzip(text);
    case Compression::zstd:
      return zstd(text);
  }
  return std::string(text);
}

}  // namespace v0
}  // namespace seqguard
