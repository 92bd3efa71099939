// tokenizer.json: which component stands where.
#include "text/read_components.hpp"
#include "text/tokenizer_settings.hpp"

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

/// One token of a frame and the id that it is given there.
void compare_id(std::string_view token, std::int32_t id, const VocabularyMap& vocabulary, JsonValue where,
                LoadReport& report) {
  constexpr std::size_t k_max_notes = 32;  // of a file that is made to have many
  const auto known = vocabulary.find(token);
  if (known == id || report.notes.size() > k_max_notes) return;
  report.notes.push_back(where.where() + ": \"" + std::string(token.substr(0, 60)) + "\" has the id " +
                         std::to_string(id) + " there, in the vocabulary " + (known ? std::to_string(*known) : "none") +
                         "; " + std::to_string(id) + " is used");
}

/// Notes ids of a post-processor that its vocabulary gives to other tokens.
void compare_ids(JsonValue processor, const VocabularyMap& vocabulary, LoadReport& report) {
  for (const char* name : {"cls", "sep"})
    if (const auto pair = processor.find(name))
      if (const auto token = pair->first_child()) {
        const auto id = token->next_sibling();
        compare_id(token->text(), read_id(*id), vocabulary, *pair, report);
      }
  if (const auto tokens = processor.find("special_tokens"))
    tokens->for_each([&](JsonValue entry) {
      auto id = entry.at("ids").first_child();
      const auto names = entry.find("tokens");
      auto name = names ? names->first_child() : std::nullopt;
      for (; id && name; id = id->next_sibling(), name = name->next_sibling())
        compare_id(name->text(), read_id(*id), vocabulary, entry, report);
    });
  if (const auto steps = processor.find("processors"))
    steps->for_each([&](JsonValue step) { compare_ids(step, vocabulary, report); });
}

/// How a saved tokenizer truncates and pads is what whoever saved it last had set; of that only the side counts.
void read_truncation(JsonValue root, const TokenizerConfig& config, TokenizerPipeline& pipeline) {
  TruncationSide side = TruncationSide::right;
  if (const auto block = root.find("truncation")) {
    if (const auto direction = block->find("direction")) {
      if (!direction->equals("Left") && !direction->equals("Right")) direction->refuse("Left or Right");
      if (direction->equals("Left")) side = TruncationSide::left;
    }
    pipeline.report.notes.push_back(block->where() +
                                    ": only its direction counts; the length is EncodeOptions::max_length");
  }
  if (const auto block = root.find("padding"))
    pipeline.report.notes.push_back(block->where() + " is ignored, nothing is padded here");
  pipeline.post_processor.truncation_side = config.truncation_side(side);
}

void read_stages(JsonValue root, TokenizerPipeline& pipeline) {
  if (const auto normalizer = root.find("normalizer")) read_normalizer(*normalizer, pipeline.normalizers);
  if (const auto splitter = root.find("pre_tokenizer")) read_pre_tokenizer(*splitter, pipeline.pre_tokenizers);
  // Each step goes over the whole text; the longest lists in use, ALBERT's, have 7.
  constexpr std::size_t k_max_steps = 16;
  if (pipeline.normalizers.size() > k_max_steps)
    root.at("normalizer").refuse("at most " + std::to_string(k_max_steps) + " steps");
  if (pipeline.pre_tokenizers.size() > k_max_steps)
    root.at("pre_tokenizer").refuse("at most " + std::to_string(k_max_steps) + " steps");
  pipeline.model = read_model(root.at("model"));
  if (const auto processor = root.find("post_processor")) pipeline.post_processor = read_post_processor(*processor);
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

TokenizerPipeline pipeline_from_json(std::string_view json, const std::string& file,
                                     const TokenizerSettings& settings) {
  const JsonTree tree(json, file, ErrorCode::bad_format, DuplicateKeys::refuse_if_asked_for);
  const JsonValue root = tree.root();
  root.allow_only({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
                   "decoder", "model"});
  if (const auto version = root.find("version"); version && version->text() != "1.0")
    version->refuse_unsupported("\"1.0\"");
  TokenizerPipeline pipeline;
  const TokenizerConfig config(settings, pipeline.report);
  read_stages(root, pipeline);
  read_truncation(root, config, pipeline);
  apply_stages(config, root, pipeline);
  pipeline.gives_type_ids = config.gives_type_ids();
  pipeline.splits_specials = config.flag("split_special_tokens", false);
  const bool bert = rebuilds_bert(config, root), roberta = rebuilds_roberta(config, root);
  const auto added = root.find("added_tokens");
  std::span<const SpecialName> defaults;
  if (bert) defaults = config.class_name() == "MPNetTokenizer" ? mpnet_specials() : bert_specials();
  if (roberta) defaults = roberta_specials();
  finish_pipeline(
      pipeline, merge_added_tokens(config, added ? read_added_tokens(*added) : std::vector<AddedTokenEntry>(), defaults,
                                   bert || roberta, pipeline));
  if (const auto processor = root.find("post_processor")) {
    const VocabularyMap& vocabulary = pipeline.model->vocabulary();
    check_frame(pipeline.post_processor.single, vocabulary, *processor);
    check_frame(pipeline.post_processor.pair, vocabulary, *processor);
    if (!bert && !roberta) compare_ids(*processor, vocabulary, pipeline.report);
  }
  apply_frame(config, root, pipeline);
  return pipeline;
}

}  // namespace v0
}  // namespace seqguard
