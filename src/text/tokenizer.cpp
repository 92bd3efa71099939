#include "seqguard/text/tokenizer.hpp"

#include <algorithm>

#include "core/utf8.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "text/pipeline.hpp"
#include "text/tokenizer_config.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The input as well-formed text.
std::string_view checked_text(std::string_view text, const EncodeOptions& options, std::string& repaired) {
  const std::size_t limit = std::min<std::size_t>(options.max_text_bytes, UINT32_MAX);
  if (text.size() > limit)
    fail(ErrorCode::out_of_range, "text", "length", "at most " + std::to_string(limit) + " bytes",
         std::to_string(text.size()));
  if (is_valid_utf8(text)) return text;
  if (options.invalid_utf8 == InvalidUtf8::error) fail(ErrorCode::invalid_argument, "text", "is not well-formed UTF-8");
  repair_utf8(text, repaired);
  return repaired;
}

/// Takes one text through the stages up to the model.
class TextPass {
 public:
  TextPass(const TokenizerPipeline& pipeline, TokenizerScratchBuffers& scratch, const EncodeOptions& options,
           std::vector<PlacedToken>& out)
      : pipeline_(pipeline),
        scratch_(scratch),
        specials_are_text_(options.special_tokens_in_text == SpecialTokensInText::as_text || pipeline.splits_specials),
        out_(out) {}

  void run(std::string_view text) {
    out_.clear();
    scratch_.segments.clear();
    scratch_.normalizer.max_bytes = max_normalized_bytes(text.size());  // for all segments together
    max_words_ = max_normalized_bytes(text.size()) / 4;
    scratch_.model.steps.reset(text.size());
    pipeline_.raw_tokens.split(text, specials_are_text_, scratch_.segments, scratch_.model.steps);
    std::size_t byte = 0, character = 0;  // of the same place
    for (const Segment& segment : scratch_.segments) {
      if (segment.begin < byte)  // a token took spaces that the next one took too
        character -= count_utf8(text.substr(segment.begin, byte - segment.begin));
      else
        character += count_utf8(text.substr(byte, segment.begin - byte));
      byte = segment.begin;
      const std::string_view part = text.substr(segment.begin, segment.end - segment.begin);
      if (segment.token != nullptr)
        push_added(*segment.token, part, static_cast<std::uint32_t>(character),
                   static_cast<std::uint32_t>(character + count_utf8(part)));
      else
        run_segment(part, static_cast<std::uint32_t>(character));
    }
  }

 private:
  void push_added(const AddedToken& token, std::string_view text, std::uint32_t begin, std::uint32_t end) {
    PlacedToken placed{token.id, {begin, end}, 0, 0};
    if (!pipeline_.spaces.empty()) count_spaces(text, placed.leading, placed.trailing);
    out_.push_back(placed);
  }

  void run_segment(std::string_view part, std::uint32_t first_character) {
    NormalizedText& text = scratch_.words.text;
    text.assign(part, first_character);
    normalize(pipeline_.normalizers, text, scratch_.normalizer);
    run_normalized(text);
    scratch_.normalizer.max_bytes -= std::min(scratch_.normalizer.max_bytes, scratch_.normalizer.largest);
  }

  void run_normalized(NormalizedText& text) {
    if (text.text.empty()) return;
    if (pipeline_.normalized_tokens.empty()) {
      scratch_.words.words.assign(1, {0, text.text.size()});
      run_words();
      return;
    }
    scratch_.inner.clear();
    pipeline_.normalized_tokens.split(text.text, specials_are_text_, scratch_.inner, scratch_.model.steps);
    if (scratch_.inner.size() == 1 && scratch_.inner[0].token == nullptr) {
      scratch_.words.words.assign(1, {0, text.text.size()});
      run_words();
      return;
    }
    NormalizedText& whole = scratch_.whole;  // the pre-tokenizers overwrite the text
    whole.swap(text);
    for (const Segment& segment : scratch_.inner) {
      if (segment.token != nullptr) {
        push_added(*segment.token, std::string_view(whole.text).substr(segment.begin, segment.end - segment.begin),
                   whole.origin[segment.begin], whole.origin[segment.end - 1] + 1);
        continue;
      }
      text.clear();
      text.append(whole, segment.begin, segment.end);
      scratch_.words.words.assign(1, {0, text.text.size()});
      run_words();
    }
  }

