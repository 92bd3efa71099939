// The functions that read what strangers wrote, one per target: fuzzed by tests/fuzz.sh, and fed with the seeds and the
// files of past findings by regressions_test.cpp.
//
// A target returns, or throws seqguard::Error: the input was refused by name. Everything else is a finding, also a
// promise that was not kept (std::logic_error of keep()).
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace seqguard {

void fuzz_safetensors(std::string_view input);      ///< model.safetensors, every tensor read
void fuzz_shard_index(std::string_view input);      ///< model.safetensors.index.json beside two shards
void fuzz_torch_file(std::string_view input);       ///< pytorch_model.bin, every tensor read
void fuzz_pickle(std::string_view input);           ///< the pickle inside it
void fuzz_config(std::string_view input);           ///< config.json, written and read again
void fuzz_adapter(std::string_view input);          ///< adapter_config.json and adapter_model.safetensors, for a base
void fuzz_tokenizer_json(std::string_view input);   ///< tokenizer.json, then a fixed text
void fuzz_tokenizer_files(std::string_view input);  ///< vocab.txt, vocab.json and merges.txt, tokenizer_config.json
void fuzz_tokenizer_text(std::string_view input);   ///< any text, with a tokenizer that its first byte chooses
void fuzz_text_model(std::string_view input);       ///< config.json, modules.json and what they name, then a fixed text
void fuzz_labelled_texts(std::string_view input);   ///< csv and JSON lines of texts with labels
void fuzz_events(std::string_view input);           ///< lines, csv, recbole and jsonl
void fuzz_times(std::string_view input);            ///< a format, and times in it and in other forms, written again
void fuzz_archive(std::string_view input);          ///< gzip and zstd, unpacked
void fuzz_event_schema(std::string_view input);     ///< event_schema.json, written and read again
void fuzz_recipe(std::string_view input);           ///< the recipe of detector.json, written and read again
void fuzz_profile(std::string_view input);          ///< profile.safetensors, then fixed sequences
void fuzz_saved_scorer(std::string_view input);  ///< detector.json, event_schema.json and config.json beside the others

struct FuzzTarget {
  std::string_view name;
  void (*run)(std::string_view input);
};
inline constexpr FuzzTarget k_fuzz_targets[] = {
    {"safetensors", fuzz_safetensors},
    {"shard_index", fuzz_shard_index},
    {"torch_file", fuzz_torch_file},
    {"pickle", fuzz_pickle},
    {"config", fuzz_config},
    {"adapter", fuzz_adapter},
    {"tokenizer_json", fuzz_tokenizer_json},
    {"tokenizer_files", fuzz_tokenizer_files},
    {"tokenizer_text", fuzz_tokenizer_text},
    {"text_model", fuzz_text_model},
    {"labelled_texts", fuzz_labelled_texts},
    {"events", fuzz_events},
    {"times", fuzz_times},
    {"archive", fuzz_archive},
    {"event_schema", fuzz_event_schema},
    {"recipe", fuzz_recipe},
    {"profile", fuzz_profile},
    {"saved_scorer", fuzz_saved_scorer},
};

/// What every input must keep.
inline void keep(bool holds, const char* promise) {
  if (!holds) throw std::logic_error(std::string("not kept: ") + promise);
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace seqguard
