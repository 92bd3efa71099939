// One line of the input of `encode`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/config.hpp"

namespace seqguard::cli {

struct EncodeRequest {
  std::vector<std::int32_t> input_ids;
  std::vector<std::int32_t> token_type_ids;  ///< empty: all 0
  std::optional<std::string> text;           ///< instead of ids
  std::string text_pair;                     ///< empty: none, as for transformers
};

/// Reads {"input_ids":[..],"token_type_ids":[..]} or {"text":"..","text_pair":".."} and checks it against the model.
/// @throws Error bad_event.
EncodeRequest parse_encode_request(std::string_view line, const ModelConfig& config);

}  // namespace seqguard::cli
