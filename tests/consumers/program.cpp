// A host of the library. Prints what it computed bit by bit, so that builds with other flags can be compared.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <seqguard/model/encoder_batch.hpp>
#include <seqguard/model/model.hpp>
#include <seqguard/seqguard.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// A shop's events: what happened, its price, when.
seqguard::EventSchema make_schema() {
  const std::vector<seqguard::ValueCount> counts = {{"view", 50}, {"search", 30}, {"cart", 9}, {"pay", 4}};
  seqguard::EventSchema schema = seqguard::lines_schema(seqguard::Vocabulary::from_counts(counts));
  seqguard::EventColumn price;
  price.name = "price";
  price.kind = seqguard::ColumnKind::numeric;
  price.transform = {1.7, 0.83, -8, 8};
  schema.columns.push_back(price);
  schema.time = seqguard::TimeColumn{"time", "ms", {}};
  return schema;
}

seqguard::Model<float> make_model(const seqguard::EventSchema& schema) {
  seqguard::ModelSpec spec;
  spec.config.vocab_size = schema.primary_column().vocabulary.size();
  spec.config.hidden_size = 32;
  spec.config.num_hidden_layers = 2;
  spec.config.num_attention_heads = 4;
  spec.config.intermediate_size = 64;
  spec.config.max_position_embeddings = 16;
  spec.features = seqguard::model_features(schema);
  seqguard::Model<float> model(seqguard::make_context(seqguard::default_isa(), seqguard::MatmulBackend::own), spec);
  model.initialize(3);
  model.pack(false);
  return model;
}

void print(std::string_view name, seqguard::MatrixView<float> values) {
  for (std::size_t r = 0; r < values.rows; ++r) {
    std::printf("%.*s", static_cast<int>(name.size()), name.data());
    for (std::size_t c = 0; c < values.cols; ++c) std::printf(" %a", static_cast<double>(values.row(r)[c]));
    std::printf("\n");
  }
}

}  // namespace

int main() {
#ifdef __FAST_MATH__
  std::printf("host fast-math\n");
#else
  std::printf("host plain\n");
#endif
  const std::string_view isa = to_string(seqguard::default_isa());
  std::printf("isa %.*s\n", static_cast<int>(isa.size()), isa.data());

  const seqguard::EventSchema schema = make_schema();
  const seqguard::Model<float> model = make_model(schema);
  const std::vector<std::string> names = {"search", "view", "view", "cart", "teleport", "pay"};
  const std::vector<float> prices = {0, 12.5f, 3.25f, 3.25f, 1e-30f, 1e30f};
  const std::vector<std::int64_t> times = {0, 1500, 61'000, 60'000, 86'400'000, 86'400'001};
  const std::vector<seqguard::ColumnView> columns = {std::span(names), std::span(prices)};

  seqguard::EncodedEvents events;
  seqguard::encode({names.size(), columns, times}, schema, events);
  for (const std::int32_t gap : events.gaps) std::printf("gap %d\n", gap);
  for (float& value : events.values[1]) print("price", {&value, 1, 1});

  seqguard::EncoderBatch batch;
  batch.prepare(schema, events.positions());
  batch.append(events, 0, events.positions());
  seqguard::Arena arena, scratch;
  auto cache = seqguard::EncoderCache<float>::allocate(arena, model.config(), batch.tokens(), false);
  seqguard::encoder_forward<float>(model.context(), cache, batch.input(), model.config(), model.parameters(),
                                   model.packed(), {}, scratch);
  print("hidden", cache.last_hidden_state());

  try {
    seqguard::isa_from_string("mmx");
  } catch (const seqguard::Error& error) {
    std::printf("error %s\n", error.what());
  }
}
