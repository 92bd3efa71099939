#include "seqguard/evaluation/scores_file.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/strict_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{4} << 30;

std::string kind_of(const nlohmann::json& label, const std::string& where) {
  if (label.is_null()) return {};
  if (label.is_boolean()) return label.get<bool>() ? "abnormal" : "";
  if (label.is_number_integer() && (label == 0 || label == 1)) return label == 1 ? "abnormal" : "";
  if (!label.is_string())
    fail(ErrorCode::bad_format, where, "field \"label\"", "0, 1, a boolean or a kind", label.dump());
  const auto& kind = label.get_ref<const std::string&>();
  return kind == "normal" ? "" : kind;
}

ScoredLine parse_line(std::string_view text, const std::string& where) {
  const nlohmann::json line = parse_strict_json(text, where, ErrorCode::bad_format);
  if (!line.is_object()) fail(ErrorCode::bad_format, where, "not an object with \"score\" and \"label\"");
  const auto score = line.find("score"), label = line.find("label"), decision = line.find("is_anomaly");
  if (score == line.end() || !score->is_number())
    fail(ErrorCode::bad_format, where, "field \"score\"", "a number", score == line.end() ? "none" : score->dump());
  if (label == line.end()) fail(ErrorCode::bad_format, where, "no field \"label\"; add the truth to each line");
  ScoredLine result{score->get<double>(), std::nullopt, kind_of(*label, where)};
  if (decision == line.end()) return result;
  if (!decision->is_boolean())
    fail(ErrorCode::bad_format, where, "field \"is_anomaly\"", "a boolean", decision->dump());
  result.is_anomaly = decision->get<bool>();
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

}  // namespace seqguard
