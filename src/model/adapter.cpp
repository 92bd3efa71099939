#include "seqguard/model/adapter.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "model/adapter_config.hpp"
#include "model/lora_modules.hpp"
#include "model/named_heads.hpp"
#include "model/tensor_accounting.hpp"
#include "model/tensor_names.hpp"
#include "model/values_as_tensors.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/safetensors.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_prefix = "base_model.model.", k_a = ".lora_A.weight", k_b = ".lora_B.weight";

/// An adapted module: the names of both tensors in the file.
struct Pair {
  std::string a, b;
};

std::string read_config(const std::string& directory) {
  constexpr std::size_t k_max_bytes = std::size_t{16} << 20;
  const std::string path = directory + "/" + k_adapter_config;
  if (!file_exists(path))
    fail(ErrorCode::file_not_found, path, "no such file", "an adapter that PEFT or save_adapter() wrote", "none");
  if (!file_exists(directory + "/" + k_adapter_weights))
    fail(ErrorCode::file_not_found, directory + "/" + k_adapter_weights, "no such file",
         "the adapter's tensors, as PEFT's save_pretrained() writes them", "none");
  return read_file(path, k_max_bytes);
}

/// A directory that was opened for a base; names are those of the base's family, complete.
class AdapterFiles {
 public:
  AdapterFiles(const std::string& directory, const ModelConfig& base)
      : config_(parse_adapter_config(read_config(directory), directory + "/" + k_adapter_config)),
        config_path_(directory + "/" + k_adapter_config),
        file_(directory + "/" + k_adapter_weights),
        named_(open_named_heads(directory)) {
    const std::vector<std::string> roots = roots_of(base);
    for (const auto& [in_file, info] : file_.tensors()) sort_in(in_file, base.traits(), roots);
    for (const auto& [module, pair] : pairs_) check_pair(module, pair);
  }

  const AdapterConfig& config() const noexcept { return config_; }
  const std::string& config_path() const noexcept { return config_path_; }
  const std::string& path() const noexcept { return file_.path(); }
  const std::map<std::string, Pair>& pairs() const noexcept { return pairs_; }
  /// Parameters that stand in the place of the base's.
  const std::map<std::string, std::string>& replaced() const noexcept { return replaced_; }

  /// `base` with the heads that the adapter brings.
  ModelSpec with_heads(const ModelSpec& base) const {
    ModelSpec spec = with_classifier(base);
    spec.heads.insert(spec.heads.end(), named_.heads.begin(), named_.heads.end());
    return spec;
  }

  void read(const std::string& in_file, const std::vector<std::size_t>& shape, std::span<float> out) const {
    read_from(file_, in_file, shape, out);
  }

  /// Replaces what the adapter holds, and demands that the base has all the rest. `model` began from `base`.
  void replace(Model<float>& model, const Model<float>& base) const {
    std::set<std::string_view> used;
    std::string missing;
    for (const ParameterInfo& info : model.table().entries()) {
      if (info.fixed || is_adapter(info.key)) continue;
      const std::string name = tensor_name(model.config(), info.key);
      const std::span<float> out = std::span(model.values()).subspan(info.offset, info.count);
      const auto found = replaced_.find(name);
      if (!info.key.head.empty() && is_own_head(info.key.head)) {
        read_from(*named_.tensors, name, info.shape, out);
      } else if (info.key.head.empty() && found != replaced_.end()) {
        read(found->second, info.shape, out);
        used.insert(found->first);
      } else if (const ParameterInfo* of = base.table().find(info.name); of == nullptr || of->shape != info.shape) {
        missing += (missing.empty() ? "" : ", ") + name;
      }
    }
    if (!missing.empty())
      fail(ErrorCode::bad_checkpoint, path(), "parameters that neither the base nor the adapter has", "none", missing);
    for (const Copy& copy : copies_of(model.table(), model.config()))  // a tied bias stands there twice
      if (const auto found = replaced_.find(copy.name);
          found != replaced_.end() && used.contains(tensor_name(model.config(), copy.of)))
        used.insert(found->first);
    for (const auto& [name, in_file] : replaced_)
      if (!used.contains(name)) fail_unused(in_file);
  }

