#include "seqguard/sequence_scorer/text_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "sequence_scorer/output_transform.hpp"

namespace seqguard {
namespace {

/// Short texts that go through the network together, one after the other.
struct TextChunk {
  std::vector<std::int32_t> ids, type_ids;
  std::vector<std::size_t> offsets{0};

  void clear() {
    ids.clear();
    type_ids.clear();
    offsets.assign(1, 0);
  }
  void append(const Encoding& tokens) {
    ids.insert(ids.end(), tokens.ids.begin(), tokens.ids.end());
    type_ids.insert(type_ids.end(), tokens.type_ids.begin(), tokens.type_ids.end());
    offsets.push_back(ids.size());
  }
};

/// encoder_forward()'s advice: the activations of so many tokens fit the second-level cache.
constexpr std::size_t k_chunk_tokens = 128;

}  // namespace

struct TextModel::Parts {
  Model<float> model;
  TextInput input;
  SentenceEmbedding sentence;
  OutputTransform transform;
};

struct TextModel::Scratch::Buffers {
  TokenizerScratch tokenizer;
  Encoding tokens;
  std::string prompted;
  TextChunk chunk;
  std::vector<std::size_t> members;  // of the chunk: which texts of a batch
  Arena activations, scratch;
};

TextModel::Scratch::Scratch(std::unique_ptr<Buffers> buffers) : buffers_(std::move(buffers)) {}
TextModel::Scratch::Scratch(Scratch&&) noexcept = default;
TextModel::Scratch& TextModel::Scratch::operator=(Scratch&&) noexcept = default;
TextModel::Scratch::~Scratch() = default;
const Encoding& TextModel::Scratch::tokens() const noexcept { return buffers_->tokens; }

TextModel TextModel::load(const std::string& directory, const LoadOptions& options, const TextOptions& text) {
  const Context<float> context = make_context(options.isa ? *options.isa : default_isa(), options.gemm);
  Model<float> model = load_scoring_model(context, directory, {}, options.access);
  SentenceEmbedding sentence = SentenceEmbedding::load(context, directory, model.config(), text.prompt_name);
  TextInput input = TextInput::load(directory, model.config(), sentence, text);
  const OutputTransform transform = read_output_transform(directory, model.config());
  if (model.spec().heads.sequence_labels > 0 && !input.prompt.empty())
    fail(ErrorCode::unsupported_model, directory, "prompt of a cross-encoder", "none", "\"" + input.prompt + "\"");
  return TextModel(
      std::make_shared<const Parts>(Parts{std::move(model), std::move(input), std::move(sentence), transform}));
}

TextModel::Scratch TextModel::make_scratch() const { return Scratch(std::make_unique<Scratch::Buffers>()); }
const EncodeOptions& TextModel::encode_options() const noexcept { return parts_->input.options; }
std::size_t TextModel::embedding_size() const noexcept { return parts_->sentence.size(); }
OutputTransform TextModel::output_transform() const noexcept { return parts_->transform; }
const Tokenizer& TextModel::tokenizer() const noexcept { return parts_->input.tokenizer; }
const Model<float>& TextModel::model() const noexcept { return parts_->model; }
const std::string& TextModel::prompt() const noexcept { return parts_->input.prompt; }

std::span<const std::string> TextModel::labels() const noexcept {
  if (parts_->model.spec().heads.sequence_labels == 0) return {};
  return parts_->model.config().labels;
}

void TextModel::check_out(std::string_view call, std::size_t wanted, std::size_t found) const {
  if (wanted == 0) fail(ErrorCode::unsupported, std::string(call), "the model has no sequence classification head");
  if (found != wanted)
    fail(ErrorCode::invalid_argument, std::string(call), "size of out", std::to_string(wanted), std::to_string(found));
}

MatrixView<const float> TextModel::hidden_states(Scratch& scratch) const {
  const Model<float>& model = parts_->model;
  Scratch::Buffers& buffers = *scratch.buffers_;
  EncoderInput input;
  input.ids = buffers.chunk.ids;
  const bool typed = model.config().traits().token_types && model.config().type_vocab_size > 1;
  if (typed) input.token_type_ids = buffers.chunk.type_ids;
  input.offsets = buffers.chunk.offsets;
  buffers.activations.reset();
  auto cache = EncoderCache<float>::allocate(buffers.activations, model.config(), input.ids.size(), false);
  encoder_forward<float>(model.context(), cache, input, model.config(), model.parameters(), model.packed(), {},
                         buffers.scratch);
  return cache.last_hidden_state();
}

void TextModel::embed_hidden(MatrixView<const float> hidden, std::span<float> out, Scratch& scratch) const {
  const std::size_t first = parts_->input.unpooled_tokens;
  parts_->sentence.embed(out, hidden.rows_from(first, hidden.rows - first), *parts_->model.context().kernels,
                         scratch.buffers_->scratch);
}

void TextModel::classify_hidden(MatrixView<const float> hidden, std::span<float> out, Scratch& scratch) const {
  const std::size_t offsets[] = {0, hidden.rows};
  sequence_logits<float>(parts_->model, {out.data(), 1, out.size()}, hidden, offsets, scratch.buffers_->scratch);
  if (parts_->transform == OutputTransform::softmax)
    parts_->model.context().kernels->softmax_forward(out.data(), out.data(), 1, out.size());
  if (parts_->transform == OutputTransform::sigmoid)
    for (float& value : out) value = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(value))));
}

