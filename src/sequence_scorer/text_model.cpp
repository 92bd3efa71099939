#include "seqguard/sequence_scorer/text_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/ragged_batch.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "sequence_scorer/output_transform.hpp"

namespace seqguard {
inline namespace v0 {

struct TextModel::Parts {
  Model<float> model;
  SentenceEmbedding sentence;
  OutputTransform transform;
  std::optional<TextInput> input;
  std::string no_input;  // why there is none
  LoadReport report;

  /// What the network reads of a tokenizer's type ids.
  std::span<const std::int32_t> type_ids(const Encoding& tokens) const {
    return model.config().reads_token_types() && input->gives_type_ids ? tokens.type_ids
                                                                       : std::span<const std::int32_t>();
  }
};

struct TextModel::Scratch::Buffers {
  std::shared_ptr<const Parts> model;  // what tokenizer and workspace were made for
  TokenizerScratch tokenizer;
  Encoding tokens;
  std::string prompted;
  std::vector<std::int32_t> ids, type_ids;  // of several texts one after another
  std::vector<std::size_t> offsets;
  Workspace workspace;

  void clear() {
    ids.clear();
    type_ids.clear();
    offsets.assign(1, 0);
  }
  void append(std::span<const std::int32_t> text_ids, std::span<const std::int32_t> text_type_ids) {
    ids.insert(ids.end(), text_ids.begin(), text_ids.end());
    type_ids.insert(type_ids.end(), text_type_ids.begin(), text_type_ids.end());
    offsets.push_back(ids.size());
  }
  EncoderInput input() const {
    EncoderInput input;
    input.ids = ids;
    input.token_type_ids = type_ids;
    input.offsets = offsets;
    return input;
  }
};

TextModel::Scratch::Scratch(std::unique_ptr<Buffers> buffers) : buffers_(std::move(buffers)) {}
TextModel::Scratch::Scratch(Scratch&&) noexcept = default;
TextModel::Scratch& TextModel::Scratch::operator=(Scratch&&) noexcept = default;
TextModel::Scratch::~Scratch() = default;
const Encoding& TextModel::Scratch::tokens() const noexcept { return buffers_->tokens; }

TextModel TextModel::load(const std::string& directory, const LoadOptions& options, const TextOptions& text) {
  const Context<float> context = make_context(options);
  LoadReport report;
  Model<float> model = load_scoring_model(context, directory, {}, options.access, &report);
  SentenceEmbedding sentence = SentenceEmbedding::load(context, directory, model.config(), text.prompt_name, &report);
  if (model.spec().checkpoint_head(Head::sequence_classification) != nullptr && !sentence.prompt().empty())
    fail(ErrorCode::unsupported_model, directory, "prompt of a cross-encoder", "none", "\"" + sentence.prompt() + "\"");
  const OutputTransform transform = read_output_transform(directory, model.config());
  Parts parts{std::move(model), std::move(sentence), transform, {}, {}, std::move(report)};
  try {
    parts.input = TextInput::load(directory, parts.model.config(), parts.sentence, text);
    const std::vector<std::string>& notes = parts.input->report.notes;
    parts.report.notes.insert(parts.report.notes.end(), notes.begin(), notes.end());
  } catch (const Error& error) {
    if (!text.tokenizer_optional) throw;
    parts.no_input = error.what();
  }
  return TextModel(std::make_shared<const Parts>(std::move(parts)));
}

TextModel::Scratch TextModel::make_scratch() const {
  Scratch scratch(nullptr);
  buffers_of(scratch);
  return scratch;
}

TextModel::Scratch::Buffers& TextModel::buffers_of(Scratch& scratch) const {
  // One that was moved from has no buffers.
  if (scratch.buffers_ == nullptr) scratch.buffers_ = std::make_unique<Scratch::Buffers>();
  Scratch::Buffers& buffers = *scratch.buffers_;
  if (buffers.model != parts_) {
    buffers.model = parts_;
    buffers.tokenizer = TokenizerScratch();
    buffers.workspace = Workspace();
  }
  return buffers;
}

TextScore TextModel::score(std::string_view text) const {
  Scratch scratch = make_scratch();
  TextScore result;
  if (labels().empty()) {
    result.embedding.resize(embedding_size());
    embed(text, result.embedding, scratch);
  } else {
    result.probabilities.resize(labels().size());
    classify(text, "", result.probabilities, scratch);
    const auto best = std::max_element(result.probabilities.begin(), result.probabilities.end());
    result.best = static_cast<std::size_t>(best - result.probabilities.begin());
    result.label = labels()[result.best];
  }
  result.truncated = scratch.tokens().truncated;
  return result;
}

const TextInput& TextModel::input() const {
  if (!parts_->input) fail(ErrorCode::unsupported, "text", "cannot be tokenized: " + parts_->no_input);
  return *parts_->input;
}

const EncodeOptions& TextModel::encode_options() const& { return input().options; }
const Tokenizer& TextModel::tokenizer() const& { return input().tokenizer; }
std::size_t TextModel::embedding_size() const noexcept { return parts_->sentence.size(); }
OutputTransform TextModel::output_transform() const noexcept { return parts_->transform; }
const Model<float>& TextModel::model() const& noexcept { return parts_->model; }
const LoadReport& TextModel::load_report() const& noexcept { return parts_->report; }
const std::string& TextModel::prompt() const& noexcept { return parts_->sentence.prompt(); }

std::span<const std::string> TextModel::labels() const& noexcept {
  const HeadSpec* const head = parts_->model.spec().checkpoint_head(Head::sequence_classification);
  return head != nullptr ? std::span<const std::string>(head->labels) : std::span<const std::string>();
}

void TextModel::check_out(std::string_view call, std::size_t wanted, std::size_t found) const {
  if (wanted == 0) fail(ErrorCode::unsupported, std::string(call), "the model has no sequence classification head");
  if (found != wanted)
    fail(ErrorCode::invalid_argument, std::string(call), "size of out", std::to_string(wanted), std::to_string(found));
}

MatrixView<const float> TextModel::run(const EncoderInput& input, AttentionMask mask, Scratch& scratch) const {
  Workspace& workspace = buffers_of(scratch).workspace;
  workspace.activations.reset();
  return run_encoder<float>(parts_->model, input, {.mask = mask}, workspace).last_hidden_state();
}

MatrixView<const float> TextModel::hidden_states(const TokenSequence& tokens, Scratch& scratch) const {
  const std::size_t offsets[] = {0, tokens.ids.size()};
  EncoderInput input;
  input.ids = tokens.ids;
  input.token_type_ids = tokens.type_ids;
  input.offsets = offsets;
  return run(input, tokens.mask, scratch);
}

MatrixView<const float> TextModel::pooler_output(const TokenSequence& tokens, Scratch& scratch) const {
  if (!has_pooler(parts_->model.spec())) fail(ErrorCode::unsupported, "pooler_output", "the model has no pooler");
  const MatrixView<const float> hidden = hidden_states(tokens, scratch);
  Workspace& workspace = buffers_of(scratch).workspace;
  const std::size_t offsets[] = {0, hidden.rows};
  const MatrixView<float> out(workspace.activations.allocate<float>(hidden.cols).data(), 1, hidden.cols);
  seqguard::pooler_output<float>(parts_->model, out, hidden, offsets, workspace.scratch);
  return out;
}

MatrixView<const float> TextModel::sentence_embedding(const TokenSequence& tokens, Scratch& scratch) const {
  const MatrixView<const float> hidden = hidden_states(tokens, scratch);
  const std::span<float> out = buffers_of(scratch).workspace.activations.allocate<float>(embedding_size());
  embed_hidden(hidden, tokens.unpooled, out, scratch);
  return {out.data(), 1, out.size()};
}

MatrixView<const float> TextModel::logits(const TokenSequence& tokens, Scratch& scratch) const {
  const Model<float>& model = parts_->model;
  const HeadSpec* const found = model.spec().checkpoint_head();
  if (found == nullptr) fail(ErrorCode::unsupported, "logits", "the model has no head that gives them");
  const HeadSpec& head = *found;
  const std::size_t width = head_outputs(model.config(), head);
  const MatrixView<const float> hidden = hidden_states(tokens, scratch);
  Workspace& workspace = buffers_of(scratch).workspace;
  const std::size_t offsets[] = {0, hidden.rows}, rows = head_rows(head, offsets);
  const MatrixView<float> out(workspace.activations.allocate<float>(rows * width).data(), rows, width);
  if (head.kind == Head::masked_lm)
    masked_lm_logits<float>(model, out, hidden, workspace.scratch);
  else
    run_head<float>(model, model.spec().index_of(head), out, hidden, offsets, {}, workspace);
  return out;
}

void TextModel::embed_hidden(MatrixView<const float> hidden, std::size_t unpooled, std::span<float> out,
                             Scratch& scratch) const {
  parts_->sentence.embed(out, hidden.rows_from(unpooled, hidden.rows - unpooled), *parts_->model.context().kernels,
                         buffers_of(scratch).workspace.scratch);
}

void TextModel::classify_hidden(MatrixView<const float> hidden, std::span<float> out, Scratch& scratch) const {
  const std::size_t offsets[] = {0, hidden.rows};
  const Model<float>& model = parts_->model;
  const std::size_t head = model.spec().index_of(*model.spec().checkpoint_head(Head::sequence_classification));
  run_head<float>(model, head, {out.data(), 1, out.size()}, hidden, offsets, {}, buffers_of(scratch).workspace);
  if (parts_->transform == OutputTransform::softmax)
    parts_->model.context().kernels->softmax_forward(out.data(), out.data(), 1, out.size());
  if (parts_->transform == OutputTransform::sigmoid)
    for (float& value : out) value = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(value))));
}

