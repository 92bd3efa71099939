// The inputs that once did harm (regressions/TARGET, found by tests/fuzz.sh) and the seeds, whole and cut short: each
// is read or refused by name, and every promise of the targets is kept.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/targets.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

using namespace seqguard;

namespace {

namespace fs = std::filesystem;
const fs::path k_folder = SEQGUARD_SOURCE_DIR "/tests/fuzz";

void feed(const FuzzTarget& target, std::string_view input) {
  try {
    target.run(input);
  } catch (const Error&) {  // refused by name
  } catch (const std::exception& error) {
    FAIL_CHECK(error.what());
  }
}

std::vector<std::string> files_of(const fs::path& folder) {
  std::vector<std::string> files;
  if (fs::exists(folder))
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

/// The file, and its beginnings in steps of 1/16.
void feed_file(const FuzzTarget& target, const std::string& path) {
  CAPTURE(path);
  const std::string bytes = read_file(path, std::size_t{20} << 20);
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 16);
  for (std::size_t size = 0; size < bytes.size(); size += step) feed(target, bytes.substr(0, size));
  feed(target, bytes);
}

}  // namespace

TEST_CASE("fuzz: past findings and seeds are read or refused by name") {
  for (const FuzzTarget& target : k_fuzz_targets) {
    CAPTURE(std::string(target.name));
    for (const char* kind : {"regressions", "seeds"})
      for (const std::string& path : files_of(k_folder / kind / target.name)) feed_file(target, path);
  }
}

TEST_CASE("fuzz: every folder of inputs has its target") {
  for (const char* kind : {"regressions", "seeds"})
    for (const std::string& folder : files_of(k_folder / kind)) {
      const std::string name = fs::path(folder).filename().string();
      CAPTURE(folder);
      CHECK(std::any_of(std::begin(k_fuzz_targets), std::end(k_fuzz_targets),
                        [&](const FuzzTarget& target) { return target.name == name; }));
    }
}

TEST_CASE("fuzz: golden files pass, so that the targets reach what is behind the checks") {
  const std::string golden = SEQGUARD_SOURCE_DIR "/tests/golden/";
  const auto run = [&](auto* target, const std::string& path) {
    CAPTURE(path);
    CHECK_NOTHROW(target(read_file(golden + path, std::size_t{20} << 20)));
  };
  run(fuzz_safetensors, "weight_files/single/model.safetensors");
  run(fuzz_torch_file, "weight_files/torch/pytorch_model.bin");
  run(fuzz_config, "weight_files/single/config.json");
  run(fuzz_tokenizer_json, "tokenizers/bert_cased.json");
  for (char tokenizer = 0; tokenizer < 12; ++tokenizer)
    CHECK_NOTHROW(fuzz_tokenizer_text(tokenizer + read_file(golden + "text_pairs/texts.json", 100'000)));
  run(fuzz_events, "text_pairs/texts.json");
  const auto run_seed = [](auto* target, const std::string& path) {
    CAPTURE(path);
    CHECK_NOTHROW(target(read_file((k_folder / "seeds" / path).string(), 100'000)));
  };
  run_seed(fuzz_shard_index, "shard_index/two.json");
  run_seed(fuzz_pickle, "pickle/windows.pkl");
  run_seed(fuzz_event_schema, "event_schema/shop.json");
  run_seed(fuzz_recipe, "recipe/default.json");
  for (const char* path : {"vocab.txt", "merges.txt", "tokenizer.txt"})
    run_seed(fuzz_tokenizer_files, std::string("tokenizer_files/") + path);
  for (const char* path : {"sentence.txt", "version_6.txt", "plain.txt", "prompt.txt"})
    run_seed(fuzz_text_model, std::string("text_model/") + path);
  run_seed(fuzz_profile, "profile/small.safetensors");
  run_seed(fuzz_saved_scorer, "saved_scorer/small.txt");
}
