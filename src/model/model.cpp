#include "seqguard/model/model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/layers/relative_position.hpp"
#include "seqguard/model/parameter_list.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// What the packed matrices take from an arena at most.
template <class Real>
struct MeasureStorage : ParameterVisitor<const Real> {
  explicit MeasureStorage(const Context<Real>& with) : context(with) {}
  void product(PackedLinear<Real>&, std::span<const LinearParameters<const Real>> layers) {
    std::size_t rows = 0;
    for (const LinearParameters<const Real>& layer : layers) rows += layer.out_features;
    bytes += PackedMatrix<Real>::storage_bytes(context, layers[0].in_features, rows);
  }
  void decoder(PackedDecoder<Real>&, const DecoderParameters<const Real>& p) {
    for (std::size_t first = 0; first < p.vocabulary; first += k_vocabulary_tile)
      bytes += PackedMatrix<Real>::storage_bytes(context, p.hidden, std::min(k_vocabulary_tile, p.vocabulary - first));
  }
  const Context<Real>& context;
  std::size_t bytes = 0;
};

/// Packs what lies in the flat buffer.
template <class Real>
struct PackFlat : ParameterVisitor<const Real> {
  PackFlat(const Context<Real>& with, const ParameterTable& of, double scale, bool training, bool learned)
      : context(with), table(of), lora_scale(scale), for_training(training), only_learned(learned) {}

  void parameter(const ParameterDeclaration& declaration, const Real*& slot) {
    if (is_adapter(declaration.key)) return;
    last = declaration.key;
    if (!declaration.trainable) return;
    if (declaration.role == ParameterRole::weight) matrix_learns = true;
    if (declaration.role == ParameterRole::embedding) learned_tables.push_back(slot);
  }
  void product(PackedLinear<Real>& packed, std::span<const LinearParameters<const Real>> layers) {
    const bool is_stack = layers.size() > 1;
    packed.bias = layers[0].bias;
    if (is_stack) {
      packed.stacked_bias.clear();
      for (const LinearParameters<const Real>& layer : layers)
        packed.stacked_bias.insert(packed.stacked_bias.end(), layer.bias, layer.bias + layer.out_features);
      packed.bias = packed.stacked_bias.data();
    }
    bool is_adapted = false;
    for (const LinearParameters<const Real>& layer : layers) is_adapted |= layer.lora.rank > 0;
    if (is_adapted && for_training)
      packed.lora.pack(context, layers, static_cast<Real>(lora_scale));
    else
      packed.lora = {};
    if (!std::exchange(matrix_learns, false) && only_learned) return;
    const std::size_t in = layers[0].in_features;
    MatrixView<const Real> weight(layers[0].weight, layers[0].out_features, in);
    const bool is_merged = is_adapted && !for_training;
    if (is_stack || is_merged) {
      stacked.clear();
      for (const LinearParameters<const Real>& layer : layers) {
        const std::size_t first = stacked.size();
        stacked.insert(stacked.end(), layer.weight, layer.weight + layer.out_features * in);
        if (is_merged && layer.lora.rank > 0)
          lora_merge<Real>({stacked.data() + first, layer.out_features, in}, layer.lora.a, layer.lora.b,
                           layer.lora.rank, lora_scale);
      }
      weight = {stacked.data(), stacked.size() / in, in};
    }
    packed.pack(context, weight, packed.bias, for_training && table.multiplies_gradient(last));
  }
  void decoder(PackedDecoder<Real>& packed, const DecoderParameters<const Real>& p) {
    const bool changes = std::find(learned_tables.begin(), learned_tables.end(), p.table) != learned_tables.end();
    if (changes || !only_learned) packed.pack(context, p, for_training);
  }

  const Context<Real>& context;
  const ParameterTable& table;
  double lora_scale;
  bool for_training, only_learned;
  ParameterKey last;           // of the linear layer that is packed next
  bool matrix_learns = false;  // one of its matrices does
  std::vector<const Real*> learned_tables;
  std::vector<Real> stacked;  // rows of several layers one below the other
};

