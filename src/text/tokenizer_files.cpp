// Vocabulary files without a tokenizer.json: what transformers builds from them with the settings of
// tokenizer_config.json.
#include <algorithm>

#include "core/utf8.hpp"
#include "seqguard/core/error.hpp"
#include "text/read_components.hpp"
#include "text/tokenizer_config.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Kind = FramePiece::Kind;

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

struct SpecialName {
  const char *field, *absent;
};

/// The special tokens, as far as the vocabulary has them, and those of added_tokens_decoder.
std::vector<AddedTokenEntry> added_tokens(const VocabularyMap& vocabulary, const TokenizerConfig& config,
                                          std::initializer_list<SpecialName> names, const std::string& where) {
  std::vector<AddedTokenEntry> entries;
  for (AddedToken& token : config.decoder_tokens()) entries.push_back({std::move(token), where});
  for (const SpecialName& name : names) {
    AddedToken token = config.special_token(name.field, name.absent);
    const auto id = vocabulary.find(token.content);
    if (!id) continue;
    token.id = *id;
    entries.push_back({std::move(token), where});
  }
  return entries;
}

std::int32_t demand_token(const VocabularyMap& vocabulary, const std::string& token) {
  const auto id = vocabulary.find(token);
  if (!id) fail(ErrorCode::bad_format, vocabulary.where(), "no piece \"" + token.substr(0, 100) + "\"");
  return *id;
}

/// CLS A SEP; with a second text B SEP of type 1, or SEP B SEP of type 0 (RoBERTa, MPNet).
void set_frame(PostProcessor& processor, std::int32_t cls, std::int32_t sep, bool roberta) {
  processor.single = {{Kind::special, 0, {cls}}, {Kind::text, 0, {}}, {Kind::special, 0, {sep}}};
  processor.pair = processor.single;
  if (roberta) processor.pair.push_back({Kind::special, 0, {sep}});
  processor.pair.push_back({Kind::pair, roberta ? 0 : 1, {}});
  processor.pair.push_back({Kind::special, roberta ? 0 : 1, {sep}});
}

}  // namespace

TokenizerPipeline pipeline_from_vocab_txt(std::string_view vocabulary, const std::string& file,
                                          std::string_view config_text, const std::string& config_file) {
  demand_utf8(vocabulary, file);
  const TokenizerConfig config(config_text, config_file);
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

  TokenizerPipeline pipeline;
  pipeline.normalizers.push_back(make_bert_normalizer(config.bert_normalizer()));
  pipeline.pre_tokenizers.push_back(make_bert_pre_tokenizer());
  WordPieceSettings settings;
  settings.unk_token = config.token("unk_token", "[UNK]");
  const char *cls = mpnet ? "<s>" : "[CLS]", *sep = mpnet ? "</s>" : "[SEP]";
  set_frame(pipeline.post_processor, demand_token(pieces, config.token("cls_token", cls)),
            demand_token(pieces, config.token("sep_token", sep)), mpnet);
  auto added = added_tokens(pieces, config,
                            {{"unk_token", "[UNK]"},
                             {"sep_token", sep},
                             {"pad_token", mpnet ? "<pad>" : "[PAD]"},
                             {"cls_token", cls},
                             {"mask_token", mpnet ? "<mask>" : "[MASK]"}},
                            config_file);
  pipeline.model = make_word_piece(std::move(pieces), settings);
  finish_pipeline(pipeline, std::move(added));
  return pipeline;
}

TokenizerPipeline pipeline_from_merges(std::string_view vocabulary, const std::string& file, std::string_view merges,
                                       const std::string& merges_file, std::string_view config_text,
                                       const std::string& config_file) {
  demand_utf8(merges, merges_file);
  const TokenizerConfig config(config_text, config_file);
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

  TokenizerPipeline pipeline;
  const bool add_prefix_space = config.flag("add_prefix_space", false);
  pipeline.pre_tokenizers.push_back(make_byte_level_pre_tokenizer(add_prefix_space, true));
  set_frame(pipeline.post_processor, demand_token(pieces, config.token("cls_token", "<s>")),
            demand_token(pieces, config.token("sep_token", "</s>")), true);
  if (config.flag("trim_offsets", true)) pipeline.post_processor.trim_passes.push_back(add_prefix_space);
  auto added = added_tokens(pieces, config,
                            {{"bos_token", "<s>"},
                             {"eos_token", "</s>"},
                             {"unk_token", "<unk>"},
                             {"sep_token", "</s>"},
                             {"pad_token", "<pad>"},
                             {"cls_token", "<s>"},
                             {"mask_token", "<mask>"}},
                            config_file);
  pipeline.model = make_bpe(std::move(pieces), pairs, {});
  finish_pipeline(pipeline, std::move(added));
  return pipeline;
}

}  // namespace v0
}  // namespace seqguard
