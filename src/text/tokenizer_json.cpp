// tokenizer.json: which component stands where.
#include "text/read_components.hpp"
#include "text/tokenizer_config.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Every id of a frame must be one that the vocabulary has.
void check_frame(const Frame& frame, const VocabularyMap& vocabulary, JsonValue processor) {
  for (const FramePiece& piece : frame)
    for (const std::int32_t id : piece.ids)
      if (static_cast<std::size_t>(id) >= vocabulary.id_count())
        processor.refuse("ids below " + std::to_string(vocabulary.id_count()) + ", not " + std::to_string(id));
}

}  // namespace

std::vector<AddedTokenEntry> read_added_tokens(JsonValue value) {
  std::vector<AddedTokenEntry> entries;
  value.demand(JsonValue::Kind::array).for_each([&](JsonValue token) {
    token.allow_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    AddedTokenEntry entry;
    entry.where = value.where();
    entry.token.content = token.at("content").text();
    if (entry.token.content.size() > k_max_piece_bytes)
      token.refuse("a content of at most " + std::to_string(k_max_piece_bytes) + " bytes");
    entry.token.id = read_id(token.at("id"));
    entry.token.single_word = token.at("single_word").boolean();
    entry.token.lstrip = token.at("lstrip").boolean();
    entry.token.rstrip = token.at("rstrip").boolean();
    entry.token.normalized = token.at("normalized").boolean();
    entry.token.special = token.at("special").boolean();
    entries.push_back(std::move(entry));
  });
  return entries;
}

TokenizerPipeline pipeline_from_json(std::string_view json, const std::string& file, std::string_view config,
                                     const std::string& config_file) {
  const JsonTree tree(json, file, ErrorCode::bad_format, DuplicateKeys::refuse_if_asked_for);
  const JsonValue root = tree.root();
  root.allow_only({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
                   "decoder", "model"});
  if (const auto version = root.find("version"); version && version->text() != "1.0")
    version->refuse_unsupported("\"1.0\"");
  TokenizerPipeline pipeline;
  // How a saved tokenizer truncates and pads is what whoever saved it last had set.
  if (root.find("truncation"))
    pipeline.notes.push_back(file + ": truncation is ignored, EncodeOptions::max_length counts");
  if (root.find("padding")) pipeline.notes.push_back(file + ": padding is ignored, nothing is padded here");
  if (const auto normalizer = root.find("normalizer")) read_normalizer(*normalizer, pipeline.normalizers);
  if (const auto splitter = root.find("pre_tokenizer")) read_pre_tokenizer(*splitter, pipeline.pre_tokenizers);
  // Each step goes over the whole text; the longest lists in use, ALBERT's, have 7.
  constexpr std::size_t k_max_steps = 16;
  if (pipeline.normalizers.size() > k_max_steps)
    root.at("normalizer").refuse("at most " + std::to_string(k_max_steps) + " steps");
  if (pipeline.pre_tokenizers.size() > k_max_steps)
    root.at("pre_tokenizer").refuse("at most " + std::to_string(k_max_steps) + " steps");
  pipeline.model = read_model(root.at("model"));
  const auto processor = root.find("post_processor");
  if (processor) pipeline.post_processor = read_post_processor(*processor);
  if (!config.empty()) apply_tokenizer_config(TokenizerConfig(config, config_file), root, pipeline);
  const auto added = root.find("added_tokens");
  finish_pipeline(pipeline, added ? read_added_tokens(*added) : std::vector<AddedTokenEntry>());
  if (processor) {
    check_frame(pipeline.post_processor.single, pipeline.model->vocabulary(), *processor);
    check_frame(pipeline.post_processor.pair, pipeline.model->vocabulary(), *processor);
  }
  return pipeline;
}

}  // namespace v0
}  // namespace seqguard
