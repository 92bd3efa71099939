#include <algorithm>
#include <map>

#include "detection/sequences.hpp"
#include "fuzz/file_set.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard {
namespace {

/// A small model of events as save_behaviour_model() writes it.
void save_small_model(const std::string& directory) {
  EventSchema schema = lines_schema(Vocabulary::from_counts(std::vector<ValueCount>{{"a", 9}, {"b", 8}, {"c", 1}}));
  schema.sequence.window = schema.sequence.stride = 8;
  ModelSpec spec;
  spec.config.vocab_size = schema.primary_column().vocabulary.size();
  spec.config.hidden_size = 4;
  spec.config.num_hidden_layers = spec.config.num_attention_heads = spec.config.type_vocab_size = 1;
  spec.config.intermediate_size = 4;
  spec.config.max_position_embeddings = 8;
  spec.heads = {{"", Head::masked_lm}};
  Model<float> encoder(make_context(default_isa()), spec);
  encoder.initialize(1);
  SequenceDetector detector(Recipe::broad({"next"}));
  const Sequences normals = random_walks(12, 3, 4, 1);
  const std::vector<double> next(normals.size(), 1.0);
  detector.fit(views_of(normals), {.held_out = next});
  save_behaviour_model({std::move(schema), std::move(encoder), std::move(detector), {}}, directory);
}

}  // namespace

// detector.json, event_schema.json and config.json; the files of numbers are those of a small model. detector.json
// names the digest of a file as "@NAME", which no input could guess.
void fuzz_saved_scorer(std::string_view input) {
  static const FileSet files([](const FileSet& set) { save_small_model(set.path()); });
  const std::vector<std::string> names = {"detector.json", "event_schema.json", "config.json"};
  files.write(names, input);
  const std::vector<std::string_view> parts = parts_of(input);
  std::string sidecar(parts[0]);
  for (const char* name : {"config.json", "model.safetensors", "event_schema.json", "profile.safetensors",
                           "event_calibration.safetensors"}) {
    const std::string mark = std::string("@") + name, file = files.path() + "/" + name;
    if (const std::size_t at = sidecar.find(mark); at != std::string::npos && file_exists(file))
      sidecar.replace(at, mark.size(), file_sha256(file));
  }
  if (!sidecar.empty()) files.write(names[0], sidecar);
  const SequenceScorer scorer(load_behaviour_model(files.path()));
  const std::vector<std::string> events = {"a", "b", "a", "never seen"};
  const Score score = scorer.score(events);
  keep(score.p_value >= 0 && score.p_value <= 1, "p-values are numbers in [0, 1]");
  keep(score.events.size() == events.size(), "a number for each event");
}

}  // namespace seqguard
