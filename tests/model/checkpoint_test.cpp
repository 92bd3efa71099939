#include "seqguard/model/checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/golden.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/isa.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

struct Tensor {
  Dtype dtype = Dtype::f32;
  std::vector<std::size_t> shape;
  std::vector<std::byte> bytes;
};

/// A copy of a golden directory that a test damages before it is loaded.
struct Checkpoint {
  std::string config;
  std::map<std::string, Tensor> tensors;

  explicit Checkpoint(const std::string& golden) : config(read_file(k_golden + golden + "/config.json", 1 << 20)) {
    const SafetensorsFile file(k_golden + golden + "/model.safetensors");
    for (const auto& [name, info] : file.tensors()) {
      Tensor tensor{info.dtype, info.shape, std::vector<std::byte>(info.bytes())};
      file.read_bytes(name, tensor.bytes);
      tensors.emplace(name, std::move(tensor));
    }
  }
  void rename(const std::string& from, const std::string& to) {
    auto node = tensors.extract(from);
    REQUIRE(!node.empty());
    node.key() = to;
    tensors.insert(std::move(node));
  }
  void write(const std::string& directory) const {
    std::vector<TensorToWrite> list;
    for (const auto& [name, tensor] : tensors) list.push_back({name, tensor.dtype, tensor.shape, tensor.bytes});
    DirectoryWriter writer(directory);
    writer.write("config.json", config);
    writer.write("model.safetensors", serialize_safetensors(list));
    writer.commit();
  }
  Model<float> load() const {
    const TemporaryDirectory directory;
    write(directory / "model");
    return load_model(make_context(default_isa()), directory / "model");
  }
  /// The message without the path, or "" where the directory loads.
  std::string error() const {
    try {
      load();
    } catch (const Error& error) {
      const std::string message = error.what();
      return message.substr(message.find(": ") + 2);
    }
    return "";
  }
};

Model<float> load_golden(const std::string& name) { return load_model(make_context(default_isa()), k_golden + name); }

