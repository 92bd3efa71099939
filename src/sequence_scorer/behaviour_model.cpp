#include "seqguard/sequence_scorer/behaviour_model.hpp"

#include <algorithm>
#include <memory>
#include <span>
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
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/detail/profile_io.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "sequence_scorer/event_labels.hpp"
#include "sequence_scorer/model_directory.hpp"
#include "sequence_scorer/saved_model.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::string event_calibration_bytes(const EventCalibration& events) {
  ProfileWriter writer;
  writer.scope("events");
  writer.write("next", events.next.scores());
  writer.write("masked", events.masked.scores());
  save_rule(writer, events.next.rule());
  return writer.serialize();
}

EventCalibration read_event_calibration(const SafetensorsFile& file, double repeat_share, const EventSchema& schema) {
  const ProfileReader reader(file, "events");
  EventCalibration events;
  const std::vector<double> next = reader.f64("next"), masked = reader.f64("masked");
  const TailRule rule = load_rule(reader);
  if (next.size() >= 2) events.next = TailCalibration(next, rule);
  if (masked.size() >= 2) events.masked = TailCalibration(masked, rule);
  events.rules.repeat_share = repeat_share;
  events.rules.unseen_share = schema.primary_column().vocabulary.unseen_share();
  return events;
}

bool has_gate_view(const Recipe& recipe) {
  const auto& views = recipe.views;
  return std::any_of(views.begin(), views.end(), [](const ViewSpec& view) { return view.name == k_gate_view; });
}

bool has_numbers(const Recipe& recipe) {
  const std::vector<std::string> given = recipe.given();
  return std::find(given.begin(), given.end(), k_numbers_view) != given.end();
}

NumberProfile read_numbers(const Recipe& recipe, const Members& members, const EventSchema& schema) {
  const bool has_file = !members.text(k_numbers_file).empty();
  if (has_numbers(recipe) != has_file)
    fail(ErrorCode::bad_checkpoint, members.path_of("detector.json"),
         "view " + std::string(k_numbers_view) + " and " + k_numbers_file + " belong together");
  if (!has_file) return {};
  const SafetensorsFile file = members.tensors(k_numbers_file);
  return NumberProfile::load(number_blocks(schema), ProfileReader(file, "numbers"));
}

std::string number_bytes(const NumberProfile& numbers) {
  ProfileWriter writer;
  writer.scope("numbers");
  numbers.save(writer);
  return writer.serialize();
}

/// The digests say that the files were saved together, not that they fit: what the scorer looks up in the encoder by
/// the schema's numbers must exist there. The other columns' sizes are those of the parameter table.
void check_fit(const EventSchema& schema, const Model<float>& encoder, const Recipe& recipe, bool has_repairer,
               bool has_labels, const std::string& directory) {
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
  if (encoder.spec().checkpoint_head(Head::masked_lm) == nullptr)
    fail(ErrorCode::bad_checkpoint, path, "the encoder of a detector needs the head of a BertForMaskedLM");
  if (has_labels && recipe.views.back().name != k_label_view)
    fail(ErrorCode::bad_checkpoint, directory + "/detector.json", "the last view of a model with labels is theirs",
         std::string(k_label_view), recipe.views.back().name);
  if (has_gate_view(recipe) && !has_repairer)
    fail(ErrorCode::bad_checkpoint, directory + "/detector.json",
         "view " + std::string(k_gate_view) + " is what the repair says, and the model has none");
  const std::vector<std::string> given = given_views(schema, {has_numbers(recipe), has_gate_view(recipe), has_labels});
  for (const std::string& view : recipe.given()) {
    if (std::find(given.begin(), given.end(), view) == given.end())
      fail(ErrorCode::bad_checkpoint, directory + "/detector.json",
           "view " + view + " is not one that the columns of event_schema.json give");
  }
}

/// Whether a file is one that write_calibration() writes.
bool is_calibration(std::string_view name) {
  return name == "profile.safetensors" || name == "event_calibration.safetensors" || name == k_labels_file ||
         name == k_event_labels_file;
}

void write_population(DirectoryWriter& writer, const BehaviourModel& model) {
  ProfileWriter population;
  model.self->save(population);
  writer.write(k_population_file, population.serialize());
}

std::string label_bytes(const LabelClassifier& labels) {
  ProfileWriter writer;
  labels.save(writer);
  return writer.serialize();
}

void write_repairer(DirectoryWriter& writer, const SequenceRepairer& repairer) {
  writer.enter(k_tagger);
  write_model(writer, repairer.tagger.encoder(), repairer.tagger.encoder().values());
  ProfileWriter file;
  repairer.save(file);
  writer.write(std::string_view(k_repair_file).substr(std::string_view(k_tagger).size() + 1), file.serialize());
  writer.enter("");
}

