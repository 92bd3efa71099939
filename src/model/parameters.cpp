#include "seqguard/model/parameters.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

const std::string k_embeddings = "bert.embeddings.";
const std::string k_predictions = "cls.predictions.";
const std::string k_decoder = k_predictions + "decoder.weight";
const std::string k_projection = "bert.embeddings_project";
const std::string k_relative = "bert.encoder.relative_attention_bias.weight";
const std::string k_final_norm = "bert.final_norm";
const std::string k_replaced = "discriminator_predictions.";

std::string layer_name(std::size_t layer) { return "bert.encoder.layer." + std::to_string(layer) + "."; }

bool is_predicted(const FeatureColumn& column) { return column.size <= k_max_predicted_values; }

}  // namespace

ParameterTable::ParameterTable(const ModelSpec& spec, Matrices matrices) : matrices_(matrices) {
  add_embeddings(spec);
  for (std::size_t l = 0; l < spec.config.distinct_layers(); ++l) add_layer(spec.config, l);
  if (spec.config.traits().norm == NormPlacement::pre)
    add_layer_norm(k_final_norm, spec.config.hidden_size, spec.config.norm_bias);
  add_heads(spec);
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::stable_sort(by_name_.begin(), by_name_.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return entries_[a].name < entries_[b].name; });
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

void ParameterTable::add(std::string name, std::vector<std::size_t> shape, ParameterRole role, bool fixed) {
  std::size_t count = 1;
  for (const std::size_t dimension : shape) count *= dimension;
  const bool is_here = matrices_ == Matrices::flat || role != ParameterRole::weight;
  entries_.push_back({std::move(name), std::move(shape), role, is_here ? size_ : k_packed, count, fixed});
  if (is_here) size_ += count;
}

void ParameterTable::add_linear(const std::string& name, std::size_t out, std::size_t in, bool bias) {
  add(name + ".weight", {out, in}, ParameterRole::weight);
  if (bias) add(name + ".bias", {out}, ParameterRole::bias);
}

void ParameterTable::add_layer_norm(const std::string& name, std::size_t size, bool bias) {
  add(name + ".weight", {size}, ParameterRole::layer_norm);
  add(name + ".bias", {size}, ParameterRole::layer_norm, !bias);
}

void ParameterTable::add_embeddings(const ModelSpec& spec) {
  const ModelConfig& config = spec.config;
  const std::size_t width = config.embedding_width();
  const auto table = [&](const std::string& name, std::size_t rows) {
    add(k_embeddings + name + ".weight", {rows, width}, ParameterRole::embedding);
  };
  table("word_embeddings", config.vocab_size);
  if (config.traits().positions != PositionRule::rotary) table("position_embeddings", config.max_position_embeddings);
  if (config.traits().token_types) table("token_type_embeddings", config.type_vocab_size);
  add_layer_norm(k_embeddings + "LayerNorm", width, config.norm_bias);
  for (const FeatureColumn& column : spec.features.categorical) table("features." + column.name, column.size);
  for (const std::string& column : spec.features.numeric) {
    const std::string name = k_embeddings + "numeric." + column;
    add(name + ".weight", {width}, ParameterRole::embedding);
    add(name + ".bias", {width}, ParameterRole::bias);
    add(name + ".missing", {width}, ParameterRole::embedding);
  }
  if (spec.features.time_gap_buckets > 0) table("time_gap", spec.features.time_gap_buckets);
  if (config.traits().relative_attention)
    add(k_relative, {config.relative_attention_num_buckets, config.num_attention_heads}, ParameterRole::embedding);
  const EmbeddingProjection projection = config.traits().projection;
  if (projection == EmbeddingProjection::always ||
      (projection == EmbeddingProjection::if_narrower && width != config.hidden_size))
    add_linear(k_projection, config.hidden_size, width);
}

