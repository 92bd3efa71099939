#include "seqguard/model/parameters.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "model/lora_modules.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/parameter_list.hpp"

namespace seqguard {
inline namespace v0 {

std::string to_string(const ParameterKey& key) {
  switch (key.scope) {
    case ParameterScope::base:
      return "bert." + key.part;
    case ParameterScope::layer:
      return "bert.encoder.layer." + std::to_string(key.layer) + "." + key.part;
    case ParameterScope::head:
      break;
  }
  return key.head.empty() ? key.part : "heads." + key.head + "." + key.part;
}

namespace {

/// Of a parameter of a layer: attention's, or the feed-forward block's.
bool is_of_attention(const ParameterKey& key) noexcept { return key.part.starts_with("attention."); }

}  // namespace

ParameterTable::ParameterTable(const ModelSpec& spec, Matrices matrices) : matrices_(matrices) {
  check_heads(spec.heads);
  if (const std::size_t layers = spec.config.distinct_layers(); spec.frozen.layers > layers)
    fail(ErrorCode::invalid_argument, "model", "frozen layers", "at most " + std::to_string(layers),
         std::to_string(spec.frozen.layers));
  struct Collector : ParameterVisitor<const float> {
    explicit Collector(ParameterTable& to) : table(to) {}
    void parameter(const ParameterDeclaration& declaration, const float*&) { table.add(declaration); }
    ParameterTable& table;
  } collector(*this);
  ModelParameters<const float> p;
  PackedModel<float> packed;
  visit_parameters<const float>(spec, p, packed, collector);
  check_lora(spec, *this);
  unread_gradient_ = gradient_size_;
  std::size_t longest = 0;
  for (const ParameterInfo& info : entries_)
    if (!info.trainable && info.role == ParameterRole::layer_norm) longest = std::max(longest, info.count);
  gradient_size_ += longest;
  reach_ = find_reach(spec.config);
  last_call_of_.resize(spec.config.distinct_layers());
  for (std::size_t call = 0; call < spec.config.layer_calls(); ++call) last_call_of_[spec.config.layer_of(call)] = call;
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::stable_sort(by_name_.begin(), by_name_.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return entries_[a].name < entries_[b].name; });
}

void ParameterTable::add(const ParameterDeclaration& declaration) {
  ParameterInfo info{declaration, to_string(declaration.key), 1, k_not_there, k_not_there};
  for (const std::size_t dimension : info.shape) info.count *= dimension;
  if (info.tied_to) {
    aliases_.push_back(std::move(info));
    return;
  }
  if (matrices_ == Matrices::flat || info.role != ParameterRole::weight) {
    info.offset = size_;
    size_ += info.count;
  }
  if (info.trainable) {
    info.gradient_offset = gradient_size_;
    gradient_size_ += info.count;
  }
  entries_.push_back(std::move(info));
}

BackwardReach ParameterTable::find_reach(const ModelConfig& config) const {
  struct Layer {
    bool attention = false, feed_forward = false;
    bool attention_norm = false, feed_forward_norm = false;
  };
  std::vector<Layer> layers(config.distinct_layers());
  BackwardReach reach;
  bool final_norm = false;
  for (const ParameterInfo& info : entries_) {
    const ParameterKey& key = info.key;
    if (!info.trainable || info.fixed || key.scope == ParameterScope::head || key.part.starts_with("pooler.")) continue;
    reach.encoder = true;
    if (key.scope == ParameterScope::base) {
      (key.part.starts_with("final_norm.") ? final_norm : reach.embeddings) = true;
      continue;
    }
    Layer& layer = layers[key.layer];
    const bool is_attention = is_of_attention(key), is_norm = info.role == ParameterRole::layer_norm;
    (is_attention ? layer.attention : layer.feed_forward) = true;
    if (is_norm) (is_attention ? layer.attention_norm : layer.feed_forward_norm) = true;
  }
  const std::size_t blocks = 2 * config.layer_calls();
  const auto learns = [&](std::size_t block) {
    const Layer& layer = layers[config.layer_of(block / 2)];
    return block % 2 == 0 ? layer.attention : layer.feed_forward;
  };
  if (!reach.embeddings)
    while (reach.lowest_block < blocks && !learns(reach.lowest_block)) ++reach.lowest_block;
  reach.lowest_input = reach.embeddings;
  if (config.traits().norm == NormPlacement::pre && reach.lowest_block < blocks) {
    const Layer& layer = layers[config.layer_of(reach.lowest_block / 2)];
    reach.lowest_input |= reach.lowest_block % 2 == 0 ? layer.attention_norm : layer.feed_forward_norm;
  }
  return reach;
}

bool ParameterTable::multiplies_gradient(const ParameterKey& key) const noexcept {
  if (key.scope == ParameterScope::head) return true;
  if (key.scope == ParameterScope::base) return reach_.embeddings || key.part.starts_with("pooler.");
  const std::size_t block = 2 * last_call_of_[key.layer] + (is_of_attention(key) ? 0 : 1);
  const bool reads_input = key.part.starts_with("attention.self.") || key.part.starts_with("intermediate.");
  return reads_input ? reach_.passes(block) : reach_.reaches(block);
}

const ParameterInfo& ParameterTable::at(std::string_view name) const {
  if (const ParameterInfo* info = find(name)) return *info;
  fail(ErrorCode::invalid_argument, "parameter table", "no parameter named " + std::string(name));
}

const ParameterInfo* ParameterTable::find(std::string_view name) const noexcept {
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](std::uint32_t i, std::string_view wanted) { return entries_[i].name < wanted; });
  return found != by_name_.end() && entries_[*found].name == name ? &entries_[*found] : nullptr;
}

template <class Real>
ModelParameters<Real> bind_parameters(const ParameterTable& table, const ModelSpec& spec, Real* buffer) {
  struct Binder : ParameterVisitor<Real> {
    Binder(const ParameterTable& from, Real* to) : table(from), buffer(to) {}
    void parameter(const ParameterDeclaration& declaration, Real*& slot) {
      if (declaration.tied_to) return;  // bound where it has its memory
      const ParameterInfo& info = table.entries()[next++];
      std::size_t offset = info.offset;
      if constexpr (!std::is_const_v<Real>) {
        offset = info.gradient_offset;
        if (offset == k_not_there && info.role == ParameterRole::layer_norm) offset = table.unread_gradient();
      }
      slot = offset == k_not_there ? nullptr : buffer + offset;
    }
    const ParameterTable& table;
    Real* buffer;
    std::size_t next = 0;
  } binder(table, buffer);
  ModelParameters<Real> p;
  PackedModel<std::remove_const_t<Real>> packed;
  visit_parameters<Real>(spec, p, packed, binder);
  return p;
}

template ModelParameters<float> bind_parameters(const ParameterTable&, const ModelSpec&, float*);
template ModelParameters<const float> bind_parameters(const ParameterTable&, const ModelSpec&, const float*);
template ModelParameters<double> bind_parameters(const ParameterTable&, const ModelSpec&, double*);
template ModelParameters<const double> bind_parameters(const ParameterTable&, const ModelSpec&, const double*);

}  // namespace v0
}  // namespace seqguard
