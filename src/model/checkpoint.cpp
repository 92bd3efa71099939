#include "seqguard/model/checkpoint.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "model/checkpoint_directory.hpp"
#include "model/checkpoint_rows.hpp"
#include "model/int8_tensors.hpp"
#include "model/named_heads.hpp"
#include "model/tensor_accounting.hpp"
#include "model/tensor_names.hpp"
#include "model/values_as_tensors.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The head of architectures[0], and what it was trained with.
std::vector<HeadSpec> heads_of(const ModelConfig& config) {
  const Head kind = head_of(config);
  if (kind == Head::none) return {};
  HeadSpec head{"", kind};
  if (kind == Head::sequence_classification || kind == Head::token_classification) head.labels = config.labels;
  if (config.problem_type == "regression") head.loss = HeadLoss::squared_error;
  if (config.problem_type == "multi_label_classification" || kind == Head::replaced_token_detection)
    head.loss = HeadLoss::binary;
  return {head};
}

/// A directory that was opened and found to be complete.
class Checkpoint {
 public:
  static Checkpoint open(const std::string& directory, const ModelFeatures& features, FileAccess access,
                         Matrices matrices, LoadReport* report) {
    ModelConfig config = load_model_config(directory);  // first: it says best what is wrong with a directory
    auto tensors = with_float_matrices(open_tensors(directory, access));
    if (report != nullptr) {
      check_files(directory, *report);
      note_config(config, directory + "/config.json", *report);
      report->notes.insert(report->notes.end(), tensors->notes().begin(), tensors->notes().end());
    }
    return {std::move(config), std::move(tensors), open_named_heads(directory), features, matrices};
  }
  Checkpoint(ModelConfig config, std::unique_ptr<const TensorSource> file, NamedHeads named,
             const ModelFeatures& features, Matrices matrices)
      : config_(std::move(config)),
        file_(std::move(file)),
        names_(complete_names(*file_, config_)),
        named_(std::move(named)),
        spec_(make_spec(features)),
        table_(spec_, matrices),
        copies_(copies_of(table_, config_)) {
    // Before a model's memory is allocated: a configuration cannot ask for more than the files hold.
    account(*file_, names_, spec_, table_);
    if (named_.tensors == nullptr) return;
    for (const auto& [name, info] : named_.tensors->tensors()) named_names_.emplace(name, name);
    account(*named_.tensors, named_names_, spec_, table_, true);
  }

  const ModelSpec& spec() const noexcept { return spec_; }
  ParameterTable take_table() noexcept { return std::move(table_); }

  /// A parameter, or its copy, from the file; both, where both are there and tied, must agree.
  void read(const ParameterInfo& parameter, std::span<float> out) const {
    const std::string name = tensor_name(config_, parameter.key);
    if (!parameter.key.head.empty()) return named_.tensors->read(name, out);
    const auto own = names_.find(name);
    if (own != names_.end()) file_->read(own->second, out);
    for (const Copy& alias : copies_) {
      const auto copy = names_.find(alias.name);
      if (copy == names_.end() || alias.of != parameter.key) continue;
      if (own == names_.end() || !config_.tie_word_embeddings) {
        file_->read(copy->second, out);
        continue;
      }
      require_equal(copy->second, own->second, out);
    }
  }

 private:
  ModelSpec make_spec(const ModelFeatures& features) const {
    ModelSpec spec{config_, features, false, heads_of(config_), {}, {}};
    const ParameterKey pooler{ParameterScope::base, 0, "pooler.dense.weight"};
    spec.pooler = has_pooler(spec) || names_.contains(tensor_name(config_, pooler));
    spec.heads.insert(spec.heads.end(), named_.heads.begin(), named_.heads.end());
    return spec;
  }

  void require_equal(const std::string& copy, const std::string& own, std::span<const float> values) const {
    std::size_t place = 0;
    file_->read_blocks(copy, [&](std::span<const float> block) {
      if (!std::equal(block.begin(), block.end(), values.begin() + static_cast<std::ptrdiff_t>(place)))
        fail(ErrorCode::unsupported_model, file_->path(),
             "\"" + copy + "\" differs from \"" + own + "\", to which it is tied");
      place += block.size();
    });
  }

