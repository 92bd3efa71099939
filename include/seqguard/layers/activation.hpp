// The activation between the two products of the feed-forward block, and of the heads.
#pragma once

#include <cstddef>

#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {

/// Hugging Face's `hidden_act`, as computed here.
enum class Activation {
  gelu,        ///< "gelu": x Phi(x)
  gelu_tanh,   ///< "gelu_new", "gelu_pytorch_tanh", "gelu_fast": the tanh form
  quick_gelu,  ///< "quick_gelu": x sigmoid(1.702 x)
  relu,        ///< "relu"
  silu,        ///< "silu", "swish": x sigmoid(x)
  tanh,        ///< "tanh"
};

/// out = act(in), element by element. out may alias in.
template <class Real>
void activation_forward(const KernelTable<Real>& kernels, Activation activation, Real* out, const Real* in,
                        std::size_t n) {
  switch (activation) {
    case Activation::gelu:
      return kernels.gelu_forward(out, in, n);
    case Activation::gelu_tanh:
      return kernels.gelu_tanh_forward(out, in, n);
    case Activation::quick_gelu:
      return kernels.silu_forward(out, in, n, Real(1.702));
    case Activation::relu:
      return kernels.relu_forward(out, in, n);
    case Activation::silu:
      return kernels.silu_forward(out, in, n, Real(1));
    case Activation::tanh:
      return kernels.tanh_forward(out, in, n);
  }
}

/// d_in = d_out * act'(in), where out = act(in) (they must not alias). d_in may alias d_out.
template <class Real>
void activation_backward(const KernelTable<Real>& kernels, Activation activation, Real* d_in, const Real* d_out,
                         const Real* in, const Real* out, std::size_t n) {
  switch (activation) {
    case Activation::gelu:
      return kernels.gelu_backward(d_in, d_out, in, n);
    case Activation::gelu_tanh:
      return kernels.gelu_tanh_backward(d_in, d_out, in, n);
    case Activation::quick_gelu:
      return kernels.silu_backward(d_in, d_out, in, n, Real(1.702));
    case Activation::relu:
      return kernels.relu_backward(d_in, d_out, in, n);
    case Activation::silu:
      return kernels.silu_backward(d_in, d_out, in, n, Real(1));
    case Activation::tanh:
      return kernels.tanh_backward(d_in, d_out, out, n);
  }
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_ACTIVATION(PREFIX, Real)                                                                       \
  PREFIX template void activation_forward(const KernelTable<Real>& kernels, Activation activation, Real* out,   \
                                          const Real* in, std::size_t n);                                       \
  PREFIX template void activation_backward(const KernelTable<Real>& kernels, Activation activation, Real* d_in, \
                                           const Real* d_out, const Real* in, const Real* out, std::size_t n);
SEQGUARD_ACTIVATION(extern, float)
SEQGUARD_ACTIVATION(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_ACTIVATION
#endif

}  // namespace v0
}  // namespace seqguard