/// The repair of a directory; nullopt: the model was fitted without one.
std::optional<SequenceRepairer> read_repairer(const Sidecar& sidecar, const Members& members, const EventSchema& schema,
                                              const Context<float>& context) {
  std::size_t found = 0, all = 0;
  for (const Member& member : directory_members()) {
    if (!std::string_view(member.name).starts_with(std::string(k_tagger) + "/")) continue;
    ++all;
    found += sidecar.files.contains(member.name) ? 1 : 0;
  }
  if (found == 0) return std::nullopt;
  if (found < all)
    fail(ErrorCode::bad_checkpoint, members.path_of("detector.json"), "files of the edit tagger", std::to_string(all),
         std::to_string(found));
  Model<float> encoder = load_scoring_model(context, members.checkpoint_below(k_tagger), EditTagger::features(schema));
  return SequenceRepairer::load(EditTagger(schema, std::move(encoder)), members.tensors(k_repair_file));
}

struct LearnedLabels {
  std::optional<LabelClassifier> of_sequences, of_events;
};

LearnedLabels read_labels(const Sidecar& sidecar, const Members& members, const EventSchema& schema,
                          const Model<float>& encoder, bool has_tags) {
  LearnedLabels labels;
  const bool has_labels = !members.text(k_labels_file).empty(), of_events = !members.text(k_event_labels_file).empty();
  if (sidecar.classes.empty() == has_labels || (of_events && !has_labels))
    fail(ErrorCode::bad_checkpoint, members.path_of("detector.json"),
         std::string("classes and ") + k_labels_file + (of_events ? std::string(" and ") + k_event_labels_file : "") +
             " belong together");
  if (!has_labels) return labels;
  const std::size_t views = sidecar.recipe.views.size() - 1;
  labels.of_sequences = LabelClassifier::load(
      members.tensors(k_labels_file), sidecar.classes,
      LabelFeatures::of(schema, encoder.config().hidden_size, views + (of_events ? k_event_summary : 0)));
  if (of_events)
    labels.of_events = LabelClassifier::load(members.tensors(k_event_labels_file), sidecar.classes,
                                             event_label_features(schema, views, has_tags));
  return labels;
}

/// What to say of a model that scores in another precision than it was calibrated in.
LoadReport precision_report(const Sidecar& sidecar, Precision precision, const std::string& directory) {
  LoadReport report;
  if (precision == sidecar.precision) return report;
  const std::string own(to_string(sidecar.precision)), other(to_string(precision));
  report.notes.push_back(directory + "/detector.json: calibrated in " + own + ", and scores in " + other +
                         " (--precision " + other + "): scores and p-values differ from those of --precision " + own +
                         ", and the share of false alarms by as much; docs/precision.md has measurements");
  return report;
}

/// The files of what is calibrated and decided, and detector.json, which names all that the writer has written.
void write_calibration(DirectoryWriter& writer, const BehaviourModel& model) {
  writer.write("profile.safetensors", model.detector.serialize());
  writer.write("event_calibration.safetensors", event_calibration_bytes(model.events));
  if (model.labels) writer.write(k_labels_file, label_bytes(*model.labels));
  if (model.event_labels) writer.write(k_event_labels_file, label_bytes(*model.event_labels));
  // Those of former labels.
  writer.leave_out([](std::string_view name) { return name == k_labels_file || name == k_event_labels_file; });
  std::vector<std::pair<std::string, std::string>> files = writer.written();
  std::sort(files.begin(), files.end());
  JsonWriter json(2);
  json.begin_object();
  if (model.labels) json.key("classes").values(model.labels->classes);
  json.exact_field("drift_auroc", model.drift_auroc).key("features").begin_array().end_array();
  json.key("files").begin_object();
  for (const auto& [name, digest] : files) json.field(name, digest);
  json.end_object().field("format", k_detector_format);
  json.field("precision", to_string(model.calibrated_in));
  if (model.recalibrated_on > 0) json.field("recalibrated_on", model.recalibrated_on);
  write_recipe(json.key("recipe"), model.detector.recipe());
  json.exact_field("repeat_share", model.events.rules.repeat_share).exact_field("target_fpr", model.target_fpr);
  const JsonTree training(model.training, "training", ErrorCode::invalid_argument);
  training.root().write(json.key("training"));
  json.field("version", k_detector_version).end_object().end_line();
  writer.write("detector.json", json.text());
}

/// Behind detector.json, which does not name the file.
void write_profiles(DirectoryWriter& writer, const BehaviourModel& model) {
  if (model.profiles) writer.write(k_profiles_file, model.profiles->serialize(to_json(model.schema)));
}

}  // namespace

void save_behaviour_model(const BehaviourModel& model, const std::string& directory) {
  DirectoryWriter writer(directory);
  write_model(writer, model.encoder, model.encoder.values());
  writer.write("event_schema.json", to_json(model.schema));
  if (!model.numbers.empty()) writer.write(k_numbers_file, number_bytes(model.numbers));
  if (model.repairer) write_repairer(writer, *model.repairer);
  if (model.self) write_population(writer, model);
  // Those of another generation.
  writer.leave_out(
      [](std::string_view name) { return name == k_tagger || name == k_population_file || name == k_profiles_file; });
  write_calibration(writer, model);
  write_profiles(writer, model);
  writer.commit();
}

