// The encoder of events: a small BERT over the columns of a schema, whose masked-LM head predicts events.
#pragma once

#include <cstddef>

#include "seqguard/events/schema.hpp"
#include "seqguard/model/model_spec.hpp"

namespace seqguard {
inline namespace v0 {

struct EventEncoderShape {
  std::size_t hidden = 64, layers = 2, heads = 4;
  std::size_t window = 128;  ///< positions, marks included
  double dropout = 0;        ///< of hidden states and embeddings
};

/// Post-LayerNorm, feed-forward width 4 hidden, no dropout of attention, weights begun with deviation .05.
ModelSpec event_encoder_spec(const EventSchema& schema, const EventEncoderShape& shape);

}  // namespace v0
}  // namespace seqguard
