#include "seqguard/sequence_scorer/behaviour_model.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/strict_json.hpp"
#include "detection/recipe_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/detection/profile_io.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder_batch.hpp"

namespace seqguard {
namespace {

using nlohmann::json;

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

/// What detector.json holds besides the recipe.
struct Sidecar {
  Recipe recipe;
  double target_fpr = 0, drift_auroc = 0, repeat_share = 0;
  std::string training;
  json files;
};

template <class T>
T field(const json& object, const char* name, const std::string& path) {
  const auto found = object.find(name);
  if (found == object.end()) fail(ErrorCode::bad_format, path, std::string("field ") + name + " is missing");
  try {
    return found->get<T>();
  } catch (const json::exception&) {
    fail(ErrorCode::bad_format, path, std::string("field ") + name + " has another type",
         "what save_behaviour_model writes", found->type_name());
  }
}

double share_field(const json& object, const char* name, const std::string& path) {
  const double value = field<double>(object, name, path);
  if (!(value >= 0 && value <= 1))
    fail(ErrorCode::bad_format, path, std::string("field ") + name, "0 .. 1", std::to_string(value));
  return value;
}

Sidecar read_sidecar(const std::string& path) {
  const json document = parse_strict_json(read_file(path, k_max_sidecar_bytes), path, ErrorCode::bad_format);
  if (!document.is_object()) fail(ErrorCode::bad_format, path, "content", "an object", document.type_name());
  if (field<std::string>(document, "format", path) != k_format)
    fail(ErrorCode::bad_format, path, "field format", k_format, field<std::string>(document, "format", path));
  if (const json version = field<json>(document, "version", path); version != k_version)
    fail(ErrorCode::unsupported, path, "field version", std::to_string(k_version), version.dump().substr(0, 100));
  const json features = field<json>(document, "features", path);
  if (!features.is_array() || !features.empty())
    fail(ErrorCode::unsupported, path, "features that this version does not understand", "[]", features.dump());
  Sidecar sidecar;
  sidecar.recipe = recipe_from_json(field<json>(document, "recipe", path), path);
  sidecar.target_fpr = share_field(document, "target_fpr", path);
  sidecar.drift_auroc = share_field(document, "drift_auroc", path);
  sidecar.repeat_share = share_field(document, "repeat_share", path);
  sidecar.training = field<json>(document, "training", path).dump();
  sidecar.files = field<json>(document, "files", path);
  return sidecar;
}

/// Every member is there and is the one that was saved with detector.json.
void check_members(const Sidecar& sidecar, const std::string& directory) {
  for (const char* name : k_members) {
    const std::string path = directory + "/" + name;
    const std::string expected = field<std::string>(sidecar.files, name, directory + "/detector.json");
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
  json files = json::object();
  for (const auto& [name, digest] : writer.written()) files[name] = digest;
  json document = {{"format", k_format},
                   {"version", k_version},
                   {"features", json::array()},
                   {"recipe", recipe_to_json(model.detector.recipe())},
                   {"target_fpr", model.target_fpr},
                   {"drift_auroc", model.drift_auroc},
                   {"repeat_share", model.events.rules.repeat_share},
                   {"training", json::parse(model.training)},
                   {"files", files}};
  writer.write("detector.json", document.dump(2) + "\n");
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
