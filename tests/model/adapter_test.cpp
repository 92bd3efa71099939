// Adapters on disk, against PEFT's files (tests/reference/make_adapter_goldens.py) and against what cannot be.
#include "seqguard/model/adapter.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "model/golden.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/convert.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
namespace fs = std::filesystem;

namespace {

const std::string k_adapters = k_golden + "adapters/";
constexpr const char* k_names[] = {"bert", "distilbert", "modernbert"};

Model<float> base_of(const std::string& name) {
  return load_model(make_context(default_isa()), k_adapters + name + "/base");
}

std::vector<float> logits_of(Model<float>& model, const Golden& golden, bool for_training) {
  model.pack(for_training);
  Workspace workspace;
  const auto cache = run_encoder<float>(model, golden.input(), {}, workspace);
  const HeadSpec& head = model.spec().heads.at(0);
  std::vector<float> logits(head_rows(head, golden.offsets) * head.labels.size());
  const MatrixView<float> view(logits.data(), logits.size() / head.labels.size(), head.labels.size());
  run_head<float>(model, 0, view, cache.last_hidden_state(), golden.offsets, {}, workspace);
  return logits;
}

/// A copy of an adapter that may be changed.
class Copied {
 public:
  explicit Copied(const std::string& name = "bert") : base_(base_of(name)) {
    fs::copy(k_adapters + name + "/trained", place_);
  }
  std::string path(const char* name) const { return place_ + "/" + name; }
  std::string config() const { return read_file(path("adapter_config.json"), 1 << 20); }
  void set(const std::string& field, const std::string& json) const {
    std::string text = config();
    if (const std::size_t at = text.find("\"" + field + "\":"); at != std::string::npos) {
      std::size_t end = at;
      for (int depth = 0; !(depth == 0 && (text[end] == ',' || text[end] == '}')); ++end)
        depth += text[end] == '[' || text[end] == '{' ? 1 : text[end] == ']' || text[end] == '}' ? -1 : 0;
      text.replace(at, end - at, "\"" + field + "\": " + json);
    } else {
      text.insert(1, "\"" + field + "\": " + json + ",");
    }
    write_file_atomically(path("adapter_config.json"), text);
  }
  template <class Change>
  void change_tensors(const Change& change) const {
    const SafetensorsFile file(path("adapter_model.safetensors"));
    std::vector<TensorToWrite> tensors;
    std::vector<std::vector<float>> values;
    for (const auto& [name, info] : file.tensors()) {
      std::vector<float>& value = values.emplace_back(info.count());
      file.read(name, value);
      tensors.push_back({name, Dtype::f32, info.shape, std::as_bytes(std::span<const float>(value))});
    }
    change(tensors);
    write_file_atomically(path("adapter_model.safetensors"), serialize_safetensors(tensors));
  }
  std::string error(bool merged = false) const {
    try {
      merged ? load_merged_adapter(base_, place_) : load_adapter(base_, place_);
    } catch (const Error& error) {
      std::string message = std::string(to_string(error.code())) + " " + error.what();
      for (std::size_t at; (at = message.find(place_)) != std::string::npos;) message.replace(at, place_.size(), "DIR");
      return message;
    }
    return "";
  }

 private:
  TemporaryDirectory directory_;
  std::string place_ = directory_ / "adapter";
  Model<float> base_;
};

}  // namespace

TEST_CASE("adapter files: PEFT's give PEFT's logits, beside the base and merged into it") {
  for (const std::string name : k_names) {
    CAPTURE(name);
    const Golden golden("adapters/" + name);
    const Model<float> base = base_of(name);
    for (const std::string state : {"start", "trained"}) {
      CAPTURE(state);
      const std::string directory = k_adapters + name + "/" + state;
      const auto expected = golden.file.read_vector<float>(state + ".logits", Dtype::f32);
      // The bound of all goldens: some 170 roundings of float along the longest path.
      constexpr double k_bound = 2e-5;
      Model<float> adapted = load_adapter(base, directory), merged = load_merged_adapter(base, directory);
      CHECK(difference<float>(logits_of(adapted, golden, true), expected) < k_bound);
      CHECK(difference<float>(logits_of(adapted, golden, false), expected) < k_bound);
      CHECK(difference<float>(logits_of(merged, golden, false), expected) < k_bound);
      CHECK(merged.spec().lora.rank == 0);
      CHECK(logits_of(merged, golden, false) == logits_of(adapted, golden, false));  // the same matrices
    }
  }
}