bool same_values(const Model<float>& a, const Model<float>& b) {
  return a.values().size() == b.values().size() &&
         std::memcmp(a.values().data(), b.values().data(), a.values().size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("checkpoints of transformers are loaded and written again bit for bit") {
  std::vector<std::string> goldens = {"gradients"};
  for (const FamilyTraits* traits : families())
    for (const std::string& name : goldens_of(*traits)) goldens.push_back(name);
  for (const std::string& name : goldens) {
    CAPTURE(name);
    const Model<float> model = load_golden(name);
    const TemporaryDirectory directory;
    save_model(directory / "model", model);
    CHECK(read_file(directory / "model/model.safetensors", 1 << 20) ==
          read_file(k_golden + name + "/model.safetensors", 1 << 20));
    const Model<float> again = load_model(make_context(default_isa()), directory / "model");
    CHECK(same_values(model, again));
    CHECK(to_json(again.config()) == to_json(model.config()));
    CHECK(again.config().architectures == model.config().architectures);
  }
}

TEST_CASE("the head comes from the architecture") {
  CHECK(load_golden("model_d12").spec().pooler);
  CHECK(load_golden("masked_lm_d20").spec().checkpoint_head(Head::masked_lm) != nullptr);
  CHECK(!load_golden("masked_lm_d20").spec().pooler);
  const Model<float> sequence = load_golden("sequence_classification_d64");
  REQUIRE(sequence.spec().heads.size() == 1);
  CHECK(sequence.spec().heads[0] == HeadSpec{"", Head::sequence_classification, {"normal", "odd", "bad"}});
  CHECK(sequence.config().labels == std::vector<std::string>{"normal", "odd", "bad"});
  // This config.json has no id2label: two labels.
  CHECK(load_golden("token_classification_d12").spec().checkpoint_head(Head::token_classification)->labels.size() == 2);
}

TEST_CASE("names with prefix, old LayerNorm names and buffers that carry nothing are accepted") {
  const Model<float> model = load_golden("model_d12");
  Checkpoint checkpoint("model_d12");
  std::vector<std::string> names;
  for (const auto& [name, tensor] : checkpoint.tensors) names.push_back(name);
  for (const std::string& name : names) {
    std::string other = "bert." + name;
    if (const std::size_t at = other.find("LayerNorm.weight"); at != std::string::npos)
      other.replace(at + 10, 6, "gamma");
    if (const std::size_t at = other.find("LayerNorm.bias"); at != std::string::npos) other.replace(at + 10, 4, "beta");
    checkpoint.rename(name, other);
  }
  checkpoint.tensors["bert.embeddings.position_ids"] = {Dtype::i64, {1, 24}, std::vector<std::byte>(24 * 8)};
  checkpoint.tensors["bert.embeddings.token_type_ids"] = {Dtype::i64, {1, 24}, std::vector<std::byte>(24 * 8)};
  checkpoint.tensors["cls.seq_relationship.bias"] = {Dtype::f32, {2}, std::vector<std::byte>(8)};
  CHECK(same_values(checkpoint.load(), model));
}

TEST_CASE("a bare model without a pooler loads, half a pooler does not") {
  Checkpoint checkpoint("model_d12");
  checkpoint.tensors.erase("pooler.dense.bias");
  CHECK(checkpoint.error() == "does not fit its config.json; missing: bert.pooler.dense.bias");
  checkpoint.tensors.erase("pooler.dense.weight");
  CHECK(!checkpoint.load().spec().pooler);
  Checkpoint other_half("model_d12");
  other_half.tensors.erase("pooler.dense.weight");
  CHECK(other_half.error() == "does not fit its config.json; unused: pooler.dense.bias");
}

TEST_CASE("a tied decoder may be absent, equal, or the only copy, and is refused otherwise") {
  const Model<float> model = load_golden("masked_lm_d20");
  const std::string embeddings = "bert.embeddings.word_embeddings.weight", decoder = "cls.predictions.decoder.weight";
  Checkpoint equal("masked_lm_d20");
  equal.tensors[decoder] = equal.tensors[embeddings];
  equal.tensors["cls.predictions.decoder.bias"] = equal.tensors["cls.predictions.bias"];
  CHECK(same_values(equal.load(), model));

  Checkpoint only_copy("masked_lm_d20");
  only_copy.rename(embeddings, decoder);
  only_copy.rename("cls.predictions.bias", "cls.predictions.decoder.bias");
  CHECK(same_values(only_copy.load(), model));

  equal.tensors[decoder].bytes[4] ^= std::byte{1};
  CHECK(equal.error() ==
        "\"cls.predictions.decoder.weight\" differs from \"bert.embeddings.word_embeddings.weight\", "
        "to which it is tied");
  // Without the head there is nothing to tie.
  Checkpoint bare("model_d12");
  bare.tensors[decoder] = bare.tensors["embeddings.word_embeddings.weight"];
  CHECK(bare.error() == "does not fit its config.json; unused: cls.predictions.decoder.weight");
}

TEST_CASE("without tie_word_embeddings the decoder is a table of its own, and its bias counts") {
  Checkpoint untied("masked_lm_d20");
  const std::string decoder = "cls.predictions.decoder.weight", bias = "cls.predictions.decoder.bias";
  untied.config.replace(untied.config.find("\"tie_word_embeddings\": true"), 27, "\"tie_word_embeddings\": false");
  CHECK(untied.error() == "does not fit its config.json; missing: cls.predictions.decoder.weight");
  untied.tensors[decoder] = untied.tensors["bert.embeddings.word_embeddings.weight"];
  const auto values_of = [](const Model<float>& model, const char* name) {
    const ParameterInfo& info = model.table().at(name);
    const auto first = model.values().begin() + static_cast<std::ptrdiff_t>(info.offset);
    return std::vector<float>(first, first + static_cast<std::ptrdiff_t>(info.count));
  };
  const Model<float> model = untied.load();  // as transformers 4 wrote it: one bias
  CHECK(values_of(model, "cls.predictions.decoder.weight") ==
        values_of(model, "bert.embeddings.word_embeddings.weight"));
  CHECK(values_of(model, "cls.predictions.bias") == values_of(load_golden("masked_lm_d20"), "cls.predictions.bias"));

  const float own[] = {2.5F};
  untied.tensors[bias] = untied.tensors["cls.predictions.bias"];
  std::memcpy(untied.tensors[bias].bytes.data(), own, sizeof own);
  std::memcpy(untied.tensors[decoder].bytes.data(), own, sizeof own);
  const Model<float> other = untied.load();
  CHECK(values_of(other, "cls.predictions.bias")[0] == 2.5F);
  CHECK(values_of(other, "cls.predictions.decoder.weight")[0] == 2.5F);
  CHECK(values_of(other, "bert.embeddings.word_embeddings.weight") ==
        values_of(load_golden("masked_lm_d20"), "bert.embeddings.word_embeddings.weight"));
  CHECK(other.parameters().heads[0].decoders[0].table != other.parameters().embeddings.word.weight);

  const TemporaryDirectory directory;
  save_model(directory / "model", other);
  const SafetensorsFile file(directory / "model/model.safetensors");
  CHECK(file.tensors().contains(bias));  // transformers 5 wants all three
  CHECK(file.tensors().contains(decoder));
  CHECK(file.tensors().contains("cls.predictions.bias"));
  CHECK(same_values(load_model(make_context(default_isa()), directory / "model"), other));
}

TEST_CASE("one error lists the missing, unused and mis-shaped tensors") {
  Checkpoint checkpoint("token_classification_d12");
  checkpoint.rename("classifier.bias", "classifier.offset");
  checkpoint.tensors.erase("bert.encoder.layer.1.output.dense.weight");
  checkpoint.tensors["bert.encoder.layer.2.intermediate.dense.bias"] = {Dtype::f32, {7}, std::vector<std::byte>(28)};
  CHECK(checkpoint.error() ==
        "does not fit its config.json; missing: bert.encoder.layer.1.output.dense.weight, classifier.bias; unused: "
        "classifier.offset; wrong shape: bert.encoder.layer.2.intermediate.dense.bias (expected [70], found [7])");
  checkpoint.tensors.clear();
  CHECK(checkpoint.error().find("and 45 more") != std::string::npos);  // 55 parameters, of which 10 are named
}

TEST_CASE("a vocabulary larger than its table is refused") {
  Checkpoint checkpoint("model_d12");
  checkpoint.config.replace(checkpoint.config.find("\"vocab_size\": 50"), 16, "\"vocab_size\": 51");
  CHECK(checkpoint.error() ==
        "does not fit its config.json; wrong shape: embeddings.word_embeddings.weight (expected [51, 24], found [50, "
        "24])");
}

TEST_CASE("a transposed matrix is refused, though it has as many elements") {
  Checkpoint checkpoint("model_d12");
  std::vector<std::size_t>& shape = checkpoint.tensors["encoder.layer.1.intermediate.dense.weight"].shape;
  std::swap(shape[0], shape[1]);
  CHECK(checkpoint.error().find("wrong shape: encoder.layer.1.intermediate.dense.weight (expected [") !=
        std::string::npos);
}

TEST_CASE("a configuration that asks for far more than the file holds allocates nothing") {
  Checkpoint checkpoint("model_d12");
  checkpoint.config.replace(checkpoint.config.find("\"vocab_size\": 50"), 16, "\"vocab_size\": 99999999");
  checkpoint.config.replace(checkpoint.config.find("\"hidden_size\": 24"), 17, "\"hidden_size\": 65536");
  CHECK(checkpoint.error().find("(expected [99999999, 65536], found [50, 24])") != std::string::npos);
}

TEST_CASE("two tensors that mean one parameter are refused") {
  Checkpoint checkpoint("model_d12");
  checkpoint.tensors["bert.pooler.dense.bias"] = checkpoint.tensors["pooler.dense.bias"];
  CHECK(checkpoint.error() == "tensors \"bert.pooler.dense.bias\" and \"pooler.dense.bias\" are the same parameter");
  Checkpoint renamed("model_d12");
  renamed.tensors["embeddings.LayerNorm.beta"] = renamed.tensors["embeddings.LayerNorm.bias"];
  CHECK(renamed.error() ==
        "tensors \"embeddings.LayerNorm.beta\" and \"embeddings.LayerNorm.bias\" are the same parameter");
}

TEST_CASE("NaN weights and integer weights are refused") {
  Checkpoint checkpoint("model_d12");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(checkpoint.tensors["pooler.dense.bias"].bytes.data() + 8, &nan, 4);
  CHECK(checkpoint.error() ==
        "tensor \"pooler.dense.bias\": element 2, expected a finite number within the range of float, found NaN");
  checkpoint.tensors["pooler.dense.bias"].dtype = Dtype::i32;
  CHECK(checkpoint.error() == "tensor \"pooler.dense.bias\": dtype, expected F64, F32, F16 or BF16, found I32");
}

TEST_CASE("what stands in for the weights is refused by name") {
  const TemporaryDirectory directory;
  const auto code_of = [&] {
    try {
      load_model(make_context(default_isa()), directory.path());
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + " " + std::string(error.what()).substr(directory.path().size());
    }
    return std::string();
  };
  CHECK(code_of().find("file_not_found /config.json: no such file") == 0);
  write_file_atomically(directory / "config.json", read_file(k_golden + "model_d12/config.json", 1 << 20));
  CHECK(code_of().find("file_not_found : no weights") == 0);
  write_file_atomically(directory / "pytorch_model.bin", "");
  CHECK(code_of() == "bad_checkpoint /pytorch_model.bin: first bytes, expected a zip archive, found something else");
  write_file_atomically(directory / "model.safetensors.index.json", "{}");
  CHECK(code_of().find("bad_checkpoint /model.safetensors.index.json: field \"weight_map\"") == 0);
  write_file_atomically(directory / "adapter_config.json", "{}");
  CHECK(code_of().find("unsupported_model /adapter_config.json: an adapter beside a model is not applied") == 0);
}

TEST_CASE("a model with further columns keeps them") {
  ModelSpec spec;
  spec.config.vocab_size = 9;
  spec.config.hidden_size = 8;
  spec.config.num_attention_heads = 2;
  spec.config.num_hidden_layers = 1;
  spec.config.intermediate_size = 6;
  spec.config.max_position_embeddings = 5;
  spec.features = {{{"category", 7}}, {"price"}, 8};
  spec.heads = {{"", Head::masked_lm}};
  Model<float> model(make_context(default_isa()), spec);
  model.initialize(3);
  const TemporaryDirectory directory;
  save_model(directory / "model", model);
  const Model<float> again = load_model(make_context(default_isa()), directory / "model", spec.features);
  CHECK(same_values(model, again));
  CHECK(again.config().architectures == std::vector<std::string>{"BertForMaskedLM"});
  CHECK_THROWS_AS(load_model(make_context(default_isa()), directory / "model"), Error);  // columns unused
}

TEST_CASE("heads with names of their own stand beside the model and come back as they were") {
  ModelSpec spec;
  spec.config = load_golden("model_d12").config();
  spec.heads = {{"", Head::masked_lm},
                {"fraud", Head::sequence_classification, {"fraud"}, Pooling::mean, HeadLoss::binary},
                {"kind", Head::token_classification, {"a", "b", "c"}},
                {"tags", Head::token_classification, {"a", "b"}, Pooling::cls, HeadLoss::softmax, true},
                {"gaps", Head::gap_classification, {"missing"}, Pooling::cls, HeadLoss::binary}};
  Model<float> model(make_context(default_isa()), spec);
  model.initialize(4);
  const TemporaryDirectory directory;
  save_model(directory / "model", model);
  // The file that transformers opens holds nothing of ours.
  const SafetensorsFile file(directory / "model/model.safetensors"), own(directory / "model/heads.safetensors");
  CHECK(own.tensors().size() == 6 + 4 + 6);
  CHECK(own.tensors().find("fraud.dense.weight") != own.tensors().end());
  for (const auto& [name, info] : own.tensors()) CHECK(!file.tensors().contains(name));

  const Model<float> again = load_model(make_context(default_isa()), directory / "model");
  CHECK(again.spec().heads == spec.heads);
  CHECK(same_values(model, again));
  const Model<float> scoring = load_scoring_model(make_context(default_isa()), directory / "model");
  CHECK(scoring.spec().heads == spec.heads);

  // Saved without them, nothing of them stays.
  spec.heads.resize(1);
  Model<float> fewer(make_context(default_isa()), spec);
  fewer.initialize(4);
  save_model(directory / "model", fewer);
  CHECK(load_model(make_context(default_isa()), directory / "model").spec().heads.size() == 1);
}

TEST_CASE("damaged descriptions of heads are refused by file and field") {
  ModelSpec spec;
  spec.config = load_golden("model_d12").config();
  spec.heads = {{"fraud", Head::sequence_classification, {"fraud"}}};
  Model<float> model(make_context(default_isa()), spec);
  model.initialize(4);
  const TemporaryDirectory directory;
  save_model(directory / "model", model);
  const std::string path = directory / "model/heads.json", good = read_file(path, 1u << 20);
  const auto error_with = [&](const std::string& old_text, const std::string& new_text) -> std::string {
    std::string text = good;
    text.replace(text.find(old_text), old_text.size(), new_text);
    write_file_atomically(path, text);
    try {
      load_model(make_context(default_isa()), directory / "model");
    } catch (const Error& error) {
      return std::string(error.what()).substr(path.size() - std::string("heads.json").size());
    }
    return "loaded";
  };
  CHECK(error_with("fraud", "fraud") == "loaded");
  CHECK(error_with("sequence_classification", "guess") ==
        "heads.json: heads[0].kind, expected sequence_classification, token_classification, "
        "gap_classification, found \"guess\"");
  CHECK(error_with("\"fraud\"\n", "7\n") == "heads.json: heads[0].labels[0], expected a text, found 7");
  CHECK(error_with("\"cls\"", "\"last\"") == "heads.json: heads[0].pooling, expected cls, mean, found \"last\"");
  CHECK(error_with("\"loss\"", "\"lost\"") ==
        "heads.json: heads[0]: unknown field \"lost\", expected only name, kind, labels, pooling, loss, "
        "hidden_layer, found "
        "\"softmax\"");
  CHECK(error_with(": 1", ": 2") == "heads.json: version is not supported, expected 1, found 2");
  // What no list of heads may hold is an error of the file, too.
  CHECK(error_with("\"fraud\",\n      \"pooling", "\"Fraud\",\n      \"pooling") ==
        "heads.json: head \"Fraud\": name, expected a-z, 0-9 and _, found Fraud");
  CHECK(error_with("\"name\": \"fraud\"", "\"name\": \"theft\"").find("missing: theft.dense.weight") !=
        std::string::npos);
}

TEST_CASE("heads that contradict each other make no model") {
  ModelSpec spec;
  spec.config = load_golden("model_d12").config();
  const auto error_of = [&](std::vector<HeadSpec> heads) -> std::string {
    spec.heads = std::move(heads);
    try {
      ParameterTable table(spec);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(error_of({{"", Head::masked_lm}, {"", Head::token_classification, {"a"}}}) ==
        "head \"\": name, expected one of its own, found twice");
  CHECK(error_of({{"a b", Head::token_classification, {"a"}}}) ==
        "head \"a b\": name, expected a-z, 0-9 and _, found a b");
  CHECK(error_of({{"a", Head::token_classification}}) == "head \"a\": labels, expected at least one, found none");
  CHECK(error_of({{"a", Head::masked_lm}}) ==
        "head \"a\": kind, expected sequence, token or gap classification (others have no name), found another");
  CHECK(error_of({{"a", Head::sequence_classification, {"x"}, Pooling::last}}) ==
        "head \"a\": pooling, expected cls or mean, found lasttoken");
}

TEST_CASE("a head whose labels are not those of config.json cannot be written") {
  ModelSpec spec;
  spec.config = load_golden("model_d12").config();
  spec.heads = {{"", Head::token_classification, {"a", "b", "c"}}};
  const Model<float> model(make_context(default_isa()), spec);
  const TemporaryDirectory directory;
  CHECK_THROWS_WITH_AS(save_model(directory / "model", model), doctest::Contains("labels of the head"), Error);
  CHECK(!directory_exists(directory / "model"));
}