TokenSequence TextModel::encode(std::string_view text, std::string_view pair, Scratch& scratch) const {
  Scratch::Buffers& buffers = buffers_of(scratch);
  input().encode(text, pair, buffers.tokens, buffers.tokenizer);
  return {buffers.tokens.ids, parts_->type_ids(buffers.tokens)};
}

TokenSequence TextModel::encode_sentence(std::string_view text, Scratch& scratch) const {
  Scratch::Buffers& buffers = buffers_of(scratch);
  input().encode_sentence(text, buffers.tokens, buffers.tokenizer, buffers.prompted);
  return {buffers.tokens.ids, parts_->type_ids(buffers.tokens), input().unpooled_tokens};
}

void TextModel::embed(std::string_view text, std::span<float> out, Scratch& scratch) const {
  check_out("embed", embedding_size(), out.size());
  const TokenSequence tokens = encode_sentence(text, scratch);
  embed_hidden(hidden_states(tokens, scratch), tokens.unpooled, out, scratch);
}

void TextModel::classify(std::string_view text, std::string_view pair, std::span<float> out, Scratch& scratch) const {
  check_out("classify", labels().size(), out.size());
  classify_hidden(hidden_states(encode(text, pair, scratch), scratch), out, scratch);
}

template <class Tokenize, class Finish>
void TextModel::for_each_text(std::size_t texts, MatrixView<float> out, std::span<ItemStatus> status,
                              Executor& executor, const Tokenize& tokenize, const Finish& finish) const {
  if (out.rows != texts || status.size() != texts)
    fail(ErrorCode::invalid_argument, "batch of texts", "rows of out, and size of status", std::to_string(texts),
         std::to_string(out.rows) + " and " + std::to_string(status.size()));
  const auto attempt = [&](std::size_t text, const auto& step) {
    try {
      step();
      status[text] = {};
    } catch (const Error& error) {
      status[text] = {false, error.code(), error.what()};
    }
    return status[text].ok;
  };
  auto scratches = make_per_worker(executor, [&] { return make_scratch(); });
  // Groups bound the memory that the tokens hold, and give every worker several chunks.
  const std::size_t group = 64 * executor.concurrency();
  std::vector<std::vector<std::int32_t>> ids(std::min(texts, group)), type_ids(ids.size());
  std::vector<std::size_t> members, lengths;
  for (std::size_t begin = 0; begin < texts; begin += group) {
    const std::size_t count = std::min(group, texts - begin);
    executor.run(count, [&](std::size_t i, std::size_t worker) {
      attempt(begin + i, [&] {
        const TokenSequence tokens = tokenize(begin + i, scratches[worker]);
        ids[i].assign(tokens.ids.begin(), tokens.ids.end());
        type_ids[i].assign(tokens.type_ids.begin(), tokens.type_ids.end());
      });
    });
    members.clear();
    lengths.clear();
    for (std::size_t i = 0; i < count; ++i) {
      if (!status[begin + i].ok) continue;
      members.push_back(i);
      lengths.push_back(ids[i].size());
    }
    run_ragged_batch(lengths, executor, scratches, [&](const Chunk& chunk, Scratch& scratch) {
      Scratch::Buffers& buffers = buffers_of(scratch);
      buffers.clear();
      for (std::size_t m = chunk.first; m < chunk.last; ++m) buffers.append(ids[members[m]], type_ids[members[m]]);
      const MatrixView<const float> hidden = run(buffers.input(), AttentionMask::full, scratch);
      for (std::size_t m = chunk.first; m < chunk.last; ++m) {
        const std::size_t first = buffers.offsets[m - chunk.first], text = begin + members[m];
        attempt(text,
                [&] { finish(hidden.rows_from(first, lengths[m]), std::span(out.row(text), out.cols), scratch); });
      }
    });
  }
}

