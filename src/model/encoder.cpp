#include "seqguard/model/encoder.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "seqguard/core/error.hpp"
#include "seqguard/layers/relative_position.hpp"

namespace seqguard {
namespace {

/// Places at which a pass drops out: one stream of random numbers each.
enum Site : std::uint64_t { k_embedding_site = 0, k_attention_site = 1, k_feed_forward_site = 2 };

std::uint64_t site_of(std::size_t layer, Site site) { return 4 * (layer + 1) + site; }

template <class Real>
SelfAttentionOptions<Real> attention_options(const ModelConfig& config, const PackedModel<Real>& packed,
                                             const EncoderOptions& options, std::size_t layer) {
  SelfAttentionOptions<Real> result{config.num_attention_heads, static_cast<Real>(config.layer_norm_eps), options.mask,
                                    options.dropout.at(site_of(layer, k_attention_site))};
  const FamilyTraits& traits = config.traits();
  const bool global = config.is_global_layer(layer);
  result.norm = traits.norm;
  if (!global) result.window = config.local_attention / 2;
  if (traits.positions == PositionRule::rotary) result.rotary = global ? &packed.global_rotary : &packed.local_rotary;
  if (!packed.relative_bias.empty())
    result.bias = {packed.relative_bias.data(), packed.reach, relative_bias_stride(packed.reach)};
  return result;
}

template <class Real>
FeedForwardOptions<Real> feed_forward_options(const ModelConfig& config, const EncoderOptions& options,
                                              std::size_t layer) {
  return {config.hidden_act, static_cast<Real>(config.layer_norm_eps),
          options.dropout.at(site_of(layer, k_feed_forward_site)), config.traits().norm};
}

template <class Real>
EmbeddingOptions<Real> embedding_options(const ModelConfig& config, const EncoderOptions& options) {
  return {static_cast<Real>(config.layer_norm_eps), config.traits().positions,
          static_cast<std::int32_t>(config.position_padding()), options.dropout.at(k_embedding_site)};
}

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

void check_ids(std::span<const std::int32_t> ids, std::string_view what, std::size_t tokens, std::size_t rows) {
  if (ids.size() != tokens)
    fail(ErrorCode::invalid_argument, "encoder input", what, std::to_string(tokens) + " of them",
         std::to_string(ids.size()));
  // Negative ids are large as unsigned numbers.
  const auto wrong =
      std::find_if(ids.begin(), ids.end(), [&](std::int32_t id) { return static_cast<std::uint32_t>(id) >= rows; });
  if (wrong != ids.end())
    fail(ErrorCode::out_of_range, "encoder input", what, "0 .. " + std::to_string(rows - 1),
         std::to_string(*wrong) + " at token " + std::to_string(wrong - ids.begin()));
}

/// What the tables are indexed with, before anything is computed: a tenth of a percent of the work.
template <class Real>
void check_input(const EncoderInput& input, const ModelConfig& config, const EmbeddingParameters<const Real>& tables) {
  const std::size_t n = input.ids.size(), longest = config.max_tokens();
  if (input.offsets.empty() || input.offsets.front() != 0 || input.offsets.back() != n)
    fail(ErrorCode::invalid_argument, "encoder input", "offsets", "0 .. " + std::to_string(n), "others");
  for (std::size_t b = 0; b + 1 < input.offsets.size(); ++b) {
    const std::size_t first = input.offsets[b], end = input.offsets[b + 1];
    if (end <= first || end - first > longest)
      fail(ErrorCode::out_of_range, "encoder input", "tokens of sequence " + std::to_string(b),
           "1 .. " + std::to_string(longest), end < first ? "fewer" : std::to_string(end - first));
  }
  check_ids(input.ids, "id", n, tables.word.rows);
  if (!input.token_type_ids.empty() && tables.token_type.rows > 0)
    check_ids(input.token_type_ids, "token type id", n, tables.token_type.rows);
  if (input.features.size() != tables.features.size())
    fail(ErrorCode::invalid_argument, "encoder input", "columns of features", std::to_string(tables.features.size()),
         std::to_string(input.features.size()));
  for (std::size_t c = 0; c < input.features.size(); ++c)
    check_ids(input.features[c], "id of a feature", n, tables.features[c].rows);
  if (!input.time_gaps.empty()) check_ids(input.time_gaps, "time gap", n, tables.time_gap.rows);
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

template <class Real>
EncoderCache<Real> EncoderCache<Real>::allocate(Arena& arena, const ModelConfig& config, std::size_t n,
                                                bool for_training) {
  const std::size_t hidden = config.hidden_size;
  const FamilyTraits& traits = config.traits();
  EncoderCache cache;
  const bool projected = traits.projection == EmbeddingProjection::always || config.embedding_width() != hidden;
  cache.embedding = EmbeddingCache<Real>::allocate(arena, n, config.embedding_width(), hidden, projected);
  cache.layers = arena.allocate<EncoderLayerCache<Real>>(config.layer_calls());
  for (std::size_t l = 0; l < cache.layers.size(); ++l) {
    if (l > 0 && !for_training) {
      cache.layers[l] = cache.layers[0];
      continue;
    }
    cache.layers[l] = {SelfAttentionCache<Real>::allocate(arena, n, hidden, config.num_attention_heads, traits.norm),
                       FeedForwardCache<Real>::allocate(arena, n, hidden, config.intermediate_size,
                                                        traits.gated_feed_forward, traits.norm, for_training)};
  }
  if (traits.norm == NormPlacement::pre) {
    cache.final_norm = LayerNormCache<Real>::allocate(arena, n, hidden);
    cache.normalised = {arena.allocate<Real>(n * hidden).data(), n, hidden};
  }
  return cache;
}

template <class Real>
void encoder_forward(const Context<Real>& context, EncoderCache<Real>& cache, const EncoderInput& input,
                     const ModelConfig& config, const ModelParameters<const Real>& p, const PackedModel<Real>& packed,
                     const EncoderOptions& options, Arena& scratch) {
  check_input<Real>(input, config, p.embeddings);
  embedding_forward<Real>(context, cache.embedding, input, p.embeddings, packed.embedding_projection,
                          embedding_options<Real>(config, options), scratch);
  MatrixView<Real> x = cache.embedding.out;
  for (std::size_t call = 0; call < cache.layers.size(); ++call) {
    EncoderLayerCache<Real>& layer = cache.layers[call];
    const std::size_t l = config.layer_of(call);
    self_attention_forward<Real>(context, layer.attention, x, input.offsets, p.layers[l].attention,
                                 packed.layers[l].attention, attention_options<Real>(config, packed, options, call),
                                 scratch);
    feed_forward_forward<Real>(context, layer.feed_forward, layer.attention.sublayer.out, p.layers[l].feed_forward,
                               packed.layers[l].feed_forward, feed_forward_options<Real>(config, options, call),
                               scratch);
    x = layer.feed_forward.sublayer.out;
  }
  if (p.final_norm.weight != nullptr)
    layer_norm_forward<Real>(*context.kernels, cache.normalised, cache.final_norm, x, {}, p.final_norm,
                             static_cast<Real>(config.layer_norm_eps));
}

template <class Real>
void encoder_backward(const Context<Real>& context, const ModelParameters<Real>& d_p, MatrixView<Real> d_hidden,
                      const EncoderCache<Real>& cache, const EncoderInput& input, const ModelConfig& config,
                      const ModelParameters<const Real>& p, const PackedModel<Real>& packed,
                      const EncoderOptions& options, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const MatrixView<Real> d_attention(scratch.allocate<Real>(d_hidden.rows * d_hidden.cols).data(), d_hidden.rows,
                                     d_hidden.cols);
  const std::span<Real> d_bias = scratch.allocate<Real>(packed.relative_bias.size());
  std::fill(d_bias.begin(), d_bias.end(), Real(0));
  if (p.final_norm.weight != nullptr)
    layer_norm_backward<Real>(*context.kernels, d_hidden, d_p.final_norm, d_hidden, cache.final_norm, p.final_norm);
  for (std::size_t call = cache.layers.size(); call-- > 0;) {
    const EncoderLayerCache<Real>& layer = cache.layers[call];
    const std::size_t l = config.layer_of(call);
    const MatrixView<Real> x = call > 0 ? cache.layers[call - 1].feed_forward.sublayer.out : cache.embedding.out;
    feed_forward_backward<Real>(context, d_attention, d_p.layers[l].feed_forward, d_hidden, layer.feed_forward,
                                layer.attention.sublayer.out, p.layers[l].feed_forward, packed.layers[l].feed_forward,
                                feed_forward_options<Real>(config, options, call), scratch);
    self_attention_backward<Real>(context, d_hidden, d_p.layers[l].attention, d_attention, layer.attention, x,
                                  input.offsets, p.layers[l].attention, packed.layers[l].attention,
                                  attention_options<Real>(config, packed, options, call),
                                  d_bias.empty() ? nullptr : d_bias.data(), scratch);
  }
  if (!d_bias.empty())
    reduce_relative_bias<Real>(d_p.relative_attention_bias, d_bias, config.num_attention_heads, packed.reach);
  embedding_backward<Real>(context, d_p.embeddings, d_hidden, cache.embedding, input, p.embeddings,
                           packed.embedding_projection, embedding_options<Real>(config, options), scratch);
}

SEQGUARD_ENCODER(, float)
SEQGUARD_ENCODER(, double)

}  // namespace seqguard
