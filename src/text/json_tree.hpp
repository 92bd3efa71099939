// A JSON document as a compact tree that knows where each value stands: tokenizer files are read through it, so that
// one unit meets the JSON library, a hostile file costs bounded memory, and every message names the place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqguard {

class JsonTree;

/// One value of a tree; cheap to copy, valid as long as the tree. The functions that demand something throw Error
/// bad_format "FILE: PLACE, expected .., found ..".
class JsonValue {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, real, text, array, object };

  Kind kind() const noexcept;
  bool is(Kind wanted) const noexcept { return kind() == wanted; }
  /// "model.vocab", "added_tokens[3].content"; empty for the document.
  std::string place() const;
  /// File and place, for messages.
  std::string where() const;
  /// A short text of the value for messages.
  std::string describe() const;

  bool boolean() const;
  std::int64_t integer() const;
  double real() const;  ///< as crate_number() reads it; an integer counts too
  std::string_view text() const;
  std::size_t size() const noexcept;  ///< elements of an array or object

  /// The member of an object, absent or null: nothing. Demands an object in which the key occurs at most once.
  std::optional<JsonValue> find(std::string_view key) const;
  /// The member, which must be there and not be null.
  JsonValue at(std::string_view key) const;
  bool boolean_or(std::string_view key, bool absent) const;
  std::string_view text_or(std::string_view key, std::string_view absent) const;
  /// Demands an object whose members all have one of these names.
  void allow_only(std::initializer_list<std::string_view> names) const;
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
  /// Throws Error `unsupported`: the file asks for something that is not computed here.
  [[noreturn]] void refuse_unsupported(std::string_view supported) const;

 private:
  friend class JsonTree;
  JsonValue(const JsonTree& tree, std::uint32_t node) : tree_(&tree), node_(node) {}
  const JsonTree* tree_;
  std::uint32_t node_;
};

class JsonTree {
 public:
  /// @throws Error bad_format: malformed text, a NUL byte, more than 64 levels or 4,000,000 values.
  JsonTree(std::string_view text, std::string file);
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;

  JsonValue root() const noexcept { return {*this, 0}; }
  const std::string& file() const noexcept { return file_; }

 private:
  friend class JsonValue;
  friend class JsonTreeBuilder;
  struct Node {
    JsonValue::Kind kind = JsonValue::Kind::null;
    std::uint32_t parent = 0, next = 0, first = 0;  // 0: none (the root is no one's child)
    std::uint32_t key_begin = 0, key_size = 0;
    std::uint32_t text_begin = 0, size = 0;  // of the text; size of an array or object: its elements
    union {
      std::int64_t integer = 0;
      double real;
      bool boolean;
    };
  };
  std::string_view pool(std::uint32_t begin, std::uint32_t size) const {
    return std::string_view(pool_).substr(begin, size);
  }

  std::string file_, pool_;
  std::vector<Node> nodes_;
};

}  // namespace seqguard
