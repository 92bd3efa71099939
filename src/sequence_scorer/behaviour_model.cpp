#include "seqguard/sequence_scorer/behaviour_model.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json_tree.hpp"
#include "core/json_writer.hpp"
#include "detection/recipe_json.hpp"
#include "model/weights_file.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/detail/profile_io.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "sequence_scorer/saved_model.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr const char* k_format = "seqguard-detector";
constexpr int k_version = 1;
constexpr std::size_t k_max_sidecar_bytes = std::size_t{1} << 30;
constexpr std::size_t k_max_weights_bytes = std::size_t{4} << 30;

/// What keys are compared with, and the profiles of the keys, which change and so belong to no generation.
constexpr const char* k_population = "population.safetensors";
constexpr const char* k_profiles = "key_profiles.bin";

/// A file that belongs to detector.json, which holds its digest.
struct Member {
  const char* name;
  bool required;
};
constexpr const char* k_numbers_file = "numbers.safetensors";
constexpr Member k_members[] = {{"config.json", true},
                                {"model.safetensors", true},
                                {"heads.json", false},
                                {"heads.safetensors", false},
                                {"event_schema.json", true},
                                {"profile.safetensors", true},
                                {"event_calibration.safetensors", true},
                                {"labels.safetensors", false},
                                {k_numbers_file, false},
                                {k_population, false},
                                {"tagger/config.json", false},
                                {"tagger/model.safetensors", false},
                                {"tagger/heads.json", false},
                                {"tagger/heads.safetensors", false},
                                {"tagger/repair.safetensors", false}};
/// Where the edit tagger stands, and what only it has.
constexpr const char* k_tagger = "tagger";
constexpr const char* k_repair_file = "tagger/repair.safetensors";

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

/// What detector.json holds.
struct Sidecar {
  Recipe recipe;
  double target_fpr = 0, drift_auroc = 0, repeat_share = 0;
  std::string training;
  std::vector<std::string> classes;  ///< of labels that were learned; empty: none
  std::size_t recalibrated_on = 0;
  Precision precision = Precision::fp32;                  ///< that the calibration was made in
  std::map<std::string, std::string, std::less<>> files;  ///< SHA-256 of each member
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
  if (const auto count = document.find("recalibrated_on")) sidecar.recalibrated_on = count->natural();
  if (const auto precision = document.find("precision")) {
    const std::string name(precision->text());
    if (name != to_string(Precision::fp32) && name != to_string(Precision::bf16))
      precision->refuse_unsupported("fp32 or bf16");
    sidecar.precision = precision_from_string(name);
  }
  if (const auto classes = document.find("classes")) {
    sidecar.classes = classes->texts();
    if (sidecar.classes.size() < 2) classes->refuse("two classes or more");
  }
  const JsonValue files = document.at("files");
  files.demand(JsonValue::Kind::object).for_each([&](const JsonValue& digest) {
    const auto is_it = [&](const Member& member) { return member.name == digest.key(); };
    if (std::none_of(std::begin(k_members), std::end(k_members), is_it))
      digest.refuse_unsupported("a file that this version knows");
    sidecar.files.emplace(digest.key(), digest.text());
  });
  for (const Member& member : k_members)
    if (member.required) files.at(member.name);
  return sidecar;
}

/// The members of a directory. Each is read once: its digest is compared, and it is parsed, by the same bytes.
class Members {
 public:
  /// `access`: of the encoder's weights.
  Members(const Sidecar& sidecar, const std::string& directory, FileAccess access) : directory_(directory) {
    for (const auto& [name, digest] : sidecar.files) {
      const std::string path = path_of(name);
      if (name == "model.safetensors" && access == FileAccess::map) {
        WeightsFile file(path, access);
        require_digest(path, digest, text_of(file.bytes()));
        mapped_ = std::make_unique<SafetensorsFile>(std::move(file), TensorLimits());
        continue;
      }
      const std::size_t most = name.ends_with(".safetensors") ? k_max_weights_bytes : k_max_sidecar_bytes;
      std::string& bytes = bytes_[name] = read_file(path, most);
      require_digest(path, digest, bytes);
    }
  }

  std::string path_of(std::string_view name) const { return directory_ + "/" + std::string(name); }
  /// Empty for one that there is not.
  std::string_view text(std::string_view name) const {
    const auto found = bytes_.find(name);
    return found == bytes_.end() ? std::string_view() : found->second;
  }
  /// It borrows from the members.
  SafetensorsFile tensors(std::string_view name) const { return {std::as_bytes(std::span(text(name))), path_of(name)}; }
  /// A checkpoint with named heads; the weights were not mapped.
  CheckpointFiles checkpoint_below(const std::string& below) const {
    const auto name = [&](const char* file) { return below + "/" + file; };
    const auto file = [&](const char* of) { return std::make_unique<SafetensorsFile>(tensors(name(of))); };
    return {path_of(below), text(name("config.json")), file("model.safetensors"), text(name("heads.json")),
            file("heads.safetensors")};
  }
  CheckpointFiles take_checkpoint() {
    CheckpointFiles files{directory_, text("config.json"), std::move(mapped_), text("heads.json"), nullptr};
    if (files.weights == nullptr) files.weights = std::make_unique<SafetensorsFile>(tensors("model.safetensors"));
    if (bytes_.contains("heads.safetensors"))
      files.heads_weights = std::make_unique<SafetensorsFile>(tensors("heads.safetensors"));
    return files;
  }

