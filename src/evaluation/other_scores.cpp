#include "seqguard/evaluation/other_scores.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "core/json_tree.hpp"
#include "core/secret_hash.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{4} << 30;

enum class Name { key, line, place };

Name name_of(std::span<const SequenceId> sequences) {
  if (sequences.empty()) return Name::place;
  return !sequences[0].key.empty() ? Name::key : sequences[0].line > 0 ? Name::line : Name::place;
}

std::string text_of(const SequenceId& id, Name name) { return name == Name::key ? id.key : std::to_string(id.line); }

}  // namespace

std::vector<double> read_other_scores_from_text(const std::string& text, const std::string& name,
                                                std::span<const SequenceId> sequences) {
  const Name by = name_of(sequences);
  const char* field = by == Name::key ? "key" : "line";
  std::unordered_map<std::string, std::size_t, SecretHash> places;
  if (by != Name::place)
    for (std::size_t s = 0; s < sequences.size(); ++s) places.emplace(text_of(sequences[s], by), s);
  std::vector<std::optional<double>> found(sequences.size());
  std::size_t number = 0, read = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    ++number;
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = name + ":" + std::to_string(number);
    const JsonTree tree(line, where, ErrorCode::bad_format);
    std::size_t s = read++;
    if (by != Name::place) {
      const JsonValue id = tree.root().at(field);
      const std::string wanted = by == Name::key ? std::string(id.text()) : std::to_string(id.natural());
      const auto place = places.find(wanted);
      if (place == places.end())
        fail(ErrorCode::bad_format, where,
             std::string("there is no sequence of ") + field + " " + wanted + " in the data");
      s = place->second;
    }
    if (s >= found.size())
      fail(ErrorCode::bad_format, where, "more scores than sequences", std::to_string(found.size()), "another one");
    if (found[s]) fail(ErrorCode::bad_format, where, "a second score of the same sequence");
    found[s] = tree.root().at("score").number();
  }
  std::vector<double> scores;
  for (std::size_t s = 0; s < found.size(); ++s) {
    if (!found[s])
      fail(ErrorCode::bad_format, name,
           by == Name::place ? "fewer scores than the " + std::to_string(found.size()) + " sequences"
                             : std::string("no score of ") + field + " " + text_of(sequences[s], by));
    scores.push_back(*found[s]);
  }
  return scores;
}

std::vector<double> read_other_scores(const std::string& path, std::span<const SequenceId> sequences) {
  return read_other_scores_from_text(read_file(path, k_max_bytes), path, sequences);
}

}  // namespace v0
}  // namespace seqguard
