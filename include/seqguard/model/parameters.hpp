// The parameters of a model: what each is (the table), and where it lies (the bound pointers). Both derive from one
// list, model/parameter_list.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/layers/classification_head.hpp"
#include "seqguard/layers/embedding.hpp"
#include "seqguard/layers/feed_forward.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/layers/vocabulary_loss.hpp"
#include "seqguard/model/model_spec.hpp"

namespace seqguard {
inline namespace v0 {

/// Which part of a model a parameter belongs to.
enum class ParameterScope {
  base,   ///< the base model outside its layers
  layer,  ///< one layer
  head,   ///< a head
};

/// A parameter by BERT's names: {layer, 3, "attention.self.query.weight"}. model/tensor_names.hpp has the family's.
struct ParameterKey {
  ParameterScope scope = ParameterScope::base;
  std::size_t layer = 0;  ///< of scope layer
  std::string part;       ///< with the ending ".weight" or ".bias"
  std::string head = {};  ///< of scope head: HeadSpec::name
  bool operator==(const ParameterKey&) const = default;
};
/// "bert.encoder.layer.3.attention.self.query.weight", "classifier.bias", "heads.NAME.out_proj.weight".
std::string to_string(const ParameterKey& key);

/// Of an adapter: "...lora_A.weight" or "...lora_B.weight".
bool is_adapter(const ParameterKey& key) noexcept;
/// Whether the options adapt the linear layer with this weight (the scope is no head's).
bool is_lora_target(const ModelConfig& config, const LoraOptions& lora, const ParameterKey& weight);

enum class ParameterRole {
  weight,      ///< matrix of a linear layer, or of its adapter: decayed
  embedding,   ///< look-up table: decayed
  bias,        ///< not decayed
  layer_norm,  ///< weight or bias of a LayerNorm: not decayed
};

/// What the list says of a parameter.
struct ParameterDeclaration {
  ParameterKey key;
  std::vector<std::size_t> shape;  ///< as in the checkpoint
  ParameterRole role = ParameterRole::weight;
  bool trainable = true;  ///< false: no gradient, no moments
  bool fixed = false;     ///< zeros that stand for a bias the model does not have: in no file, never learned
  std::optional<ParameterKey> tied_to = {};  ///< no memory of its own: another name of that parameter
};

/// Where a model keeps its matrices: the parameters of role weight.
enum class Matrices {
  flat,    ///< in the flat buffer, and packed beside it: for training, and for saving
  packed,  ///< packed only: for scoring
};

inline constexpr std::size_t k_not_there = static_cast<std::size_t>(-1);

struct ParameterInfo : ParameterDeclaration {
  std::string name;                           ///< to_string(key)
  std::size_t count = 0;                      ///< product of the shape
  std::size_t offset = 0;                     ///< first element in the flat buffer; k_not_there: packed only
  std::size_t gradient_offset = k_not_there;  ///< first element in a buffer of gradients; k_not_there: frozen
};

/// How far down the backward pass goes. Blocks are counted in the order in which they are run: 2 c is the attention of
/// layer call c, 2 c + 1 its feed-forward.
struct BackwardReach {
  bool embeddings = false;       ///< something of them learns
  std::size_t lowest_block = 0;  ///< the pass ends there; twice the calls: no block learns
  bool lowest_input = false;     ///< something learns that lies before the first product of the lowest block
  bool encoder = false;          ///< something of embeddings, layers or the last LayerNorm learns

  bool reaches(std::size_t block) const noexcept { return block >= lowest_block; }
  /// Whether the block is asked for the gradient of what it read.
  bool passes(std::size_t block) const noexcept {
    return block > lowest_block || (block == lowest_block && lowest_input);
  }
  /// The first layer call whose activations the backward pass reads.
  std::size_t lowest_call() const noexcept { return lowest_block / 2; }
};

/// All parameters of a model, in the order of the flat buffer (which has no gaps).
class ParameterTable {
 public:
  explicit ParameterTable(const ModelSpec& spec, Matrices matrices = Matrices::flat);

  Matrices matrices() const noexcept { return matrices_; }
  const std::vector<ParameterInfo>& entries() const noexcept { return entries_; }
  /// Further names of entries, under which a checkpoint may hold them again (tied_to). They have no memory.
  const std::vector<ParameterInfo>& aliases() const noexcept { return aliases_; }
  std::size_t size() const noexcept { return size_; }  ///< elements of the flat buffer
  /// Elements of a buffer of gradients: those of the trainable parameters in the order of the entries, and room into
  /// which the gradients of frozen LayerNorms go, which nobody reads.
  std::size_t gradient_size() const noexcept { return gradient_size_; }
  std::size_t unread_gradient() const noexcept { return unread_gradient_; }  ///< offset of that room
  const BackwardReach& reach() const noexcept { return reach_; }
  /// Whether the linear layer with this parameter has to multiply a gradient by its matrix in the backward pass. Heads
  /// and the pooler always do.
  bool multiplies_gradient(const ParameterKey& key) const noexcept;
  /// @throws Error invalid_argument if there is no such parameter.
  const ParameterInfo& at(std::string_view name) const;
  const ParameterInfo* find(std::string_view name) const noexcept;

 private:
  void add(const ParameterDeclaration& declaration);
  BackwardReach find_reach(const ModelConfig& config) const;

  Matrices matrices_;
  std::vector<ParameterInfo> entries_, aliases_;
  std::vector<std::uint32_t> by_name_;  // places in entries_
  std::size_t size_ = 0, gradient_size_ = 0, unread_gradient_ = 0;
  BackwardReach reach_;
  std::vector<std::size_t> last_call_of_;  // by layer
};

template <class Real>
struct EncoderLayerParameters {
  SelfAttentionParameters<Real> attention;
  FeedForwardParameters<Real> feed_forward;
};

/// Of one head, in the order of ModelSpec::heads.
template <class Real>
struct HeadParameters {
  ClassificationHeadParameters<Real> classifier;  ///< of a masked LM: its transform alone
  std::vector<DecoderParameters<Real>>
      decoders;  ///< masked_lm: primary column, predicted categorical columns, time gap
};

/// Pointers: to weights (Real const), or to where their gradients go (Real mutable; null: not wanted).
template <class Real>
struct ModelParameters {
  EmbeddingParameters<Real> embeddings;
  EmbeddingTable<Real> relative_attention_bias;  ///< [buckets, A] for all layers; no rows: none
  std::vector<EncoderLayerParameters<Real>> layers;
  LayerNormParameters<Real> final_norm;  ///< after the last layer; null: none
  LinearParameters<Real> pooler;
  std::vector<HeadParameters<Real>> heads;
};

/// Binds the table to a buffer of table.size() weights, of which those that are packed only are null; or to one of
/// table.gradient_size() gradients.
template <class Real>
ModelParameters<Real> bind_parameters(const ParameterTable& table, const ModelSpec& spec, Real* buffer);

extern template ModelParameters<float> bind_parameters(const ParameterTable&, const ModelSpec&, float*);
extern template ModelParameters<const float> bind_parameters(const ParameterTable&, const ModelSpec&, const float*);
extern template ModelParameters<double> bind_parameters(const ParameterTable&, const ModelSpec&, double*);
extern template ModelParameters<const double> bind_parameters(const ParameterTable&, const ModelSpec&, const double*);

}  // namespace v0
}  // namespace seqguard