void TextModel::encode_alone(std::string_view text, std::string_view pair, Scratch& scratch) const {
  Scratch::Buffers& buffers = *scratch.buffers_;
  parts_->input.encode(text, pair, buffers.tokens, buffers.tokenizer);
  buffers.chunk.clear();
  buffers.chunk.append(buffers.tokens);
}

void TextModel::embed(std::string_view text, std::span<float> out, Scratch& scratch) const {
  check_out("embed", embedding_size(), out.size());
  Scratch::Buffers& buffers = *scratch.buffers_;
  parts_->input.encode_sentence(text, buffers.tokens, buffers.tokenizer, buffers.prompted);
  buffers.chunk.clear();
  buffers.chunk.append(buffers.tokens);
  embed_hidden(hidden_states(scratch), out, scratch);
}

void TextModel::classify(std::string_view text, std::string_view pair, std::span<float> out, Scratch& scratch) const {
  check_out("classify", labels().size(), out.size());
  encode_alone(text, pair, scratch);
  classify_hidden(hidden_states(scratch), out, scratch);
}

template <class Tokenize, class Finish>
void TextModel::for_each_text(std::size_t texts, MatrixView<float> out, std::span<ItemStatus> status,
                              Executor& executor, const Tokenize& tokenize, const Finish& finish) const {
  if (out.rows != texts || status.size() != texts)
    fail(ErrorCode::invalid_argument, "batch of texts", "rows of out, and size of status", std::to_string(texts),
         std::to_string(out.rows) + " and " + std::to_string(status.size()));
  std::vector<Scratch> scratches;
  for (std::size_t i = 0; i < executor.concurrency(); ++i) scratches.push_back(make_scratch());
  const auto attempt = [&](std::size_t text, const auto& step) {
    try {
      step();
      status[text] = {};
    } catch (const Error& error) {
      status[text] = {false, error.code(), error.what()};
    }
    return status[text].ok;
  };
  const auto run_chunk = [&](Scratch& scratch) {
    Scratch::Buffers& buffers = *scratch.buffers_;
    if (buffers.members.empty()) return;
    const MatrixView<const float> hidden = hidden_states(scratch);
    for (std::size_t m = 0; m < buffers.members.size(); ++m) {
      const std::size_t first = buffers.chunk.offsets[m], text = buffers.members[m];
      attempt(text, [&] {
        finish(hidden.rows_from(first, buffers.chunk.offsets[m + 1] - first), std::span(out.row(text), out.cols),
               scratch);
      });
    }
    buffers.chunk.clear();
    buffers.members.clear();
  };
  // Enough texts for full chunks, and enough tasks for all workers.
  const std::size_t per_task = std::clamp<std::size_t>(texts / (4 * executor.concurrency()), 1, 64);
  executor.run((texts + per_task - 1) / per_task, [&](std::size_t task, std::size_t worker) {
    Scratch& scratch = scratches[worker];
    Scratch::Buffers& buffers = *scratch.buffers_;
    for (std::size_t i = task * per_task; i < std::min(texts, (task + 1) * per_task); ++i) {
      if (!attempt(i, [&] { tokenize(i, buffers); })) continue;
      if (buffers.chunk.ids.size() + buffers.tokens.ids.size() > k_chunk_tokens) run_chunk(scratch);
      buffers.chunk.append(buffers.tokens);
      buffers.members.push_back(i);
    }
    run_chunk(scratch);
  });
}

void TextModel::embed_batch(std::span<const std::string_view> texts, MatrixView<float> out,
                            std::span<ItemStatus> status, Executor& executor) const {
  check_out("embed_batch", embedding_size(), out.cols);
  for_each_text(
      texts.size(), out, status, executor,
      [&](std::size_t i, Scratch::Buffers& buffers) {
        parts_->input.encode_sentence(texts[i], buffers.tokens, buffers.tokenizer, buffers.prompted);
      },
      [&](MatrixView<const float> hidden, std::span<float> row, Scratch& scratch) {
        embed_hidden(hidden, row, scratch);
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
      [&](std::size_t i, Scratch::Buffers& buffers) {
        parts_->input.encode(texts[i], pairs[i], buffers.tokens, buffers.tokenizer);
      },
      [&](MatrixView<const float> hidden, std::span<float> row, Scratch& scratch) {
        classify_hidden(hidden, row, scratch);
      });
}

std::span<const std::string> TextModel::token_labels() const noexcept {
  if (head_of(parts_->model.config()) != Head::token_classification) return {};
  return parts_->model.config().labels;
}

void TextModel::classify_tokens(std::string_view text, std::vector<float>& out, Scratch& scratch) const {
  const std::size_t classes = token_labels().size();
  if (classes == 0) fail(ErrorCode::unsupported, "classify_tokens", "the model has no token classification head");
  encode_alone(text, "", scratch);
  const MatrixView<const float> hidden = hidden_states(scratch);
  out.resize(hidden.rows * classes);
  token_logits<float>(parts_->model, {out.data(), hidden.rows, classes}, hidden, scratch.buffers_->scratch);
  parts_->model.context().kernels->softmax_forward(out.data(), out.data(), hidden.rows, classes);
}

}  // namespace seqguard