void TextModel::embed_batch(std::span<const std::string_view> texts, MatrixView<float> out,
                            std::span<ItemStatus> status, Executor& executor) const {
  check_out("embed_batch", embedding_size(), out.cols);
  for_each_text(
      texts.size(), out, status, executor,
      [&](std::size_t i, Scratch& scratch) { return encode_sentence(texts[i], scratch); },
      [&](MatrixView<const float> hidden, std::span<float> row, Scratch& scratch) {
        embed_hidden(hidden, input().unpooled_tokens, row, scratch);
      });
}

void TextModel::classify_batch(std::span<const std::string_view> texts, MatrixView<float> out,
                               std::span<ItemStatus> status, Executor& executor) const {
  const std::vector<std::string_view> none(texts.size());
  classify_batch(texts, none, out, status, executor);
}

void TextModel::classify_batch(std::span<const std::string_view> texts, std::span<const std::string_view> pairs,
                               MatrixView<float> out, std::span<ItemStatus> status, Executor& executor) const {
  check_out("classify_batch", labels().size(), out.cols);
  if (pairs.size() != texts.size())
    fail(ErrorCode::invalid_argument, "classify_batch", "size of pairs", std::to_string(texts.size()),
         std::to_string(pairs.size()));
  for_each_text(
      texts.size(), out, status, executor,
      [&](std::size_t i, Scratch& scratch) { return encode(texts[i], pairs[i], scratch); },
      [&](MatrixView<const float> hidden, std::span<float> row, Scratch& scratch) {
        classify_hidden(hidden, row, scratch);
      });
}

std::span<const std::string> TextModel::token_labels() const& noexcept {
  const HeadSpec* const head = parts_->model.spec().checkpoint_head(Head::token_classification);
  return head != nullptr ? std::span<const std::string>(head->labels) : std::span<const std::string>();
}

void TextModel::classify_tokens(std::string_view text, std::vector<float>& out, Scratch& scratch) const {
  const std::size_t classes = token_labels().size();
  if (classes == 0) fail(ErrorCode::unsupported, "classify_tokens", "the model has no token classification head");
  const MatrixView<const float> values = logits(encode(text, "", scratch), scratch);
  out.resize(values.rows * classes);
  parts_->model.context().kernels->softmax_forward(out.data(), values.data, values.rows, classes);
}

}  // namespace v0
}  // namespace seqguard
