// Heads with names of their own on disk: heads.json says what they are, heads.safetensors holds their tensors; private
// to the library.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

inline constexpr const char* k_named_heads_file = "heads.json";
inline constexpr const char* k_named_heads_weights = "heads.safetensors";

struct NamedHeads {
  std::vector<HeadSpec> heads;
  std::unique_ptr<const TensorSource> tensors;  ///< null: the directory has none
};

/// @throws Error bad_checkpoint naming file and field; file_not_found: one of the two files without the other.
NamedHeads open_named_heads(const std::string& directory);

/// The same from what both files hold; `directory` is for messages. @throws Error bad_checkpoint.
NamedHeads read_named_heads(std::string_view description, const std::string& directory,
                            std::unique_ptr<const TensorSource> tensors);

/// Writes both files, if the model has such heads; `values` are laid out as its own.
void write_named_heads(DirectoryWriter& writer, const Model<float>& model, std::span<const float> values);

}  // namespace v0
}  // namespace seqguard