TEST_CASE("adapter files: saved and loaded they are the same, and say the same as PEFT's") {
  for (const std::string name : k_names) {
    CAPTURE(name);
    TemporaryDirectory directory;
    const Model<float> base = base_of(name);
    const Model<float> model = load_adapter(base, k_adapters + name + "/trained");
    save_adapter(directory / "saved", model, "somewhere/base");
    const Model<float> again = load_adapter(base, directory / "saved");
    CHECK(again.values() == model.values());
    CHECK(again.spec().lora.alpha == model.spec().lora.alpha);
    CHECK(again.spec().lora.use_rslora == model.spec().lora.use_rslora);
    CHECK(again.spec().frozen.all_but_biases == model.spec().frozen.all_but_biases);
    const SafetensorsFile saved(directory / "saved/adapter_model.safetensors");
    const SafetensorsFile peft(k_adapters + name + "/trained/adapter_model.safetensors");
    for (const auto& tensor : saved.tensors()) {
      CAPTURE(tensor.first);
      const auto found = peft.tensors().find(tensor.first);
      REQUIRE(found != peft.tensors().end());
      CHECK(found->second.shape == tensor.second.shape);
    }
    for (const auto& [tensor, info] : peft.tensors()) {  // what PEFT writes three times is here once
      const bool is_copy = tensor.find(".modules_to_save.") != std::string::npos ||
                           tensor.find(".original_module.") != std::string::npos;
      CHECK(saved.tensors().contains(tensor) == !is_copy);
    }
    CHECK(read_file(directory / "saved/adapter_config.json", 1 << 20).find("\"somewhere/base\"") != std::string::npos);
  }
}

TEST_CASE("adapter files: heads with names lie beside the adapter") {
  TemporaryDirectory directory;
  const Model<float> base = base_of("bert");
  ModelSpec spec = base.spec();
  spec.heads.push_back({"fraud", Head::token_classification, {"no", "yes"}});
  spec.lora = {.rank = 2};
  const Model<float> model = begin_from(base, spec, 5);
  save_adapter(directory / "saved", model);
  const Model<float> again = load_adapter(base, directory / "saved");
  CHECK(again.spec().heads == spec.heads);
  CHECK(again.values() == model.values());
}

