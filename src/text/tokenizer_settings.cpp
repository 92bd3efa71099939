#include "text/tokenizer_settings.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "text/read_components.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr SpecialName k_bert_specials[] = {{"unk_token", "[UNK]"},
                                           {"sep_token", "[SEP]"},
                                           {"pad_token", "[PAD]"},
                                           {"cls_token", "[CLS]"},
                                           {"mask_token", "[MASK]"}};
constexpr SpecialName k_mpnet_specials[] = {{"unk_token", "[UNK]"},
                                            {"sep_token", "</s>"},
                                            {"pad_token", "<pad>"},
                                            {"cls_token", "<s>"},
                                            {"mask_token", "<mask>"}};
constexpr SpecialName k_roberta_specials[] = {{"bos_token", "<s>"},    {"eos_token", "</s>"},  {"unk_token", "<unk>"},
                                              {"sep_token", "</s>"},   {"pad_token", "<pad>"}, {"cls_token", "<s>"},
                                              {"mask_token", "<mask>"}};

std::optional<JsonValue> of_type(JsonValue document, std::string_view member, std::string_view type) {
  const auto value = document.find(member);
  return value && value->at("type").text() == type ? value : std::nullopt;
}

bool same_flags(const AddedToken& a, const AddedToken& b) {
  return a.single_word == b.single_word && a.lstrip == b.lstrip && a.rstrip == b.rstrip &&
         a.normalized == b.normalized && a.special == b.special;
}

/// Whether a class of transformers calls one of its own tokens so.
bool is_usual_name(std::string_view token) {
  const auto has = [&](std::span<const SpecialName> names) {
    return std::any_of(names.begin(), names.end(), [&](const SpecialName& name) { return name.absent == token; });
  };
  return has(k_bert_specials) || has(k_roberta_specials);
}

bool frames(const PostProcessor& processor, std::int32_t id) {
  for (const Frame* frame : {&processor.single, &processor.pair})
    for (const FramePiece& piece : *frame)
      if (std::find(piece.ids.begin(), piece.ids.end(), id) != piece.ids.end()) return true;
  return false;
}

/// Added tokens in order, each text once.
class MergedTokens {
 public:
  MergedTokens(std::vector<AddedTokenEntry> own, std::string where)
      : entries_(std::move(own)), where_(std::move(where)) {
    for (std::size_t i = 0; i < entries_.size(); ++i) places_[entries_[i].token.content] = i;
  }
  AddedToken* find(const std::string& content) {
    const auto found = places_.find(content);
    return found == places_.end() ? nullptr : &entries_[found->second].token;
  }
  void add(AddedToken token) {
    places_[token.content] = entries_.size();
    entries_.push_back({std::move(token), where_});
  }
  template <class Visit>
  void for_each(const Visit& visit) {
    for (AddedTokenEntry& entry : entries_) visit(entry);
  }
  std::vector<AddedTokenEntry> take() { return std::move(entries_); }

 private:
  std::vector<AddedTokenEntry> entries_;
  std::map<std::string, std::size_t> places_;
  std::string where_;
};

std::set<std::string> contents_of(const std::vector<AddedToken>& tokens) {
  std::set<std::string> contents;
  for (const AddedToken& token : tokens) contents.insert(token.content);
  return contents;
}

void note_tokens(const TokenizerConfig& config, const char* what, const std::vector<std::string>& names,
                 LoadReport& report) {
  if (!names.empty()) report.notes.push_back(config.file_of_added_tokens() + ": " + what + listed_names(names));
}

/// Drops tokens of `own` that added_tokens_decoder does not have.
void keep_decoded(const TokenizerConfig& config, std::vector<AddedTokenEntry>& own, LoadReport& report) {
  const std::set<std::string> known = contents_of(config.added_tokens());
  std::vector<std::string> dropped;
  std::erase_if(own, [&](const AddedTokenEntry& entry) {
    if (known.contains(entry.token.content)) return false;
    dropped.push_back(entry.token.content);
    return true;
  });
  note_tokens(config,
              "added_tokens_decoder lacks added tokens of tokenizer.json, which are not cut out of texts: ", dropped,
              report);
}

