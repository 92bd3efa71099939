#include "core/json_events.hpp"

#include <nlohmann/json.hpp>

namespace seqguard {
inline namespace v0 {
namespace {

using Json = nlohmann::json;

/// The library's calls, handed on.
class Forward {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  explicit Forward(JsonEvents& events) : events_(events) {}

  bool null() { return events_.null(), true; }
  bool boolean(bool value) { return events_.boolean(value), true; }
  bool number_unsigned(number_unsigned_t value) { return events_.integer(value, false), true; }
  bool number_integer(number_integer_t value) {
    // A negative zero comes here too.
    const auto bits = static_cast<std::uint64_t>(value);
    return events_.integer(value < 0 ? 0 - bits : bits, value < 0), true;
  }
  bool number_float(number_float_t value, const string_t& text) { return events_.real(value, text), true; }
  bool string(string_t& value) { return events_.text(value), true; }
  bool binary(binary_t&) { return false; }  // JSON has none
  bool key(string_t& name) { return events_.key(name), true; }
  bool start_object(std::size_t) { return events_.begin_object(), true; }
  bool end_object() { return events_.end_object(), true; }
  bool start_array(std::size_t) { return events_.begin_array(), true; }
  bool end_array() { return events_.end_array(), true; }
  bool parse_error(std::size_t byte, const std::string&, const Json::exception& error) {
    const std::string_view message = error.what();
    const std::size_t tag = message.find("] ");  // after "[json.exception.parse_error.101"
    events_.malformed(byte, message.substr(tag == std::string_view::npos ? 0 : tag + 2));
    return false;
  }

 private:
  JsonEvents& events_;
};

}  // namespace

void parse_json(std::string_view text, JsonEvents& events) {
  Forward forward(events);
  Json::sax_parse(text.begin(), text.end(), &forward);
}

std::string exact_json_number(double value) { return Json(value).dump(); }

}  // namespace v0
}  // namespace seqguard
