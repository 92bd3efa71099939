#include "seqguard/sequence_scorer/text_model.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/sentence_embedding.hpp"

namespace seqguard {
namespace {

/// A cross-encoder may name its own activation; config.json's problem_type decides otherwise, and without one a single
/// logit is a probability of its own.
OutputTransform transform_of(const ModelConfig& config, const std::string& directory) {
  const nlohmann::json other = nlohmann::json::parse(config.other_fields);
  std::string named;
  if (const auto own = other.find("sentence_transformers"); own != other.end() && own->is_object())
    named = own->value("activation_fn", "");
  if (const auto legacy = other.find("sbert_ce_default_activation_function");
      named.empty() && legacy != other.end() && legacy->is_string())
    named = legacy->get<std::string>();
  if (named.ends_with(".Sigmoid")) return OutputTransform::sigmoid;
  if (named.ends_with(".Identity")) return OutputTransform::identity;
  if (!named.empty())
    fail(ErrorCode::unsupported_model, directory + "/config.json", "activation of the cross-encoder",
         "Sigmoid or Identity", named);
  if (config.problem_type == "regression") return OutputTransform::identity;
  if (config.problem_type == "multi_label_classification" || config.num_labels() == 1) return OutputTransform::sigmoid;
  return OutputTransform::softmax;
}

}  // namespace

Tokenizer load_tokenizer(const std::string& directory, const ModelConfig& config) {
  Tokenizer tokenizer = Tokenizer::load(directory);
  if (tokenizer.vocab_size() > config.vocab_size)
    fail(ErrorCode::bad_checkpoint, directory, "the tokenizer's ids do not fit the embeddings",
         "at most " + std::to_string(config.vocab_size), std::to_string(tokenizer.vocab_size()));
  return tokenizer;
}

struct TextModel::Parts {
  Model<float> model;
  Tokenizer tokenizer;
  SentenceEmbedding sentence;
  EncodeOptions encode;
  OutputTransform transform;
};

struct TextModel::Scratch::Buffers {
  TokenizerScratch tokenizer;
  Encoding tokens;
  Arena activations, scratch;
};

TextModel::Scratch::Scratch(std::unique_ptr<Buffers> buffers) : buffers_(std::move(buffers)) {}
TextModel::Scratch::Scratch(Scratch&&) noexcept = default;
TextModel::Scratch& TextModel::Scratch::operator=(Scratch&&) noexcept = default;
TextModel::Scratch::~Scratch() = default;
const Encoding& TextModel::Scratch::tokens() const noexcept { return buffers_->tokens; }

TextModel TextModel::load(const std::string& directory, const LoadOptions& options) {
  const Context<float> context = make_context(options.isa ? *options.isa : default_isa(), options.gemm);
  Model<float> model = load_model(context, directory);
  model.pack(false);
  Tokenizer tokenizer = load_tokenizer(directory, model.config());
  EncodeOptions encode;
  encode.max_length = max_text_tokens(directory, model.config());
  SentenceEmbedding sentence = SentenceEmbedding::load(context, directory, model.config());
  const OutputTransform transform = transform_of(model.config(), directory);
  return TextModel(std::make_shared<const Parts>(
      Parts{std::move(model), std::move(tokenizer), std::move(sentence), encode, transform}));
}

TextModel::Scratch TextModel::make_scratch() const { return Scratch(std::make_unique<Scratch::Buffers>()); }
const EncodeOptions& TextModel::encode_options() const noexcept { return parts_->encode; }
std::size_t TextModel::embedding_size() const noexcept { return parts_->sentence.size(); }
OutputTransform TextModel::output_transform() const noexcept { return parts_->transform; }
const Tokenizer& TextModel::tokenizer() const noexcept { return parts_->tokenizer; }
const Model<float>& TextModel::model() const noexcept { return parts_->model; }
const SentenceEmbedding& TextModel::sentence_embedding() const noexcept { return parts_->sentence; }

std::span<const std::string> TextModel::labels() const noexcept {
  if (parts_->model.spec().heads.sequence_labels == 0) return {};
  return parts_->model.config().labels;
}

MatrixView<const float> TextModel::hidden_states(Scratch& scratch) const {
  const Model<float>& model = parts_->model;
  Scratch::Buffers& buffers = *scratch.buffers_;
  const std::size_t n = buffers.tokens.ids.size(), offsets[] = {0, n};
  if (n == 0) fail(ErrorCode::invalid_argument, "text", "has no tokens, and the tokenizer adds none");
  EncoderInput input;
  input.ids = buffers.tokens.ids;
  const bool typed = model.config().traits().token_types && model.config().type_vocab_size > 1;
  if (typed) input.token_type_ids = buffers.tokens.type_ids;
  input.offsets = offsets;
  buffers.activations.reset();
  auto cache = EncoderCache<float>::allocate(buffers.activations, model.config(), n, false);
  encoder_forward<float>(model.context(), cache, input, model.config(), model.parameters(), model.packed(), {},
                         buffers.scratch);
  return cache.last_hidden_state();
}

void TextModel::embed(std::string_view text, std::span<float> out, Scratch& scratch) const {
  if (out.size() != embedding_size())
    fail(ErrorCode::invalid_argument, "embed", "size of out", std::to_string(embedding_size()),
         std::to_string(out.size()));
  Scratch::Buffers& buffers = *scratch.buffers_;
  parts_->tokenizer.encode(text, buffers.tokens, buffers.tokenizer, parts_->encode);
  parts_->sentence.embed(out, hidden_states(scratch), *parts_->model.context().kernels, buffers.scratch);
}

void TextModel::classify(std::string_view text, std::string_view pair, std::span<float> out, Scratch& scratch) const {
  const std::size_t classes = parts_->model.spec().heads.sequence_labels;
  if (classes == 0) fail(ErrorCode::unsupported, "classify", "the model has no sequence classification head");
  if (out.size() != classes)
    fail(ErrorCode::invalid_argument, "classify", "size of out", std::to_string(classes), std::to_string(out.size()));
  Scratch::Buffers& buffers = *scratch.buffers_;
  if (pair.empty())
    parts_->tokenizer.encode(text, buffers.tokens, buffers.tokenizer, parts_->encode);
  else
    parts_->tokenizer.encode(text, pair, buffers.tokens, buffers.tokenizer, parts_->encode);
  const MatrixView<const float> hidden = hidden_states(scratch);
  const std::size_t offsets[] = {0, hidden.rows};
  sequence_logits<float>(parts_->model, {out.data(), 1, classes}, hidden, offsets, buffers.scratch);
  if (parts_->transform == OutputTransform::softmax)
    parts_->model.context().kernels->softmax_forward(out.data(), out.data(), 1, classes);
  if (parts_->transform == OutputTransform::sigmoid)
    for (float& value : out) value = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(value))));
}

