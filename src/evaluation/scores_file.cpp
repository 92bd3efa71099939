#include "seqguard/evaluation/scores_file.hpp"

#include "evaluation/json_scores.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

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

ScoredLine parse_line(const JsonValue& line, const std::string& where) {
  const auto label = line.member("label"), decision = line.member("is_anomaly");
  const double score = score_of(line);
  if (!label) fail(ErrorCode::bad_format, where, "no field \"label\"; add the truth to each line");
  ScoredLine result{score, std::nullopt, kind_of(*label)};
  if (const auto key = line.find("key"); key && key->is(JsonValue::Kind::text)) result.key = std::string(key->text());
  if (const auto at = line.find("line"); at && at->is(JsonValue::Kind::integer)) result.line = at->natural();
  if (decision) result.is_anomaly = decision->boolean();
  return result;
}

}  // namespace

std::vector<ScoredLine> read_scores_from_text(const std::string& text, const std::string& name) {
  std::vector<ScoredLine> result;
  for_each_json_line(
      text, name, [&](const JsonValue& line, const std::string& where) { result.push_back(parse_line(line, where)); });
  return result;
}

std::vector<ScoredLine> read_scores(const std::string& path) {
  return read_scores_from_text(read_file(path, k_max_scores_bytes), path);
}

}  // namespace v0
}  // namespace seqguard
