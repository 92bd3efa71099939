// What a checkpoint's directory must hold, and errors that say what is there instead; private to the library.
#pragma once

#include <string>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Names in a directory, sorted; those of directories end with '/'.
std::vector<std::string> names_in(const std::string& directory);

/// @throws Error unsupported_model: the directory holds an adapter.
void refuse_adapters(const std::string& directory);

/// The text of config.json. @throws Error io_error; file_not_found: no directory, or what is in it without the file;
/// unsupported_model: refuse_adapters().
std::string read_config_text(const std::string& directory);

/// Of a directory that holds no weights under any of their names: what is there, and what to do.
[[noreturn]] void fail_without_weights(const std::string& directory);

}  // namespace v0
}  // namespace seqguard