  void run_words() {
    WordList& list = scratch_.words;
    cut_into_words(list);
    const SpecialIds* forbidden = specials_are_text_ ? &pipeline_.special_ids : nullptr;
    for (const Word word : list.words) {
      scratch_.tokens.clear();
      pipeline_.model->tokenize(list.view(word), forbidden, scratch_.model, scratch_.tokens);
      for (const Token& token : scratch_.tokens) push_token(token, word);
    }
  }

  /// Pre-tokenizers insert too: byte-level ones write two bytes for one, others a mark before each word. Every word has
  /// a byte of the text to itself.
  void cut_into_words(WordList& list) {
    NormalizerScratch& budget = scratch_.normalizer;
    const std::size_t before = list.text.text.size();
    std::size_t largest = before;
    for (const auto& step : pipeline_.pre_tokenizers) {
      step->apply(list);
      largest = std::max(largest, list.text.text.size() / 2);
      check_growth(largest, budget);
      if (list.words.size() > max_words_)
        fail(ErrorCode::out_of_range, "text", "words", "at most " + std::to_string(max_words_), "more");
    }
    budget.max_bytes -= std::min(budget.max_bytes, largest - before);
  }

  void push_token(const Token& token, Word word) {
    const auto& origin = scratch_.words.text.origin;
    // A model that drops characters can give more bytes than the word has.
    const std::size_t last = std::min(word.begin + token.end, word.end) - 1;
    const std::size_t first = std::min(word.begin + token.begin, last);
    PlacedToken placed{token.id, {origin[first], origin[last] + 1}, 0, 0};
    if (!pipeline_.spaces.empty()) {
      const auto [leading, trailing] = pipeline_.spaces[static_cast<std::size_t>(token.id)];
      placed.leading = leading;
      placed.trailing = trailing;
    }
    out_.push_back(placed);
  }

  const TokenizerPipeline& pipeline_;
  TokenizerScratchBuffers& scratch_;
  bool specials_are_text_;
  std::size_t max_words_ = 0;  // of a segment
  std::vector<PlacedToken>& out_;
};

constexpr std::size_t k_max_file_bytes = std::size_t{64} << 20;

std::string read(const std::string& path) { return read_file(path, k_max_file_bytes); }

/// The files of `path`, or the one file that it is.
TokenizerPipeline read_pipeline(const std::string& path) {
  if (!directory_exists(path)) return pipeline_from_json(read(path), path, {});
  const TokenizerSettings settings = TokenizerSettings::read(path, k_max_file_bytes);
  const std::string json = path + "/tokenizer.json", lines = path + "/vocab.txt";
  const std::string map = path + "/vocab.json", merges = path + "/merges.txt";
  if (file_exists(json)) return pipeline_from_json(read(json), json, settings);
  if (file_exists(lines)) return pipeline_from_vocab_txt(read(lines), lines, settings);
  if (file_exists(map) && file_exists(merges))
    return pipeline_from_merges(read(map), map, read(merges), merges, settings);
  for (const char* name : {"/sentencepiece.bpe.model", "/sentencepiece.model", "/spiece.model", "/tokenizer.model"})
    if (file_exists(path + name))
      fail(ErrorCode::unsupported, path + name,
           "a sentencepiece model alone is not read: transformers' save_pretrained() writes its tokenizer.json");
  fail(ErrorCode::file_not_found, path, "tokenizer", "tokenizer.json, vocab.txt, or vocab.json and merges.txt", "none");
}

}  // namespace

TextSpan byte_span(std::string_view text, TextSpan characters) noexcept {
  std::uint32_t byte = 0, character = 0;
  const auto advance_to = [&](std::uint32_t wanted) {
    for (; character < wanted && byte < text.size(); ++character)
      byte += static_cast<std::uint32_t>(utf8_length(text[byte]));
    return byte;
  };
  const std::uint32_t begin = advance_to(characters.begin);
  return {begin, advance_to(characters.end)};
}

TokenizerScratch::TokenizerScratch() : buffers_(std::make_unique<TokenizerScratchBuffers>()) {}
TokenizerScratch::~TokenizerScratch() = default;
TokenizerScratch::TokenizerScratch(TokenizerScratch&&) noexcept = default;
TokenizerScratch& TokenizerScratch::operator=(TokenizerScratch&&) noexcept = default;

bool has_tokenizer(const std::string& directory) {
  for (const char* file : {"/tokenizer.json", "/vocab.txt", "/vocab.json"})
    if (file_exists(directory + file)) return true;
  return false;
}

