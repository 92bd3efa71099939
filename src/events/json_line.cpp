// The one place that meets simdjson.
#include "events/json_line.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "core/json_events.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

constexpr std::size_t k_most_levels = 64, k_longest_name = 1000;

std::string_view without_blanks(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Where the JSON library meets the error, in words.
class FirstError final : public JsonEvents {
 public:
  void null() override {}
  void boolean(bool) override {}
  void integer(std::uint64_t, bool) override {}
  void real(double, std::string_view) override {}
  void text(std::string_view) override {}
  void key(std::string_view) override {}
  void begin_object() override {}
  void end_object() override {}
  void begin_array() override {}
  void end_array() override {}
  void malformed(std::size_t byte, std::string_view message) override { throw Found{byte, std::string(message)}; }

  struct Found {
    std::size_t byte;
    std::string message;
  };
};

std::string explain(std::string_view line, error_code error) {
  try {
    FirstError events;
    parse_json(line, events);
  } catch (const FirstError::Found& found) {
    std::string_view message = found.message;
    if (const std::size_t at = message.find(": "); at != std::string_view::npos && message.starts_with("parse error"))
      message.remove_prefix(at + 2);
    constexpr std::size_t k_shown = 160;
    return "column " + std::to_string(found.byte) + ": no valid JSON: " + std::string(message.substr(0, k_shown)) +
           (message.size() > k_shown ? ".." : "");
  }
  return std::string("no valid JSON: ") + simdjson::error_message(error);
}

}  // namespace

bool is_json_number(std::string_view text) {
  const auto digits = [&text] {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end;
  };
  const auto eat = [&text](std::string_view any) {
    const bool is_there = !text.empty() && any.find(text[0]) != std::string_view::npos;
    if (is_there) text.remove_prefix(1);
    return is_there;
  };
  eat("-");
  if (!eat("0") && digits() == 0) return false;
  if (eat(".") && digits() == 0) return false;
  if (eat("eE")) {
    eat("+-");
    if (digits() == 0) return false;
  }
  return text.empty();
}

std::optional<std::size_t> JsonNames::place(std::string_view name) {
  if (next_ < names_.size() && names_[next_].text == name) return next_++;
  // Beside what is looked for first, the text of a name is hashed once.
  const auto found = places_.find(std::string(name));
  if (found != places_.end()) {
    next_ = found->second + 1;
    return found->second;
  }
  if (closed_ || names_.size() == most_) return std::nullopt;
  places_.emplace(name, names_.size());
  names_.push_back({std::string(name)});
  next_ = 0;
  return names_.size() - 1;
}

void JsonNames::keep(std::size_t count) {
  for (; names_.size() > count; names_.pop_back()) places_.erase(names_.back().text);
  next_ = 0;
}

struct JsonLine::State {
  ondemand::parser parser;
  std::vector<char> padded;
  std::string_view line;  // in `padded`
  JsonNames* names = nullptr;
  bool as_sequence = false, has_events_array = false, has_events = false;
  std::string name, problem;
  std::vector<JsonCell> cells, event_cells;
  std::vector<JsonEvent> events;
  std::vector<std::uint64_t> seen;  // by place: the object that had it last
  std::uint64_t object = 0;
  std::size_t fields = 0, most_fields = 0;  // of the object
  std::size_t root_level = 1;               // of the object whose members have names without a dot

  error_code fail_with(const char* at, const std::string& what) {
    if (problem.empty()) problem = "column " + std::to_string(at - padded.data() + 1) + ": " + what;
    return error_code::TAPE_ERROR;
  }
  error_code add(const char* at, std::string_view text, bool is_null, bool is_array, std::vector<JsonCell>& into);
  error_code read_object(ondemand::object object, std::size_t level, std::vector<JsonCell>& into);
  error_code read_value(ondemand::value value, std::size_t level, std::vector<JsonCell>* into);
  error_code read_scalar(ondemand::value& value, const char* at, std::vector<JsonCell>* into);
  error_code read_array(ondemand::value& value, std::size_t level);
  error_code read_events(ondemand::value& value, const char* at);
  error_code read_document();
};

