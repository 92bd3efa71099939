#include <fstream>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/encode_request.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_text.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"

namespace seqguard::cli {
namespace {

/// What a directory gives to this command.
struct Checkpoint {
  Model<float> model;
  SentenceEmbedding sentence;
  std::optional<TextInput> texts;
  std::string no_texts;  // why there is no TextInput
};

/// A Hugging Face directory, or a behaviour model whose only column is the primary one. @throws Error.
Checkpoint load_checkpoint(const EncodeOptions& options) {
  const LoadOptions load = load_options(options.common);
  const auto context = make_context(load.isa ? *load.isa : default_isa(), load.gemm);
  const std::string schema_path = options.model + "/event_schema.json";
  if (file_exists(schema_path)) {
    constexpr std::size_t k_max_schema = std::size_t{1} << 30;
    const ModelFeatures features = model_features(schema_from_json(read_file(schema_path, k_max_schema), schema_path));
    if (!features.categorical.empty() || !features.numeric.empty() || features.time_gap_buckets > 0)
      fail(ErrorCode::unsupported, options.model,
           "its events have several columns, ids give only one; use score for behaviour models");
  }
  Model<float> model = load_scoring_model(context, options.model);
  SentenceEmbedding sentence = SentenceEmbedding::load(context, options.model, model.config());
  Checkpoint checkpoint{std::move(model), std::move(sentence), {}, {}};
  try {
    checkpoint.texts = TextInput::load(options.model, checkpoint.model.config(), checkpoint.sentence);
  } catch (const Error& error) {
    if (options.format == "text") throw;
    checkpoint.no_texts = error.what();  // ids need no tokenizer
  }
  return checkpoint;
}

void check_kind(const Model<float>& model, const EncodeOptions& options) {
  const ModelHeads& heads = model.spec().heads;
  if (options.kind == "pooler_output" && !heads.pooler)
    fail(ErrorCode::unsupported_model, options.model, "has no pooler",
         "a base model with pooler, or a classifier that reads it", "none");
  if (options.kind == "logits" && !heads.masked_lm && heads.sequence_labels == 0 && heads.token_labels == 0 &&
      !heads.replaced_tokens)
    fail(ErrorCode::unsupported_model, options.model, "has no head that gives logits",
         "a masked LM, a classifier or a detector of replaced tokens",
         architecture_name(model.config().family, Head::none));
}

/// Runs the encoder on one line at a time; the buffers are reused.
class LineEncoder {
 public:
  LineEncoder(const Checkpoint& checkpoint, const EncodeOptions& options)
      : checkpoint_(checkpoint),
        model_(checkpoint.model),
        kind_(options.kind),
        mask_(options.mask == "causal" ? AttentionMask::causal : AttentionMask::full) {}

  /// A text's ids, cut to the longest length that the model takes.
  void tokenize(EncodeRequest& request) {
    if (!checkpoint_.texts) fail(ErrorCode::bad_event, "text", "cannot be tokenized: " + checkpoint_.no_texts);
    if (kind_ == "sentence_embedding" && request.text_pair.empty()) {
      checkpoint_.texts->encode_sentence(*request.text, tokens_, tokenizer_scratch_, prompted_);
      request.unpooled_tokens = checkpoint_.texts->unpooled_tokens;
    } else {
      checkpoint_.texts->encode(*request.text, request.text_pair, tokens_, tokenizer_scratch_);
    }
    request.input_ids = tokens_.ids;
    const ModelConfig& config = model_.config();
    if (config.traits().token_types && config.type_vocab_size > 1) request.token_type_ids = tokens_.type_ids;
  }

  /// The member "<kind>" of the answer.
  void write(const EncodeRequest& request, JsonText& json) {
    activations_.reset();
    const std::size_t n = request.input_ids.size();
    const std::size_t offsets[] = {0, n};
    EncoderInput input{};
    input.ids = request.input_ids;
    input.token_type_ids = request.token_type_ids;
    input.offsets = offsets;
    auto cache = EncoderCache<float>::allocate(activations_, model_.config(), n, false);
    encoder_forward<float>(model_.context(), cache, input, model_.config(), model_.parameters(), model_.packed(),
                           {.mask = mask_, .dropout = {}}, scratch_);
    const MatrixView<const float> hidden = cache.last_hidden_state();
    json.key(kind_);
    if (kind_ == "last_hidden_state")
      write_rows(hidden, json);
    else if (kind_ == "pooler_output")
      write_pooled(hidden, offsets, json);
    else if (kind_ == "sentence_embedding")
      write_sentence(hidden.rows_from(request.unpooled_tokens, n - request.unpooled_tokens), json);
    else
      write_logits(hidden, offsets, json);
  }

