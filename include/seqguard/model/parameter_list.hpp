// The one list of parameters. Everything that has to know them walks over it: the table (shapes, places, trainability,
// ties), the binding of pointers, the packing of weights, the names in files.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "seqguard/model/packed_model.hpp"
#include "seqguard/model/parameters.hpp"

namespace seqguard {
inline namespace v0 {

/// What visit_parameters() calls, in the order of the flat buffer; a visitor hides what it needs. `Real` is const for
/// weights and mutable for gradients.
template <class Real>
struct ParameterVisitor {
  using Value = std::remove_const_t<Real>;
  /// A parameter, and the pointer to it in the structure that is walked over.
  void parameter(const ParameterDeclaration&, Real*&) {}
  /// The linear layers that were visited since the last call are one product, packed here.
  void product(PackedLinear<Value>&, std::span<const LinearParameters<Real>>) {}
  /// The table that a masked-LM head predicts from is packed here.
  void decoder(PackedDecoder<Value>&, const DecoderParameters<Real>&) {}
};

/// A walk over one model: fills in the sizes of `p` and calls the visitor for each of its pointers.
template <class Real, class Visitor>
class ParameterWalk {
 public:
  using Packed = PackedModel<std::remove_const_t<Real>>;
  using PackedHead = typename Packed::Head;

  ParameterWalk(const ModelSpec& spec, ModelParameters<Real>& p, Packed& packed, Visitor& visitor)
      : spec_(spec), config_(spec.config), p_(p), packed_(packed), visitor_(visitor) {}

  void run() {
    scope_ = {ParameterScope::base, 0, "", ""};
    frozen_ = spec_.frozen.embeddings;
    embeddings();
    p_.layers.resize(config_.distinct_layers());
    packed_.layers.resize(p_.layers.size());
    for (std::size_t l = 0; l < p_.layers.size(); ++l) {
      scope_ = {ParameterScope::layer, l, "", ""};
      frozen_ = l < spec_.frozen.layers;
      attention(p_.layers[l].attention, packed_.layers[l].attention, l);
      feed_forward(p_.layers[l].feed_forward, packed_.layers[l].feed_forward);
    }
    scope_ = {ParameterScope::base, 0, "", ""};
    frozen_ = false;
    if (config_.traits().norm == NormPlacement::pre) layer_norm("final_norm", config_.hidden_size, p_.final_norm);
    if (has_pooler(spec_))
      linear("pooler.dense", config_.hidden_size, config_.hidden_size, true, p_.pooler, packed_.pooler);
    p_.heads.resize(spec_.heads.size());
    packed_.heads.resize(spec_.heads.size());
    for (std::size_t h = 0; h < spec_.heads.size(); ++h) {
      scope_ = {ParameterScope::head, 0, "", spec_.heads[h].name};
      head(spec_.heads[h], p_.heads[h], packed_.heads[h]);
    }
  }

 private:
  bool learns(const ParameterKey& key) const {
    if (key.scope == ParameterScope::head || is_adapter(key)) return true;
    if (frozen_ || spec_.frozen.base) return false;
    return spec_.frozen.all_but_biases ? key.part.ends_with(".bias") : spec_.lora.rank == 0;
  }
  void parameter(std::string part, std::vector<std::size_t> shape, ParameterRole role, Real*& slot, bool fixed = false,
                 std::optional<ParameterKey> tied_to = {}) {
    ParameterKey key = scope_;
    key.part = std::move(part);
    const bool learns = this->learns(key);
    visitor_.parameter({std::move(key), std::move(shape), role, learns, fixed, std::move(tied_to)}, slot);
  }
  void weight(const std::string& name, std::size_t out, std::size_t in, LinearParameters<Real>& layer) {
    layer.out_features = out;
    layer.in_features = in;
    parameter(name + ".weight", {out, in}, ParameterRole::weight, layer.weight);
  }
  void bias(const std::string& name, LinearParameters<Real>& layer) {
    parameter(name + ".bias", {layer.out_features}, ParameterRole::bias, layer.bias);
  }
  /// The adapter of a layer, where it is to have one.
  void adapter(const std::string& name, LinearParameters<Real>& layer) {
    ParameterKey key = scope_;
    key.part = name + ".weight";
    if (frozen_ || key.scope == ParameterScope::head || !is_lora_target(config_, spec_.lora, key)) return;
    layer.lora.rank = spec_.lora.rank;
    parameter(name + ".lora_A.weight", {layer.lora.rank, layer.in_features}, ParameterRole::weight, layer.lora.a);
    parameter(name + ".lora_B.weight", {layer.out_features, layer.lora.rank}, ParameterRole::weight, layer.lora.b);
  }
  void linear(const std::string& name, std::size_t out, std::size_t in, bool with_bias, LinearParameters<Real>& layer,
              PackedLinear<std::remove_const_t<Real>>& packed) {
    weight(name, out, in, layer);
    if (with_bias) bias(name, layer);
    adapter(name, layer);
    visitor_.product(packed, {&layer, 1});
  }
  void layer_norm(const std::string& name, std::size_t size, LayerNormParameters<Real>& norm) {
    parameter(name + ".weight", {size}, ParameterRole::layer_norm, norm.weight);
    parameter(name + ".bias", {size}, ParameterRole::layer_norm, norm.bias, !config_.norm_bias);
  }
  void table(const std::string& name, std::size_t rows, EmbeddingTable<Real>& table) {
    table.rows = rows;
    parameter("embeddings." + name + ".weight", {rows, config_.embedding_width()}, ParameterRole::embedding,
              table.weight);
  }

  void embeddings() {
    const FamilyTraits& traits = config_.traits();
    const std::size_t width = config_.embedding_width();
    EmbeddingParameters<Real>& e = p_.embeddings;
    table("word_embeddings", config_.vocab_size, e.word);
    if (traits.positions != PositionRule::rotary)
      table("position_embeddings", config_.max_position_embeddings, e.position);
    if (traits.token_types) table("token_type_embeddings", config_.type_vocab_size, e.token_type);
    layer_norm("embeddings.LayerNorm", width, e.layer_norm);
    e.features.resize(spec_.features.categorical.size());
    for (std::size_t c = 0; c < e.features.size(); ++c) {
      const FeatureColumn& column = spec_.features.categorical[c];
      table("features." + column.name, column.size, e.features[c]);
    }
    e.numerics.resize(spec_.features.numeric.size());
    for (std::size_t c = 0; c < e.numerics.size(); ++c) {
      const std::string name = "embeddings.numeric." + spec_.features.numeric[c];
      parameter(name + ".weight", {width}, ParameterRole::embedding, e.numerics[c].weight);
      parameter(name + ".bias", {width}, ParameterRole::bias, e.numerics[c].bias);
      parameter(name + ".missing", {width}, ParameterRole::embedding, e.numerics[c].missing);
    }
    if (spec_.features.time_gap_buckets > 0) table("time_gap", spec_.features.time_gap_buckets, e.time_gap);
    if (traits.relative_attention) {
      p_.relative_attention_bias.rows = config_.relative_attention_num_buckets;
      parameter("encoder.relative_attention_bias.weight",
                {config_.relative_attention_num_buckets, config_.num_attention_heads}, ParameterRole::embedding,
                p_.relative_attention_bias.weight);
    }
    if (traits.projection == EmbeddingProjection::always ||
        (traits.projection == EmbeddingProjection::if_narrower && width != config_.hidden_size))
      linear("embeddings_project", config_.hidden_size, width, true, e.projection, packed_.embedding_projection);
  }

  void attention(SelfAttentionParameters<Real>& p, PackedSelfAttention<std::remove_const_t<Real>>& packed,
                 std::size_t l) {
    const FamilyTraits& traits = config_.traits();
    const std::size_t hidden = config_.hidden_size;
    std::vector<LinearParameters<Real>>& qkv = p.query_key_value;
    if (traits.fused_query_key_value) {
      qkv.resize(1);
      weight("attention.self.query_key_value", 3 * hidden, hidden, qkv[0]);
      if (config_.attention_bias) bias("attention.self.query_key_value", qkv[0]);
      adapter("attention.self.query_key_value", qkv[0]);
    } else {
      const std::string names[] = {"attention.self.query", "attention.self.key", "attention.self.value"};
      qkv.resize(3);
      for (std::size_t i = 0; i < 3; ++i) weight(names[i], hidden, hidden, qkv[i]);
      for (std::size_t i = 0; i < 3; ++i) bias(names[i], qkv[i]);
      for (std::size_t i = 0; i < 3; ++i) adapter(names[i], qkv[i]);
    }
    visitor_.product(packed.query_key_value, qkv);
    linear("attention.output.dense", hidden, hidden, config_.attention_bias, p.output, packed.output);
    if (traits.norm == NormPlacement::post || l > 0)
      layer_norm("attention.output.LayerNorm", hidden, p.output_layer_norm);
  }

  void feed_forward(FeedForwardParameters<Real>& p, PackedFeedForward<std::remove_const_t<Real>>& packed) {
    const std::size_t hidden = config_.hidden_size, width = config_.intermediate_size;
    linear("intermediate.dense", config_.traits().gated_feed_forward ? 2 * width : width, hidden, config_.mlp_bias,
           p.intermediate, packed.intermediate);
    linear("output.dense", hidden, width, config_.mlp_bias, p.output, packed.output);
    layer_norm("output.LayerNorm", hidden, p.output_layer_norm);
  }

  void head(const HeadSpec& head, HeadParameters<Real>& p, PackedHead& packed) {
    const std::size_t hidden = config_.hidden_size, outputs = head_outputs(config_, head);
    ClassificationHeadParameters<Real>& c = p.classifier;
    const auto classifier = [&](const std::string& name) {
      linear(name, outputs, hidden, true, c.out_proj, packed.out_proj);
    };
    if (!head.name.empty()) {
      if (head.kind == Head::gap_classification) {
        linear("dense", hidden, 2 * hidden, true, c.transform.dense, packed.transform);
        layer_norm("LayerNorm", hidden, c.transform.layer_norm);
      } else if (head.kind == Head::sequence_classification || head.hidden_layer) {
        linear("dense", hidden, hidden, true, c.transform.dense, packed.transform);
      }
      return classifier("out_proj");
    }
    if (head.kind == Head::masked_lm) return masked_lm(p, packed);
    if (head.kind == Head::replaced_token_detection) {
      linear("discriminator_predictions.dense", hidden, hidden, true, c.transform.dense, packed.transform);
      return classifier("discriminator_predictions.dense_prediction");
    }
    if (config_.traits().classifies_by_transform) {
      transform(c.transform, packed);
    } else if (head.kind == Head::sequence_classification) {
      if (!config_.traits().classifies_by_pooler) {
        linear("classifier.dense", hidden, hidden, true, c.transform.dense, packed.transform);
        return classifier("classifier.out_proj");
      }
      c.transform.dense = p_.pooler;  // visited as the pooler, and packed there
    }
    classifier("classifier");
  }

  void transform(HeadTransformParameters<Real>& p, PackedHead& packed) {
    const std::size_t width = config_.embedding_width();
    linear("cls.predictions.transform.dense", width, config_.hidden_size, config_.classifier_bias, p.dense,
           packed.transform);
    layer_norm("cls.predictions.transform.LayerNorm", width, p.layer_norm);
  }

  void masked_lm(HeadParameters<Real>& p, PackedHead& packed) {
    const EmbeddingParameters<Real>& e = p_.embeddings;
    transform(p.classifier.transform, packed);
    std::vector<EmbeddingTable<Real>> tables = {e.word};
    std::vector<std::string> names = {""};
    const bool of_columns = spec_.features.predicted;
    for (std::size_t c = 0; of_columns && c < e.features.size(); ++c) {
      if (e.features[c].rows > k_max_predicted_values) continue;
      tables.push_back(e.features[c]);
      names.push_back("features." + spec_.features.categorical[c].name + ".");
    }
    if (of_columns && e.time_gap.rows > 0) {
      tables.push_back(e.time_gap);
      names.emplace_back("time_gap.");
    }
    p.decoders.resize(tables.size());
    packed.decoders.resize(tables.size());
    for (std::size_t c = 0; c < tables.size(); ++c) {
      DecoderParameters<Real>& decoder = p.decoders[c];
      decoder.vocabulary = tables[c].rows;
      decoder.hidden = config_.embedding_width();
      const bool is_primary = c == 0;
      if (!is_primary || config_.tie_word_embeddings) decoder.table = tables[c].weight;
      if (is_primary) decoder_weight(decoder);
      const std::string bias = "cls.predictions." + names[c] + "bias";
      parameter(bias, {decoder.vocabulary}, ParameterRole::bias, decoder.bias, is_primary && !config_.decoder_bias);
      if (is_primary)
        parameter("cls.predictions.decoder.bias", {decoder.vocabulary}, ParameterRole::bias, decoder.bias,
                  !config_.decoder_bias, ParameterKey{ParameterScope::head, 0, bias});
    }
    for (std::size_t c = 0; c < tables.size(); ++c) visitor_.decoder(packed.decoders[c], p.decoders[c]);
  }

  void decoder_weight(DecoderParameters<Real>& decoder) {
    std::optional<ParameterKey> words;
    if (config_.tie_word_embeddings) words = ParameterKey{ParameterScope::base, 0, "embeddings.word_embeddings.weight"};
    parameter("cls.predictions.decoder.weight", {decoder.vocabulary, decoder.hidden}, ParameterRole::embedding,
              decoder.table, false, words);
  }

  const ModelSpec& spec_;
  const ModelConfig& config_;
  ModelParameters<Real>& p_;
  Packed& packed_;
  Visitor& visitor_;
  ParameterKey scope_;
  bool frozen_ = false;
};

/// Calls the visitor for every parameter of a model. `p` and `packed` get their structure, `p` also its sizes.
template <class Real, class Visitor>
void visit_parameters(const ModelSpec& spec, ModelParameters<Real>& p, PackedModel<std::remove_const_t<Real>>& packed,
                      Visitor& visitor) {
  ParameterWalk<Real, Visitor>(spec, p, packed, visitor).run();
}

}  // namespace v0
}  // namespace seqguard
