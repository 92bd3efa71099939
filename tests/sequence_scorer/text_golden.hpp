// The small text checkpoints of tests/reference/make_text_golden.py, and what transformers computes from them.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/model/safetensors.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"
#include "support/temporary_directory.hpp"

namespace seqguard::tests {

/// The bound of the project for hidden states, 2e-5 of the largest output.
inline constexpr double k_bound = 2e-5;

inline const std::string k_golden = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/";

struct Golden {
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<float> expected;
  std::size_t width;

  Golden(const std::string& name, const std::string& tensor) {
    for (const auto& text : nlohmann::json::parse(read_file(k_golden + name + "/texts.json", 1u << 20)))
      texts.emplace_back(text[0], text[1]);
    expected = SafetensorsFile(k_golden + name + "/expected.safetensors").read_vector<float>(tensor, Dtype::f32);
    width = expected.size() / texts.size();
  }
  /// max |found - expected| over one text; the largest outputs are of order 1.
  double difference(std::size_t i, std::span<const float> found) const {
    double worst = 0;
    for (std::size_t c = 0; c < width; ++c)
      worst = std::max(worst, std::abs(static_cast<double>(found[c]) - expected[i * width + c]));
    return worst;
  }
};

using Files = std::vector<std::pair<std::string, std::string>>;

/// text_sentence with other files, and links that a module could lead through.
inline TextModel load_with(const Files& files, const TextOptions& options = {}) {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  std::filesystem::copy(k_golden + "text_sentence", path, std::filesystem::copy_options::recursive);
  std::filesystem::create_directory_symlink(path + "/1_Pooling", path + "/link");
  std::filesystem::create_directory(path + "/linked");
  std::filesystem::create_symlink(path + "/1_Pooling/config.json", path + "/linked/config.json");
  for (const auto& [file, content] : files) write_file_atomically(path + "/" + file, content);
  return TextModel::load(path, {}, options);
}

}  // namespace seqguard::tests