/// Reads every parameter once: matrices are packed when they have been read, all others get their place in `values`.
template <class Real>
struct ReadAndPack : ParameterVisitor<const Real> {
  using Read = typename Model<Real>::ReadParameter;
  ReadAndPack(const Context<Real>& with, const ParameterTable& of, std::span<Real> into, Read from,
              Arena& into_matrices)
      : context(with), table(of), values(into), read(from), storage(into_matrices) {}

  void parameter(const ParameterDeclaration& declaration, const Real*&) {
    if (declaration.tied_to) return;
    const ParameterInfo& info = table.entries()[next++];
    if (info.offset == k_not_there) return matrices.push_back(&info);
    const std::span<Real> out = values.subspan(info.offset, info.count);
    if (info.fixed)
      std::fill(out.begin(), out.end(), Real(0));
    else
      read(info, out);
  }
  void product(PackedLinear<Real>& packed, std::span<const LinearParameters<const Real>> layers) {
    const std::size_t in = layers[0].in_features;
    std::size_t count = 0, done = 0;
    for (const ParameterInfo* info : matrices) count += info->count;
    rows.reset();
    rows.reserve(count * sizeof(Real));
    const std::span<Real> weight = rows.template allocate<Real>(count);
    for (const ParameterInfo* info : matrices) {
      read(*info, weight.subspan(done, info->count));
      done += info->count;
    }
    matrices.clear();
    const Real* bias = layers[0].bias;
    if (layers.size() > 1) {
      for (const LinearParameters<const Real>& layer : layers)
        packed.stacked_bias.insert(packed.stacked_bias.end(), layer.bias, layer.bias + layer.out_features);
      bias = packed.stacked_bias.data();
    }
    packed.pack(context, {weight.data(), count / in, in}, bias, false, &storage);
  }
  void decoder(PackedDecoder<Real>& packed, const DecoderParameters<const Real>& p) {
    packed.pack(context, p, false, &storage);
  }

  const Context<Real>& context;
  const ParameterTable& table;
  std::span<Real> values;
  Read read;
  Arena& storage;
  Arena rows;                                  // of one product
  std::vector<const ParameterInfo*> matrices;  // visited since the last product
  std::size_t next = 0;
};

}  // namespace

template <class Real>
Model<Real>::Model(const Context<Real>& context, ModelSpec spec)
    : context_(context),
      spec_(std::move(spec)),
      table_(spec_),
      values_(table_.size()),
      parameters_(bind_parameters<const Real>(table_, spec_, values_.data())) {}

template <class Real>
Model<Real>::Model(const Context<Real>& context, ModelSpec spec, ParameterTable table, ReadParameter read)
    : context_(context), spec_(std::move(spec)), table_(std::move(table)) {
  others_.reserve(table_.size() * sizeof(Real));
  const std::span<Real> values = others_.allocate<Real>(table_.size());
  parameters_ = bind_parameters<const Real>(table_, spec_, values.data());
  MeasureStorage<Real> measure(context_);
  visit_parameters<const Real>(spec_, parameters_, packed_, measure);
  matrices_.reserve(measure.bytes);
  ReadAndPack<Real> reader(context_, table_, values, read, matrices_);
  visit_parameters<const Real>(spec_, parameters_, packed_, reader);
  prepare();
}

template <class Real>
void Model<Real>::prepare() {
  const ModelConfig& config = spec_.config;
  if (parameters_.relative_attention_bias.rows > 0) {
    packed_.reach = config.max_tokens();
    packed_.relative_bias.resize(config.num_attention_heads * relative_bias_stride(packed_.reach));
    expand_relative_bias<Real>(packed_.relative_bias, parameters_.relative_attention_bias, config.num_attention_heads,
                               packed_.reach);
  }
  if (config.traits().positions == PositionRule::rotary && packed_.global_rotary.cosine.empty()) {
    packed_.global_rotary.fill(config.max_tokens(), config.head_size(), config.global_rope_theta);
    packed_.local_rotary.fill(config.max_tokens(), config.head_size(), config.local_rope_theta);
  }
}

template <class Real>
void Model<Real>::require_flat() const {
  if (table_.matrices() != Matrices::flat)
    fail(ErrorCode::unsupported, "model",
         "was loaded for scoring and keeps its matrices packed only: to train or save it, use load_model()");
}

