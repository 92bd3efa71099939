#include "seqguard/model/packed_model.hpp"

#include <algorithm>

#include "seqguard/layers/relative_position.hpp"

namespace seqguard {
namespace {

/// Everything of a packed model that is no matrix, and room for those.
template <class Real>
void prepare(PackedModel<Real>& packed, const ModelConfig& config, const ModelParameters<const Real>& p) {
  if (p.relative_attention_bias.rows > 0) {
    packed.reach = config.max_tokens();
    packed.relative_bias.resize(config.num_attention_heads * relative_bias_stride(packed.reach));
    expand_relative_bias<Real>(packed.relative_bias, p.relative_attention_bias, config.num_attention_heads,
                               packed.reach);
  }
  if (config.traits().positions == PositionRule::rotary && packed.global_rotary.cosine.empty()) {
    packed.global_rotary.fill(config.max_tokens(), config.head_size(), config.global_rope_theta);
    packed.local_rotary.fill(config.max_tokens(), config.head_size(), config.local_rope_theta);
  }
  packed.layers.resize(p.layers.size());
  packed.decoders.resize(p.decoders.size());
}

/// visit(packed, parameters) for every linear layer that the model has.
template <class Real, class Visit>
void for_each_linear(PackedModel<Real>& packed, const ModelParameters<const Real>& p, Visit visit) {
  const auto present = [&](PackedLinear<Real>& to, const LinearParameters<const Real>& from) {
    if (from.exists()) visit(to, from);
  };
  present(packed.embedding_projection, p.embeddings.projection);
  for (std::size_t l = 0; l < p.layers.size(); ++l) {
    present(packed.layers[l].attention.query_key_value, p.layers[l].attention.query_key_value);
    present(packed.layers[l].attention.output, p.layers[l].attention.output);
    present(packed.layers[l].feed_forward.intermediate, p.layers[l].feed_forward.intermediate);
    present(packed.layers[l].feed_forward.output, p.layers[l].feed_forward.output);
  }
  present(packed.pooler, p.pooler);
  present(packed.dense, p.dense);
  present(packed.classifier, p.classifier);
  present(packed.transform, p.transform.dense);
}

}  // namespace

template <class Real>
void PackedModel<Real>::pack(const Context<Real>& context, const ModelConfig& config,
                             const ModelParameters<const Real>& p, bool for_training) {
  prepare(*this, config, p);
  for_each_linear(*this, p, [&](PackedLinear<Real>& packed, const LinearParameters<const Real>& linear) {
    packed.pack(context, linear, for_training);
  });
  for (std::size_t c = 0; c < decoders.size(); ++c) decoders[c].pack(context, p.decoders[c], for_training);
}

template <class Real>
void PackedModel<Real>::pack(const Context<Real>& context, const ModelConfig& config,
                             const ModelParameters<const Real>& p, ReadMatrix read, Arena& storage) {
  prepare(*this, config, p);
  for_each_linear(*this, p, [&](PackedLinear<Real>& packed, LinearParameters<const Real> linear) {
    linear.weight = read(linear);
    packed.pack(context, linear, false, &storage);
  });
  for (std::size_t c = 0; c < decoders.size(); ++c) decoders[c].pack(context, p.decoders[c], false, &storage);
}

template <class Real>
std::size_t PackedModel<Real>::storage_bytes(const Context<Real>& context, const ModelParameters<const Real>& p) {
  std::size_t bytes = 0;
  PackedModel none;
  none.layers.resize(p.layers.size());
  for_each_linear(none, p, [&](const PackedLinear<Real>&, const LinearParameters<const Real>& linear) {
    bytes += PackedMatrix<Real>::storage_bytes(context, linear.in_features, linear.out_features);
  });
  for (const DecoderParameters<const Real>& decoder : p.decoders)
    for (std::size_t first = 0; first < decoder.vocabulary; first += k_vocabulary_tile)
      bytes += PackedMatrix<Real>::storage_bytes(context, decoder.hidden,
                                                 std::min(k_vocabulary_tile, decoder.vocabulary - first));
  return bytes;
}

template struct PackedModel<float>;
template struct PackedModel<double>;

}  // namespace seqguard
