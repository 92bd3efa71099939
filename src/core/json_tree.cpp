#include "core/json_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/json_events.hpp"
#include "core/python_literals.hpp"

namespace seqguard {
inline namespace v0 {

/// Takes the parser's events.
class JsonTreeBuilder final : public JsonEvents {
 public:
  using Kind = JsonValue::Kind;

  JsonTreeBuilder(JsonTree& tree, std::size_t text_bytes, DuplicateKeys duplicates)
      : tree_(tree), most_nodes_(std::max(k_always, text_bytes / 8)), duplicates_(duplicates) {}

  void null() override { add(Kind::null); }
  void boolean(bool value) override { add(Kind::boolean).boolean = value; }
  void integer(std::uint64_t magnitude, bool negative) override {
    JsonTree::Node& node = add(Kind::integer);
    node.magnitude = magnitude;
    node.negative = negative;
  }
  void real(double value, std::string_view text) override {
    JsonTree::Node& node = add(Kind::real);
    const std::string_view literal = python_literal(text);
    node.real = literal.empty() ? value : std::numeric_limits<double>::quiet_NaN();
    keep(literal.empty() ? text : literal, node.text_begin, node.size);
  }
  void text(std::string_view value) override {
    JsonTree::Node& node = add(Kind::text);
    keep(value, node.text_begin, node.size);
  }
  void key(std::string_view name) override { keep(name, key_begin_, key_size_); }
  void begin_object() override { open(Kind::object); }
  void begin_array() override { open(Kind::array); }
  void end_object() override {
    if (duplicates_ == DuplicateKeys::refuse) refuse_duplicates(levels_.back().node);
    levels_.pop_back();
  }
  void end_array() override { levels_.pop_back(); }
  void malformed(std::size_t, std::string_view message) override {
    fail(tree_.code_, tree_.file_, "malformed JSON: " + std::string(message.substr(0, 200)));
  }

 private:
  struct Level {
    std::uint32_t node, last_child;
  };
  /// The largest vocabularies of tokenizers need 1,500,000. What is written here takes 8 bytes and more for a value.
  static constexpr std::size_t k_always = 4'000'000;

  void keep(std::string_view text, std::uint32_t& begin, std::uint32_t& size) {
    begin = static_cast<std::uint32_t>(tree_.pool_.size());
    size = static_cast<std::uint32_t>(text.size());
    tree_.pool_ += text;
  }
  JsonTree::Node& add(Kind kind) {
    auto& nodes = tree_.nodes_;
    if (nodes.size() == most_nodes_)
      fail(tree_.code_, tree_.file_, "JSON values", "at most " + std::to_string(most_nodes_), "more");
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
    return nodes.back();
  }
  void open(Kind kind) {
    constexpr std::size_t k_max_depth = 64;
    if (levels_.size() == k_max_depth)
      fail(tree_.code_, tree_.file_, "JSON nested too deeply", "at most " + std::to_string(k_max_depth), "more");
    add(kind);
    levels_.push_back({static_cast<std::uint32_t>(tree_.nodes_.size() - 1), 0});
  }
  void refuse_duplicates(std::uint32_t node) {
    const JsonValue object(tree_, node);
    keys_.clear();
    object.for_each([&](JsonValue member) { keys_.push_back(member.key()); });
    std::sort(keys_.begin(), keys_.end());
    if (const auto twice = std::adjacent_find(keys_.begin(), keys_.end()); twice != keys_.end())
      fail(tree_.code_, object.where(), "duplicate key \"" + std::string(twice->substr(0, 100)) + "\"");
  }

  JsonTree& tree_;
  std::size_t most_nodes_;
  DuplicateKeys duplicates_;
  std::vector<Level> levels_;
  std::vector<std::string_view> keys_;
  std::uint32_t key_begin_ = 0, key_size_ = 0;
};

JsonTree::JsonTree(std::string_view text, std::string file, ErrorCode code, DuplicateKeys duplicates)
    : file_(std::move(file)), code_(code) {
  // The parser takes a NUL byte for the end of its input.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    fail(code_, file_, "malformed JSON: NUL byte at offset " + std::to_string(nul));
  if (text.size() > UINT32_MAX) fail(code_, file_, "larger than 4 GiB");
  JsonTreeBuilder builder(*this, text.size(), duplicates);
  const std::optional<std::string> plain = without_python_literals(text);
  parse_json(plain ? *plain : text, builder);
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
      path = "." + std::string(JsonValue(*tree_, node).key().substr(0, 100)) + path;
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
    case Kind::real:
      return dump();
    case Kind::text:
      return "\"" + std::string(text().substr(0, 200)) + "\"";
    case Kind::array:
      return "an array of " + std::to_string(node.size);
    case Kind::object:
      return node.size == 0 ? "an empty object" : "an object";
  }
  return "";
}

void JsonValue::refuse(std::string_view expected) const {
  fail(tree_->code_, tree_->file(), node_ == 0 ? "document" : place(), expected, describe());
}

void JsonValue::refuse_unsupported(std::string_view supported, ErrorCode code) const {
  fail(code, tree_->file(), place() + " is not supported", supported, describe());
}

const JsonValue& JsonValue::demand(Kind wanted) const {
  constexpr std::string_view k_names[] = {"null",   "true or false", "an integer", "a number",
                                          "a text", "an array",      "an object"};
  if (!is(wanted)) refuse(k_names[static_cast<std::size_t>(wanted)]);
  return *this;
}

bool JsonValue::boolean() const { return tree_->nodes_[demand(Kind::boolean).node_].boolean; }

std::int64_t JsonValue::integer() const {
  const JsonTree::Node& node = tree_->nodes_[demand(Kind::integer).node_];
  if (node.magnitude > static_cast<std::uint64_t>(INT64_MAX) + (node.negative ? 1 : 0)) refuse("an integer of 64 bits");
  return static_cast<std::int64_t>(node.negative ? 0 - node.magnitude : node.magnitude);
}

std::uint64_t JsonValue::natural(std::uint64_t largest) const {
  const JsonTree::Node& node = tree_->nodes_[node_];
  if (!is(Kind::integer) || node.negative || node.magnitude > largest)
    refuse(largest == std::numeric_limits<std::uint64_t>::max() ? "a non-negative integer"
                                                                : "an integer, 0 .. " + std::to_string(largest));
  return node.magnitude;
}

double JsonValue::number() const {
  const JsonTree::Node& node = tree_->nodes_[node_];
  if (is(Kind::real) && std::isfinite(node.real)) return node.real;
  if (!is(Kind::integer)) refuse(is(Kind::real) ? "a finite number" : "a number");
  const auto magnitude = static_cast<double>(node.magnitude);
  return node.negative ? -magnitude : magnitude;
}

double JsonValue::share() const {
  const double value = number();
  if (!(value >= 0 && value <= 1)) refuse("0 .. 1");
  return value;
}

std::string_view JsonValue::text() const {
  const JsonTree::Node& node = tree_->nodes_[demand(Kind::text).node_];
  return tree_->pool(node.text_begin, node.size);
}

std::vector<std::string> JsonValue::texts() const {
  std::vector<std::string> result;
  demand(Kind::array).for_each([&](JsonValue element) { result.emplace_back(element.text()); });
  return result;
}

std::string_view JsonValue::number_text() const {
  const JsonTree::Node& node = tree_->nodes_[demand(Kind::real).node_];
  return tree_->pool(node.text_begin, node.size);
}

bool JsonValue::equals(std::string_view text) const noexcept {
  const JsonTree::Node& node = tree_->nodes_[node_];
  return is(Kind::text) && tree_->pool(node.text_begin, node.size) == text;
}

bool JsonValue::equals(bool flag) const noexcept { return is(Kind::boolean) && tree_->nodes_[node_].boolean == flag; }

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

std::optional<JsonValue> JsonValue::member(std::string_view key) const {
  demand(Kind::object);
  std::optional<JsonValue> found;
  for_each([&](JsonValue member) {
    if (member.key() != key) return;
    if (found) fail(tree_->code_, where(), "duplicate key \"" + std::string(key) + "\"");
    found = member;
  });
  return found;
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  const auto found = member(key);
  return found && found->is(Kind::null) ? std::nullopt : found;
}

JsonValue JsonValue::at(std::string_view key) const {
  const auto found = find(key);
  if (!found) fail(tree_->code_, where(), "field \"" + std::string(key) + "\"", "a value", "none");
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

void JsonValue::allow_only(std::initializer_list<std::string_view> names, ErrorCode code) const {
  demand(Kind::object);
  for_each([&](JsonValue member) {
    if (std::find(names.begin(), names.end(), member.key()) != names.end()) return;
    std::string known;
    for (const std::string_view name : names) known += (known.empty() ? "" : ", ") + std::string(name);
    fail(code, where(), "unknown field \"" + std::string(member.key().substr(0, 60)) + "\"", "only " + known,
         member.describe());
  });
}

void JsonValue::write(JsonWriter& writer) const {
  const JsonTree::Node& node = tree_->nodes_[node_];
  switch (node.kind) {
    case Kind::null:
      writer.null();
      break;
    case Kind::boolean:
      writer.value(node.boolean);
      break;
    case Kind::integer:
      writer.integer(node.magnitude, node.negative);
      break;
    case Kind::real:
      if (std::isfinite(node.real))
        writer.exact(node.real);
      else
        writer.raw(number_text());  // for Python, which wrote it
      break;
    case Kind::text:
      writer.value(text());
      break;
    case Kind::array:
      writer.begin_array();
      for_each([&](JsonValue element) { element.write(writer); });
      writer.end_array();
      break;
    case Kind::object: {
      std::vector<JsonValue> members;
      for_each([&](JsonValue member) { members.push_back(member); });
      std::sort(members.begin(), members.end(),
                [](const JsonValue& a, const JsonValue& b) { return a.key() < b.key(); });
      writer.begin_object();
      for (const JsonValue& member : members) {
        writer.key(member.key());
        member.write(writer);
      }
      writer.end_object();
    }
  }
}

std::string JsonValue::dump() const {
  JsonWriter writer;
  write(writer);
  return writer.text();
}

}  // namespace v0
}  // namespace seqguard
