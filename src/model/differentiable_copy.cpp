#include "model/differentiable_copy.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "seqguard/model/parameter_list.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The products of a model in the order in which visit_parameters() comes to them.
template <class Real>
std::vector<const PackedLinear<Real>*> products_of(const PackedModel<Real>& packed) {
  std::vector<const PackedLinear<Real>*> all = {&packed.embedding_projection};
  for (const PackedEncoderLayer<Real>& layer : packed.layers)
    all.insert(all.end(), {&layer.attention.query_key_value, &layer.attention.output, &layer.feed_forward.intermediate,
                           &layer.feed_forward.output});
  all.push_back(&packed.pooler);
  for (const auto& head : packed.heads) all.insert(all.end(), {&head.transform, &head.out_proj});
  std::erase_if(all, [](const PackedLinear<Real>* product) { return product->forward.n() == 0; });
  return all;
}

/// Gives a flat model the values of one whose matrices are packed.
template <class Real>
struct Unpack : ParameterVisitor<const Real> {
  Unpack(const Model<Real>& from, Model<Real>& into)
      : source(from), target(into), products(products_of(from.packed())) {}

  void parameter(const ParameterDeclaration& declaration, const Real*&) {
    if (declaration.tied_to) return;
    const ParameterInfo& to = target.table().entries()[next++];
    if (to.role == ParameterRole::weight) return matrices.push_back(&to);
    const ParameterInfo& from = source.table().at(to.name);
    std::copy_n(others + from.offset, to.count, target.values().data() + to.offset);
  }
  /// I W^T is exactly W^T, whatever order a backend adds the zeros in.
  void product(PackedLinear<Real>&, std::span<const LinearParameters<const Real>>) {
    const PackedMatrix<Real>& packed = products[product_at++]->forward;
    const std::size_t in = packed.k(), out = packed.n();
    std::vector<Real> identity(in * in), transposed(in * out);
    for (std::size_t i = 0; i < in; ++i) identity[i * in + i] = Real(1);
    packed.multiply({transposed.data(), in, out}, MatrixView<const Real>(identity.data(), in, in), {}, scratch);
    std::size_t first = 0;
    for (const ParameterInfo* matrix : matrices) {
      Real* const values = target.values().data() + matrix->offset;
      const std::size_t rows = matrix->count / in;
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < in; ++c) values[r * in + c] = transposed[c * out + first + r];
      first += rows;
    }
    matrices.clear();
  }

  const Model<Real>& source;
  Model<Real>& target;
  const Real* others = nullptr;  // the values that are not packed
  std::vector<const PackedLinear<Real>*> products;
  std::vector<const ParameterInfo*> matrices;  // visited since the last product
  std::size_t next = 0, product_at = 0;
  Arena scratch;
};

}  // namespace

template <class Real>
Model<Real> differentiable_copy(const Model<Real>& model) {
  ModelSpec spec = model.spec();
  spec.frozen = {};
  if (model.table().matrices() == Matrices::flat) {
    Model<Real> copy = spec.lora.rank > 0 ? merge_adapters<Real>(model) : begin_from<Real>(model, spec, 0);
    if (spec.lora.rank > 0) {
      spec.lora = {};
      copy = begin_from<Real>(copy, std::move(spec), 0);  // with nothing frozen
    }
    copy.pack(true);
    return copy;
  }
  spec.lora = {};
  Model<Real> copy(in_fp32(model.context()), std::move(spec));
  Unpack<Real> unpack(model, copy);
  unpack.others = model.parameters().embeddings.word.weight;  // the first parameter: where the buffer begins
  ModelParameters<const Real> structure;
  PackedModel<Real> none;
  visit_parameters<const Real>(copy.spec(), structure, none, unpack);
  copy.pack(true);
  return copy;
}

template Model<float> differentiable_copy(const Model<float>&);
template Model<double> differentiable_copy(const Model<double>&);

}  // namespace v0
}  // namespace seqguard
