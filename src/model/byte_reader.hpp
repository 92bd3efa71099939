// Little-endian fields one after another, as zip and pickle have them; private to the library.
#pragma once

#include <bit>
#include <cstring>
#include <string>
#include <string_view>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

static_assert(std::endian::native == std::endian::little, "files of weights are little-endian and read as they are");

/// Reads from borrowed bytes and never beyond them. `where` is for messages.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  std::size_t position() const noexcept { return position_; }
  std::size_t left() const noexcept { return bytes_.size() - position_; }

  /// @throws Error bad_checkpoint if fewer than `count` bytes are left.
  std::string_view take(std::size_t count) {
    if (count > left())
      fail(ErrorCode::bad_checkpoint, where_, "ends early at byte " + std::to_string(position_),
           std::to_string(count) + " more bytes", std::to_string(left()));
    const std::string_view part = bytes_.substr(position_, count);
    position_ += count;
    return part;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  /// Up to the next line feed, which is skipped.
  std::string_view line() {
    const std::size_t end = bytes_.find('\n', position_);
    const std::string_view text = take(end == std::string_view::npos ? left() + 1 : end - position_);
    ++position_;
    return text;
  }

 private:
  std::string_view bytes_;
  const std::string& where_;
  std::size_t position_ = 0;
};

}  // namespace v0
}  // namespace seqguard