Tokenizer Tokenizer::parse(std::string_view json, const std::string& where) {
  return Tokenizer(std::make_shared<const TokenizerPipeline>(pipeline_from_json(json, where, {})));
}

Tokenizer Tokenizer::load(const std::string& path, bool lowercase) {
  TokenizerPipeline pipeline = read_pipeline(path);
  const NormalizerSteps& steps = pipeline.normalizers;
  if (lowercase && std::none_of(steps.begin(), steps.end(), [](const auto& step) { return step->lowercases(); }))
    pipeline.normalizers.insert(pipeline.normalizers.begin(), make_lowercase_normalizer());
  return Tokenizer(std::make_shared<const TokenizerPipeline>(std::move(pipeline)));
}

void Tokenizer::encode(std::string_view text, Encoding& encoding, TokenizerScratch& scratch,
                       const EncodeOptions& options) const {
  TokenizerScratchBuffers& buffers = *scratch.buffers_;
  TextPass(*pipeline_, buffers, options, buffers.text).run(checked_text(text, options, buffers.valid));
  pipeline_->post_processor.apply(buffers.text, nullptr, options, encoding);
}

void Tokenizer::encode(std::string_view text, std::string_view pair, Encoding& encoding, TokenizerScratch& scratch,
                       const EncodeOptions& options) const {
  TokenizerScratchBuffers& buffers = *scratch.buffers_;
  TextPass(*pipeline_, buffers, options, buffers.text).run(checked_text(text, options, buffers.valid));
  TextPass(*pipeline_, buffers, options, buffers.pair).run(checked_text(pair, options, buffers.valid));
  pipeline_->post_processor.apply(buffers.text, &buffers.pair, options, encoding);
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding;
  TokenizerScratch scratch;
  encode(text, encoding, scratch, options);
  return encoding;
}

Encoding Tokenizer::encode(std::string_view text, std::string_view pair, const EncodeOptions& options) const {
  Encoding encoding;
  TokenizerScratch scratch;
  encode(text, pair, encoding, scratch, options);
  return encoding;
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const std::string_view> texts, const EncodeOptions& options,
                                              Executor& executor) const {
  std::vector<Encoding> encodings(texts.size());
  std::vector<TokenizerScratch> scratches(executor.concurrency());
  constexpr std::size_t k_texts_per_task = 64;
  executor.run((texts.size() + k_texts_per_task - 1) / k_texts_per_task, [&](std::size_t task, std::size_t worker) {
    const std::size_t end = std::min(texts.size(), (task + 1) * k_texts_per_task);
    for (std::size_t i = task * k_texts_per_task; i < end; ++i)
      encode(texts[i], encodings[i], scratches[worker], options);
  });
  return encodings;
}

std::size_t Tokenizer::vocab_size() const noexcept { return pipeline_->model->vocabulary().id_count(); }

std::size_t Tokenizer::type_count() const noexcept {
  std::int32_t highest = 0;
  for (const Frame* frame : {&pipeline_->post_processor.single, &pipeline_->post_processor.pair})
    for (const FramePiece& piece : *frame) highest = std::max(highest, piece.type_id);
  return static_cast<std::size_t>(highest) + 1;
}

std::optional<std::int32_t> Tokenizer::token_to_id(std::string_view token) const noexcept {
  return pipeline_->model->vocabulary().find(token);
}

std::string_view Tokenizer::id_to_token(std::int32_t id) const noexcept {
  return pipeline_->model->vocabulary().piece(id);
}

TruncationSide Tokenizer::truncation_side() const noexcept { return pipeline_->post_processor.truncation_side; }

std::optional<bool> Tokenizer::gives_type_ids() const noexcept { return pipeline_->gives_type_ids; }

std::vector<std::int32_t> Tokenizer::frame_ids() const {
  std::vector<std::int32_t> ids;
  for (const Frame* frame : {&pipeline_->post_processor.single, &pipeline_->post_processor.pair})
    for (const FramePiece& piece : *frame) ids.insert(ids.end(), piece.ids.begin(), piece.ids.end());
  return ids;
}

bool Tokenizer::is_special(std::int32_t id) const noexcept { return pipeline_->special_ids.contains(id); }

const std::vector<std::string>& Tokenizer::notes() const noexcept { return pipeline_->report.notes; }

}  // namespace v0
}  // namespace seqguard
