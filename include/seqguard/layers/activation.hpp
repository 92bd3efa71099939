// The activation between the two products of the feed-forward block, and of the heads.
#pragma once

#include <cstddef>

#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {

/// Hugging Face's `hidden_act`, as computed here.
enum class Activation {
  gelu,       ///< "gelu": x Phi(x)
  gelu_tanh,  ///< "gelu_new", "gelu_pytorch_tanh": the tanh form
};

/// out = act(in), element by element. out may alias in.
template <class Real>
void activation_forward(const KernelTable<Real>& kernels, Activation activation, Real* out, const Real* in,
                        std::size_t n) {
  (activation == Activation::gelu ? kernels.gelu_forward : kernels.gelu_tanh_forward)(out, in, n);
}

/// d_in = d_out * act'(in). d_in may alias d_out.
template <class Real>
void activation_backward(const KernelTable<Real>& kernels, Activation activation, Real* d_in, const Real* d_out,
                         const Real* in, std::size_t n) {
  (activation == Activation::gelu ? kernels.gelu_backward : kernels.gelu_tanh_backward)(d_in, d_out, in, n);
}

}  // namespace seqguard