  [[noreturn]] void fail_unused(const std::string& in_file) const {
    fail(ErrorCode::bad_checkpoint, path(), "tensor \"" + in_file + "\"", "one for a parameter of the base",
         "none of that name in it");
  }

 private:
  void sort_in(const std::string& in_file, const FamilyTraits& traits, const std::vector<std::string>& roots) {
    if (!in_file.starts_with(k_prefix))
      fail(ErrorCode::bad_checkpoint, path(), "name of tensor \"" + in_file + "\"",
           "\"" + std::string(k_prefix) + "\" at its beginning", "another");
    std::string name = in_file.substr(k_prefix.size());
    // With bias="all" PEFT writes the biases of modules_to_save three times: plain, and inside their wrapper.
    if (name.find(".original_module.") != std::string::npos || name.find(".modules_to_save.") != std::string::npos)
      return;
    constexpr std::string_view k_wrapper = ".base_layer.";
    if (const std::size_t at = name.find(k_wrapper); at != std::string::npos) name.erase(at, k_wrapper.size() - 1);
    name = complete_name(traits, roots, name);
    if (name.ends_with(k_a)) {
      pairs_[name.substr(0, name.size() - k_a.size())].a = in_file;
    } else if (name.ends_with(k_b)) {
      pairs_[name.substr(0, name.size() - k_b.size())].b = in_file;
    } else if (name.find(".lora_") != std::string::npos) {
      fail(ErrorCode::unsupported_model, path(),
           "tensor \"" + in_file + "\": only adapters of linear layers without bias are computed");
    } else {
      replaced_.emplace(std::move(name), in_file);
    }
  }

  /// Before memory for so large a rank is taken.
  void check_pair(const std::string& module, const Pair& pair) const {
    if (pair.a.empty() || pair.b.empty())
      fail(ErrorCode::bad_checkpoint, path(), "adapter of \"" + module + "\"", "lora_A and lora_B", "one of them");
    const std::size_t rank = config_.lora.rank;
    const std::vector<std::size_t>&a = shape_of(pair.a), &b = shape_of(pair.b);
    if (a.size() != 2 || b.size() != 2 || a[0] != rank || b[1] != rank || a[1] == 0 || b[0] == 0)
      fail(ErrorCode::bad_checkpoint, path(), "shapes of the adapter of \"" + module + "\"",
           "lora_A [" + std::to_string(rank) + ", in], lora_B [out, " + std::to_string(rank) + "], as r says",
           text_of(a) + ", " + text_of(b));
  }
  const std::vector<std::size_t>& shape_of(const std::string& in_file) const {
    return file_.tensors().find(in_file)->second.shape;
  }
  static std::string text_of(const std::vector<std::size_t>& shape) {
    std::string text;
    for (const std::size_t extent : shape) text += (text.empty() ? "[" : ", ") + std::to_string(extent);
    return text + "]";
  }

  void read_from(const TensorSource& source, const std::string& name, const std::vector<std::size_t>& shape,
                 std::span<float> out) const {
    const auto found = source.tensors().find(name);
    if (found == source.tensors().end())
      fail(ErrorCode::bad_checkpoint, source.path(), "tensor \"" + name + "\"", "there", "missing");
    if (found->second.shape != shape)
      fail(ErrorCode::bad_checkpoint, source.path(), "shape of tensor \"" + name + "\"", text_of(shape),
           text_of(found->second.shape));
    source.read(name, out);
  }

  bool is_own_head(const std::string& name) const {
    return std::any_of(named_.heads.begin(), named_.heads.end(), [&](const HeadSpec& h) { return h.name == name; });
  }

