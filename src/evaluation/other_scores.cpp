#include "seqguard/evaluation/other_scores.hpp"

#include <optional>
#include <unordered_map>

#include "core/secret_hash.hpp"
#include "evaluation/json_scores.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

enum class Name { key, line, place };

Name name_of(std::span<const SequenceId> sequences) {
  if (sequences.empty()) return Name::place;
  return !sequences[0].key.empty() ? Name::key : sequences[0].line > 0 ? Name::line : Name::place;
}

std::string text_of(const SequenceId& id, Name name) { return name == Name::key ? id.key : std::to_string(id.line); }

/// Where our sequences have no names, theirs are told apart by their places alone: what has a name may stand elsewhere.
void require_no_name(const JsonValue& line, const std::string& where) {
  for (const char* field : {"key", "line"})
    if (const auto name = line.find(field); name && !name->is(JsonValue::Kind::null))
      fail(ErrorCode::bad_format, where,
           std::string("has a field \"") + field +
               "\", which the scores that it is compared with lack: add it there, or take it out here if both files "
               "have the same order");
}

}  // namespace

std::vector<double> read_other_scores_from_text(const std::string& text, const std::string& name,
                                                std::span<const SequenceId> sequences) {
  const Name by = name_of(sequences);
  const char* field = by == Name::key ? "key" : "line";
  std::unordered_map<std::string, std::size_t, SecretHash> places;
  if (by != Name::place)
    for (std::size_t s = 0; s < sequences.size(); ++s) places.emplace(text_of(sequences[s], by), s);
  std::vector<std::optional<double>> found(sequences.size());
  std::size_t read = 0;
  for_each_json_line(text, name, [&](const JsonValue& line, const std::string& where) {
    std::size_t s = read++;
    if (by == Name::place) {
      require_no_name(line, where);
    } else {
      const JsonValue id = line.at(field);
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
    found[s] = score_of(line);
  });
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
  return read_other_scores_from_text(read_file(path, k_max_scores_bytes), path, sequences);
}

}  // namespace v0
}  // namespace seqguard
