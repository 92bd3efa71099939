// The one exception type of the library, and the helpers that word its messages.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// What went wrong, for code that reacts to it. The message of the Error says where, what was expected and what was
/// found.
enum class ErrorCode {
  invalid_argument,   ///< a caller's argument is outside its documented range
  file_not_found,     ///< a file or directory does not exist
  io_error,           ///< the operating system refused to read, write, sync or rename
  bad_format,         ///< a data or sidecar file does not parse
  bad_checkpoint,     ///< a model file is damaged, incomplete or does not fit its configuration
  unsupported_model,  ///< a configuration asks for a computation that this library does not do exactly
  unsupported_isa,    ///< an instruction set that is unknown, not built in, or not offered by this CPU
  unsupported,        ///< a feature that this build does not have (a missing optional dependency, say)
  bad_event,          ///< an event or sequence that cannot be read or scored
  out_of_range,       ///< an id or position beyond its table
  non_finite,         ///< a NaN or infinity where a number was needed
  cancelled,          ///< a progress callback asked to stop
};

/// Lower-case name of a code, as printed by the command line, e.g. "bad_checkpoint".
std::string_view to_string(ErrorCode code) noexcept;

/// Every failure of the library. what() reads "where: what went wrong[, expected X, found Y]".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Throws Error("where: what").
[[noreturn]] void fail(ErrorCode code, std::string_view where, std::string_view what);

/// Throws Error("where: what, expected X, found Y").
[[noreturn]] void fail(ErrorCode code, std::string_view where, std::string_view what, std::string_view expected,
                       std::string_view found);

}  // namespace v0
}  // namespace seqguard
