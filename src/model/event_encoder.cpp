#include "seqguard/model/event_encoder.hpp"

#include "seqguard/model/encoder_batch.hpp"

namespace seqguard {
inline namespace v0 {

ModelSpec event_encoder_spec(const EventSchema& schema, const EventEncoderShape& shape) {
  ModelSpec spec;
  spec.config.vocab_size = schema.primary_column().vocabulary.size();
  spec.config.hidden_size = shape.hidden;
  spec.config.num_hidden_layers = shape.layers;
  spec.config.num_attention_heads = shape.heads;
  spec.config.intermediate_size = 4 * shape.hidden;
  spec.config.max_position_embeddings = shape.window;
  spec.config.type_vocab_size = 1;
  spec.config.initializer_range = 0.05;
  spec.config.hidden_dropout_prob = shape.dropout;
  spec.config.attention_probs_dropout_prob = 0;
  spec.config.architectures = {architecture_name(spec.config.family, Head::masked_lm)};
  spec.features = model_features(schema);
  spec.heads = {{"", Head::masked_lm}};
  return spec;
}

}  // namespace v0
}  // namespace seqguard
