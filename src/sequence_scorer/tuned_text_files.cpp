#include "sequence_scorer/tuned_text_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/json_object.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/adapter.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/sentence_embedding.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_tokenizer_config = "tokenizer_config.json";
constexpr std::size_t k_max_config_bytes = std::size_t{64} << 20;
constexpr std::array<std::string_view, 9> k_tokenizer_files = {
    "tokenizer.json",          "vocab.txt",         "vocab.json",      "merges.txt",
    "special_tokens_map.json", "added_tokens.json", "tokenizer.model", "spiece.model",
    "sentencepiece.bpe.model"};

/// tokenizer_config.json of `from` with the length that the texts were cut to, where the files that come along say
/// another one; empty: there is none, and none is needed.
std::string tokenizer_config(const std::string& from, const ModelConfig& config, std::size_t max_tokens) {
  const std::string path = from + "/" + std::string(k_tokenizer_config);
  const bool exists = file_exists(path);
  const std::string text = exists ? read_file(path, k_max_config_bytes) : "{}";
  const JsonTree tree(text, path, ErrorCode::bad_checkpoint);
  const auto length = tree.root().find("model_max_length");
  const bool holds = length ? length->is(JsonValue::Kind::integer) && length->natural() == max_tokens
                            : max_tokens == config.max_tokens();
  if (holds) return exists ? text : "";
  JsonObject json(tree.root());
  json.erase("max_len");
  json.set("model_max_length", max_tokens);
  return json.text(2) + "\n";
}

void write_tokenizer(DirectoryWriter& writer, const std::string& from, const ModelConfig& config,
                     std::size_t max_tokens) {
  for (const std::string_view file : k_tokenizer_files)
    if (const std::string path = from + "/" + std::string(file); file_exists(path)) writer.copy(path, file);
  if (const std::string text = tokenizer_config(from, config, max_tokens); !text.empty())
    writer.write(k_tokenizer_config, text);
}

}  // namespace

void check_output(const std::string& from, const std::string& to) {
  std::error_code none;
  if (!fs::exists(to, none)) return;
  if (fs::equivalent(from, to, none))
    fail(ErrorCode::invalid_argument, to, "is the checkpoint that is learned from, which stays as it is");
  if (!fs::is_directory(to, none)) fail(ErrorCode::invalid_argument, to, "is no directory");
  if (fs::is_empty(to, none) || file_exists(to + "/config.json") || file_exists(to + "/adapter_config.json")) return;
  fail(ErrorCode::invalid_argument, to, "holds files but no model; they would be lost",
       "a new or empty directory, or one with config.json or adapter_config.json", "another");
}

void require_own_lower_case(const std::string& from) {
  if (!lower_cases_texts(from)) return;
  const Tokenizer own = Tokenizer::load(from);
  if (own.encode("AbC").ids == own.encode("abc").ids) return;
  fail(ErrorCode::unsupported_model, from,
       "do_lower_case of sentence-transformers' files lower-cases texts; a classifier's directory has no place for "
       "it: set do_lower_case in tokenizer_config.json");
}

void write_tuned_text(const std::string& from, const std::string& to, const Model<float>& base,
                      const Model<float>& model, std::size_t max_tokens, const FineTuneTextOptions& options) {
  const auto replace_all = [](std::string_view) { return true; };
  if (options.adapter_only) {
    save_adapter(to, model, from);
    DirectoryWriter writer(to);
    write_tokenizer(writer, from, base.config(), max_tokens);
    writer.leave_out([](std::string_view name) { return !name.starts_with("adapter_"); });
    writer.commit();
    return;
  }
  DirectoryWriter writer(to);
  if (options.lora.rank > 0) {
    const Model<float> merged = merge_adapters(model);
    write_model(writer, merged, merged.values());
  } else {
    write_model(writer, model, model.values());
  }
  write_tokenizer(writer, from, base.config(), max_tokens);
  writer.leave_out(replace_all);
  writer.commit();
}

}  // namespace v0
}  // namespace seqguard
