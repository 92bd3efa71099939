#include "seqguard/model/encoder.hpp"

#include <cstdint>

namespace seqguard {
namespace {

/// Places at which a pass drops out: one stream of random numbers each.
enum Site : std::uint64_t { k_embedding_site = 0, k_attention_site = 1, k_feed_forward_site = 2 };

std::uint64_t site_of(std::size_t layer, Site site) { return 4 * (layer + 1) + site; }

template <class Real>
SelfAttentionOptions<Real> attention_options(const BertConfig& config, const EncoderOptions& options,
                                             std::size_t layer) {
  return {config.num_attention_heads, static_cast<Real>(config.layer_norm_eps), options.mask,
          options.dropout.at(site_of(layer, k_attention_site))};
}

template <class Real>
FeedForwardOptions<Real> feed_forward_options(const BertConfig& config, const EncoderOptions& options,
                                              std::size_t layer) {
  return {config.hidden_act, static_cast<Real>(config.layer_norm_eps),
          options.dropout.at(site_of(layer, k_feed_forward_site))};
}

}  // namespace

template <class Real>
void PackedModel<Real>::pack(const Context<Real>& context, const ModelParameters<const Real>& p, bool for_training) {
  layers.resize(p.layers.size());
  for (std::size_t l = 0; l < layers.size(); ++l) {
    layers[l].attention.query_key_value.pack(context, p.layers[l].attention.query_key_value, for_training);
    layers[l].attention.output.pack(context, p.layers[l].attention.output, for_training);
    layers[l].feed_forward.intermediate.pack(context, p.layers[l].feed_forward.intermediate, for_training);
    layers[l].feed_forward.output.pack(context, p.layers[l].feed_forward.output, for_training);
  }
  if (p.pooler.weight != nullptr) pooler.pack(context, p.pooler, for_training);
  if (p.classifier.weight != nullptr) classifier.pack(context, p.classifier, for_training);
  if (p.transform.dense.weight != nullptr) transform.pack(context, p.transform.dense, for_training);
  decoders.resize(p.decoders.size());
  for (std::size_t c = 0; c < decoders.size(); ++c) decoders[c].pack(context, p.decoders[c], for_training);
}

template <class Real>
EncoderCache<Real> EncoderCache<Real>::allocate(Arena& arena, const BertConfig& config, std::size_t n,
                                                bool for_training) {
  const std::size_t hidden = config.hidden_size;
  EncoderCache cache;
  cache.embedding = EmbeddingCache<Real>::allocate(arena, n, hidden);
  cache.layers = arena.allocate<EncoderLayerCache<Real>>(config.num_hidden_layers);
  for (std::size_t l = 0; l < cache.layers.size(); ++l) {
    if (l > 0 && !for_training) {
      cache.layers[l] = cache.layers[0];
      continue;
    }
    cache.layers[l] = {SelfAttentionCache<Real>::allocate(arena, n, hidden, config.num_attention_heads),
                       FeedForwardCache<Real>::allocate(arena, n, hidden, config.intermediate_size, for_training)};
  }
  return cache;
}

template <class Real>
void encoder_forward(const Context<Real>& context, EncoderCache<Real>& cache, const EncoderInput& input,
                     const BertConfig& config, const ModelParameters<const Real>& p, const PackedModel<Real>& packed,
                     const EncoderOptions& options, Arena& scratch) {
  embedding_forward<Real>(context, cache.embedding, input, p.embeddings, static_cast<Real>(config.layer_norm_eps),
                          options.dropout.at(k_embedding_site));
  MatrixView<Real> x = cache.embedding.out;
  for (std::size_t l = 0; l < p.layers.size(); ++l) {
    EncoderLayerCache<Real>& layer = cache.layers[l];
    self_attention_forward<Real>(context, layer.attention, x, input.offsets, p.layers[l].attention,
                                 packed.layers[l].attention, attention_options<Real>(config, options, l), scratch);
    feed_forward_forward<Real>(context, layer.feed_forward, layer.attention.out, p.layers[l].feed_forward,
                               packed.layers[l].feed_forward, feed_forward_options<Real>(config, options, l), scratch);
    x = layer.feed_forward.out;
  }
}

template <class Real>
void encoder_backward(const Context<Real>& context, const ModelParameters<Real>& d_p, MatrixView<Real> d_hidden,
                      const EncoderCache<Real>& cache, const EncoderInput& input, const BertConfig& config,
                      const ModelParameters<const Real>& p, const PackedModel<Real>& packed,
                      const EncoderOptions& options, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const MatrixView<Real> d_attention(scratch.allocate<Real>(d_hidden.rows * d_hidden.cols).data(), d_hidden.rows,
                                     d_hidden.cols);
  for (std::size_t l = p.layers.size(); l-- > 0;) {
    const EncoderLayerCache<Real>& layer = cache.layers[l];
    const MatrixView<Real> x = l > 0 ? cache.layers[l - 1].feed_forward.out : cache.embedding.out;
    feed_forward_backward<Real>(context, d_attention, d_p.layers[l].feed_forward, d_hidden, layer.feed_forward,
                                layer.attention.out, p.layers[l].feed_forward, packed.layers[l].feed_forward,
                                feed_forward_options<Real>(config, options, l), scratch);
    self_attention_backward<Real>(context, d_hidden, d_p.layers[l].attention, d_attention, layer.attention, x,
                                  input.offsets, p.layers[l].attention, packed.layers[l].attention,
                                  attention_options<Real>(config, options, l), scratch);
  }
  embedding_backward<Real>(context, d_p.embeddings, d_hidden, cache.embedding, input, p.embeddings,
                           options.dropout.at(k_embedding_site));
}

SEQGUARD_ENCODER(, float)
SEQGUARD_ENCODER(, double)

}  // namespace seqguard
