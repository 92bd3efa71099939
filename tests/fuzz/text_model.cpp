#include "seqguard/sequence_scorer/text_model.hpp"

#include <cmath>
#include <vector>

#include "fuzz/file_set.hpp"
#include "seqguard/core/files.hpp"

// Everything but the weights, which are those of the golden directory that is the seed. Without a tokenizer.json it is
// that of the directory, too.
void seqguard::fuzz_text_model(std::string_view input) {
  static const std::string golden = SEQGUARD_SOURCE_DIR "/tests/golden/text_sentence/";
  static const FileSet files([](const FileSet& set) {
    for (const char* name : {"model.safetensors", "2_Dense/model.safetensors"})
      set.write(name, read_file(golden + name, std::size_t{1} << 20));
  });
  static const std::string tokenizer = read_file(golden + "tokenizer.json", std::size_t{1} << 20);
  files.write({"config.json", "modules.json", "1_Pooling/config.json", "2_Dense/config.json",
               "sentence_bert_config.json", "tokenizer_config.json", "config_sentence_transformers.json",
               "tokenizer.json", "added_tokens.json", "special_tokens_map.json"},
              input);
  if (!file_exists(files.path() + "/tokenizer.json")) files.write("tokenizer.json", tokenizer);
  const TextModel model = TextModel::load(files.path());
  auto scratch = model.make_scratch();
  std::vector<float> embedding(model.embedding_size());
  model.embed("a text for the model", embedding, scratch);
  for (const float value : embedding) keep(std::isfinite(value), "finite embeddings");
}
