// Low-rank adaptation of linear layers (LoRA: Hu et al. 2021), PEFT's lora.Linear: beside a product y = x W^T + b whose
// W rests,
//
//   u = dropout(x) A^T        y += scale u B^T
//
// with A [r, in] and B [out, r]. Of layers that read the same x, one below the other, each has its own A and B, and all
// see the same dropped x (in PEFT each drops by itself).
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/linear_parameters.hpp"

namespace seqguard {
inline namespace v0 {

/// The adapters of a stack of linear layers, packed for their products; none by default. R: their ranks together.
template <class Real>
struct PackedLora {
  struct Layer {
    std::size_t first_output = 0, outputs = 0;  ///< its columns of y
    std::size_t first_rank = 0, rank = 0;       ///< and of u
    PackedMatrix<Real> up, up_backward;         ///< scale B^T: u -> y, and scale B
  };
  PackedMatrix<Real> down, down_backward;  ///< A^T of all: x -> u, and A
  std::vector<Layer> layers;               ///< those that are adapted
  std::size_t rank = 0;                    ///< R
  Real scale = 0;
  const KernelTable<Real>* kernels = nullptr;

  bool exists() const noexcept { return rank > 0; }

  /// Packs, or packs new values of the same shapes. Layers without an adapter are passed over.
  void pack(const Context<Real>& context, std::span<const LinearParameters<const Real>> stack, Real with_scale) {
    kernels = context.kernels;
    scale = with_scale;
    const bool is_new = layers.empty();
    std::vector<Real> rows, scaled;
    std::size_t first = 0, next = 0, in = 0;
    rank = 0;
    for (const LinearParameters<const Real>& p : stack) {
      const std::size_t output = first, r = p.lora.rank;
      first += p.out_features;
      if (r == 0) continue;
      in = p.in_features;
      rows.insert(rows.end(), p.lora.a, p.lora.a + r * in);
      scaled.assign(p.lora.b, p.lora.b + p.out_features * r);
      for (Real& value : scaled) value *= scale;
      const MatrixView<const Real> b(scaled.data(), p.out_features, r);
      if (is_new)
        layers.push_back({output, p.out_features, rank, r, PackedMatrix<Real>(context, b, Layout::nk),
                          PackedMatrix<Real>(context, b, Layout::kn)});
      else
        repack(layers[next++], b);
      rank += r;
    }
    if (rank == 0) return;
    const MatrixView<const Real> a(rows.data(), rank, in);
    if (is_new) {
      down = PackedMatrix<Real>(context, a, Layout::nk);
      down_backward = PackedMatrix<Real>(context, a, Layout::kn);
    } else {
      down.repack(a);
      down_backward.repack(a);
    }
  }

 private:
  static void repack(Layer& layer, MatrixView<const Real> b) {
    layer.up.repack(b);
    layer.up_backward.repack(b);
  }
};

/// dropout(x)[N, in]: x itself without dropout, else a copy in scratch.
template <class Real>
MatrixView<const Real> lora_dropped(const KernelTable<Real>& kernels, MatrixView<const Real> x, const Dropout& dropout,
                                    Arena& scratch) {
  if (!(dropout.rate > 0)) return x;
  const MatrixView<Real> dropped(scratch.allocate<Real>(x.rows * x.cols).data(), x.rows, x.cols);
  for (std::size_t t = 0; t < x.rows; ++t) std::copy_n(x.row(t), x.cols, dropped.row(t));
  dropout_apply(kernels, dropped, dropout);
  return dropped;
}

/// y[N, out] += what the adapters add for x[N, in].
template <class Real>
void lora_forward(MatrixView<Real> y, MatrixView<const Real> x, const PackedLora<Real>& p, const Dropout& dropout,
                  Arena& scratch) {
  const Arena::Frame frame(scratch);
  const MatrixView<Real> u(scratch.allocate<Real>(x.rows * p.rank).data(), x.rows, p.rank);
  p.down.multiply(u, lora_dropped(*p.kernels, x, dropout, scratch), {}, scratch);
  for (const auto& layer : p.layers)
    layer.up.multiply(y.cols_from(layer.first_output, layer.outputs), u.cols_from(layer.first_rank, layer.rank),
                      {.accumulate = true}, scratch);
}

/// d_x[N, in] += d_u A, through the dropout (skipped if d_x.data is null); d_A += d_u^T dropout(x), d_B += d_y^T scale
/// u. `d_p` are all layers of the stack.
template <class Real>
void lora_backward(const Context<Real>& context, MatrixView<Real> d_x, std::span<const LinearParameters<Real>> d_p,
                   MatrixView<const Real> d_y, MatrixView<const Real> x, const PackedLora<Real>& p,
                   const Dropout& dropout, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t n = x.rows;
  const MatrixView<const Real> dropped = lora_dropped(*p.kernels, x, dropout, scratch);
  const MatrixView<Real> u(scratch.allocate<Real>(n * p.rank).data(), n, p.rank);
  const MatrixView<Real> d_u(scratch.allocate<Real>(n * p.rank).data(), n, p.rank);
  p.down.multiply(u, dropped, {}, scratch);
  std::for_each(u.data, u.data + n * p.rank, [&](Real& value) { value *= p.scale; });
  auto layer = p.layers.begin();
  for (const LinearParameters<Real>& d : d_p) {
    if (d.lora.rank == 0) continue;
    const MatrixView<const Real> own = d_y.cols_from(layer->first_output, layer->outputs);
    const MatrixView<Real> own_d_u = d_u.cols_from(layer->first_rank, layer->rank);
    layer->up_backward.multiply(own_d_u, own, {}, scratch);
    multiply_transposed_add<Real>(context, {d.lora.b, d.out_features, d.lora.rank}, own,
                                  u.cols_from(layer->first_rank, layer->rank), scratch);
    multiply_transposed_add<Real>(context, {d.lora.a, d.lora.rank, d.in_features}, own_d_u, dropped, scratch);
    ++layer;
  }
  if (d_x.data == nullptr) return;
  if (!(dropout.rate > 0)) return p.down_backward.multiply(d_x, d_u, {.accumulate = true}, scratch);
  const MatrixView<Real> d_dropped(scratch.allocate<Real>(n * x.cols).data(), n, x.cols);
  p.down_backward.multiply(d_dropped, d_u, {}, scratch);
  dropout_apply(*p.kernels, d_dropped, dropout);
  for (std::size_t t = 0; t < n; ++t) p.kernels->add(d_x.row(t), d_x.row(t), d_dropped.row(t), x.cols);
}

/// W[out, in] += scale B A: the layer that computes what layer and adapter did. Summed in double and rounded once, the
/// same bits on every instruction set.
template <class Real>
void lora_merge(MatrixView<Real> weight, const Real* a, const Real* b, std::size_t rank, double scale) {
  for (std::size_t o = 0; o < weight.rows; ++o)
    for (std::size_t i = 0; i < weight.cols; ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < rank; ++k)
        sum += static_cast<double>(b[o * rank + k]) * static_cast<double>(a[k * weight.cols + i]);
      weight(o, i) = static_cast<Real>(static_cast<double>(weight(o, i)) + scale * sum);
    }
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_LORA(PREFIX, Real)                                                                               \
  PREFIX template struct PackedLora<Real>;                                                                        \
  PREFIX template MatrixView<const Real> lora_dropped(const KernelTable<Real>& kernels, MatrixView<const Real> x, \
                                                      const Dropout& dropout, Arena& scratch);                    \
  PREFIX template void lora_forward(MatrixView<Real> y, MatrixView<const Real> x, const PackedLora<Real>& p,      \
                                    const Dropout& dropout, Arena& scratch);                                      \
  PREFIX template void lora_backward(const Context<Real>& context, MatrixView<Real> d_x,                          \
                                     std::span<const LinearParameters<Real>> d_p, MatrixView<const Real> d_y,     \
                                     MatrixView<const Real> x, const PackedLora<Real>& p, const Dropout& dropout, \
                                     Arena& scratch);                                                             \
  PREFIX template void lora_merge(MatrixView<Real> weight, const Real* a, const Real* b, std::size_t rank,        \
                                  double scale);
SEQGUARD_LORA(extern, float)
SEQGUARD_LORA(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_LORA
#endif

}  // namespace v0
}  // namespace seqguard
