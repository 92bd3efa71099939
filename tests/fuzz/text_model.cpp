#include "seqguard/sequence_scorer/text_model.hpp"

#include <cmath>
#include <vector>

#include "fuzz/file_set.hpp"

// Everything but the weights and the tokenizer, which are those of the golden directory that is the seed.
void seqguard::fuzz_text_model(std::string_view input) {
  static const FileSet files([](const FileSet& set) {
    const std::string golden = SEQGUARD_SOURCE_DIR "/tests/golden/text_sentence/";
    for (const char* name : {"model.safetensors", "tokenizer.json", "2_Dense/model.safetensors"}) {
      set.write(name, "");
      std::filesystem::copy_file(golden + name, set.path() + "/" + name,
                                 std::filesystem::copy_options::overwrite_existing);
    }
  });
  files.write({"config.json", "modules.json", "1_Pooling/config.json", "2_Dense/config.json",
               "sentence_bert_config.json", "tokenizer_config.json"},
              input);
  const TextModel model = TextModel::load(files.path());
  auto scratch = model.make_scratch();
  std::vector<float> embedding(model.embedding_size());
  model.embed("a text for the model", embedding, scratch);
  for (const float value : embedding) keep(std::isfinite(value), "finite embeddings");
}
