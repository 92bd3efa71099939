#include "model/tensor_accounting.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string text = "[";
  for (const std::size_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text.append("]");
}

/// "; missing: a, b, ... and 3 more", or nothing for an empty list.
std::string list_text(std::string_view title, const std::vector<std::string>& names) {
  constexpr std::size_t k_shown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), k_shown); ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > k_shown) text += " and " + std::to_string(names.size() - k_shown) + " more";
  if (!text.empty()) text.insert(0, ": ").insert(0, title).insert(0, "; ");
  return text;
}

struct Misfits {
  std::vector<std::string> missing, unused, misshapen;  // names of parameters; names in the file; those with shapes
  bool labels = false;                                  // a classifier has a row for each of another number of labels
};

Misfits misfits_of(const TensorSource& file, const TensorNames& names, const ModelSpec& spec,
                   const ParameterTable& table, bool named_heads) {
  Misfits result;
  TensorNames left = names;
  const auto use = [&](std::string_view name, const ParameterInfo& parameter) {
    const auto found = left.find(name);
    if (found == left.end()) return false;
    const std::vector<std::size_t>& in_file = file.tensors().find(found->second)->second.shape;
    if (in_file != parameter.shape) {
      result.misshapen.push_back(found->second + " (expected " + shape_text(parameter.shape) + ", found " +
                                 shape_text(in_file) + ")");
      result.labels |= parameter.key.scope == ParameterScope::head && parameter.shape[0] == spec.config.num_labels();
    }
    left.erase(found);
    return true;
  };
  const std::vector<Copy> copies = copies_of(table, spec.config);
  for (const ParameterInfo& parameter : table.entries()) {
    if (parameter.fixed || parameter.key.head.empty() == named_heads) continue;
    const std::string name = tensor_name(spec.config, parameter.key);
    bool found = use(name, parameter);
    for (const Copy& copy : copies)
      if (copy.of == parameter.key) found |= use(copy.name, parameter);
    if (!found) result.missing.push_back(name);
  }
  for (const auto& [name, in_file] : left)
    if (!carries_nothing(spec.config.traits(), name)) result.unused.push_back(in_file);
  return result;
}

/// A prefix that unused names begin with, and without which they are the missing ones; then neither is listed. Wrappers
/// of modules leave such prefixes: "module." (DataParallel), "_orig_mod." (torch.compile).
std::string take_prefix(Misfits& misfits, const ModelConfig& config) {
  if (misfits.unused.empty() || misfits.missing.empty()) return "";
  const std::vector<std::string> roots = roots_of(config);
  constexpr int k_most_parts = 4;  // a file may name 100,000 tensors of any number of parts
  const std::string typical = misfits.unused[misfits.unused.size() / 2];
  std::size_t dot = typical.find('.');
  for (int part = 0; part < k_most_parts && dot != std::string::npos; ++part, dot = typical.find('.', dot + 1)) {
    const std::string_view prefix = std::string_view(typical).substr(0, dot + 1);
    const auto without = [&](std::string_view name) {
      return name.starts_with(prefix) ? complete_name(config.traits(), roots, name.substr(prefix.size())) : "";
    };
    std::set<std::string> meant;
    for (const std::string& name : misfits.unused) meant.insert(without(name));
    const auto is_meant = [&](const std::string& name) { return meant.contains(name); };
    const auto explained = std::count_if(misfits.missing.begin(), misfits.missing.end(), is_meant);
    if (10 * static_cast<std::size_t>(explained) < 9 * misfits.missing.size()) continue;
    std::erase_if(misfits.missing, is_meant);
    std::erase_if(misfits.unused, [&](const std::string& name) { return name.starts_with(prefix); });
    return ": the names of its tensors begin with \"" + std::string(prefix) +
           "\", those of transformers do not: save the model inside the wrapper, or rename them";
  }
  return "";
}

/// What in config.json makes the tensors not fit, as far as it can be told.
std::string cause_in(const Misfits& misfits, const ModelConfig& config) {
  if (config.architectures.empty() && misfits.missing.empty() && !misfits.unused.empty())
    return "; config.json has no architectures, and without them a model has no head: name its class there, such as "
           "[\"" +
           architecture_name(config.family, Head::sequence_classification) + "\"]";
  if (misfits.labels && config.labels == ModelConfig{}.labels)
    return "; " + config.labels.front() + " and " + config.labels.back() +
           " are only the default: id2label in config.json must name the labels of the classifier";
  return "";
}

}  // namespace

TensorNames complete_names(const TensorSource& file, const ModelConfig& config) {
  const std::vector<std::string> roots = roots_of(config);
  TensorNames names;
  for (const auto& [name, info] : file.tensors()) {
    const auto [place, added] = names.emplace(complete_name(config.traits(), roots, name), name);
    if (!added)
      fail(ErrorCode::bad_checkpoint, file.path(),
           "tensors \"" + place->second + "\" and \"" + name + "\" are the same parameter");
  }
  return names;
}

std::vector<Copy> copies_of(const ParameterTable& table, const ModelConfig& config) {
  std::vector<Copy> copies;
  for (const ParameterInfo& alias : table.aliases())
    if (std::string name = tensor_name(config, alias.key); name != tensor_name(config, *alias.tied_to))
      copies.push_back({*alias.tied_to, std::move(name)});
  return copies;
}

void account(const TensorSource& file, const TensorNames& names, const ModelSpec& spec, const ParameterTable& table,
             bool named_heads) {
  Misfits misfits = misfits_of(file, names, spec, table, named_heads);
  if (misfits.missing.empty() && misfits.unused.empty() && misfits.misshapen.empty()) return;
  const std::string prefix = take_prefix(misfits, spec.config);
  fail(ErrorCode::bad_checkpoint, file.path(),
       "does not fit its config.json" + prefix + list_text("missing", misfits.missing) +
           list_text("unused", misfits.unused) + list_text("wrong shape", misfits.misshapen) +
           cause_in(misfits, spec.config));
}

}  // namespace v0
}  // namespace seqguard
