#include "sequence_scorer/model_directory.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/json_tree.hpp"
#include "detection/recipe_json.hpp"
#include "model/weights_file.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_max_weights_bytes = std::size_t{4} << 30;

constexpr Member k_members[] = {{"config.json", true},
                                {"model.safetensors", true},
                                {"heads.json", false},
                                {"heads.safetensors", false},
                                {"event_schema.json", true},
                                {"profile.safetensors", true},
                                {"event_calibration.safetensors", true},
                                {k_labels_file, false},
                                {k_event_labels_file, false},
                                {k_numbers_file, false},
                                {k_population_file, false},
                                {"tagger/config.json", false},
                                {"tagger/model.safetensors", false},
                                {"tagger/heads.json", false},
                                {"tagger/heads.safetensors", false},
                                {k_repair_file, false}};

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
void require_digest(const std::string& path, const std::string& expected, std::string_view bytes) {
  if (const std::string found = sha256(bytes); found != expected)
    fail(ErrorCode::bad_checkpoint, path, "not the file that detector.json was saved with", "SHA-256 " + expected,
         found);
}

}  // namespace

std::span<const Member> directory_members() noexcept { return k_members; }

Sidecar read_sidecar(const std::string& path) {
  const JsonTree tree(read_file(path, k_max_sidecar_bytes), path, ErrorCode::bad_format);
  const JsonValue document = tree.root();
  if (const JsonValue format = document.at("format"); !format.equals(k_detector_format))
    format.refuse(k_detector_format);
  if (const JsonValue version = document.at("version"); !version.is_number() || version.number() != k_detector_version)
    version.refuse_unsupported(std::to_string(k_detector_version));
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
    if (name != to_string(Precision::fp32) && name != to_string(Precision::bf16) && name != to_string(Precision::int8))
      precision->refuse_unsupported("fp32, bf16 or int8");
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

Members::Members(const Sidecar& sidecar, const std::string& directory, FileAccess access) : directory_(directory) {
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

CheckpointFiles Members::checkpoint_below(const std::string& below) const {
  const auto name = [&](const char* file) { return below + "/" + file; };
  const auto file = [&](const char* of) { return std::make_unique<SafetensorsFile>(tensors(name(of))); };
  return {path_of(below), text(name("config.json")), file("model.safetensors"), text(name("heads.json")),
          file("heads.safetensors")};
}

CheckpointFiles Members::take_checkpoint() {
  CheckpointFiles files{directory_, text("config.json"), std::move(mapped_), text("heads.json"), nullptr};
  if (files.weights == nullptr) files.weights = std::make_unique<SafetensorsFile>(tensors("model.safetensors"));
  if (bytes_.contains("heads.safetensors"))
    files.heads_weights = std::make_unique<SafetensorsFile>(tensors("heads.safetensors"));
  return files;
}

}  // namespace v0
}  // namespace seqguard
