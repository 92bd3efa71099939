#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/encode_request.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "core/json_writer.hpp"
#include "core/utf8.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/explain_text.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"

namespace seqguard::cli {
namespace {

/// A Hugging Face directory, or a behaviour model whose only column is the primary one. @throws Error.
TextModel load_checkpoint(const EncodeOptions& options) {
  const std::string schema_path = options.model + "/event_schema.json";
  if (file_exists(schema_path)) {
    constexpr std::size_t k_max_schema = std::size_t{1} << 30;
    const ModelFeatures features = model_features(schema_from_json(read_file(schema_path, k_max_schema), schema_path));
    if (!features.categorical.empty() || !features.numeric.empty() || features.time_gap_buckets > 0)
      fail(ErrorCode::unsupported, options.model,
           "its events have several columns, ids give only one; use score for behaviour models");
  }
  TextOptions text;
  text.tokenizer_optional = options.format != "text";  // ids need none
  return TextModel::load(options.model, load_options(options.common), text);
}

void check_kind(const Model<float>& model, const EncodeOptions& options) {
  if (options.kind == "pooler_output" && !has_pooler(model.spec()))
    fail(ErrorCode::unsupported_model, options.model, "has no pooler",
         "a base model with pooler, or a classifier that reads it", "none");
  if (options.kind == "logits" && model.spec().checkpoint_head() == nullptr)
    fail(ErrorCode::unsupported_model, options.model, "has no head that gives logits",
         "a masked LM, a classifier or a detector of replaced tokens",
         architecture_name(model.config().family, Head::none));
}

/// The tokens that a request means, in the scratch.
TokenSequence tokens_of(const EncodeRequest& request, const TextModel& model, const EncodeOptions& options,
                        TextModel::Scratch& scratch) {
  TokenSequence tokens{request.input_ids, request.token_type_ids};
  if (request.text && options.kind == "sentence_embedding" && request.text_pair.empty())
    tokens = model.encode_sentence(*request.text, scratch);
  else if (request.text)
    tokens = model.encode(*request.text, request.text_pair, scratch);
  tokens.mask = options.mask == "causal" ? AttentionMask::causal : AttentionMask::full;
  return tokens;
}

/// Rows of numbers, or one row where the kind gives one of a whole line.
void write_matrix(MatrixView<const float> values, bool one_row, JsonWriter& json) {
  if (!one_row) json.begin_array();
  for (std::size_t r = 0; r < values.rows; ++r) json.values(std::span<const float>(values.row(r), values.cols));
  if (!one_row) json.end_array();
}

/// Logits as transformers gives them for one text: of a sequence its classes, of a detector of replaced tokens one
/// number for each token, else a row for each token.
void write_logits(const TextModel& model, MatrixView<const float> logits, JsonWriter& json) {
  const ModelSpec& spec = model.model().spec();
  const bool replaced = spec.checkpoint_head(Head::replaced_token_detection) != nullptr;
  if (replaced) logits = {logits.data, 1, logits.rows};  // [N, 1]
  write_matrix(logits, replaced || spec.checkpoint_head(Head::sequence_classification) != nullptr, json);
}

/// The member "<kind>" of the answer.
void write_kind(const TokenSequence& tokens, const TextModel& model, const std::string& kind,
                TextModel::Scratch& scratch, JsonWriter& json) {
  json.key(kind);
  if (kind == "last_hidden_state")
    write_matrix(model.hidden_states(tokens, scratch), false, json);
  else if (kind == "pooler_output")
    write_matrix(model.pooler_output(tokens, scratch), true, json);
  else if (kind == "sentence_embedding")
    write_matrix(model.sentence_embedding(tokens, scratch), true, json);
  else
    write_logits(model, model.logits(tokens, scratch), json);
}

/// What a thread works with.
struct Worker {
  TextModel::Scratch scratch;
  std::optional<TextExplainer> explainer;  ///< with --explain
};

/// The member "explanation".
void write_words(const TextExplanation& explanation, JsonWriter& json) {
  json.key("explanation").begin_object().field("label", explanation.name).field("log_odds", explanation.log_odds);
  json.field("baseline", explanation.baseline).field("complete", explanation.complete);
  json.field("truncated", explanation.truncated).key("words").begin_array();
  for (const WordAttribution& word : explanation.words) {
    json.begin_object().field("word", word.word).field("begin", word.bytes.begin).field("end", word.bytes.end);
    if (word.sequence != 0) json.field("of", "text_pair");
    json.field("value", word.value).end_object();
  }
  json.end_array().end_object();
}

/// Lines answered by one call of the executor.
struct Block {
  std::vector<std::string> lines, answers, errors;
  std::size_t first_line = 1;
};

void answer_line(const TextModel& model, const EncodeOptions& options, Worker& worker, Block& block, std::size_t i) {
  JsonWriter json;
  json.begin_object();
  try {
    EncodeRequest request;
    if (options.format == "text")
      request.text = block.lines[i];
    else
      request = parse_encode_request(block.lines[i], model.model().config());
    const TokenSequence tokens = tokens_of(request, model, options, worker.scratch);
    json.key("input_ids").values(tokens.ids);
    if (options.kind != "input_ids") write_kind(tokens, model, options.kind, worker.scratch, json);
    if (worker.explainer && !request.text)
      fail(ErrorCode::unsupported, "--explain", "names words, and a line of input_ids has none");
    if (worker.explainer) write_words(worker.explainer->explain(*request.text, request.text_pair), json);
  } catch (const Error& error) {
    repair_utf8(error.what(), block.errors[i]);
    json.clear();
    json.begin_object().field("error", error.what()).field("line", block.first_line + i);
  }
  json.end_object().end_line();
  block.answers[i] = json.text();
}

/// Whether a line was not meant as JSON.
bool is_plain_text(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first != std::string_view::npos && line[first] != '{' && line[first] != '[';
}

/// Answers all lines of `input`; returns the number of bad ones.
std::size_t encode_lines(std::istream& input, const std::string& name, const TextModel& model,
                         const EncodeOptions& options, Output& output) {
  const auto executor = executor_for(options.common);
  auto workers = make_per_worker(*executor, [&] {
    Worker worker{model.make_scratch(), std::nullopt};
    if (options.explain) worker.explainer.emplace(model);
    return worker;
  });
  const std::size_t block_lines = 32 * executor->concurrency();
  std::size_t bad = 0;
  bool more = true, advised = options.format == "text";
  for (Block block; more; block.first_line += block.lines.size()) {
    block.lines.clear();
    std::string line;
    while (block.lines.size() < block_lines && (more = static_cast<bool>(std::getline(input, line))))
      block.lines.push_back(line);
    stop_if_interrupted("encode");
    if (input.bad() || (&input == &std::cin && std::ferror(stdin) != 0))
      fail(ErrorCode::io_error, name, "cannot be read");
    block.answers.assign(block.lines.size(), {});
    block.errors.assign(block.lines.size(), {});
    executor->run(block.lines.size(),
                  [&](std::size_t i, std::size_t worker) { answer_line(model, options, workers[worker], block, i); });
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
  }
  return bad;
}

}  // namespace

int run(const EncodeOptions& options) {
  if (options.output == "-" && options.common.json == "-")
    throw UsageError("encode: --json - and the output cannot both go to stdout; give one of them a file");
  if (options.mask != "full" && options.kind == "input_ids")
    throw UsageError("encode: --mask has no effect on input_ids, which nothing is computed from");
  if (options.explain && (options.kind != "logits" || options.mask != "full"))
    throw UsageError("encode: --explain needs --output-kind logits, and both sides of each token (--mask full)");
  require_writable_file(options.output);
  require_writable_file(options.common.json);
  const TextModel model = load_checkpoint(options);
  for (const std::string& note : model.load_report().notes) say(options.common.quiet, "note: " + note);
  check_kind(model.model(), options);
  std::ifstream file;
  const bool from_stdin = options.input == "-";
  if (!from_stdin) {
    if (directory_exists(options.input)) fail(ErrorCode::io_error, options.input, "a directory, not a file of lines");
    if (!file_exists(options.input)) fail(ErrorCode::file_not_found, options.input, "no such file");
    file.open(options.input, std::ios::binary);
    if (!file) fail(ErrorCode::io_error, options.input, "cannot be read");
  }
  remember_interrupts();
  Output output(options.output);
  const std::size_t bad =
      encode_lines(from_stdin ? std::cin : file, from_stdin ? "stdin" : options.input, model, options, output);
  output.commit();
  if (bad > 0) warn(counted(bad, "bad line") + (bad == 1 ? " was" : " were") + " answered with an error");
  if (!options.common.json.empty()) {
    JsonWriter json;
    json.begin_object().field("bad_lines", bad).end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return bad > 0 ? k_rows_rejected : k_done;
}

}  // namespace seqguard::cli
