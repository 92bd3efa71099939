// One vocabulary and one model, four threads: encoding of events and the encoder's forward pass.
#include "seqguard/model/encoder.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "concurrency/threads_agree.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/model.hpp"
#include "support/precision_contexts.hpp"

using namespace seqguard;

namespace {

EventSchema make_schema() {
  std::vector<ValueCount> counts;
  for (std::uint64_t i = 0; i < 40; ++i) counts.push_back({"event" + std::to_string(i), 40 - i});
  return lines_schema(Vocabulary::from_counts(counts));
}

Model<float> make_model(const Context<float>& context, const EventSchema& schema) {
  ModelSpec spec;
  spec.config.vocab_size = schema.primary_column().vocabulary.size();
  spec.config.hidden_size = 32;
  spec.config.num_hidden_layers = 2;
  spec.config.num_attention_heads = 4;
  spec.config.intermediate_size = 64;
  spec.config.max_position_embeddings = 64;
  spec.features = model_features(schema);
  Model<float> model(context, spec);
  model.initialize(7);
  model.pack(false);
  return model;
}

/// Sequences of 1 to 60 events; some of them unknown to the vocabulary.
std::vector<std::vector<std::string>> make_sequences() {
  Random random(11);
  std::vector<std::vector<std::string>> sequences(24);
  for (auto& sequence : sequences)
    for (std::uint64_t n = 1 + random.below(60); n > 0; --n)
      sequence.push_back("event" + std::to_string(random.below(50)));
  return sequences;
}

/// What one thread owns.
struct EncoderWorker {
  const EventSchema& schema;
  const Model<float>& model;
  const std::vector<std::vector<std::string>>& sequences;
  AttentionMask mask;
  EncodedEvents events{};
  EncoderBatch batch{};
  Workspace workspace{};

  /// The bits of the last hidden states.
  std::vector<std::uint32_t> operator()(std::size_t item) {
    encode(OneColumn(sequences[item]), schema, events);
    batch.prepare(schema, events.positions());
    batch.clear();
    batch.append(events, 0, events.positions());
    workspace.activations.reset();
    EncoderOptions options;
    options.mask = mask;
    const auto cache = run_encoder<float>(model, batch.input(), options, workspace);
    const MatrixView<float> hidden = cache.last_hidden_state();
    std::vector<std::uint32_t> bits;
    for (std::size_t r = 0; r < hidden.rows; ++r)
      for (std::size_t c = 0; c < hidden.cols; ++c) bits.push_back(std::bit_cast<std::uint32_t>(hidden.row(r)[c]));
    return bits;
  }
};

}  // namespace

TEST_CASE("threads that share a vocabulary and an encoder get the bits of one thread") {
  const EventSchema schema = make_schema();
  const auto sequences = make_sequences();
  std::vector<Context<float>> contexts = low_precision_contexts();
  contexts.push_back(make_context(default_isa()));
  for (const Context<float>& context : contexts) {
    const Model<float> model = make_model(context, schema);
    for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal})
      check_threads_agree(sequences.size(), [&] { return EncoderWorker{schema, model, sequences, mask}; });
  }
}
