// A JSON document as a compact tree that knows where each value stands: every JSON file is read through it, so that a
// hostile file costs bounded memory, and every message names file and place. Private to the library and its program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

class JsonTree;

/// One value of a tree; cheap to copy, valid as long as the tree. The functions that demand something throw Error
/// "FILE: PLACE, expected .., found .." with the code of the tree.
class JsonValue {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, real, text, array, object };

  Kind kind() const noexcept;
  bool is(Kind wanted) const noexcept { return kind() == wanted; }
  bool is_number() const noexcept { return is(Kind::integer) || is(Kind::real); }
  /// "model.vocab", "added_tokens[3].content"; empty for the document.
  std::string place() const;
  /// File and place, for messages.
  std::string where() const;
  /// A short text of the value for messages.
  std::string describe() const;

  bool boolean() const;
  std::int64_t integer() const;
  /// An integer from 0 to `largest`.
  std::uint64_t natural(std::uint64_t largest = std::numeric_limits<std::uint64_t>::max()) const;
  double number() const;  ///< finite, to the nearest double; an integer counts too
  double share() const;   ///< a number from 0 to 1
  std::string_view text() const;
  std::vector<std::string> texts() const;  ///< an array of texts
  std::string_view number_text() const;    ///< a real number as written
  std::size_t size() const noexcept;       ///< elements of an array or object
  /// Whether it is this text, or this boolean.
  bool equals(std::string_view text) const noexcept;
  bool equals(bool flag) const noexcept;
  bool equals(const char* text) const noexcept { return equals(std::string_view(text)); }

  /// The member of an object, if it is there; it may be null. Demands an object in which the key occurs at most once.
  std::optional<JsonValue> member(std::string_view key) const;
  /// The member; absent or null: nothing.
  std::optional<JsonValue> find(std::string_view key) const;
  /// The member, which must be there and not be null.
  JsonValue at(std::string_view key) const;
  bool boolean_or(std::string_view key, bool absent) const;
  std::string_view text_or(std::string_view key, std::string_view absent) const;
  /// Demands an object whose members all have one of these names; others are refused with `code`.
  void allow_only(std::initializer_list<std::string_view> names, ErrorCode code = ErrorCode::unsupported) const;
  const JsonValue& demand(Kind wanted) const;

  /// The key of a member of an object.
  std::string_view key() const noexcept;
  std::optional<JsonValue> first_child() const noexcept;
  std::optional<JsonValue> next_sibling() const noexcept;
  /// Calls visit(value) for each element or member.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (auto child = first_child(); child; child = child->next_sibling()) visit(*child);
  }

  /// Throws: this place has something else than expected.
  [[noreturn]] void refuse(std::string_view expected) const;
  /// Throws Error `code`: the file asks for something that is not computed here.
  [[noreturn]] void refuse_unsupported(std::string_view supported, ErrorCode code = ErrorCode::unsupported) const;

  /// Writes the value, members of objects by the bytes of their names.
  void write(JsonWriter& writer) const;
  /// The same in one line.
  std::string dump() const;

 private:
  friend class JsonTree;
  friend class JsonTreeBuilder;
  JsonValue(const JsonTree& tree, std::uint32_t node) : tree_(&tree), node_(node) {}
  const JsonTree* tree_;
  std::uint32_t node_;
};

/// What to do with a key that stands twice in one object.
enum class DuplicateKeys {
  refuse,
  refuse_if_asked_for,  ///< JsonValue::member() refuses it, iteration shows it: the vocabularies of tokenizers
};

class JsonTree {
 public:
  /// Failures have `code`. Python's Infinity, -Infinity and NaN are real numbers that number() refuses: one in a field
  /// that nobody reads is no reason to refuse a file. @throws Error malformed text, a NUL byte, more than 64 levels (so
  /// that code that walks a tree by recursion is safe), more values than 4,000,000 and one for 8 bytes of text, more
  /// than 4 GiB.
  JsonTree(std::string_view text, std::string file, ErrorCode code, DuplicateKeys duplicates = DuplicateKeys::refuse);
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;

  JsonValue root() const noexcept { return {*this, 0}; }
  const std::string& file() const noexcept { return file_; }

 private:
  friend class JsonValue;
  friend class JsonTreeBuilder;
  struct Node {
    JsonValue::Kind kind = JsonValue::Kind::null;
    bool negative = false;                          // an integer below 0
    std::uint32_t parent = 0, next = 0, first = 0;  // 0: none (the root is no one's child)
    std::uint32_t key_begin = 0, key_size = 0;
    std::uint32_t text_begin = 0, size = 0;  // of the text, or of a real number's; of an array or object: its elements
    union {
      std::uint64_t magnitude = 0;
      double real;
      bool boolean;
    };
  };
  std::string_view pool(std::uint32_t begin, std::uint32_t size) const {
    return std::string_view(pool_).substr(begin, size);
  }

  std::string file_, pool_;
  ErrorCode code_;
  std::vector<Node> nodes_;
};

}  // namespace v0
}  // namespace seqguard
