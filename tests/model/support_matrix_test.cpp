// The README's tables of families, heads and files are what this build loads: each verdict comes from opening a
// checkpoint. That what is loaded gives transformers' numbers is shown by golden_test.cpp and storage_test.cpp.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "model/golden.hpp"
#include "model/storage_forms.hpp"
#include "seqguard/core/error.hpp"
#include "support/readme_table.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

const std::string k_checkpoint = k_golden + "masked_lm_d20";
const char* const k_file = "tests/model/support_matrix_test.cpp";

/// "exact": it loads with the head.
std::string verdict(const FamilyTraits& traits, Head head) {
  if (!has_head(traits, head)) return "-";
  const Model<float> model = load_scoring_model(make_context(default_isa()), k_golden + golden_of(traits, head));
  return model.config().family == traits.family && head_of(model.config()) == head ? "exact" : "?";
}

/// "exact": it is the checkpoint, bit for bit; "refused": by an error that `names` the reason.
std::string verdict_of_files(const std::string& directory, const std::string& names = "") {
  const Context<float> context = make_context(default_isa());
  try {
    for (const FileAccess access : {FileAccess::read, FileAccess::map})
      if (load_model(context, directory, {}, access).values() != load_model(context, k_checkpoint).values()) return "?";
    return "exact";
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(!names.empty());
    CHECK(std::string(error.what()).find(names) != std::string::npos);
    return error.code() == ErrorCode::unsupported_model || error.code() == ErrorCode::bad_checkpoint ? "refused" : "?";
  }
}

/// Of a copy of the checkpoint without its weights, to which `change` is done.
template <class Change>
std::string verdict_after(Change change, const std::string& names) {
  const TemporaryDirectory directory;
  std::filesystem::copy(k_checkpoint + "/config.json", directory.path());
  change(directory.path());
  return verdict_of_files(directory.path(), names);
}

/// The verdict if all are the same.
std::string common(const std::string& all, const std::string& one) { return all.empty() || all == one ? one : "?"; }

std::string read_form(const StorageForm& form) {
  std::string verdict;
  const SafetensorsFile source(k_checkpoint + "/model.safetensors");
  for (const Dtype dtype : k_storage_dtypes) {
    const StoredTensors stored(source, dtype);
    verdict = common(verdict, verdict_after([&](const std::string& to) { form.write(to, stored.tensors()); }, ""));
  }
  return verdict;
}

std::string narrow_dtypes() {
  std::string verdict;
  for (const std::string dtype : {"F8_E5M2", "F8_E4M3", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2"}) {
    const std::string header = R"({"w": {"dtype": ")" + dtype + R"(", "shape": [8], "data_offsets": [0, 8]}})";
    const std::string file = little_endian<std::uint64_t>(header.size()) + header + std::string(8, '\0');
    verdict = common(verdict,
                     verdict_after([&](const std::string& to) { write_text(to + "/model.safetensors", file); }, dtype));
  }
  return verdict;
}

/// The checkpoint with all its tensors as I8.
std::string integers() {
  const SafetensorsFile source(k_checkpoint + "/model.safetensors");
  const std::vector<std::byte> zeros(1u << 16);
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, info] : source.tensors())
    tensors.push_back({name, Dtype::i8, info.shape, std::span(zeros).first(info.count())});
  return verdict_after(
      [&](const std::string& to) { write_text(to + "/model.safetensors", serialize_safetensors(tensors)); },
      "dtype, expected F64, F32, F16 or BF16, found I8");
}

std::string quantised() {
  return verdict_after(
      [](const std::string& to) {
        std::string config = read_file(to + "/config.json", 1u << 20);
        config.insert(config.find('{') + 1, R"("quantization_config": {"load_in_8bit": true},)");
        write_text(to + "/config.json", config);
      },
      "quantization_config");
}

std::string adapter() {
  return verdict_after([](const std::string& to) { write_text(to + "/adapter_config.json", "{}"); },
                       "an adapter beside a model is not applied");
}

std::string other_formats() {
  std::string verdict;
  for (const char* name : {"model-q4.gguf", "model.onnx", "tf_model.h5", "flax_model.msgpack"})
    verdict = common(verdict, verdict_after([&](const std::string& to) { write_text(to + "/" + name, "x"); }, name));
  return verdict;
}

std::string old_torch() {
  return verdict_after(
      [](const std::string& to) {
        std::filesystem::copy(k_golden + "weight_files/legacy.bin", to + "/pytorch_model.bin");
      },
      "torch's old format");
}

}  // namespace

TEST_CASE("the README's table of families and heads is the one of this build") {
  std::string table =
      "| `model_type` | base, pooler | masked LM | sequence classes | token classes | replaced tokens |\n"
      "|---|---|---|---|---|---|\n";
  for (const FamilyTraits* traits : families()) {
    table += "| " + std::string(traits->model_type);
    for (const Head head : k_heads) table += " | " + verdict(*traits, head);
    table += " |\n";
  }
  ModelConfig other = default_config(Family::bert);
  other.architectures = {"BertForQuestionAnswering"};
  CHECK_THROWS_AS(head_of(other), Error);
  CHECK_THROWS_AS(parse_config(R"({"model_type": "deberta-v2"})", "config.json"), Error);
  check_readme_table("families", k_file, table + "| any other | refused | refused | refused | refused | refused |\n");
}

TEST_CASE("the README's table of files is the one of this build") {
  std::string table = "| weights as F64, F32, F16 or BF16 | read or mapped |\n|---|---|\n";
  const auto add = [&](const std::string& name, const std::string& verdict) {
    table += "| " + name + " | " + verdict + " |\n";
  };
  for (const StorageForm& form : k_storage_forms) add(form.name, read_form(form));
  add("`pytorch_model.bin` of torch before 1.6", old_torch());
  add("F8, F6, F4, integers; `quantization_config`", common(common(narrow_dtypes(), integers()), quantised()));
  add("adapters of PEFT without their base (`convert --merge-adapters` merges LoRA into it)", adapter());
  add("only GGUF, ONNX, TensorFlow or Flax", other_formats());
  check_readme_table("files", k_file, table);
}
