// JSON from files that nobody vouches for; private to the library.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "seqguard/core/error.hpp"

namespace seqguard {

/// Parses a document. Refused: malformed text, a NUL byte, a key twice in one object, nesting beyond 64 (so that code
/// that walks the result by recursion is safe), a document that takes more than 256 MiB in memory and 8 times its text.
/// `path` is for messages. @throws Error `code`.
nlohmann::json parse_strict_json(std::string_view text, const std::string& path, ErrorCode code);

}  // namespace seqguard
