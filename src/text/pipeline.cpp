#include "text/pipeline.hpp"

#include <algorithm>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Normalizes the contents of added tokens, all of them together within the limits of a vocabulary.
class ContentNormalizer {
 public:
  explicit ContentNormalizer(const NormalizerSteps& steps) : steps_(steps) {
    scratch_.max_bytes = k_max_vocabulary_bytes;
  }
  const std::string& operator()(const AddedToken& token) {
    text_.assign(token.content, 0);
    try {
      normalize(steps_, text_, scratch_);
    } catch (const Error& error) {
      fail(ErrorCode::bad_format, "added tokens", error.what());
    }
    scratch_.max_bytes -= std::min(scratch_.max_bytes, scratch_.largest);
    return text_.text;
  }

 private:
  const NormalizerSteps& steps_;
  NormalizedText text_;
  NormalizerScratch scratch_;
};

}  // namespace

void finish_pipeline(TokenizerPipeline& pipeline, std::vector<AddedTokenEntry> added) {
  VocabularyMap& vocabulary = pipeline.model->vocabulary();
  auto next_id = static_cast<std::int32_t>(vocabulary.size());
  auto& tokens = pipeline.added_tokens;
  std::vector<std::size_t> places;  // by id: 1 + the place in tokens
  for (AddedTokenEntry& entry : added) {
    AddedToken& token = entry.token;
    if (token.content.empty()) continue;
    const auto known = vocabulary.find(token.content);
    const std::int32_t id = known ? *known : next_id;
    if (token.id >= 0 && id != token.id)
      fail(ErrorCode::bad_format, entry.where, "id of \"" + token.content.substr(0, 100) + "\"",
           std::to_string(id) + (known ? " as in the vocabulary" : ", the next free one"), std::to_string(token.id));
    if (!known && token.id < 0 && !vocabulary.piece(id).empty()) {
      pipeline.report.notes.push_back(entry.where + ": \"" + token.content.substr(0, 60) + "\" gets no id: " +
                                      std::to_string(id) + ", the next one, belongs to a piece of the vocabulary");
      continue;
    }
    if (!known) {
      if (!vocabulary.piece(id).empty())
        fail(ErrorCode::bad_format, entry.where, "id " + std::to_string(id) + " belongs to a piece of the vocabulary");
      vocabulary.add_late(token.content, id);
      ++next_id;
    }
    token.id = id;
    if (places.size() <= static_cast<std::size_t>(id)) places.resize(static_cast<std::size_t>(id) + 1);
    std::size_t& place = places[static_cast<std::size_t>(id)];
    if (place == 0) {
      tokens.push_back(std::move(token));
      place = tokens.size();
    } else {
      tokens[place - 1] = std::move(token);  // the last entry of a token counts
    }
  }
  ContentNormalizer normalized(pipeline.normalizers);
  for (const AddedToken& token : tokens) {
    if (token.special) pipeline.special_ids.add(token.id);
    if (token.normalized)
      pipeline.normalized_tokens.add(normalized(token), token);
    else
      pipeline.raw_tokens.add(token.content, token);
  }
  if (pipeline.post_processor.trim_passes.empty()) return;
  pipeline.spaces.resize(vocabulary.id_count());
  vocabulary.for_each([&](std::string_view piece, std::int32_t id) {
    std::uint32_t leading = 0, trailing = 0;
    count_spaces(piece, leading, trailing);  // at most k_max_piece_bytes
    pipeline.spaces[static_cast<std::size_t>(id)] = {static_cast<std::uint16_t>(leading),
                                                     static_cast<std::uint16_t>(trailing)};
  });
}

}  // namespace v0
}  // namespace seqguard