TEST_CASE("adapter files: a base without the head takes the adapter's") {
  TemporaryDirectory directory;
  const Model<float> whole = base_of("modernbert");
  ModelSpec spec = whole.spec();
  spec.heads.clear();
  spec.config.architectures = {"ModernBertModel"};
  spec.config.labels = {"LABEL_0", "LABEL_1"};
  save_model(directory / "base", begin_from(whole, spec, 0));
  const Model<float> base = load_model(make_context(default_isa()), directory / "base");
  REQUIRE(base.spec().heads.empty());
  Model<float> adapted = load_adapter(base, k_adapters + "modernbert/trained");
  CHECK(adapted.spec().heads.at(0).labels == std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"});
  const Golden golden("adapters/modernbert");
  CHECK(difference<float>(logits_of(adapted, golden, false),
                          golden.file.read_vector<float>("trained.logits", Dtype::f32)) < 2e-5);
  // Of BERT the classifier reads a pooler, which neither has.
  const Model<float> other = base_of("bert");
  spec = other.spec();
  spec.heads.clear();
  spec.pooler = false;
  CHECK_THROWS_WITH_AS(load_adapter(begin_from(other, spec, 0), k_adapters + "bert/trained"),
                       doctest::Contains("that neither the base nor the adapter has, expected none, found "
                                         "bert.pooler.dense.weight, bert.pooler.dense.bias"),
                       Error);
}

TEST_CASE("adapter files: fields that change the result are refused by name") {
  for (const auto& [field, json] : {std::pair<std::string, std::string>{"use_dora", "true"},
                                    {"fan_in_fan_out", "true"},
                                    {"lora_bias", "true"},
                                    {"rank_pattern", "{\"query\": 4}"},
                                    {"alpha_pattern", "{\"query\": 4}"},
                                    {"target_parameters", "[\"x\"]"},
                                    {"trainable_token_indices", "[1]"},
                                    {"layer_replication", "[[0, 1]]"},
                                    {"use_qalora", "true"},
                                    {"of_the_future", "1"}}) {
    const Copied adapter;
    adapter.set(field, json);
    CHECK(adapter.error().starts_with("unsupported_model DIR/adapter_config.json: "));
    CHECK(adapter.error().find("adapter_config.json: " + field) != std::string::npos);
    CHECK(adapter.error(true) == adapter.error());
  }
  for (const auto& [field, json] : {std::pair<std::string, std::string>{"peft_type", "\"IA3\""},
                                    {"init_lora_weights", "\"pissa\""},
                                    {"r", "0"},
                                    {"lora_dropout", "1.0"},
                                    {"bias", "\"some\""},
                                    {"lora_alpha", "\"8\""}}) {
    const Copied adapter;
    adapter.set(field, json);
    CAPTURE(adapter.error());
    CHECK(adapter.error().find("adapter_config.json: " + field) != std::string::npos);
  }
  const Copied harmless;
  harmless.set("of_the_future", "false");
  harmless.set("layers_to_transform", "[0, 1]");
  harmless.set("init_lora_weights", "\"gaussian\"");
  CHECK(harmless.error() == "");
}

TEST_CASE("adapter files: tensors that do not fit are named") {
  {
    const Copied adapter;
    adapter.set("r", "3");
    CHECK(
        adapter.error() ==
        "bad_checkpoint DIR/adapter_model.safetensors: shapes of the adapter of \"bert.encoder.layer.0.attention.self."
        "query\", expected lora_A [3, in], lora_B [out, 3], as r says, found [2, 16], [16, 2]");
    CHECK(adapter.error(true) == adapter.error());
  }
  {
    const Copied adapter;
    std::vector<float> narrow(2 * 15);
    adapter.change_tensors([&](std::vector<TensorToWrite>& tensors) {
      for (TensorToWrite& tensor : tensors)
        if (tensor.name.ends_with("layer.0.attention.self.query.lora_A.weight")) {
          tensor.shape = {2, 15};
          tensor.bytes = std::as_bytes(std::span<const float>(narrow));
        }
    });
    CHECK(adapter.error() ==
          "bad_checkpoint DIR/adapter_model.safetensors: shape of tensor \"base_model.model.bert.encoder.layer.0."
          "attention.self.query.lora_A.weight\", expected [2, 16], found [2, 15]");
    CHECK(adapter.error(true) == adapter.error());
  }
  const auto renamed = [&](const std::string& from, const std::string& to, bool merged = false) {
    const Copied adapter;
    adapter.change_tensors([&](std::vector<TensorToWrite>& tensors) {
      for (TensorToWrite& tensor : tensors)
        if (const std::size_t at = tensor.name.find(from); at != std::string::npos)
          tensor.name.replace(at, from.size(), to);
    });
    return adapter.error(merged);
  };
  CHECK(
      renamed("layer.1.attention.self.query.lora_A", "layer.1.attention.self.query.lora_embedding_A") ==
      "unsupported_model DIR/adapter_model.safetensors: tensor \"base_model.model.bert.encoder.layer.1.attention.self."
      "query.lora_embedding_A.weight\": only adapters of linear layers without bias are computed");
  CHECK(renamed("layer.1.attention.self.query.lora_A.weight", "classifier.x") ==
        "bad_checkpoint DIR/adapter_model.safetensors: adapter of \"bert.encoder.layer.1.attention.self.query\", "
        "expected "
        "lora_A and lora_B, found one of them");
  CHECK(renamed("layer.1.attention", "layer.2.attention").find("expected one for a parameter of the base") !=
        std::string::npos);
  CHECK(renamed("classifier.bias", "bert.other.bias").find("expected one for a parameter of the base") !=
        std::string::npos);
  CHECK(renamed("base_model.model.classifier.bias", "classifier.bias").find("at its beginning") != std::string::npos);
  // Biases of the base beside the adapter, without bias="all": what an adapter saved here would lose.
  const Copied replaced("distilbert");
  replaced.set("bias", "\"lora_only\"");
  CHECK(
      replaced.error().find("replaces a parameter of the base, which would not be trained on: load_merged_adapter()") !=
      std::string::npos);
  CHECK(replaced.error(true) == "");
  {
    const Copied adapter;
    fs::remove(adapter.path("adapter_model.safetensors"));
    CHECK(adapter.error().starts_with("file_not_found DIR/adapter_model.safetensors: no such file"));
    fs::remove(adapter.path("adapter_config.json"));
    CHECK(adapter.error().starts_with("file_not_found DIR/adapter_config.json: no such file"));
  }
}

TEST_CASE("adapter files: merged into the weights of a directory") {
  for (const std::string name : k_names) {
    CAPTURE(name);
    TemporaryDirectory directory;
    const std::string base = directory / "base", merged = directory / "merged",
                      adapter = k_adapters + name + "/trained";
    fs::copy(k_adapters + name + "/base", base);
    write_file_atomically(base + "/vocab.txt", "a");
    merge_adapter(base, adapter, merged);
    CHECK(load_model(make_context(default_isa()), merged).values() ==
          load_merged_adapter(base_of(name), adapter).values());
    CHECK(read_file(merged + "/vocab.txt", 9) == "a");
    merge_adapter(base, adapter, base, {.weights = {.dtype = Dtype::bf16}});  // in place
    const SafetensorsFile file(base + "/model.safetensors");
    for (const auto& [tensor, info] : file.tensors()) CHECK(info.dtype == Dtype::bf16);
    write_file_atomically(base + "/detector.json", "{}");
    CHECK_THROWS_WITH_AS(merge_adapter(base, adapter, merged), doctest::Contains("holds only for the weights"), Error);
  }
}

TEST_CASE("adapter files: other sources") {
  const Model<float> base = base_of("bert");
  TemporaryDirectory directory;
  CHECK_THROWS_WITH_AS(save_adapter(directory / "x", base),
                       "model to write: adapters, expected some, found none: save_model() writes the whole", Error);
  const Model<float> adapted = load_adapter(base, k_adapters + "bert/trained");
  CHECK_THROWS_WITH_AS(load_adapter(adapted, k_adapters + "bert/trained"),
                       "base of the adapter: has adapters itself: merge_adapters() makes one without", Error);
}
