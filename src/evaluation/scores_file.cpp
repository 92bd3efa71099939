#include "seqguard/evaluation/scores_file.hpp"

#include <algorithm>
#include <string_view>

#include "core/json_tree.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{4} << 30;

std::string kind_of(const JsonValue& label) {
  switch (label.kind()) {
    case JsonValue::Kind::null:
      return {};
    case JsonValue::Kind::boolean:
      return label.boolean() ? "abnormal" : "";
    case JsonValue::Kind::text:
      return label.equals("normal") ? "" : std::string(label.text());
    case JsonValue::Kind::integer:
      if (const double number = label.number(); number == 0 || number == 1) return number == 1 ? "abnormal" : "";
      break;
    default:
      break;
  }
  label.refuse("0, 1, a boolean or a kind");
}

ScoredLine parse_line(std::string_view text, const std::string& where) {
  const JsonTree tree(text, where, ErrorCode::bad_format);
  const JsonValue line = tree.root();
  const auto label = line.member("label"), decision = line.member("is_anomaly");
  const double score = line.at("score").number();
  if (!label) fail(ErrorCode::bad_format, where, "no field \"label\"; add the truth to each line");
  ScoredLine result{score, std::nullopt, kind_of(*label)};
  if (const auto key = line.find("key"); key && key->is(JsonValue::Kind::text)) result.key = std::string(key->text());
  if (decision) result.is_anomaly = decision->boolean();
  return result;
}

}  // namespace

std::vector<ScoredLine> read_scores_from_text(const std::string& text, const std::string& name) {
  std::vector<ScoredLine> result;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    ++number;
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    result.push_back(parse_line(line, name + ":" + std::to_string(number)));
  }
  return result;
}

std::vector<ScoredLine> read_scores(const std::string& path) {
  return read_scores_from_text(read_file(path, k_max_bytes), path);
}

}  // namespace v0
}  // namespace seqguard
