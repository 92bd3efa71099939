// Reads every tensor of a source.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include "fuzz/targets.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {

/// In blocks, so that the memory is the reader's own. Bytes beyond `most` are not worth the time: a stored tensor may
/// be any number of windows on one storage.
inline void read_all(const TensorSource& source, std::size_t most) {
  std::size_t total = 0;
  for (const auto& [name, info] : source.tensors()) {
    if ((total += info.bytes()) > most) return;
    std::size_t bytes = 0;
    source.read_byte_blocks(name, [&](std::span<const std::byte> block) { bytes += block.size(); });
    keep(bytes == info.bytes(), "as many bytes as shape and dtype say");
    if (!is_floating_point(info.dtype)) continue;
    try {
      source.read_blocks(name, [](std::span<const float> block) {
        for (const float value : block) keep(std::isfinite(value), "finite values");
      });
    } catch (const Error& error) {
      keep(error.code() == ErrorCode::bad_checkpoint, "a value that is not finite is named");
    }
  }
}

}  // namespace seqguard