  /// With a classifier like the one in the file, if there is one that the base does not have.
  ModelSpec with_classifier(const ModelSpec& base) const {
    Head kind = Head::none;
    if (config_.task_type == "SEQ_CLS") kind = Head::sequence_classification;
    if (config_.task_type == "TOKEN_CLS") kind = Head::token_classification;
    if (kind == Head::none) return base;
    const auto with_labels = [&](std::vector<std::string> labels) {
      HeadSpec head{"", kind, std::move(labels)};
      if (head.labels.size() == 1) head.loss = HeadLoss::squared_error;  // what transformers takes one label for
      ModelSpec spec = with_head(base, std::move(head));
      for (const HeadSpec& other : base.heads)
        if (!other.name.empty()) spec.heads.push_back(other);
      return spec;
    };
    const ParameterTable table(with_labels({"LABEL_0"}));
    std::size_t labels = 0;
    for (const ParameterInfo& info : table.entries()) {  // the last matrix of the head
      if (info.key.scope != ParameterScope::head || !info.key.head.empty() || info.role != ParameterRole::weight)
        continue;
      const auto found = replaced_.find(tensor_name(base.config, info.key));
      const bool fits = found != replaced_.end() && shape_of(found->second).size() == 2 &&
                        shape_of(found->second)[1] == info.shape[1];
      labels = fits ? shape_of(found->second)[0] : 0;
    }
    const HeadSpec* const own = base.checkpoint_head(kind);
    if (labels == 0 || (own != nullptr && own->labels.size() == labels)) return base;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < labels; ++i) names.push_back("LABEL_" + std::to_string(i));
    return with_labels(std::move(names));
  }

  AdapterConfig config_;
  std::string config_path_;
  SafetensorsFile file_;
  NamedHeads named_;
  std::map<std::string, Pair> pairs_;
  std::map<std::string, std::string> replaced_;  // complete names, and those in the file
};

void require_base(const Model<float>& base) {
  base.require_flat();
  if (base.spec().lora.rank > 0)
    fail(ErrorCode::unsupported, "base of the adapter", "has adapters itself: merge_adapters() makes one without");
}

/// The matrix of a module.
const ParameterInfo& matrix_of(const Model<float>& model, const AdapterFiles& files, const std::string& module,
                               const Pair& pair) {
  for (const ParameterInfo& info : model.table().entries())
    if (info.role == ParameterRole::weight && !is_adapter(info.key) && info.key.head.empty() &&
        module_name(model.config(), info.key) == module)
      return info;
  files.fail_unused(pair.a);
}

/// What an adapter can hold: save_adapter() would write it again, and training goes on with it.
void require_trainable(const Model<float>& base, const AdapterFiles& files) {
  const auto refuse = [&](const std::string& what) {
    fail(ErrorCode::unsupported_model, files.path(), what + ": load_merged_adapter() takes it");
  };
  for (const ParameterInfo& info : base.table().entries()) {
    if (info.key.scope == ParameterScope::head) continue;
    const auto found = files.replaced().find(tensor_name(base.config(), info.key));
    if (found != files.replaced().end() && !(files.config().all_biases && info.key.part.ends_with(".bias")))
      refuse("tensor \"" + found->second + "\" replaces a parameter of the base, which would not be trained on");
  }
  for (const auto& [module, pair] : files.pairs())
    if (matrix_of(base, files, module, pair).key.scope == ParameterScope::head)
      refuse("tensor \"" + pair.a + "\" adapts a head, which would be trained as a whole");
}

}  // namespace

Model<float> load_adapter(const Model<float>& base, const std::string& directory) {
  require_base(base);
  const AdapterFiles files(directory, base.config());
  require_trainable(base, files);
  ModelSpec spec = files.with_heads(base.spec());
  spec.frozen = {.all_but_biases = files.config().all_biases};
  spec.lora = files.config().lora;
  for (const auto& [module, pair] : files.pairs()) spec.lora.target_modules.push_back(module);
  if (files.pairs().empty()) fail(ErrorCode::bad_checkpoint, files.path(), "adapters", "at least one", "none");
  Model<float> model = begin_from(base, std::move(spec), 0);
  files.replace(model, base);
  for (const ParameterInfo& info : model.table().entries()) {
    if (!is_adapter(info.key)) continue;
    const Pair& pair = files.pairs().at(module_name(model.config(), info.key));
    files.read(info.name.ends_with(k_a) ? pair.a : pair.b, info.shape,
               std::span(model.values()).subspan(info.offset, info.count));
  }
  return model;
}

