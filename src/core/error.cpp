#include "seqguard/core/error.hpp"

namespace seqguard {

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

void fail(ErrorCode code, std::string_view where, std::string_view what) {
  std::string message(where);
  message += ": ";
  message += what;
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

}  // namespace seqguard