void save_profiles(const BehaviourModel& model, const std::string& directory) {
  if (!model.profiles) fail(ErrorCode::unsupported, directory, "a model without profiles (fit --profile-key)");
  if (sha256(read_file(directory + "/event_schema.json", k_max_sidecar_bytes)) != sha256(to_json(model.schema)))
    fail(ErrorCode::bad_checkpoint, directory, "another model is there: its event_schema.json is another one");
  model.profiles->save(directory + "/" + k_profiles_file, to_json(model.schema));
}

std::vector<std::string> given_views(const EventSchema& schema, const GivenKinds& kinds) {
  std::vector<std::string> names = surprise_views(schema);
  if (kinds.numbers)
    for (std::string& name : NumberProfile::views(number_blocks(schema))) names.push_back(std::move(name));
  if (kinds.gate) names.emplace_back(k_gate_view);
  if (!schema.sequence.profile_key.empty())
    for (std::string& name : self_views()) names.push_back(std::move(name));
  if (kinds.labels) names.emplace_back(k_label_view);
  return names;
}

std::string generation_of(const std::string& directory) {
  return sha256(read_file(directory + "/detector.json", k_max_sidecar_bytes));
}

void save_calibration(const BehaviourModel& model, const std::string& from, const std::string& generation,
                      const std::string& to) {
  if (generation_of(from) != generation)
    fail(ErrorCode::bad_checkpoint, from, "another model was saved there in the meantime");
  const Sidecar sidecar = read_sidecar(from + "/detector.json");
  const Members members(sidecar, from, FileAccess::read);
  DirectoryWriter writer(to);
  for (const auto& [name, digest] : sidecar.files)
    if (!is_calibration(name)) writer.write(name, members.text(name));
  write_calibration(writer, model);
  write_profiles(writer, model);
  writer.commit();
}

bool holds_behaviour_model(const std::string& directory) {
  return file_exists(directory + "/detector.json") || file_exists(directory + "/event_schema.json");
}

std::shared_ptr<const BehaviourModel> load_behaviour_model(const std::string& directory, const LoadOptions& options) {
  return std::make_shared<BehaviourModel>(read_behaviour_model(directory, options));
}

BehaviourModel read_behaviour_model(const std::string& directory, const LoadOptions& options) {
  if (!holds_behaviour_model(directory)) {
    load_model_config(directory);  // says what is wrong if it is no checkpoint either
    fail(ErrorCode::unsupported, directory,
         "a text checkpoint judges no events: TextModel::load() or open_model() opens it, `seqguard encode` runs it");
  }
  const Context<float> context = make_context(options);
  const Sidecar sidecar = read_sidecar(directory + "/detector.json");
  Members members(sidecar, directory, options.access);
  EventSchema schema = schema_from_json(members.text("event_schema.json"), members.path_of("event_schema.json"));
  Model<float> encoder = load_scoring_model(context, members.take_checkpoint(), model_features(schema));
  std::optional<SequenceRepairer> repairer = read_repairer(sidecar, members, schema, context);
  LearnedLabels labels = read_labels(sidecar, members, schema, encoder, repairer.has_value());
  std::optional<SelfViews> self;
  std::shared_ptr<KeyStore> profiles;
  if (!schema.sequence.profile_key.empty()) {
    if (members.text(k_population_file).empty())
      fail(ErrorCode::bad_checkpoint, directory + "/detector.json",
           "the schema names a profile key, and there is no " + std::string(k_population_file));
    self = SelfViews::load(members.tensors(k_population_file));
    profiles =
        std::make_shared<KeyStore>(KeyStore::load(members.path_of(k_profiles_file), members.text("event_schema.json")));
  }
  check_fit(schema, encoder, sidecar.recipe, repairer.has_value(), labels.of_sequences.has_value(), directory);
  const bool judges_by_gate = has_gate_view(sidecar.recipe);
  SequenceDetectorOptions detector_options;
  detector_options.contamination = sidecar.target_fpr;
  NumberProfile numbers = read_numbers(sidecar.recipe, members, schema);
  SequenceDetector detector(sidecar.recipe,
                            given_views(schema, {!numbers.empty(), judges_by_gate, labels.of_sequences.has_value()}),
                            detector_options);
  detector.load(members.tensors("profile.safetensors"));
  EventCalibration events =
      read_event_calibration(members.tensors("event_calibration.safetensors"), sidecar.repeat_share, schema);
  LoadReport report = precision_report(sidecar, options.precision, directory);
  return {std::move(schema),          std::move(encoder),  std::move(detector), std::move(events),
          sidecar.target_fpr,         sidecar.drift_auroc, sidecar.training,    std::move(labels.of_sequences),
          std::move(repairer),        std::move(self),     std::move(profiles), judges_by_gate,
          sidecar.recalibrated_on,    sidecar.precision,   std::move(report),   std::move(numbers),
          std::move(labels.of_events)};
}

}  // namespace v0
}  // namespace seqguard