 private:
  static std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static void require_digest(const std::string& path, const std::string& expected, std::string_view bytes) {
    if (const std::string found = sha256(bytes); found != expected)
      fail(ErrorCode::bad_checkpoint, path, "not the file that detector.json was saved with", "SHA-256 " + expected,
           found);
  }

  std::string directory_;
  std::map<std::string, std::string, std::less<>> bytes_;
  std::unique_ptr<const TensorSource> mapped_;  // the weights of the encoder, if they are
};

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
  return name == "profile.safetensors" || name == "event_calibration.safetensors" || name == "labels.safetensors";
}

void write_population(DirectoryWriter& writer, const BehaviourModel& model) {
  ProfileWriter population;
  model.self->save(population);
  writer.write(k_population, population.serialize());
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
  for (const Member& member : k_members) {
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
  if (model.labels) writer.write("labels.safetensors", label_bytes(*model.labels));
  std::vector<std::pair<std::string, std::string>> files = writer.written();
  std::sort(files.begin(), files.end());
  JsonWriter json(2);
  json.begin_object();
  if (model.labels) json.key("classes").values(model.labels->classes);
  json.exact_field("drift_auroc", model.drift_auroc).key("features").begin_array().end_array();
  json.key("files").begin_object();
  for (const auto& [name, digest] : files) json.field(name, digest);
  json.end_object().field("format", k_format);
  json.field("precision", to_string(model.calibrated_in));
  if (model.recalibrated_on > 0) json.field("recalibrated_on", model.recalibrated_on);
  write_recipe(json.key("recipe"), model.detector.recipe());
  json.exact_field("repeat_share", model.events.rules.repeat_share).exact_field("target_fpr", model.target_fpr);
  const JsonTree training(model.training, "training", ErrorCode::invalid_argument);
  training.root().write(json.key("training"));
  json.field("version", k_version).end_object().end_line();
  writer.write("detector.json", json.text());
}

/// Behind detector.json, which does not name the file.
void write_profiles(DirectoryWriter& writer, const BehaviourModel& model) {
  if (model.profiles) writer.write(k_profiles, model.profiles->serialize(to_json(model.schema)));
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
      [](std::string_view name) { return name == k_tagger || name == k_population || name == k_profiles; });
  write_calibration(writer, model);
  write_profiles(writer, model);
  writer.commit();
}

void save_profiles(const BehaviourModel& model, const std::string& directory) {
  if (!model.profiles) fail(ErrorCode::unsupported, directory, "a model without profiles (fit --profile-key)");
  if (sha256(read_file(directory + "/event_schema.json", k_max_sidecar_bytes)) != sha256(to_json(model.schema)))
    fail(ErrorCode::bad_checkpoint, directory, "another model is there: its event_schema.json is another one");
  model.profiles->save(directory + "/" + k_profiles, to_json(model.schema));
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
  std::optional<LabelClassifier> labels;
  if (!sidecar.classes.empty() || !members.text("labels.safetensors").empty()) {
    if (sidecar.classes.empty() || members.text("labels.safetensors").empty())
      fail(ErrorCode::bad_checkpoint, directory + "/detector.json", "classes and labels.safetensors belong together");
    labels =
        LabelClassifier::load(members.tensors("labels.safetensors"), sidecar.classes,
                              LabelFeatures::of(schema, encoder.config().hidden_size, sidecar.recipe.views.size() - 1));
  }
  std::optional<SequenceRepairer> repairer = read_repairer(sidecar, members, schema, context);
  std::optional<SelfViews> self;
  std::shared_ptr<KeyStore> profiles;
  if (!schema.sequence.profile_key.empty()) {
    if (members.text(k_population).empty())
      fail(ErrorCode::bad_checkpoint, directory + "/detector.json",
           "the schema names a profile key, and there is no " + std::string(k_population));
    self = SelfViews::load(members.tensors(k_population));
    profiles =
        std::make_shared<KeyStore>(KeyStore::load(members.path_of(k_profiles), members.text("event_schema.json")));
  }
  check_fit(schema, encoder, sidecar.recipe, repairer.has_value(), labels.has_value(), directory);
  const bool judges_by_gate = has_gate_view(sidecar.recipe);
  SequenceDetectorOptions detector_options;
  detector_options.contamination = sidecar.target_fpr;
  NumberProfile numbers = read_numbers(sidecar.recipe, members, schema);
  SequenceDetector detector(sidecar.recipe, given_views(schema, {!numbers.empty(), judges_by_gate, labels.has_value()}),
                            detector_options);
  detector.load(members.tensors("profile.safetensors"));
  EventCalibration events =
      read_event_calibration(members.tensors("event_calibration.safetensors"), sidecar.repeat_share, schema);
  LoadReport report = precision_report(sidecar, options.precision, directory);
  return {std::move(schema),       std::move(encoder),  std::move(detector), std::move(events),
          sidecar.target_fpr,      sidecar.drift_auroc, sidecar.training,    std::move(labels),
          std::move(repairer),     std::move(self),     std::move(profiles), judges_by_gate,
          sidecar.recalibrated_on, sidecar.precision,   std::move(report),   std::move(numbers)};
}

}  // namespace v0
}  // namespace seqguard
