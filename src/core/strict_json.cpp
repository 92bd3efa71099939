#include "core/strict_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace seqguard {
namespace {

using Json = nlohmann::json;

/// Builds the document from the parser's events. (The library's own way to look at them on the way, a callback, goes
/// through all neighbours of each object and array: quadratic.)
class DocumentBuilder {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  /// What the document takes in memory is counted from above: 16 bytes a value (twice while an array grows), more for
  /// what it holds. A text of 20 MB can describe a document of 1 GB; the largest that are written here take 5 times
  /// their text.
  DocumentBuilder(std::size_t text_bytes, const std::string& path, ErrorCode code)
      : most_(std::max(std::size_t{256} << 20, 8 * text_bytes)), path_(path), code_(code) {}

  Json take() { return std::move(document_); }

  bool null() { return put(nullptr, 0); }
  bool boolean(bool value) { return put(value, 0); }
  bool number_integer(number_integer_t value) { return put(value, 0); }
  bool number_unsigned(number_unsigned_t value) { return put(value, 0); }
  bool number_float(number_float_t value, const string_t&) { return put(value, 0); }
  bool string(string_t& value) {
    const std::size_t size = value.size();
    return put(std::move(value), k_text_bytes + size);
  }
  bool binary(binary_t&) { return false; }  // JSON has none
  bool start_object(std::size_t) { return open(Json::value_t::object); }
  bool start_array(std::size_t) { return open(Json::value_t::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(string_t& name) {
    spend(k_member_bytes + name.size());
    const auto [member, added] = open_.back()->get_ref<Json::object_t&>().emplace(name, nullptr);
    if (!added) fail(code_, path_, "duplicate key \"" + name + "\"");
    member_ = &member->second;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) {
    const std::string_view message = error.what();
    const std::size_t tag = message.find("] ");  // after "[json.exception.parse_error.101"
    fail(code_, path_, "malformed JSON: " + std::string(message.substr(tag == std::string_view::npos ? 0 : tag + 2)));
  }

 private:
  static constexpr std::size_t k_value_bytes = 32, k_text_bytes = 48, k_container_bytes = 48, k_member_bytes = 96;

  void spend(std::size_t bytes) {
    if ((memory_ += bytes) > most_)
      fail(code_, path_, "JSON document too large", "at most " + std::to_string(most_) + " bytes in memory", "more");
  }
  /// Puts a value into the container that is open.
  bool put(Json value, std::size_t bytes) {
    spend(k_value_bytes + bytes);
    if (open_.empty()) {
      document_ = std::move(value);
      last_ = &document_;
    } else if (open_.back()->is_array()) {
      auto& array = open_.back()->get_ref<Json::array_t&>();
      array.push_back(std::move(value));
      last_ = &array.back();
    } else {
      *member_ = std::move(value);
      last_ = member_;
    }
    return true;
  }
  bool open(Json::value_t kind) {
    constexpr std::size_t k_max_depth = 64;
    if (open_.size() == k_max_depth)
      fail(code_, path_, "JSON nested too deeply", "at most " + std::to_string(k_max_depth), "more");
    put(Json(kind), k_container_bytes);
    open_.push_back(last_);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::size_t most_, memory_ = 0;
  const std::string& path_;
  ErrorCode code_;
  Json document_;
  std::vector<Json*> open_;  // containers, from the document down; none of them grows while one below it is open
  Json *member_ = nullptr, *last_ = nullptr;
};

}  // namespace

nlohmann::json parse_strict_json(std::string_view text, const std::string& path, ErrorCode code) {
  // The parser takes a NUL byte for the end of its input.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    fail(code, path, "malformed JSON: NUL byte at offset " + std::to_string(nul));
  DocumentBuilder builder(text.size(), path, code);
  Json::sax_parse(text, &builder);
  return builder.take();
}

}  // namespace seqguard
