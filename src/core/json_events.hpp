// JSON text as a stream of events: the one place that meets the JSON library. Private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// What takes the events of a document, in its order; texts last as long as the call. A member that throws ends the
/// parsing.
class JsonEvents {
 public:
  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  /// A number without fraction and exponent whose magnitude fits into 64 bits (63 for a negative one).
  virtual void integer(std::uint64_t magnitude, bool negative) = 0;
  /// Any other number, to the nearest double, and as written (with the decimal point of the locale).
  virtual void real(double value, std::string_view text) = 0;
  virtual void text(std::string_view value) = 0;
  /// Before the value of each member of an object.
  virtual void key(std::string_view name) = 0;
  virtual void begin_object() = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;
  /// Malformed text, invalid UTF-8 or a number beyond the range of double; byte counts from 1. Must throw.
  virtual void malformed(std::size_t byte, std::string_view message) = 0;

 protected:
  ~JsonEvents() = default;
};

/// White space around the document and a byte order mark before it are passed over. The caller looks for NUL bytes: the
/// JSON library takes one for the end.
void parse_json(std::string_view text, JsonEvents& events);

/// A finite number with so many digits that it is read as the same double, "1.0" for one; "null" for any other.
std::string exact_json_number(double value);

}  // namespace v0
}  // namespace seqguard
