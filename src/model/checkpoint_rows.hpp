// The table of a checkpoint's files beside those of the tokenizer. Private to the library.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/known_fields.hpp"
#include "seqguard/model/config.hpp"

namespace seqguard {
inline namespace v0 {

/// config.json, as transformers 5 reads it for the families that are computed here.
std::span<const KnownField> config_rows() noexcept;
/// The files of sentence-transformers 6.
std::span<const KnownField> sentence_rows() noexcept;
/// Every other file that a directory may have.
std::span<const KnownField> file_rows() noexcept;

/// The rows of one file.
std::vector<KnownField> sentence_rows_of(std::string_view file);

/// Notes fields of config.json that are not read.
void note_config(const ModelConfig& config, const std::string& path, LoadReport& report);

/// Notes files of a directory that are in no row. @throws Error unsupported_model: a file that is refused.
void check_files(const std::string& directory, LoadReport& report);

}  // namespace v0
}  // namespace seqguard
