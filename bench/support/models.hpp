// The models and batches that the benchmarks speak of.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder.hpp"

namespace seqguard {

struct ModelSize {
  const char* name;
  std::size_t hidden, layers, heads;
};
inline constexpr ModelSize k_model_sizes[] = {
    {"T", 64, 2, 2}, {"S", 128, 2, 2}, {"M", 256, 4, 4}, {"MiniLM", 384, 6, 12}};
inline constexpr std::size_t k_longest = 128;

inline ModelSpec model_spec(const ModelSize& size, std::size_t vocabulary) {
  ModelSpec spec;
  spec.config.vocab_size = vocabulary;
  spec.config.hidden_size = size.hidden;
  spec.config.num_hidden_layers = size.layers;
  spec.config.num_attention_heads = size.heads;
  spec.config.intermediate_size = 4 * size.hidden;
  spec.config.max_position_embeddings = k_longest;
  spec.config.type_vocab_size = 1;
  return spec;
}

/// Lengths of a batch: all equal, or `ragged`: uniform in 24 .. 128, mean 76.
inline std::vector<std::size_t> batch_lengths(std::size_t sequences, std::size_t length) {
  return std::vector<std::size_t>(sequences, length);
}
inline std::vector<std::size_t> ragged_lengths(std::size_t sequences) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i < sequences; ++i) lengths.push_back(24 + i * (k_longest - 24) / (sequences - 1));
  Random(7).shuffle(lengths);
  return lengths;
}

/// Flops of the products of a forward pass: layers * 24 N H^2.
inline double product_flops(const ModelSize& size, std::span<const std::size_t> lengths) {
  double tokens = 0;
  for (const std::size_t length : lengths) tokens += static_cast<double>(length);
  return static_cast<double>(size.layers) * 24 * tokens * std::pow(size.hidden, 2.0);
}

/// Flops of the attention of a forward pass: layers * 4 H sum L^2.
inline double attention_flops(const ModelSize& size, std::span<const std::size_t> lengths) {
  double squares = 0;
  for (const std::size_t length : lengths) squares += static_cast<double>(length * length);
  return static_cast<double>(size.layers) * 4 * squares * static_cast<double>(size.hidden);
}

inline double encoder_flops(const ModelSize& size, std::span<const std::size_t> lengths) {
  return product_flops(size, lengths) + attention_flops(size, lengths);
}

/// A few sequences that go through the network together.
struct BenchChunk {
  std::vector<std::int32_t> ids;
  std::vector<std::size_t> offsets{0};
  std::size_t first_token = 0;

  EncoderInput input() const {
    EncoderInput input;
    input.ids = ids;
    input.offsets = offsets;
    return input;
  }
};

/// Sequences of random ids, in chunks of at most 128 tokens.
inline std::vector<BenchChunk> make_chunks(std::span<const std::size_t> lengths, std::size_t vocabulary) {
  Random random(3);
  std::vector<BenchChunk> chunks(1);
  std::size_t token = 0;
  for (const std::size_t length : lengths) {
    if (!chunks.back().ids.empty() && chunks.back().ids.size() + length > k_longest) {
      chunks.emplace_back();
      chunks.back().first_token = token;
    }
    for (std::size_t t = 0; t < length; ++t)
      chunks.back().ids.push_back(static_cast<std::int32_t>(random.below(vocabulary)));
    chunks.back().offsets.push_back(chunks.back().ids.size());
    token += length;
  }
  return chunks;
}

}  // namespace seqguard