template <class Call>
void TextModel::for_each_text(std::size_t count, std::size_t rows, std::span<ItemStatus> status, Executor& executor,
                              const Call& call) const {
  if (rows != count || status.size() != count)
    fail(ErrorCode::invalid_argument, "batch of texts", "rows of out, and size of status", std::to_string(count),
         std::to_string(rows) + " and " + std::to_string(status.size()));
  std::vector<Scratch> scratches;
  for (std::size_t i = 0; i < executor.concurrency(); ++i) scratches.push_back(make_scratch());
  executor.run(count, [&](std::size_t i, std::size_t worker) {
    try {
      call(i, scratches[worker]);
      status[i] = {};
    } catch (const Error& error) {
      status[i] = {false, error.code(), error.what()};
    }
  });
}

void TextModel::embed_batch(std::span<const std::string_view> texts, MatrixView<float> out,
                            std::span<ItemStatus> status, Executor& executor) const {
  for_each_text(texts.size(), out.rows, status, executor, [&](std::size_t i, Scratch& scratch) {
    embed(texts[i], {out.row(i), out.cols}, scratch);
  });
}

void TextModel::classify_batch(std::span<const std::string_view> texts, MatrixView<float> out,
                               std::span<ItemStatus> status, Executor& executor) const {
  for_each_text(texts.size(), out.rows, status, executor, [&](std::size_t i, Scratch& scratch) {
    classify(texts[i], "", {out.row(i), out.cols}, scratch);
  });
}

}  // namespace seqguard
