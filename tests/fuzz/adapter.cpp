#include "seqguard/model/adapter.hpp"

#include <algorithm>

#include "fuzz/file_set.hpp"
#include "fuzz/targets.hpp"
#include "seqguard/core/isa.hpp"
#include "seqguard/model/checkpoint.hpp"

/// adapter_config.json, the byte FF, adapter_model.safetensors: for the small BERT of tests/golden/adapters.
void seqguard::fuzz_adapter(std::string_view input) {
  static const FileSet files, again;
  static const Model<float> base =
      load_model(make_context(default_isa()), SEQGUARD_SOURCE_DIR "/tests/golden/adapters/bert/base");
  const std::size_t end = std::min(input.find('\xFF'), input.size());
  files.write("adapter_config.json", input.substr(0, end));
  files.write("adapter_model.safetensors", input.substr(std::min(end + 1, input.size())));
  load_merged_adapter(base, files.path());
  const Model<float> model = load_adapter(base, files.path());
  save_adapter(again.path() + "/saved", model);
  keep(load_adapter(base, again.path() + "/saved").values() == model.values(), "a saved adapter reads as it was");
}
