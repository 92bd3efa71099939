#include "core/strict_json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace seqguard {

nlohmann::json parse_strict_json(std::string_view text, const std::string& path, ErrorCode code) {
  constexpr int k_max_depth = 64;
  using Json = nlohmann::json;
  // The parser takes a NUL byte for the end of its input.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    fail(code, path, "malformed JSON: NUL byte at offset " + std::to_string(nul));
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > k_max_depth)
      fail(code, path, "JSON nested too deeply", "at most " + std::to_string(k_max_depth), "more");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      fail(code, path, "duplicate key \"" + value.get<std::string>() + "\"");
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::exception& error) {
    const std::string_view message = error.what();
    const std::size_t tag = message.find("] ");  // after "[json.exception.parse_error.101"
    fail(code, path, "malformed JSON: " + std::string(message.substr(tag == std::string_view::npos ? 0 : tag + 2)));
  }
}

}  // namespace seqguard