  ModelConfig config_;
  std::unique_ptr<const TensorSource> file_;
  TensorNames names_, named_names_;
  NamedHeads named_;
  ModelSpec spec_;
  ParameterTable table_;
  std::vector<Copy> copies_;
};

Model<float> load_packed(const Context<float>& context, Checkpoint checkpoint) {
  return Model<float>(
      context, checkpoint.spec(), checkpoint.take_table(),
      [&](const ParameterInfo& parameter, std::span<float> values) { checkpoint.read(parameter, values); });
}

/// The class whose head is the one without a name.
Head class_of(const ModelSpec& spec) {
  const HeadSpec* const head = spec.checkpoint_head();
  if (head == nullptr) return Head::none;
  if (!head->labels.empty() && head->labels != spec.config.labels)
    fail(ErrorCode::invalid_argument, "model to write", "labels of the head", "those of config.labels",
         std::to_string(head->labels.size()) + " others");
  return head->kind;
}

}  // namespace

ModelConfig load_model_config(const std::string& directory) {
  return parse_config(read_config_text(directory), directory + "/config.json");
}

ModelSpec load_model_spec(const std::string& directory, const ModelFeatures& features, LoadReport* report) {
  return Checkpoint::open(directory, features, FileAccess::read, Matrices::flat, report).spec();
}

Model<float> load_model(const Context<float>& context, const std::string& directory, const ModelFeatures& features,
                        FileAccess access, LoadReport* report) {
  const Checkpoint checkpoint = Checkpoint::open(directory, features, access, Matrices::flat, report);
  Model<float> model(context, checkpoint.spec());
  for (const ParameterInfo& parameter : model.table().entries())
    if (!parameter.fixed)  // the values of a model begin as zeros
      checkpoint.read(parameter, std::span(model.values()).subspan(parameter.offset, parameter.count));
  return model;
}

Model<float> load_scoring_model(const Context<float>& context, const std::string& directory,
                                const ModelFeatures& features, FileAccess access, LoadReport* report) {
  return load_packed(context, Checkpoint::open(directory, features, access, Matrices::packed, report));
}

Model<float> load_scoring_model(const Context<float>& context, CheckpointFiles files, const ModelFeatures& features) {
  refuse_adapters(files.directory);
  NamedHeads named;
  if (files.heads_weights != nullptr)
    named = read_named_heads(files.heads, files.directory, std::move(files.heads_weights));
  return load_packed(context, Checkpoint(parse_config(std::string(files.config), files.directory + "/config.json"),
                                         std::move(files.weights), std::move(named), features, Matrices::packed));
}

WrittenWeights write_model(DirectoryWriter& writer, const Model<float>& model, std::span<const float> values,
                           const WeightsOptions& options) {
  model.require_flat();
  if (model.spec().lora.rank > 0)
    fail(ErrorCode::unsupported, "model to write",
         "has adapters: save_adapter() writes them, and merge_adapters() makes a model without them");
  if (values.size() != model.table().size())
    fail(ErrorCode::invalid_argument, "model to write", "values", std::to_string(model.table().size()),
         std::to_string(values.size()));
  const Head head = class_of(model.spec());
  ModelConfig config = model.config();
  config.architectures = {architecture_name(config.family, head)};
  const auto is_checkpoints = [](const ParameterInfo& parameter) { return parameter.key.head.empty(); };
  const ValuesAsTensors tensors(model, values, is_checkpoints, head == Head::none ? config.traits().tensor_prefix : "",
                                true);
  WrittenWeights written = write_weights(writer, tensors, tensors.names(), options);
  write_named_heads(writer, model, values);
  writer.write("config.json", with_dtype(to_json(config), "config.json", options.dtype.value_or(Dtype::f32)));
  return written;
}

void save_model(const std::string& directory, const Model<float>& model, const WeightsOptions& options) {
  DirectoryWriter writer(directory);
  write_model(writer, model, model.values(), options);
  writer.commit();
}

}  // namespace v0
}  // namespace seqguard