/// Those of added_tokens_decoder count more than those that are there; those of added_tokens.json less.
void merge_further(const TokenizerConfig& config, MergedTokens& tokens, LoadReport& report) {
  std::vector<std::string> changed;
  for (const AddedToken& token : config.added_tokens()) {
    AddedToken* const known = tokens.find(token.content);
    if (known == nullptr) {
      tokens.add(token);
    } else if (config.has_decoder()) {
      if (!same_flags(*known, token)) changed.push_back(token.content);
      *known = token;
    }
  }
  note_tokens(config, "added_tokens_decoder has other flags than tokenizer.json, and is followed: ", changed, report);
}

/// Special tokens without a role (named by a file, or in the frame) are meant to stand in texts. Where nothing names a
/// role, as for a tokenizer.json alone, each special token may have one; additional ones never have. Those of which
/// only that is known are noted, but for the names by which transformers' classes call theirs.
void keep_special_those_with_a_role(const std::set<std::string>& roles, const std::set<std::string>& additional,
                                    const PostProcessor& frame, MergedTokens& tokens, LoadReport& report) {
  std::vector<std::string> unknown;
  std::string where;
  tokens.for_each([&](AddedTokenEntry& entry) {
    AddedToken& token = entry.token;
    if (!token.special || frames(frame, token.id)) return;
    const bool may_have_one = roles.empty() ? !additional.contains(token.content) : roles.contains(token.content);
    if (!may_have_one) {
      token.special = false;
    } else if (roles.empty() && !is_usual_name(token.content)) {
      unknown.push_back(token.content);
      where = entry.where;
    }
  });
  if (unknown.empty()) return;
  report.notes.push_back(
      where + ": no file names the role of " + std::to_string(unknown.size()) +
      (unknown.size() == 1 ? " special token" : " special tokens") +
      ", kept out of texts like those with one (SpecialTokensInText::as_text): " + listed_names(unknown) +
      "; named among the additional_special_tokens of a tokenizer_config.json they stay tokens there");
}

void merge_specials(const TokenizerConfig& config, std::span<const SpecialName> defaults, const PostProcessor& frame,
                    MergedTokens& tokens, LoadReport& report) {
  const std::vector<AddedToken> named = config.named_tokens(defaults), additional = config.additional_tokens();
  for (const AddedToken& token : named) {
    if (AddedToken* const known = tokens.find(token.content))
      known->special = true;
    else
      tokens.add(token);
  }
  for (const AddedToken& token : additional)
    if (tokens.find(token.content) == nullptr) tokens.add(token);
  if (config.flag("split_special_tokens", false)) return;
  keep_special_those_with_a_role(contents_of(named), contents_of(additional), frame, tokens, report);
}

}  // namespace

std::span<const SpecialName> bert_specials() noexcept { return k_bert_specials; }
std::span<const SpecialName> mpnet_specials() noexcept { return k_mpnet_specials; }
std::span<const SpecialName> roberta_specials() noexcept { return k_roberta_specials; }

std::vector<AddedTokenEntry> merge_added_tokens(const TokenizerConfig& config, std::vector<AddedTokenEntry> own,
                                                std::span<const SpecialName> defaults, bool rebuilds,
                                                TokenizerPipeline& pipeline) {
  if (rebuilds && config.has_decoder()) keep_decoded(config, own, pipeline.report);
  MergedTokens tokens(std::move(own), config.file_of_added_tokens());
  merge_further(config, tokens, pipeline.report);
  merge_specials(config, defaults, pipeline.post_processor, tokens, pipeline.report);
  return tokens.take();
}