Model<float> load_merged_adapter(const Model<float>& base, const std::string& directory) {
  require_base(base);
  const AdapterFiles files(directory, base.config());
  Model<float> model = begin_from(base, files.with_heads(base.spec()), 0);
  files.replace(model, base);
  const LoraOptions& lora = files.config().lora;
  std::vector<float> a, b;
  for (const auto& [module, pair] : files.pairs()) {
    const ParameterInfo& weight = matrix_of(model, files, module, pair);
    const std::size_t out = weight.shape[0], in = weight.shape[1];
    a.resize(lora.rank * in);
    b.resize(out * lora.rank);
    files.read(pair.a, {lora.rank, in}, a);
    files.read(pair.b, {out, lora.rank}, b);
    lora_merge<float>({model.values().data() + weight.offset, out, in}, a.data(), b.data(), lora.rank, lora.scale());
  }
  return model;
}

void save_adapter(const std::string& directory, const Model<float>& model, const std::string& base) {
  model.require_flat();
  const ModelSpec& spec = model.spec();
  if (spec.lora.rank == 0)
    fail(ErrorCode::invalid_argument, "model to write", "adapters", "some", "none: save_model() writes the whole");
  AdapterConfig config{spec.lora, base, "", spec.frozen.all_but_biases, {}};
  const HeadSpec* const head = spec.checkpoint_head();
  if (head == nullptr) config.task_type = "FEATURE_EXTRACTION";
  if (spec.checkpoint_head(Head::sequence_classification) != nullptr) config.task_type = "SEQ_CLS";
  if (spec.checkpoint_head(Head::token_classification) != nullptr) config.task_type = "TOKEN_CLS";
  const std::string_view dropped = head == nullptr ? spec.config.traits().tensor_prefix : "";
  std::vector<std::string> targets;
  for (const ParameterInfo& info : model.table().entries()) {
    if (info.name.ends_with(k_a)) {
      std::string module = module_name(spec.config, info.key);
      if (module.starts_with(dropped)) module.erase(0, dropped.size());
      targets.push_back(std::move(module));
    }
    if (info.key.scope != ParameterScope::head || !info.key.head.empty() || info.fixed) continue;
    const std::string name = tensor_name(spec.config, info.key), module = name.substr(0, name.find('.'));
    if (std::find(config.saved.begin(), config.saved.end(), module) == config.saved.end())
      config.saved.push_back(module);
  }
  const auto is_written = [](const ParameterInfo& info) { return info.trainable && info.key.head.empty(); };
  const ValuesAsTensors tensors(model, model.values(), is_written, dropped, false);
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> to_write;
  for (const auto& [name, info] : tensors.tensors()) {
    std::vector<float>& value = values.emplace_back(info.count());
    tensors.read(name, value);
    // A bias of an adapted layer lies inside PEFT's wrapper.
    const std::string module = name.substr(0, name.rfind('.'));
    const bool is_wrapped = name.ends_with(".bias") && std::ranges::find(targets, module) != targets.end();
    to_write.push_back({std::string(k_prefix) + (is_wrapped ? module + ".base_layer.bias" : name), Dtype::f32,
                        info.shape, std::as_bytes(std::span<const float>(value))});
  }
  DirectoryWriter writer(directory);
  writer.leave_out([](std::string_view name) {
    return name == "adapter_model.bin" || name == k_named_heads_file || name == k_named_heads_weights;
  });
  writer.write(k_adapter_config, to_json(config, targets));
  writer.write(k_adapter_weights, serialize_safetensors(to_write, {{"format", "pt"}}));
  write_named_heads(writer, model, model.values());
  writer.commit();
}

}  // namespace v0
}  // namespace seqguard