void ParameterTable::add_layer(const ModelConfig& config, std::size_t layer) {
  const std::string name = layer_name(layer);
  const FamilyTraits& traits = config.traits();
  const std::size_t hidden = config.hidden_size, intermediate = config.intermediate_size;
  if (traits.fused_query_key_value) {
    add_linear(name + "attention.self.query_key_value", 3 * hidden, hidden, config.attention_bias);
  } else {
    for (const char* part : {"query", "key", "value"})
      add(name + "attention.self." + part + ".weight", {hidden, hidden}, ParameterRole::weight);
    for (const char* part : {"query", "key", "value"})
      add(name + "attention.self." + part + ".bias", {hidden}, ParameterRole::bias);
  }
  add_linear(name + "attention.output.dense", hidden, hidden, config.attention_bias);
  if (traits.norm == NormPlacement::post || layer > 0)
    add_layer_norm(name + "attention.output.LayerNorm", hidden, config.norm_bias);
  add_linear(name + "intermediate.dense", traits.gated_feed_forward ? 2 * intermediate : intermediate, hidden,
             config.mlp_bias);
  add_linear(name + "output.dense", hidden, intermediate, config.mlp_bias);
  add_layer_norm(name + "output.LayerNorm", hidden, config.norm_bias);
}

void ParameterTable::add_heads(const ModelSpec& spec) {
  const std::size_t hidden = spec.config.hidden_size, width = spec.config.embedding_width();
  const ModelHeads& heads = spec.heads;
  const bool by_transform = spec.config.traits().classifies_by_transform;
  const bool by_pooler = !by_transform && spec.config.traits().classifies_by_pooler;
  if (heads.pooler || (heads.sequence_labels > 0 && by_pooler)) add_linear("bert.pooler.dense", hidden, hidden);
  if (heads.masked_lm || (by_transform && heads.sequence_labels + heads.token_labels > 0)) {
    add_linear(k_predictions + "transform.dense", width, hidden, spec.config.classifier_bias);
    add_layer_norm(k_predictions + "transform.LayerNorm", width, spec.config.norm_bias);
  }
  if (heads.masked_lm) {
    if (!spec.config.tie_word_embeddings) add(k_decoder, {spec.config.vocab_size, width}, ParameterRole::embedding);
    add(k_predictions + "bias", {spec.config.vocab_size}, ParameterRole::bias, !spec.config.decoder_bias);
    for (const FeatureColumn& column : spec.features.categorical)
      if (is_predicted(column))
        add(k_predictions + "features." + column.name + ".bias", {column.size}, ParameterRole::bias);
    if (spec.features.time_gap_buckets > 0)
      add(k_predictions + "time_gap.bias", {spec.features.time_gap_buckets}, ParameterRole::bias);
  }
  if (heads.sequence_labels > 0 && (by_pooler || by_transform)) add_linear("classifier", heads.sequence_labels, hidden);
  if (heads.sequence_labels > 0 && !by_pooler && !by_transform) {
    add_linear("classifier.dense", hidden, hidden);
    add_linear("classifier.out_proj", heads.sequence_labels, hidden);
  }
  if (heads.token_labels > 0) add_linear("classifier", heads.token_labels, hidden);
  if (heads.replaced_tokens) {
    add_linear(k_replaced + "dense", hidden, hidden);
    add_linear(k_replaced + "dense_prediction", 1, hidden);
  }
}

