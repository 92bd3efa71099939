#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::file_not_found:
      return "file_not_found";
    case ErrorCode::io_error:
      return "io_error";
    case ErrorCode::bad_format:
      return "bad_format";
    case ErrorCode::bad_checkpoint:
      return "bad_checkpoint";
    case ErrorCode::unsupported_model:
      return "unsupported_model";
    case ErrorCode::unsupported_isa:
      return "unsupported_isa";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::bad_event:
      return "bad_event";
    case ErrorCode::out_of_range:
      return "out_of_range";
    case ErrorCode::non_finite:
      return "non_finite";
    case ErrorCode::cancelled:
      return "cancelled";
  }
  return "unknown";
}

namespace {

/// Names and values of files stand in messages, and messages on terminals: control characters (C0, DEL, C1) would be
/// obeyed there.
void remove_controls(std::string& message) {
  const auto is_between = [&](std::size_t i, unsigned low, unsigned high) {
    const unsigned byte = static_cast<unsigned char>(message[i]);
    return low <= byte && byte <= high;
  };
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (is_between(i, 0, 0x1F) || is_between(i, 0x7F, 0x7F)) message[i] = '?';
    if (i + 1 < message.size() && is_between(i, 0xC2, 0xC2) && is_between(i + 1, 0x80, 0x9F))
      message.replace(i, 2, "?");
  }
}

}  // namespace

void fail(ErrorCode code, std::string_view where, std::string_view what) {
  std::string message(where);
  message += ": ";
  message += what;
  remove_controls(message);
  throw Error(code, message);
}

void fail(ErrorCode code, std::string_view where, std::string_view what, std::string_view expected,
          std::string_view found) {
  std::string message(what);
  message += ", expected ";
  message += expected;
  message += ", found ";
  message += found;
  fail(code, where, message);
}

}  // namespace v0
}  // namespace seqguard
