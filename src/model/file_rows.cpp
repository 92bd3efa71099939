// The files of a directory as a whole.
#include "model/checkpoint_directory.hpp"
#include "model/checkpoint_rows.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using enum Treatment;

constexpr const char *k_weights = "weights", *k_trainer = "of a trainer", *k_other = "weights in another format",
                     *k_readers = "for readers", *k_ours = "of seqguard",
                     *k_pieces = "a tokenizer.json beside it counts", *k_tokenizer = "see the tokenizer's table",
                     *k_modules = "see the modules' table", *k_images = "of images and sounds",
                     *k_code = "code of the checkpoint is never run";

constexpr KnownField k_rows[] = {
    {"config.json", "", obeyed, "field by field"},
    {"model.safetensors", "", obeyed, k_weights},
    {"model.safetensors.index.json", "", obeyed, "which shard has which tensor; a stale total_size is noted"},
    {"model-*-of-*.safetensors", "", obeyed, k_weights},
    {"pytorch_model.bin", "", obeyed, "weights, where there is no safetensors file; read as data, never executed"},
    {"pytorch_model.bin.index.json", "", obeyed, "which shard has which tensor"},
    {"pytorch_model-*-of-*.bin", "", obeyed, k_weights},
    {"heads.json", "", obeyed, "further heads, of seqguard"},
    {"heads.safetensors", "", obeyed, "further heads, of seqguard"},
    {"adapter_config.json", "", refused, "an adapter: `convert --merge-adapters` merges it into its base"},
    {"adapter_model.*", "", refused, "an adapter: `convert --merge-adapters` merges it into its base"},
    {"tokenizer.json", "", obeyed, k_tokenizer},
    {"tokenizer_config.json", "", obeyed, k_tokenizer},
    {"special_tokens_map.json", "", obeyed, k_tokenizer},
    {"added_tokens.json", "", obeyed, k_tokenizer},
    {"vocab.txt", "", obeyed, k_tokenizer},
    {"vocab.json", "", obeyed, k_tokenizer},
    {"merges.txt", "", obeyed, k_tokenizer},
    {"sentencepiece.bpe.model", "", harmless, k_pieces},
    {"sentencepiece.model", "", harmless, k_pieces},
    {"spiece.model", "", harmless, k_pieces},
    {"tokenizer.model", "", harmless, k_pieces},
    {"modules.json", "", obeyed, k_modules},
    {"config_sentence_transformers.json", "", obeyed, k_modules},
    {"sentence_*_config.json", "", obeyed, k_modules},
    {"?_*/", "", obeyed, "folders of modules, as modules.json names them"},
    {"chat_template.jinja", "", harmless, "texts are no chats; beside modules.json it is refused"},
    {"chat_template.json", "", harmless, "of processors of images"},
    {"additional_chat_templates/", "", harmless, "texts are no chats"},
    {"generation_config.json", "", harmless, "of text generation"},
    {"preprocessor_config.json", "", harmless, k_images},
    {"processor_config.json", "", harmless, k_images},
    {"video_preprocessor_config.json", "", harmless, k_images},
    {"tf_model.h5", "", harmless, k_other},
    {"flax_model.msgpack", "", harmless, k_other},
    {"rust_model.ot", "", harmless, k_other},
    {"*.onnx", "", harmless, k_other},
    {"*.gguf", "", harmless, k_other},
    {"onnx/", "", harmless, k_other},
    {"openvino/", "", harmless, k_other},
    {"training_args.bin", "", harmless, k_trainer},
    {"optimizer.*", "", harmless, k_trainer},
    {"scheduler.pt", "", harmless, k_trainer},
    {"scaler.pt", "", harmless, k_trainer},
    {"rng_state*.pth", "", harmless, k_trainer},
    {"trainer_state.json", "", harmless, k_trainer},
    {"checkpoint-*/", "", harmless, k_trainer},
    {"runs/", "", harmless, k_trainer},
    {"*_results.json", "", harmless, k_trainer},
    {"data_config.json", "", harmless, k_trainer},
    {"train_script.py", "", harmless, k_trainer},
    {"eval/", "", harmless, k_trainer},
    {"*_results.csv", "", harmless, k_trainer},
    {"*_results.txt", "", harmless, k_trainer},
    {"*.py", "", harmless, k_code},
    {"*.md", "", harmless, k_readers},
    {"*LICENSE*", "", harmless, k_readers},
    {".*", "", harmless, "hidden files"},
    {"event_schema.json", "", harmless, k_ours},
    {"detector.json", "", harmless, k_ours},
    {"profile.safetensors", "", harmless, k_ours},
    {"event_calibration.safetensors", "", harmless, k_ours},
};

/// '*' stands for any text, '?' for one byte.
bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() != '*')
    return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
           matches(pattern.substr(1), name.substr(1));
  for (std::size_t skipped = 0; skipped <= name.size(); ++skipped)
    if (matches(pattern.substr(1), name.substr(skipped))) return true;
  return false;
}

}  // namespace

std::span<const KnownField> file_rows() noexcept { return k_rows; }

void check_files(const std::string& directory, LoadReport& report) {
  std::vector<std::string> unread;
  for (const std::string& name : names_in(directory)) {
    const KnownField* known = nullptr;
    for (const KnownField& row : k_rows)
      if (known == nullptr && matches(row.file, name)) known = &row;
    if (known == nullptr)
      unread.push_back(name);
    else if (known->treatment == refused)
      fail(ErrorCode::unsupported_model, directory + "/" + name, "is not supported: " + std::string(known->what));
  }
  note_unread(directory, unread, report);
}

}  // namespace v0
}  // namespace seqguard
