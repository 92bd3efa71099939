#include "seqguard/model/checkpoint.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "model/checkpoint_directory.hpp"
#include "model/tensor_accounting.hpp"
#include "model/tensor_names.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

ModelHeads heads_of(const ModelConfig& config, const TensorNames& names) {
  const Head head = head_of(config);
  ModelHeads heads;
  heads.pooler = (head == Head::sequence_classification && config.traits().classifies_by_pooler) ||
                 names.contains(tensor_name(config, "bert.pooler.dense.weight"));
  heads.masked_lm = head == Head::masked_lm;
  if (head == Head::sequence_classification) heads.sequence_labels = config.num_labels();
  if (head == Head::token_classification) heads.token_labels = config.num_labels();
  heads.replaced_tokens = head == Head::replaced_token_detection;
  return heads;
}

/// A directory that was opened and found to be complete.
class Checkpoint {
 public:
  Checkpoint(const std::string& directory, const ModelFeatures& features, FileAccess access) {
    spec_.config = load_model_config(directory);
    file_ = open_tensors(directory, access);
    names_ = complete_names(*file_, spec_.config);
    spec_.features = features;
    spec_.heads = heads_of(spec_.config, names_);
    ties_ = ties_of(spec_);
    // Before a model's memory is allocated: a configuration cannot ask for more than the file holds.
    account(*file_, names_, spec_, ParameterTable(spec_));
  }

  const ModelSpec& spec() const noexcept { return spec_; }

  /// A parameter, or its copy, from the file; both, where both are there and tied, must agree.
  void read(const ParameterInfo& parameter, std::span<float> out) const {
    const auto own = names_.find(tensor_name(spec_.config, parameter.name));
    if (own != names_.end()) file_->read(own->second, out);
    for (const Tie& tie : ties_) {
      const auto copy = names_.find(tie.copy);
      if (tie.parameter != parameter.name || copy == names_.end()) continue;
      if (own == names_.end() || !spec_.config.tie_word_embeddings) {
        file_->read(copy->second, out);
        continue;
      }
      std::size_t place = 0;
      file_->read_blocks(copy->second, [&](std::span<const float> block) {
        if (!std::equal(block.begin(), block.end(), out.begin() + static_cast<std::ptrdiff_t>(place)))
          fail(ErrorCode::unsupported_model, file_->path(),
               "\"" + copy->second + "\" differs from \"" + own->second + "\", to which it is tied");
        place += block.size();
      });
    }
  }

 private:
  ModelSpec spec_;
  std::unique_ptr<const TensorSource> file_;
  TensorNames names_;
  std::vector<Tie> ties_;
};

/// The class that has exactly these heads.
Head class_of(const ModelSpec& spec) {
  const ModelHeads& heads = spec.heads;
  if (heads.masked_lm + (heads.sequence_labels > 0) + (heads.token_labels > 0) + heads.replaced_tokens > 1)
    fail(ErrorCode::invalid_argument, "model to write", "heads",
         "at most one of masked_lm, sequence_labels, token_labels, replaced_tokens", "several");
  const std::size_t labels = heads.sequence_labels + heads.token_labels;
  if (labels > 0 && labels != spec.config.num_labels())
    fail(ErrorCode::invalid_argument, "model to write", "names in config.labels", std::to_string(labels),
         std::to_string(spec.config.num_labels()));
  if (heads.masked_lm) return Head::masked_lm;
  if (heads.sequence_labels > 0) return Head::sequence_classification;
  if (heads.replaced_tokens) return Head::replaced_token_detection;
  return heads.token_labels > 0 ? Head::token_classification : Head::none;
}

/// Values in memory under the names of a checkpoint.
class ValuesAsTensors : public TensorSource {
 public:
  ValuesAsTensors(const Model<float>& model, std::span<const float> values, std::string_view prefix_to_drop)
      : table_(model.table()), values_(values) {
    path_ = "model to write";
    for (std::size_t i = 0; i < table_.entries().size(); ++i) {
      if (table_.entries()[i].fixed) continue;
      std::string name = tensor_name(model.config(), table_.entries()[i].name);
      if (name.starts_with(prefix_to_drop)) name.erase(0, prefix_to_drop.size());
      const TensorInfo info{Dtype::f32, table_.entries()[i].shape, i, {}};
      tensors_.emplace(std::move(name), info);
      if (model.config().tie_word_embeddings) continue;
      for (const Tie& tie : ties_of(model.spec()))
        if (tie.parameter == table_.entries()[i].name) tensors_.emplace(tie.copy, info);
    }
  }

 private:
  void read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const override {
    const ParameterInfo& parameter = table_.entries()[info.place];
    const auto bytes = std::as_bytes(values_.subspan(parameter.offset, parameter.count));
    std::copy_n(bytes.data() + cursor.position, out.size(), out.data());
    cursor.position += out.size();
  }

  const ParameterTable& table_;
  std::span<const float> values_;
};

}  // namespace

ModelConfig load_model_config(const std::string& directory) {
  return parse_config(read_config_text(directory), directory + "/config.json");
}

ModelSpec load_model_spec(const std::string& directory, const ModelFeatures& features) {
  return Checkpoint(directory, features, FileAccess::read).spec();
}

Model<float> load_model(const Context<float>& context, const std::string& directory, const ModelFeatures& features,
                        FileAccess access) {
  const Checkpoint checkpoint(directory, features, access);
  Model<float> model(context, checkpoint.spec());
  for (const ParameterInfo& parameter : model.table().entries())
    if (!parameter.fixed)  // the values of a model begin as zeros
      checkpoint.read(parameter, std::span(model.values()).subspan(parameter.offset, parameter.count));
  return model;
}

Model<float> load_scoring_model(const Context<float>& context, const std::string& directory,
                                const ModelFeatures& features, FileAccess access) {
  const Checkpoint checkpoint(directory, features, access);
  return Model<float>(context, checkpoint.spec(), [&](const ParameterInfo& parameter, std::span<float> values) {
    checkpoint.read(parameter, values);
  });
}

void write_model(DirectoryWriter& writer, const Model<float>& model, std::span<const float> values,
                 const WeightsOptions& options) {
  model.require_flat();
  if (values.size() != model.table().size())
    fail(ErrorCode::invalid_argument, "model to write", "values", std::to_string(model.table().size()),
         std::to_string(values.size()));
  const Head head = class_of(model.spec());
  ModelConfig config = model.config();
  config.architectures = {architecture_name(config.family, head)};
  const ValuesAsTensors tensors(model, values, head == Head::none ? config.traits().tensor_prefix : "");
  std::vector<std::string> names;
  for (const auto& [name, info] : tensors.tensors()) names.push_back(name);
  write_weights(writer, tensors, std::move(names), options);
  writer.write("config.json", with_dtype(to_json(config), "config.json", options.dtype.value_or(Dtype::f32)));
}

void save_model(const std::string& directory, const Model<float>& model, const WeightsOptions& options) {
  DirectoryWriter writer(directory);
  write_model(writer, model, model.values(), options);
  writer.commit();
}

}  // namespace seqguard