bool rebuilds_bert(const TokenizerConfig& config, JsonValue document) {
  // A configuration without a class is an old one, of BERT's.
  return config.is_class_of(k_bert_tokenizers) ||
         (!config.absent() && config.class_name().empty() && of_type(document, "normalizer", "BertNormalizer"));
}

bool rebuilds_roberta(const TokenizerConfig& config, JsonValue document) {
  return config.is_class_of(k_roberta_tokenizers) && of_type(document, "pre_tokenizer", "ByteLevel");
}

void apply_stages(const TokenizerConfig& config, JsonValue document, TokenizerPipeline& pipeline) {
  std::vector<std::string>& notes = pipeline.report.notes;
  if (rebuilds_bert(config, document)) {
    const BertNormalizerSettings settings = config.bert_normalizer();
    const auto own = of_type(document, "normalizer", "BertNormalizer");
    if (!own || settings != read_bert_normalizer(*own)) {
      pipeline.normalizers.clear();
      pipeline.normalizers.push_back(make_bert_normalizer(settings));
      const auto other = document.find("normalizer");
      notes.push_back((other ? other->where() : document.where()) +
                      (own ? " has other flags than tokenizer_config.json, which are used"
                           : " is not the BertNormalizer of the tokenizer_class, which is used"));
    }
    if (!of_type(document, "pre_tokenizer", "BertPreTokenizer")) {
      pipeline.pre_tokenizers.clear();
      pipeline.pre_tokenizers.push_back(make_bert_pre_tokenizer());
      notes.push_back(document.where() +
                      ": its pre_tokenizer is not the BertPreTokenizer of the tokenizer_class, which is used");
    }
  }
  const auto roberta = of_type(document, "post_processor", "RobertaProcessing");
  if (!rebuilds_roberta(config, document) || !roberta) return;
  const auto byte_level = of_type(document, "pre_tokenizer", "ByteLevel");
  const bool add_prefix_space = config.flag("add_prefix_space", false);
  const std::vector<bool> trim_passes(config.flag("trim_offsets", true) ? 1 : 0, add_prefix_space);
  if (add_prefix_space == byte_level->at("add_prefix_space").boolean() &&
      trim_passes == pipeline.post_processor.trim_passes)
    return;
  pipeline.pre_tokenizers.clear();
  pipeline.pre_tokenizers.push_back(make_byte_level_pre_tokenizer(add_prefix_space, true));
  pipeline.post_processor.trim_passes = trim_passes;
  notes.push_back(byte_level->where() + " has other flags than tokenizer_config.json, which are used");
}

void apply_frame(const TokenizerConfig& config, JsonValue document, TokenizerPipeline& pipeline) {
  const bool bert = rebuilds_bert(config, document), roberta = rebuilds_roberta(config, document);
  if (!bert && !roberta) return;
  const bool mpnet = config.class_name() == "MPNetTokenizer", like_roberta = roberta || mpnet;
  const VocabularyMap& vocabulary = pipeline.model->vocabulary();
  const auto cls = vocabulary.find(config.token("cls_token", like_roberta ? "<s>" : "[CLS]")),
             sep = vocabulary.find(config.token("sep_token", like_roberta ? "</s>" : "[SEP]"));
  if (!cls || !sep) return;
  const Frame single = pipeline.post_processor.single, pair = pipeline.post_processor.pair;
  set_cls_sep_frame(pipeline.post_processor, *cls, *sep, like_roberta);
  if (single == pipeline.post_processor.single && pair == pipeline.post_processor.pair) return;
  const auto processor = document.find("post_processor");
  pipeline.report.notes.push_back((processor ? processor->where() + " makes another frame than"
                                             : document.where() + ": no post_processor, unlike") +
                                  " the tokenizer_class with its vocabulary: ids " + std::to_string(*cls) + " and " +
                                  std::to_string(*sep) + " around a text are used");
}

}  // namespace v0
}  // namespace seqguard