/// The field `name` has this value.
error_code JsonLine::State::add(const char* at, std::string_view text, bool is_null, bool is_array,
                                std::vector<JsonCell>& into) {
  if (++fields > most_fields) return fail_with(at, "more than " + std::to_string(most_fields) + " fields");
  const auto place = names->place(name);
  if (!place) {
    if (!is_null) names->miss(name);
    return error_code::SUCCESS;
  }
  if (seen.size() <= *place) seen.resize(*place + 1, 0);
  if (seen[*place] == object) return fail_with(at, "a second field \"" + name.substr(0, 40) + "\"");
  seen[*place] = object;
  JsonNames::Name& known = (*names)[*place];
  if (is_array)
    ++known.arrays;
  else if (!is_null)
    ++known.scalars;
  into.push_back({*place, text});
  return error_code::SUCCESS;
}

error_code JsonLine::State::read_scalar(ondemand::value& value, const char* at, std::vector<JsonCell>* into) {
  std::string_view text;
  bool is_null = false;
  if (*at == '"') {
    if (const error_code error = value.get_string().get(text)) return error;
    if (text.find('\0') != std::string_view::npos) return fail_with(at, "a text with U+0000");
  } else {
    text = without_blanks(value.raw_json_token());
    is_null = text == "null";
    if (!is_null && text != "true" && text != "false" && !is_json_number(text)) return error_code::NUMBER_ERROR;
  }
  return into == nullptr ? error_code::SUCCESS : add(at, is_null ? std::string_view() : text, is_null, false, *into);
}

/// What nobody takes apart is read to its end all the same.
error_code JsonLine::State::read_array(ondemand::value& value, std::size_t level) {
  ondemand::array array;
  if (const error_code error = value.get_array().get(array)) return error;
  for (auto element : array) {
    ondemand::value item;
    if (const error_code error = element.get(item)) return error;
    if (const error_code error = read_value(item, level + 1, nullptr)) return error;
  }
  return error_code::SUCCESS;
}

error_code JsonLine::State::read_value(ondemand::value value, std::size_t level, std::vector<JsonCell>* into) {
  const char* at = nullptr;
  if (const error_code error = value.current_location().get(at)) return error;
  if (level > k_most_levels) return fail_with(at, "nested deeper than " + std::to_string(k_most_levels) + " levels");
  if (*at == '{') {
    ondemand::object object_value;
    if (const error_code error = value.get_object().get(object_value)) return error;
    if (into != nullptr) return read_object(object_value, level, *into);
    for (auto member : object_value) {
      std::string_view key;
      ondemand::value item;
      if (const error_code error = member.unescaped_key().get(key)) return error;
      if (const error_code error = member.value().get(item)) return error;
      if (const error_code error = read_value(item, level + 1, nullptr)) return error;
    }
    return error_code::SUCCESS;
  }
  if (*at != '[') return read_scalar(value, at, into);
  if (const error_code error = read_array(value, level)) return error;
  if (into == nullptr) return error_code::SUCCESS;
  // Its JSON reaches from its bracket to the last one before what follows.
  const char* end = nullptr;
  if (value.current_location().get(end) != error_code::SUCCESS) end = line.data() + line.size();
  const std::string_view text(at, static_cast<std::size_t>(end - at));
  return add(at, text.substr(0, text.rfind(']') + 1), false, true, *into);
}

/// Members of an object whose own name, with a dot, is `name`.
error_code JsonLine::State::read_object(ondemand::object object_value, std::size_t level, std::vector<JsonCell>& into) {
  const std::size_t length = name.size();
  for (auto member : object_value) {
    std::string_view key;
    ondemand::value value;
    if (const error_code error = member.unescaped_key().get(key)) return error;
    if (const error_code error = member.value().get(value)) return error;
    const char* at = nullptr;
    if (const error_code error = value.current_location().get(at)) return error;
    const bool is_root = level == root_level;
    name.append(is_root ? "" : ".").append(key);
    if (name.size() > k_longest_name)
      return fail_with(at, "a name of a field longer than " + std::to_string(k_longest_name) + " bytes");
    const bool is_events = is_root && &into == &cells && key == k_events_member;
    has_events_array = has_events_array || (is_events && *at == '[');
    if (const error_code error =
            is_events && as_sequence ? read_events(value, at) : read_value(value, level + 1, &into))
      return error;
    name.resize(length);
  }
  return error_code::SUCCESS;
}

