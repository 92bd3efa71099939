#include "seqguard/model/unread_gradients.hpp"

#include <algorithm>
#include <cstddef>

#include "seqguard/model/parameter_list.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

template <class Real>
struct BindUnread : ParameterVisitor<Real> {
  void parameter(const ParameterDeclaration& declaration, Real*& slot) {
    if (declaration.tied_to) return;
    const bool is_decoder_bias =
        declaration.key.scope == ParameterScope::head && declaration.key.part.starts_with("cls.predictions.");
    const bool is_written =
        declaration.role == ParameterRole::layer_norm || (declaration.role == ParameterRole::bias && is_decoder_bias);
    slot = is_written ? unread : nullptr;
    if (is_written) longest = std::max(longest, declaration.shape[0]);
  }
  Real* unread = nullptr;
  std::size_t longest = 0;
};

}  // namespace

template <class Real>
UnreadGradients<Real>::UnreadGradients(const ModelSpec& spec) {
  PackedModel<Real> none;
  BindUnread<Real> binder;
  visit_parameters<Real>(spec, places_, none, binder);
  unread_.resize(binder.longest);
  binder.unread = unread_.data();
  visit_parameters<Real>(spec, places_, none, binder);
}

template class UnreadGradients<float>;
template class UnreadGradients<double>;

}  // namespace v0
}  // namespace seqguard
