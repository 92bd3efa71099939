// The JSON header of a safetensors file; private to the library.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "seqguard/model/safetensors.hpp"

namespace seqguard {

struct SafetensorsHeader {
  std::map<std::string, TensorInfo, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Parses the header and checks each tensor, and that all of them cover [0, data_bytes) without hole or overlap.
/// `path` is for messages. @throws Error bad_checkpoint.
SafetensorsHeader parse_safetensors_header(std::string_view text, std::size_t data_bytes, const std::string& path,
                                           const SafetensorsLimits& limits);

}  // namespace seqguard