template <class Real>
ModelParameters<Real> bind_parameters(const ParameterTable& table, const ModelSpec& spec, Real* buffer) {
  const auto place_of = [&](const ParameterInfo* info) -> Real* {
    return info != nullptr && info->offset != k_packed ? buffer + info->offset : nullptr;
  };
  const auto place = [&](const std::string& name) { return place_of(&table.at(name)); };
  const auto linear = [&](const std::string& name) -> LinearParameters<Real> {
    const ParameterInfo& weight = table.at(name + ".weight");
    return {place_of(&weight), place_of(table.find(name + ".bias")), weight.shape[0], weight.shape[1],
            static_cast<std::size_t>(&weight - table.entries().data())};
  };
  const auto layer_norm = [&](const std::string& name) -> LayerNormParameters<Real> {
    if (table.find(name + ".weight") == nullptr) return {};
    return {place(name + ".weight"), place(name + ".bias")};
  };
  const auto embedding = [&](const std::string& name) -> EmbeddingTable<Real> {
    const ParameterInfo& info = table.at(k_embeddings + name + ".weight");
    return {buffer + info.offset, info.shape[0]};
  };
  const auto decoder = [&](const std::string& name, EmbeddingTable<Real> tied) -> DecoderParameters<Real> {
    return {tied.weight, place(k_predictions + name + "bias"), tied.rows, spec.config.embedding_width()};
  };

  ModelParameters<Real> p;
  p.embeddings.word = embedding("word_embeddings");
  if (spec.config.traits().positions != PositionRule::rotary) p.embeddings.position = embedding("position_embeddings");
  if (spec.config.traits().token_types) p.embeddings.token_type = embedding("token_type_embeddings");
  if (table.find(k_projection + ".weight") != nullptr) p.embeddings.projection = linear(k_projection);
  p.embeddings.layer_norm = layer_norm(k_embeddings + "LayerNorm");
  for (const FeatureColumn& column : spec.features.categorical)
    p.embeddings.features.push_back(embedding("features." + column.name));
  for (const std::string& column : spec.features.numeric) {
    const std::string name = k_embeddings + "numeric." + column;
    p.embeddings.numerics.push_back({place(name + ".weight"), place(name + ".bias"), place(name + ".missing")});
  }
  if (spec.features.time_gap_buckets > 0) p.embeddings.time_gap = embedding("time_gap");

  if (spec.config.traits().relative_attention)
    p.relative_attention_bias = {place(k_relative), spec.config.relative_attention_num_buckets};
  for (std::size_t l = 0; l < spec.config.distinct_layers(); ++l) {
    const std::string name = layer_name(l);
    // The three parts lie one below the other, whether the family has one tensor or three.
    const bool fused = spec.config.traits().fused_query_key_value;
    LinearParameters<Real> query_key_value = linear(name + "attention.self.query" + (fused ? "_key_value" : ""));
    query_key_value.out_features = 3 * spec.config.hidden_size;
    p.layers.push_back(
        {{query_key_value, linear(name + "attention.output.dense"), layer_norm(name + "attention.output.LayerNorm")},
         {linear(name + "intermediate.dense"), linear(name + "output.dense"), layer_norm(name + "output.LayerNorm")}});
  }
  p.final_norm = layer_norm(k_final_norm);

  if (table.find("bert.pooler.dense.weight") != nullptr) p.pooler = linear("bert.pooler.dense");
  if (table.find("classifier.weight") != nullptr) p.classifier = linear("classifier");
  if (table.find("classifier.dense.weight") != nullptr) {
    p.dense = linear("classifier.dense");
    p.classifier = linear("classifier.out_proj");
  }
  if (spec.heads.replaced_tokens) {
    p.dense = linear(k_replaced + "dense");
    p.classifier = linear(k_replaced + "dense_prediction");
  }
  if (table.find(k_predictions + "transform.dense.weight") != nullptr)
    p.transform = {linear(k_predictions + "transform.dense"), layer_norm(k_predictions + "transform.LayerNorm")};
  if (spec.heads.masked_lm) {
    EmbeddingTable<Real> words = p.embeddings.word;
    if (const ParameterInfo* own = table.find(k_decoder)) words.weight = buffer + own->offset;
    p.decoders.push_back(decoder("", words));
    p.decoder_names.emplace_back();
    for (std::size_t c = 0; c < spec.features.categorical.size(); ++c) {
      const FeatureColumn& column = spec.features.categorical[c];
      if (!is_predicted(column)) continue;
      p.decoders.push_back(decoder("features." + column.name + ".", p.embeddings.features[c]));
      p.decoder_names.push_back(column.name);
    }
    if (spec.features.time_gap_buckets > 0) {
      p.decoders.push_back(decoder("time_gap.", p.embeddings.time_gap));
      p.decoder_names.emplace_back("time_gap");
    }
  }
  return p;
}

template ModelParameters<float> bind_parameters(const ParameterTable&, const ModelSpec&, float*);
template ModelParameters<const float> bind_parameters(const ParameterTable&, const ModelSpec&, const float*);
template ModelParameters<double> bind_parameters(const ParameterTable&, const ModelSpec&, double*);
template ModelParameters<const double> bind_parameters(const ParameterTable&, const ModelSpec&, const double*);

}  // namespace seqguard
