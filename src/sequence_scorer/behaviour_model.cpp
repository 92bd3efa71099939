#include "seqguard/sequence_scorer/behaviour_model.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json_tree.hpp"
#include "core/json_writer.hpp"
#include "detection/recipe_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/detection/profile_io.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder_batch.hpp"

namespace seqguard {
namespace {

constexpr const char* k_format = "seqguard-detector";
constexpr int k_version = 1;
constexpr std::size_t k_max_sidecar_bytes = std::size_t{1} << 30;
constexpr const char* k_members[] = {"config.json", "model.safetensors", "event_schema.json", "profile.safetensors",
                                     "event_calibration.safetensors"};

std::string event_calibration_bytes(const EventCalibration& events) {
  ProfileWriter writer;
  writer.scope("events");
  writer.write("next", events.next.scores());
  writer.write("masked", events.masked.scores());
  return writer.serialize();
}

EventCalibration read_event_calibration(const std::string& path, double repeat_share, const EventSchema& schema) {
  const SafetensorsFile file(path);
  const ProfileReader reader(file, "events");
  EventCalibration events;
  const std::vector<double> next = reader.f64("next"), masked = reader.f64("masked");
  if (next.size() >= 2) events.next = TailCalibration(next);
  if (masked.size() >= 2) events.masked = TailCalibration(masked);
  events.rules.repeat_share = repeat_share;
  events.rules.unseen_share = schema.primary_column().vocabulary.unseen_share();
  return events;
}

/// What detector.json holds.
struct Sidecar {
  Recipe recipe;
  double target_fpr = 0, drift_auroc = 0, repeat_share = 0;
  std::string training;
  std::map<std::string_view, std::string> files;  ///< SHA-256 of each member
};

Sidecar read_sidecar(const std::string& path) {
  const JsonTree tree(read_file(path, k_max_sidecar_bytes), path, ErrorCode::bad_format);
  const JsonValue document = tree.root();
  if (const JsonValue format = document.at("format"); !format.equals(k_format)) format.refuse(k_format);
  if (const JsonValue version = document.at("version"); !version.is_number() || version.number() != k_version)
    version.refuse_unsupported(std::to_string(k_version));
  if (const JsonValue features = document.at("features"); !features.is(JsonValue::Kind::array) || features.size() > 0)
    features.refuse_unsupported("[], none that this version does not understand");
  Sidecar sidecar;
  sidecar.recipe = read_recipe(document.at("recipe"));
  sidecar.target_fpr = document.at("target_fpr").share();
  sidecar.drift_auroc = document.at("drift_auroc").share();
  sidecar.repeat_share = document.at("repeat_share").share();
  sidecar.training = document.at("training").dump();
  const JsonValue files = document.at("files");
  for (const char* name : k_members) sidecar.files[name] = files.at(name).text();
  return sidecar;
}

/// Every member is there and is the one that was saved with detector.json.
void check_members(const Sidecar& sidecar, const std::string& directory) {
  for (const auto& [name, expected] : sidecar.files) {
    const std::string path = directory + "/" + std::string(name);
    const std::string found = file_sha256(path);
    if (expected != found)
      fail(ErrorCode::bad_checkpoint, path, "not the file that detector.json was saved with", "SHA-256 " + expected,
           found);
  }
}

/// The digests say that the files were saved together, not that they fit: what the scorer looks up in the encoder by
/// the schema's numbers must exist there. The other columns' sizes are those of the parameter table.
void check_fit(const EventSchema& schema, const Model<float>& encoder, const Recipe& recipe,
               const std::string& directory) {
  const std::string path = directory + "/config.json";
  const auto require = [&](bool holds, std::string_view what, const std::string& expected, std::size_t found) {
    if (!holds) fail(ErrorCode::bad_checkpoint, path, what, expected, std::to_string(found));
  };
  const ModelConfig& config = encoder.config();
  const std::size_t values = schema.primary_column().vocabulary.size();
  require(config.vocab_size == values, "vocab_size", std::to_string(values) + " as in event_schema.json",
          config.vocab_size);
  require(config.max_position_embeddings >= schema.sequence.window, "max_position_embeddings",
          "at least the window of event_schema.json, " + std::to_string(schema.sequence.window),
          config.max_position_embeddings);
  if (encoder.spec().head(Head::masked_lm) == nullptr)
    fail(ErrorCode::bad_checkpoint, path, "the encoder of a detector needs the head of a BertForMaskedLM");
  const std::vector<std::string> given = surprise_views(schema);
  for (const std::string& view : recipe.given()) {
    if (std::find(given.begin(), given.end(), view) == given.end())
      fail(ErrorCode::bad_checkpoint, directory + "/detector.json",
           "view " + view + " is not one that the columns of event_schema.json give");
  }
}

}  // namespace

void save_behaviour_model(const BehaviourModel& model, const std::string& directory) {
  DirectoryWriter writer(directory);
  write_model(writer, model.encoder, model.encoder.values());
  writer.write("event_schema.json", to_json(model.schema));
  writer.write("profile.safetensors", model.detector.serialize());
  writer.write("event_calibration.safetensors", event_calibration_bytes(model.events));
  std::vector<std::pair<std::string, std::string>> files = writer.written();
  std::sort(files.begin(), files.end());
  JsonWriter json(2);
  json.begin_object().exact_field("drift_auroc", model.drift_auroc).key("features").begin_array().end_array();
  json.key("files").begin_object();
  for (const auto& [name, digest] : files) json.field(name, digest);
  json.end_object().field("format", k_format);
  write_recipe(json.key("recipe"), model.detector.recipe());
  json.exact_field("repeat_share", model.events.rules.repeat_share).exact_field("target_fpr", model.target_fpr);
  const JsonTree training(model.training, "training", ErrorCode::invalid_argument);
  training.root().write(json.key("training"));
  json.field("version", k_version).end_object().end_line();
  writer.write("detector.json", json.text());
  writer.commit();
}

std::shared_ptr<const BehaviourModel> load_behaviour_model(const std::string& directory, const LoadOptions& options) {
  if (!directory_exists(directory)) fail(ErrorCode::file_not_found, directory, "no such directory");
  const Context<float> context = make_context(options);
  const std::string sidecar_path = directory + "/detector.json", schema_path = directory + "/event_schema.json";
  const Sidecar sidecar = read_sidecar(sidecar_path);
  check_members(sidecar, directory);
  EventSchema schema = schema_from_json(read_file(schema_path, k_max_sidecar_bytes), schema_path);
  Model<float> encoder = load_scoring_model(context, directory, model_features(schema), options.access);
  check_fit(schema, encoder, sidecar.recipe, directory);
  const std::string profile_path = directory + "/profile.safetensors";
  SequenceDetectorOptions detector_options;
  detector_options.contamination = sidecar.target_fpr;
  SequenceDetector detector(sidecar.recipe, surprise_views(schema), detector_options);
  detector.load(SafetensorsFile(profile_path));
  EventCalibration events =
      read_event_calibration(directory + "/event_calibration.safetensors", sidecar.repeat_share, schema);
  return std::make_shared<BehaviourModel>(BehaviourModel{std::move(schema), std::move(encoder), std::move(detector),
                                                         std::move(events), sidecar.target_fpr, sidecar.drift_auroc,
                                                         sidecar.training});
}

}  // namespace seqguard
