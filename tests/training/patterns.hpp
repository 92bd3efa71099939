// Sequences with a known entropy, and a model small enough to learn them within a second.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/model.hpp"

namespace seqguard {

/// Sequences of `length` events that repeat a b c d from a random phase: the first event costs ln 4, the others
/// nothing.
struct Patterns {
  static constexpr std::size_t k_length = 20, k_period = 4;
  EventSchema schema;
  std::vector<EncodedEvents> sequences;

  explicit Patterns(std::size_t count, std::uint64_t seed = 1) {
    const std::vector<std::string> values{"a", "b", "c", "d"};
    std::vector<ValueCount> counts;
    for (const std::string& value : values) counts.push_back({value, 100});
    schema = lines_schema(Vocabulary::from_counts(counts));
    Random random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t phase = random.below(k_period);
      std::vector<std::string> events;
      for (std::size_t t = 0; t < k_length; ++t) events.push_back(values[(phase + t) % k_period]);
      sequences.emplace_back();
      encode(OneColumn(events), schema, sequences.back());
    }
  }

  std::vector<const EncodedEvents*> range(std::size_t first, std::size_t last) const {
    std::vector<const EncodedEvents*> result;
    for (std::size_t i = first; i < last; ++i) result.push_back(&sequences[i]);
    return result;
  }
};

inline Model<float> small_model(const EventSchema& schema, std::uint64_t seed = 3, double dropout = 0,
                                double attention_dropout = 0) {
  ModelSpec spec;
  spec.config.vocab_size = schema.primary_column().vocabulary.size();
  spec.config.hidden_size = 16;
  spec.config.num_hidden_layers = 1;
  spec.config.num_attention_heads = 2;
  spec.config.intermediate_size = 32;
  spec.config.max_position_embeddings = 32;
  spec.config.type_vocab_size = 1;
  spec.config.hidden_dropout_prob = dropout;
  spec.config.attention_probs_dropout_prob = attention_dropout;
  spec.features = model_features(schema);
  spec.heads = {{"", Head::masked_lm}};
  Model<float> model(make_context(default_isa()), spec);
  model.initialize(seed);
  return model;
}

}  // namespace seqguard
