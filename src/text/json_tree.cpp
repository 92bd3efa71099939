#include "text/json_tree.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "seqguard/core/error.hpp"
#include "text/crate_number.hpp"

namespace seqguard {

/// Takes the parser's events.
class JsonTreeBuilder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;
  using Kind = JsonValue::Kind;

  explicit JsonTreeBuilder(JsonTree& tree) : tree_(tree) {}

  bool null() { return add(Kind::null) != nullptr; }
  bool boolean(bool value) {
    add(Kind::boolean)->boolean = value;
    return true;
  }
  bool number_integer(number_integer_t value) {
    add(Kind::integer)->integer = value;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) {
    if (value <= INT64_MAX)
      add(Kind::integer)->integer = static_cast<std::int64_t>(value);
    else
      add(Kind::real)->real = static_cast<double>(value);
    return true;
  }
  bool number_float(number_float_t, const string_t& text) {
    add(Kind::real)->real = crate_number(text);
    return true;
  }
  bool string(string_t& value) {
    JsonTree::Node* node = add(Kind::text);
    node->text_begin = static_cast<std::uint32_t>(tree_.pool_.size());
    node->size = static_cast<std::uint32_t>(value.size());
    tree_.pool_ += value;
    return true;
  }
  bool key(string_t& value) {
    key_begin_ = static_cast<std::uint32_t>(tree_.pool_.size());
    key_size_ = static_cast<std::uint32_t>(value.size());
    tree_.pool_ += value;
    return true;
  }
  bool start_object(std::size_t) { return open(Kind::object); }
  bool start_array(std::size_t) { return open(Kind::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool binary(binary_t&) { return false; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    fail(ErrorCode::bad_format, tree_.file_, "malformed JSON at byte " + std::to_string(position));
  }

 private:
  struct Level {
    std::uint32_t node, last_child;
  };

  JsonTree::Node* add(Kind kind) {
    constexpr std::size_t k_max_nodes = 4'000'000;  // the largest vocabularies in use need 1,500,000
    auto& nodes = tree_.nodes_;
    if (nodes.size() == k_max_nodes)
      fail(ErrorCode::bad_format, tree_.file_, "JSON values", "at most " + std::to_string(k_max_nodes), "more");
    const auto index = static_cast<std::uint32_t>(nodes.size());
    nodes.emplace_back();
    nodes.back().kind = kind;
    if (!levels_.empty()) {
      Level& level = levels_.back();
      JsonTree::Node& parent = nodes[level.node];
      nodes.back().parent = level.node;
      if (parent.kind == Kind::object) {
        nodes.back().key_begin = key_begin_;
        nodes.back().key_size = key_size_;
      }
      ++parent.size;
      (level.last_child == 0 ? parent.first : nodes[level.last_child].next) = index;
      level.last_child = index;
    }
    return &nodes.back();
  }
  bool open(Kind kind) {
    constexpr std::size_t k_max_depth = 64;
    if (levels_.size() == k_max_depth)
      fail(ErrorCode::bad_format, tree_.file_, "JSON nested too deeply", "at most " + std::to_string(k_max_depth),
           "more");
    add(kind);
    levels_.push_back({static_cast<std::uint32_t>(tree_.nodes_.size() - 1), 0});
    return true;
  }
  bool close() {
    levels_.pop_back();
    return true;
  }

  JsonTree& tree_;
  std::vector<Level> levels_;
  std::uint32_t key_begin_ = 0, key_size_ = 0;
};

JsonTree::JsonTree(std::string_view text, std::string file) : file_(std::move(file)) {
  // The parser takes a NUL byte for the end of its input.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    fail(ErrorCode::bad_format, file_, "malformed JSON: NUL byte at offset " + std::to_string(nul));
  if (text.size() > UINT32_MAX) fail(ErrorCode::bad_format, file_, "larger than 4 GiB");
  JsonTreeBuilder builder(*this);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
}

JsonValue::Kind JsonValue::kind() const noexcept { return tree_->nodes_[node_].kind; }

std::size_t JsonValue::size() const noexcept {
  return is(Kind::array) || is(Kind::object) ? tree_->nodes_[node_].size : 0;
}

std::string JsonValue::place() const {
  std::string path;
  for (std::uint32_t node = node_; node != 0; node = tree_->nodes_[node].parent) {
    const JsonTree::Node& parent = tree_->nodes_[tree_->nodes_[node].parent];
    if (parent.kind == Kind::object) {
      path = "." + std::string(JsonValue(*tree_, node).key().substr(0, 60)) + path;
    } else {
      std::size_t index = 0;
      for (std::uint32_t i = parent.first; i != node; i = tree_->nodes_[i].next) ++index;
      path = "[" + std::to_string(index) + "]" + path;
    }
  }
  return path.empty() ? path : path[0] == '.' ? path.substr(1) : path;
}

std::string JsonValue::where() const {
  const std::string path = place();
  return path.empty() ? tree_->file() : tree_->file() + ": " + path;
}

std::string JsonValue::describe() const {
  const JsonTree::Node& node = tree_->nodes_[node_];
  switch (node.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return node.boolean ? "true" : "false";
    case Kind::integer:
      return std::to_string(node.integer);
    case Kind::real:
      return std::to_string(node.real);
    case Kind::text:
      return "\"" + std::string(text().substr(0, 200)) + "\"";
    case Kind::array:
      return "an array of " + std::to_string(node.size);
    case Kind::object:
      return "an object";
  }
  return "";
}

void JsonValue::refuse(std::string_view expected) const {
  fail(ErrorCode::bad_format, tree_->file(), node_ == 0 ? "document" : place(), expected, describe());
}

void JsonValue::refuse_unsupported(std::string_view supported) const {
  fail(ErrorCode::unsupported, tree_->file(), place() + " is not supported", supported, describe());
}

const JsonValue& JsonValue::demand(Kind wanted) const {
  constexpr std::string_view k_names[] = {"null",   "true or false", "an integer", "a number",
                                          "a text", "an array",      "an object"};
  if (!is(wanted)) refuse(k_names[static_cast<std::size_t>(wanted)]);
  return *this;
}

bool JsonValue::boolean() const { return tree_->nodes_[demand(Kind::boolean).node_].boolean; }

std::int64_t JsonValue::integer() const { return tree_->nodes_[demand(Kind::integer).node_].integer; }

double JsonValue::real() const {
  return is(Kind::integer) ? static_cast<double>(integer()) : tree_->nodes_[demand(Kind::real).node_].real;
}

std::string_view JsonValue::text() const {
  const JsonTree::Node& node = tree_->nodes_[demand(Kind::text).node_];
  return tree_->pool(node.text_begin, node.size);
}

std::string_view JsonValue::key() const noexcept {
  const JsonTree::Node& node = tree_->nodes_[node_];
  return tree_->pool(node.key_begin, node.key_size);
}

std::optional<JsonValue> JsonValue::first_child() const noexcept {
  const std::uint32_t first = tree_->nodes_[node_].first;
  return first == 0 ? std::nullopt : std::optional(JsonValue(*tree_, first));
}

std::optional<JsonValue> JsonValue::next_sibling() const noexcept {
  const std::uint32_t next = tree_->nodes_[node_].next;
  return next == 0 ? std::nullopt : std::optional(JsonValue(*tree_, next));
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  demand(Kind::object);
  std::optional<JsonValue> found;
  for_each([&](JsonValue member) {
    if (member.key() != key) return;
    if (found) fail(ErrorCode::bad_format, where(), "duplicate key \"" + std::string(key) + "\"");
    found = member;
  });
  return found && found->is(Kind::null) ? std::nullopt : found;
}

JsonValue JsonValue::at(std::string_view key) const {
  const auto found = find(key);
  if (!found) fail(ErrorCode::bad_format, where(), "field \"" + std::string(key) + "\"", "a value", "none");
  return *found;
}

bool JsonValue::boolean_or(std::string_view key, bool absent) const {
  const auto found = find(key);
  return found ? found->boolean() : absent;
}

std::string_view JsonValue::text_or(std::string_view key, std::string_view absent) const {
  const auto found = find(key);
  return found ? found->text() : absent;
}

void JsonValue::allow_only(std::initializer_list<std::string_view> names) const {
  demand(Kind::object);
  for_each([&](JsonValue member) {
    if (std::find(names.begin(), names.end(), member.key()) != names.end()) return;
    std::string known;
    for (const std::string_view name : names) known += (known.empty() ? "" : ", ") + std::string(name);
    fail(ErrorCode::unsupported, where(), "unknown field \"" + std::string(member.key().substr(0, 60)) + "\"",
         "only " + known, member.describe());
  });
}

}  // namespace seqguard