template <class Real>
std::size_t Model<Real>::masked_lm_head() const {
  const HeadSpec* const head = spec_.checkpoint_head(Head::masked_lm);
  if (head == nullptr) fail(ErrorCode::unsupported, "model", "has no head that predicts events (masked LM)");
  return spec_.index_of(*head);
}

template <class Real>
std::size_t Model<Real>::predicted_columns() const noexcept {
  for (const HeadParameters<const Real>& head : parameters_.heads)
    if (!head.decoders.empty()) return head.decoders.size();
  return 0;
}

template <class Real>
void Model<Real>::initialize(std::uint64_t seed) {
  require_flat();
  for (std::size_t i = 0; i < table_.entries().size(); ++i) {
    const ParameterInfo& info = table_.entries()[i];
    Real* const first = values_.data() + info.offset;
    const bool is_layer_norm_weight = info.role == ParameterRole::layer_norm && info.name.ends_with("weight");
    std::fill_n(first, info.count, is_layer_norm_weight ? Real(1) : Real(0));
    if (info.role != ParameterRole::weight && info.role != ParameterRole::embedding) continue;
    if (info.name.ends_with(".lora_B.weight")) continue;
    Random random(seed, i);
    if (is_adapter(info.key)) {  // lora_A, Kaiming's uniform distribution with a = sqrt(5), as in PEFT
      const double bound = 1 / std::sqrt(static_cast<double>(info.shape[1]));
      for (std::size_t k = 0; k < info.count; ++k) first[k] = static_cast<Real>(bound * (2 * random.uniform() - 1));
      continue;
    }
    for (std::size_t k = 0; k < info.count; ++k)
      first[k] = static_cast<Real>(random.normal() * spec_.config.initializer_range);
  }
}

template <class Real>
void Model<Real>::pack(bool for_training) {
  require_flat();
  if (for_training) require_training_precision(context_.precision);
  PackFlat<Real> packer(context_, table_, spec_.lora.scale(), for_training, false);
  visit_parameters<const Real>(spec_, parameters_, packed_, packer);
  prepare();
}

template <class Real>
void Model<Real>::pack_learned() {
  require_flat();
  PackFlat<Real> packer(context_, table_, spec_.lora.scale(), true, true);
  visit_parameters<const Real>(spec_, parameters_, packed_, packer);
  prepare();
}

template <class Real>
Model<Real> begin_from(const Model<Real>& base, ModelSpec spec, std::uint64_t seed) {
  Model<Real> model(in_fp32(base.context()), std::move(spec));
  model.initialize(seed);
  for (const ParameterInfo& info : model.table().entries()) {
    const ParameterInfo* const known = base.table().find(info.name);
    if (known != nullptr && known->shape == info.shape)
      std::copy_n(base.values().data() + known->offset, info.count, model.values().data() + info.offset);
  }
  return model;
}

template <class Real>
Model<Real> merge_adapters(const Model<Real>& model) {
  const LoraOptions& lora = model.spec().lora;
  ModelSpec spec = model.spec();
  spec.lora = {};
  Model<Real> merged = begin_from<Real>(model, std::move(spec), 0);
  for (const ParameterInfo& a : model.table().entries()) {
    if (!a.name.ends_with(".lora_A.weight")) continue;
    const std::string module = a.name.substr(0, a.name.size() - std::string_view("lora_A.weight").size());
    const ParameterInfo &b = model.table().at(module + "lora_B.weight"), &w = merged.table().at(module + "weight");
    const Real* const values = model.values().data();
    lora_merge<Real>({merged.values().data() + w.offset, w.shape[0], w.shape[1]}, values + a.offset, values + b.offset,
                     a.shape[0], lora.scale());
  }
  return merged;
}

template class Model<float>;
template class Model<double>;
template Model<float> merge_adapters(const Model<float>&);
template Model<double> merge_adapters(const Model<double>&);
template Model<float> begin_from(const Model<float>&, ModelSpec, std::uint64_t);
template Model<double> begin_from(const Model<double>&, ModelSpec, std::uint64_t);

}  // namespace v0
}  // namespace seqguard
