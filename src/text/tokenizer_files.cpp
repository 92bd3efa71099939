// Vocabulary files without a tokenizer.json: what transformers builds from them with the settings of
// tokenizer_config.json.
#include <algorithm>

#include "core/utf8.hpp"
#include "seqguard/core/error.hpp"
#include "text/read_components.hpp"
#include "text/tokenizer_settings.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Calls visit(line) for each line; the end of the last line may be missing.
template <class Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The same from the last line to the first.
template <class Visit>
void for_each_line_backwards(std::string_view text, const Visit& visit) {
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  else if (text.empty())
    return;
  for (;;) {
    const std::size_t end = text.rfind('\n');
    visit(end == std::string_view::npos ? text : text.substr(end + 1));
    if (end == std::string_view::npos) return;
    text = text.substr(0, end);
  }
}

std::string_view without_trailing_space(std::string_view line) {
  while (!line.empty()) {
    const std::size_t last = previous_utf8(line, line.size());
    if (!CharacterTable::instance().is(decode_utf8(line.data() + last), k_space)) break;
    line = line.substr(0, last);
  }
  return line;
}

void demand_utf8(std::string_view text, const std::string& file) {
  if (!is_valid_utf8(text)) fail(ErrorCode::bad_format, file, "is not well-formed UTF-8");
}

/// The tokens that frame a text must be pieces, or be added with an id: transformers would give any other one an id
/// that no model was trained with.
void demand_frame_tokens(const VocabularyMap& vocabulary, const TokenizerConfig& config, bool like_roberta) {
  const std::vector<AddedToken> added = config.added_tokens();
  for (const std::string& token : {config.token("cls_token", like_roberta ? "<s>" : "[CLS]"),
                                   config.token("sep_token", like_roberta ? "</s>" : "[SEP]")})
    if (!vocabulary.find(token) &&
        std::none_of(added.begin(), added.end(), [&](const AddedToken& known) { return known.content == token; }))
      fail(ErrorCode::bad_format, vocabulary.where(), "no piece \"" + token.substr(0, 100) + "\"");
}

void set_frame(const TokenizerConfig& config, bool like_roberta, TokenizerPipeline& pipeline) {
  const VocabularyMap& all = pipeline.model->vocabulary();
  set_cls_sep_frame(pipeline.post_processor, *all.find(config.token("cls_token", like_roberta ? "<s>" : "[CLS]")),
                    *all.find(config.token("sep_token", like_roberta ? "</s>" : "[SEP]")), like_roberta);
}

/// What the settings say of any tokenizer.
void set_common(const TokenizerConfig& config, TokenizerPipeline& pipeline) {
  pipeline.post_processor.truncation_side = config.truncation_side(TruncationSide::right);
  pipeline.gives_type_ids = config.gives_type_ids();
  pipeline.splits_specials = config.flag("split_special_tokens", false);
}

}  // namespace

TokenizerPipeline pipeline_from_vocab_txt(std::string_view vocabulary, const std::string& file,
                                          const TokenizerSettings& settings) {
  demand_utf8(vocabulary, file);
  TokenizerPipeline pipeline;
  const TokenizerConfig config(settings, pipeline.report);
  config.demand_class(k_bert_tokenizers);
  const bool mpnet = config.class_name() == "MPNetTokenizer";
  std::int64_t line_number = 0;
  for_each_line(vocabulary, [&](std::string_view) { ++line_number; });
  VocabularyMap pieces(file);
  for_each_line_backwards(vocabulary, [&](std::string_view line) {  // of a piece that stands twice the last one counts
    const std::string_view piece = without_trailing_space(line);
    --line_number;
    if (!pieces.find(piece)) pieces.add(piece, line_number);
  });
  pieces.finish();
  demand_frame_tokens(pieces, config, mpnet);

  set_common(config, pipeline);
  pipeline.normalizers.push_back(make_bert_normalizer(config.bert_normalizer()));
  pipeline.pre_tokenizers.push_back(make_bert_pre_tokenizer());
  WordPieceSettings words;
  words.unk_token = config.token("unk_token", "[UNK]");
  pipeline.model = make_word_piece(std::move(pieces), words);
  const auto defaults = mpnet ? mpnet_specials() : bert_specials();
  finish_pipeline(pipeline, merge_added_tokens(config, {}, defaults, false, pipeline));
  set_frame(config, mpnet, pipeline);
  return pipeline;
}

TokenizerPipeline pipeline_from_merges(std::string_view vocabulary, const std::string& file, std::string_view merges,
                                       const std::string& merges_file, const TokenizerSettings& settings) {
  demand_utf8(merges, merges_file);
  TokenizerPipeline pipeline;
  const TokenizerConfig config(settings, pipeline.report);
  config.demand_class(k_roberta_tokenizers);
  const JsonTree tree(vocabulary, file, ErrorCode::bad_format, DuplicateKeys::refuse_if_asked_for);
  VocabularyMap pieces = read_vocabulary(tree.root());
  std::vector<BpeMerge> pairs;
  for_each_line(merges, [&](std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("#version")) return;
    constexpr std::size_t k_max_merges = 2'000'000;  // the longest lists in use have 450,000; 48 bytes each in memory
    if (pairs.size() == k_max_merges)
      fail(ErrorCode::bad_format, merges_file, "merges", "at most " + std::to_string(k_max_merges), "more");
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos)
      fail(ErrorCode::bad_format, merges_file, "merge " + std::to_string(pairs.size() + 1),
           "two pieces with a space between them", "\"" + std::string(line.substr(0, 100)) + "\"");
    pairs.emplace_back(line.substr(0, space), line.substr(space + 1));
  });
  demand_frame_tokens(pieces, config, true);

  set_common(config, pipeline);
  const bool add_prefix_space = config.flag("add_prefix_space", false);
  pipeline.pre_tokenizers.push_back(make_byte_level_pre_tokenizer(add_prefix_space, true));
  if (config.flag("trim_offsets", true)) pipeline.post_processor.trim_passes.push_back(add_prefix_space);
  pipeline.model = make_bpe(std::move(pieces), pairs, {});
  finish_pipeline(pipeline, merge_added_tokens(config, {}, roberta_specials(), false, pipeline));
  set_frame(config, true, pipeline);
  return pipeline;
}

}  // namespace v0
}  // namespace seqguard