error_code JsonLine::State::read_events(ondemand::value& value, const char* begin) {
  if (has_events) return fail_with(begin, "a second field \"events\"");
  if (*begin != '[') return fail_with(begin, "expected an array of events, as in the lines before");
  has_events = true;
  ondemand::array array;
  if (const error_code error = value.get_array().get(array)) return error;
  const std::uint64_t outer = object;
  std::uint64_t inner = object;
  constexpr std::size_t k_event_level = 2;
  root_level = k_event_level;
  for (auto element : array) {
    ondemand::value item;
    const char* at = nullptr;
    if (const error_code error = element.get(item)) return error;
    if (const error_code error = item.current_location().get(at)) return error;
    if (*at == '[') return fail_with(at, "an array among the events; expected texts or objects");
    object = ++inner;
    fields = 0;
    events.push_back({static_cast<std::size_t>(at - padded.data()), event_cells.size(), 0});
    name.assign(*at == '{' ? "" : "event");
    if (const error_code error = read_value(item, k_event_level, &event_cells)) return error;
    events.back().end_cell = event_cells.size();
  }
  name.clear();
  root_level = 1;
  // Fields of the object behind the events are held apart from those of the events.
  for (std::uint64_t& last : seen)
    if (last > outer) last = 0;
  for (const JsonCell& cell : cells) seen[cell.place] = outer;
  object = outer;
  return error_code::SUCCESS;
}

error_code JsonLine::State::read_document() {
  ondemand::document document;
  const simdjson::padded_string_view text(padded.data(), line.size(), padded.size());
  if (const error_code error = parser.iterate(text).get(document)) return error;
  ondemand::object root;
  if (const error_code error = document.get_object().get(root)) return error;
  name.clear();
  if (const error_code error = read_object(root, 1, cells)) return error;
  const bool is_end = document.current_location().error() == error_code::OUT_OF_BOUNDS;
  return is_end ? error_code::SUCCESS : error_code::TRAILING_CONTENT;
}

JsonLine::JsonLine(std::size_t most_fields) : state_(std::make_unique<State>()) { state_->most_fields = most_fields; }
JsonLine::~JsonLine() = default;

std::string JsonLine::read(std::string_view line, JsonNames& names, bool as_sequence) {
  State& s = *state_;
  if (s.padded.size() < line.size() + simdjson::SIMDJSON_PADDING)
    s.padded.resize(std::max(2 * s.padded.size(), line.size() + simdjson::SIMDJSON_PADDING));
  std::memcpy(s.padded.data(), line.data(), line.size());
  std::memset(s.padded.data() + line.size(), ' ', simdjson::SIMDJSON_PADDING);
  s.line = {s.padded.data(), line.size()};
  s.names = &names;
  s.as_sequence = as_sequence;
  s.has_events_array = s.has_events = false;
  s.problem.clear();
  clear();
  const std::uint64_t before = s.object;
  ++s.object;
  s.fields = 0;
  s.root_level = 1;
  const std::size_t first = line.find_first_not_of(" \t");
  if (first != std::string_view::npos && line[first] != '{')
    return "column " + std::to_string(first + 1) + ": expected an object {..}, found " + line[first];
  const error_code error = s.read_document();
  s.object = std::max(s.object, before + 1 + s.events.size());
  if (error != error_code::SUCCESS) return s.problem.empty() ? explain(line, error) : s.problem;
  if (as_sequence && !s.has_events_array) return "expected a field \"events\", as in the lines before";
  return {};
}

void JsonLine::clear() {
  state_->cells.clear();
  state_->event_cells.clear();
  state_->events.clear();
}

std::span<const JsonCell> JsonLine::cells() const { return state_->cells; }
std::span<const JsonEvent> JsonLine::events() const { return state_->events; }
std::span<const JsonCell> JsonLine::event_cells() const { return state_->event_cells; }
bool JsonLine::has_events_array() const { return state_->has_events_array; }

}  // namespace v0
}  // namespace seqguard
