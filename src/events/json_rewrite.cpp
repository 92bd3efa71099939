#include "events/json_rewrite.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "core/json_tree.hpp"
#include "core/json_writer.hpp"
#include "events/json_line.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

/// One behind the text that begins with the quote at `at`.
std::size_t end_of_text(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
  return std::min(at + 1, text.size());
}

/// One behind the value that begins at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_text(text, at);
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at;
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
      ++at;
    } else if (depth == 0) {
      return std::min(text.find_first_of(",}] \t\r\n", at), text.size());
    } else {
      ++at;
      continue;
    }
    if (depth == 0) return at;
  }
  return at;
}

std::string as_text(std::string_view token) {
  if (token.starts_with('"')) return std::string(JsonTree(token, "row", ErrorCode::bad_format).root().text());
  return token == "null" ? "" : std::string(token);
}

std::string quoted_json(std::string_view value) {
  JsonWriter json;
  json.value(value);
  return json.text();
}

/// Where a field stands, or where it would be put.
struct Place {
  std::size_t begin = 0, end = 0;  ///< of its value; equal: there is none
  std::size_t object_end = 0;      ///< of the innermost object of its name that is there: its closing brace
  bool object_is_empty = true;
  std::string_view rest;          ///< of the name, in that object
  std::vector<std::string> keys;  ///< of the objects down to the value
};

/// Looks for `name` in the object that begins at `at`.
bool find(std::string_view text, std::size_t at, std::string_view name, Place& place) {
  place.object_is_empty = true;
  place.rest = name;
  for (at = skip_blanks(text, at + 1); at < text.size() && text[at] == '"';) {
    const std::size_t key_end = end_of_text(text, at);
    const std::string key = as_text(text.substr(at, key_end - at));
    const std::size_t begin = skip_blanks(text, skip_blanks(text, key_end) + 1);
    const std::size_t end = end_of_value(text, begin);
    place.object_is_empty = false;
    if (key == name) {
      place.begin = begin;
      place.end = end;
      place.keys.push_back(key);
      return true;
    }
    if (text[begin] == '{' && name.size() > key.size() && name.starts_with(key) && name[key.size()] == '.') {
      Place inner = place;
      inner.keys.push_back(key);
      const bool is_there = find(text, begin, name.substr(key.size() + 1), inner);
      place = inner;
      if (is_there) return true;
      place.keys.pop_back();
      if (place.object_end != 0) return false;
    }
    at = skip_blanks(text, end);
    if (at < text.size() && text[at] == ',') at = skip_blanks(text, at + 1);
  }
  place.object_end = at;
  return false;
}

/// The value as JSON, of the kind of the one that it replaces.
std::string json_value(std::string_view value, std::string_view before) {
  const bool was_text = before.starts_with('"');
  if (value.empty()) return was_text ? "\"\"" : "null";
  const bool is_bare = value == "true" || value == "false" || is_json_number(value);
  return is_bare && !was_text && !before.empty() && before != "null" ? std::string(value) : quoted_json(value);
}

/// An object that is built field by field.
struct Node {
  std::string key, value;  ///< `value` of a leaf
  std::vector<Node> members = {};

  void put(std::span<const std::string> keys, std::string json) {
    const auto found =
        std::find_if(members.begin(), members.end(), [&](const Node& node) { return node.key == keys[0]; });
    Node& member = found != members.end() ? *found : members.emplace_back(Node{keys[0], {}});
    if (keys.size() == 1)
      member.value = std::move(json);
    else
      member.put(keys.subspan(1), std::move(json));
  }
  void append(std::string& text) const {
    text += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      text += (i > 0 ? "," : "") + quoted_json(members[i].key) + ":";
      if (members[i].members.empty())
        text += members[i].value;
      else
        members[i].append(text);
    }
    text += '}';
  }
};

}  // namespace

std::string json_field_value(std::string_view row, std::string_view name) {
  Place place;
  return find(row, row.find('{'), name, place) ? as_text(row.substr(place.begin, place.end - place.begin)) : "";
}

std::string replace_json_field(std::string_view row, std::string_view name, std::string_view value) {
  Place place;
  std::string text(row);
  if (find(row, row.find('{'), name, place)) {
    const std::size_t size = place.end - place.begin;
    return text.replace(place.begin, size, json_value(value, row.substr(place.begin, size)));
  }
  if (value.empty()) return text;
  return text.insert(place.object_end,
                     (place.object_is_empty ? "" : ",") + quoted_json(place.rest) + ":" + json_value(value, ""));
}

void append_json_row(std::string& text, std::span<const std::string> names, std::span<const std::string_view> fields,
                     std::string_view like) {
  Node root;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (fields[i].empty() && !like.empty()) continue;
    Place place;
    std::string_view before;
    if (const std::size_t at = like.find('{'); at != std::string_view::npos && find(like, at, names[i], place))
      before = like.substr(place.begin, place.end - place.begin);
    else
      place.keys = {names[i]};
    root.put(place.keys, json_value(fields[i], before));
  }
  root.append(text);
  text += '\n';
}

}  // namespace v0
}  // namespace seqguard
