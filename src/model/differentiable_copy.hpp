// A model that can be differentiated, made of one that may only score; private to the library.
#pragma once

#include "seqguard/model/model.hpp"

namespace seqguard {
inline namespace v0 {

/// The same weights, nothing frozen, without adapters (which are in the matrices), packed for the backward pass.
template <class Real>
Model<Real> differentiable_copy(const Model<Real>& model);

extern template Model<float> differentiable_copy(const Model<float>&);
extern template Model<double> differentiable_copy(const Model<double>&);

}  // namespace v0
}  // namespace seqguard