 private:
  MatrixView<float> matrix(std::size_t rows, std::size_t cols) {
    return {activations_.allocate<float>(rows * cols).data(), rows, cols};
  }
  static void write_row(MatrixView<const float> values, std::size_t r, JsonText& json) {
    json.values(std::span<const float>(values.row(r), values.cols));
  }
  static void write_rows(MatrixView<const float> values, JsonText& json) {
    json.begin_array();
    for (std::size_t r = 0; r < values.rows; ++r) write_row(values, r, json);
    json.end_array();
  }
  void write_pooled(MatrixView<const float> hidden, Offsets offsets, JsonText& json) {
    const MatrixView<float> pooled = matrix(1, hidden.cols);
    pooler_output<float>(model_, pooled, hidden, offsets, scratch_);
    write_row(pooled, 0, json);
  }
  void write_sentence(MatrixView<const float> hidden, JsonText& json) {
    const MatrixView<float> sentence = matrix(1, checkpoint_.sentence.size());
    checkpoint_.sentence.embed({sentence.data, sentence.cols}, hidden, *model_.context().kernels, scratch_);
    write_row(sentence, 0, json);
  }
  void write_logits(MatrixView<const float> hidden, Offsets offsets, JsonText& json) {
    const ModelHeads& heads = model_.spec().heads;
    if (heads.sequence_labels > 0) {
      const MatrixView<float> logits = matrix(1, heads.sequence_labels);
      sequence_logits<float>(model_, logits, hidden, offsets, scratch_);
      return write_row(logits, 0, json);
    }
    const MatrixView<float> logits =
        matrix(hidden.rows, heads.masked_lm ? model_.config().vocab_size : model_.parameters().classifier.out_features);
    if (heads.masked_lm)
      masked_lm_logits<float>(model_, logits, hidden, scratch_);
    else
      token_logits<float>(model_, logits, hidden, scratch_);
    write_rows(logits, json);
  }

  const Checkpoint& checkpoint_;
  const Model<float>& model_;
  std::string kind_;
  AttentionMask mask_;
  Arena activations_, scratch_;
  Encoding tokens_;
  TokenizerScratch tokenizer_scratch_;
  std::string prompted_;
};

/// Lines answered by one call of the executor.
struct Block {
  std::vector<std::string> lines, answers, errors;
  std::size_t first_line = 1;
};

void answer_line(const Checkpoint& checkpoint, const EncodeOptions& options, LineEncoder& encoder, Block& block,
                 std::size_t i) {
  JsonText json;
  json.begin_object();
  try {
    EncodeRequest request;
    if (options.format == "text")
      request.text = block.lines[i];
    else
      request = parse_encode_request(block.lines[i], checkpoint.model.config());
    if (request.text) encoder.tokenize(request);
    json.key("input_ids").values(std::span<const std::int32_t>(request.input_ids));
    if (options.kind != "input_ids") encoder.write(request, json);
  } catch (const Error& error) {
    block.errors[i] = error.what();
    json.clear();
    json.begin_object().field("error", error.what()).field("line", block.first_line + i);
  }
  json.end_object().end_line();
  block.answers[i] = json.text();
}

/// Whether a line is none that was meant as JSON.
bool is_plain_text(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first != std::string_view::npos && line[first] != '{' && line[first] != '[';
}

/// Answers all lines of `input`; returns the number of bad ones.
std::size_t encode_lines(std::istream& input, const std::string& name, const Checkpoint& checkpoint,
                         const EncodeOptions& options, Output& output) {
  const auto executor = executor_for(options.common);
  std::vector<LineEncoder> encoders;
  for (std::size_t w = 0; w < executor->concurrency(); ++w) encoders.emplace_back(checkpoint, options);
  const std::size_t block_lines = 32 * executor->concurrency();
  std::size_t bad = 0;
  bool more = true, advised = options.format == "text";
  for (Block block; more; block.first_line += block.lines.size()) {
    block.lines.clear();
    std::string line;
    while (block.lines.size() < block_lines && (more = static_cast<bool>(std::getline(input, line))))
      block.lines.push_back(line);
    block.answers.assign(block.lines.size(), {});
    block.errors.assign(block.lines.size(), {});
    executor->run(block.lines.size(), [&](std::size_t i, std::size_t worker) {
      answer_line(checkpoint, options, encoders[worker], block, i);
    });
    for (std::size_t i = 0; i < block.lines.size(); ++i) {
      if (!block.errors[i].empty()) {
        std::string message = name + ":" + std::to_string(block.first_line + i) + ": " + block.errors[i];
        if (!advised && is_plain_text(block.lines[i])) {
          message += " (lines of plain text are read with --format text)";
          advised = true;
        }
        if (options.strict) throw Error(ErrorCode::bad_event, message);
        if (++bad <= options.max_errors) say(false, message);
      }
      output.write(block.answers[i]);
    }
    output.flush();
    stop_if_interrupted();
  }
  return bad;
}

}  // namespace

int run(const EncodeOptions& options) {
  if (options.output == "-" && options.common.json == "-")
    throw UsageError("encode: --json - and the output cannot both go to stdout; give one of them a file");
  const Checkpoint checkpoint = load_checkpoint(options);
  check_kind(checkpoint.model, options);
  std::ifstream file;
  const bool from_stdin = options.input == "-";
  if (!from_stdin) {
    if (directory_exists(options.input)) fail(ErrorCode::io_error, options.input, "a directory, not a file of lines");
    if (!file_exists(options.input)) fail(ErrorCode::file_not_found, options.input, "no such file");
    file.open(options.input, std::ios::binary);
    if (!file) fail(ErrorCode::io_error, options.input, "cannot be read");
  }
  Output output(options.output);
  const InterruptScope interrupt;
  const std::size_t bad =
      encode_lines(from_stdin ? std::cin : file, from_stdin ? "stdin" : options.input, checkpoint, options, output);
  output.commit();
  if (bad > 0) warn(with_commas(bad) + " bad lines were answered with an error");
  if (!options.common.json.empty()) {
    JsonText json;
    json.begin_object().field("bad_lines", bad).end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return bad > 0 ? k_rows_rejected : k_done;
}

}  // namespace seqguard::cli
