// One line of JSON as named fields: {"user":7,"item":{"id":"x"}} has the fields user and item.id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/secret_hash.hpp"

namespace seqguard {
inline namespace v0 {

/// The member that makes a line a sequence: {"key":..,"events":[..]}.
inline constexpr std::string_view k_events_member = "events";

/// Whether a text is a number of JSON: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
bool is_json_number(std::string_view text);

/// Names of fields, in the order in which they were first seen, and what stood there.
class JsonNames {
 public:
  struct Name {
    std::string text;
    std::uint64_t scalars = 0, arrays = 0;  ///< values other than null that were met
  };

  explicit JsonNames(std::size_t most) : most_(most) {}

  /// The place of a name; nothing if it is not there and none is added, or there are too many.
  std::optional<std::size_t> place(std::string_view name);
  Name& operator[](std::size_t place) { return names_[place]; }
  std::span<const Name> all() const { return names_; }
  /// Forgets all but the first `count` names.
  void keep(std::size_t count);
  /// From now on no name is added.
  void close() { closed_ = true; }
  std::size_t most() const { return most_; }
  /// A value stood under a name that has no place.
  void miss(std::string_view name) {
    if (missed_++ == 0) first_missed_ = name;
  }
  std::uint64_t missed() const { return missed_; }
  void forget_missed() { missed_ = 0; }
  const std::string& first_missed() const { return first_missed_; }

 private:
  std::size_t most_;
  bool closed_ = false;
  std::uint64_t missed_ = 0;
  std::string first_missed_;
  std::vector<Name> names_;
  std::unordered_map<std::string, std::size_t, SecretHash> places_;
  std::size_t next_ = 0;  // lines mostly have the same fields in the same order
};

/// The value of a field: a text without quotes and escapes, a number as it is written, true, false; empty for null. An
/// array is its JSON.
struct JsonCell {
  std::size_t place = 0;
  std::string_view text;
};

/// An element of "events".
struct JsonEvent {
  std::size_t begin = 0;  ///< its first byte in the line
  std::size_t first_cell = 0, end_cell = 0;
};

/// Reads line after line with one parser (simdjson). Every byte of a line is looked at, also behind the last field that
/// anybody wants: malformed JSON, numbers that JSON has not, lone surrogates, U+0000 in a text, two fields of one name,
/// more than 64 levels or `most_fields` fields are found wherever they are.
class JsonLine {
 public:
  explicit JsonLine(std::size_t most_fields);
  ~JsonLine();
  JsonLine(const JsonLine&) = delete;
  JsonLine& operator=(const JsonLine&) = delete;

  /// Reads an object; as a sequence, its member "events" is taken apart, of which an element that is no object is the
  /// field "event". Returns what is wrong, with the column (bytes, from 1), or an empty text; then the cells below are
  /// valid until the next call.
  std::string read(std::string_view line, JsonNames& names, bool as_sequence);

  /// As if no line had been read.
  void clear();

  std::span<const JsonCell> cells() const;        ///< of the object, "events" of a sequence apart
  std::span<const JsonEvent> events() const;      ///< of a sequence
  std::span<const JsonCell> event_cells() const;  ///< of all events, one after another
  bool has_events_array() const;                  ///< the member "events" is an array

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace v0
}  // namespace seqguard
