// The one table of parameters: name, shape, role and place of every tensor of a model. It drives loading, saving, shape
// checks, gradients, weight decay and counting. Names are Hugging Face's, so that a checkpoint key finds its code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/layers/embedding.hpp"
#include "seqguard/layers/feed_forward.hpp"
#include "seqguard/layers/linear.hpp"
#include "seqguard/layers/prediction_head.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/layers/vocabulary_loss.hpp"
#include "seqguard/model/config.hpp"

namespace seqguard {

/// A categorical column beside the primary one.
struct FeatureColumn {
  std::string name;
  std::size_t size = 0;  ///< rows of its table, reserved ids included
};

/// What a behaviour model has beyond a text model: further columns of an event.
struct ModelFeatures {
  std::vector<FeatureColumn> categorical;
  std::vector<std::string> numeric;
  std::size_t time_gap_buckets = 0;  ///< 0: no time column
};

/// Which heads a model has.
struct ModelHeads {
  bool pooler = false;
  bool masked_lm = false;           ///< prediction of events: one decoder per predicted column
  std::size_t sequence_labels = 0;  ///< BertForSequenceClassification
  std::size_t token_labels = 0;     ///< BertForTokenClassification
  bool replaced_tokens = false;     ///< ElectraForPreTraining
};

/// Everything that decides which parameters exist.
struct ModelSpec {
  ModelConfig config;
  ModelFeatures features;
  ModelHeads heads;
};

/// Columns with more values are inputs only: predicting them would cost more than it tells (DESIGN section 10).
inline constexpr std::size_t k_max_predicted_values = 50'000;

enum class ParameterRole {
  weight,      ///< matrix of a linear layer: decayed
  embedding,   ///< look-up table: decayed
  bias,        ///< not decayed
  layer_norm,  ///< weight or bias of a LayerNorm: not decayed
};

/// Where a model keeps its matrices: the parameters of role weight.
enum class Matrices {
  flat,    ///< in the flat buffer, and packed beside it: for training, and for saving
  packed,  ///< packed only: for scoring
};

struct ParameterInfo {
  std::string name;  ///< BERT's: "bert.encoder.layer.0.attention.self.query.weight"; tensor_names.hpp has the family's
  std::vector<std::size_t> shape;  ///< as in the checkpoint
  ParameterRole role = ParameterRole::weight;
  std::size_t offset = 0;  ///< first element in the flat buffer; k_packed: not there
  std::size_t count = 0;   ///< product of the shape
  bool fixed = false;      ///< zeros that stand for a bias the model does not have: in no file, never learned
};

inline constexpr std::size_t k_packed = static_cast<std::size_t>(-1);

/// All parameters of a model, in the order of the flat buffer (which has no gaps). Query, key and value lie one below
/// the other, so that one product serves all three.
class ParameterTable {
 public:
  explicit ParameterTable(const ModelSpec& spec, Matrices matrices = Matrices::flat);

  Matrices matrices() const noexcept { return matrices_; }
  const std::vector<ParameterInfo>& entries() const noexcept { return entries_; }
  std::size_t size() const noexcept { return size_; }  ///< elements of the flat buffer
  /// @throws Error invalid_argument if there is no such parameter.
  const ParameterInfo& at(std::string_view name) const;
  const ParameterInfo* find(std::string_view name) const noexcept;

 private:
  void add(std::string name, std::vector<std::size_t> shape, ParameterRole role, bool fixed = false);
  void add_linear(const std::string& name, std::size_t out, std::size_t in, bool bias = true);
  void add_layer_norm(const std::string& name, std::size_t size, bool bias);
  void add_embeddings(const ModelSpec& spec);
  void add_layer(const ModelConfig& config, std::size_t layer);
  void add_heads(const ModelSpec& spec);

  Matrices matrices_;
  std::vector<ParameterInfo> entries_;
  std::vector<std::uint32_t> by_name_;  // places in entries_
  std::size_t size_ = 0;
};

template <class Real>
struct EncoderLayerParameters {
  SelfAttentionParameters<Real> attention;
  FeedForwardParameters<Real> feed_forward;
};

/// Pointers into a flat buffer: of weights (Real const) or of their gradients (Real mutable), by the same table.
template <class Real>
struct ModelParameters {
  EmbeddingParameters<Real> embeddings;
  EmbeddingTable<Real> relative_attention_bias;  ///< [buckets, A] for all layers; no rows: none
  std::vector<EncoderLayerParameters<Real>> layers;
  LayerNormParameters<Real> final_norm;  ///< after the last layer; null: none
  LinearParameters<Real> pooler;
  LinearParameters<Real> dense;  ///< of a classifier that does not read the pooler, and of replaced-token detection
  PredictionTransformParameters<Real> transform;
  std::vector<DecoderParameters<Real>> decoders;  ///< primary column, predicted categorical columns, time gap
  std::vector<std::string> decoder_names;         ///< "" for the primary column, column name, "time_gap"
  LinearParameters<Real> classifier;              ///< sequence or token classification, replaced-token detection
};

/// Binds the table to a buffer of table.size() elements. Matrices that are not there are null.
template <class Real>
ModelParameters<Real> bind_parameters(const ParameterTable& table, const ModelSpec& spec, Real* buffer);

extern template ModelParameters<float> bind_parameters(const ParameterTable&, const ModelSpec&, float*);
extern template ModelParameters<const float> bind_parameters(const ParameterTable&, const ModelSpec&, const float*);
extern template ModelParameters<double> bind_parameters(const ParameterTable&, const ModelSpec&, double*);
extern template ModelParameters<const double> bind_parameters(const ParameterTable&, const ModelSpec&, const double*);

}  // namespace seqguard
