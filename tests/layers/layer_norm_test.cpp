// LayerNorm, and the residual connection that it normalises.
#include "layers/gradient_check.hpp"
#include "seqguard/layers/sublayer.hpp"

using namespace layer_tests;

namespace {

constexpr double k_norm_eps = 1e-5;

struct LayerNorm {
  bool residual = true;
  bool in_place = false;  ///< the gradient takes the place of the result's
  std::size_t rows = 4, cols = 5;

  TensorList tensors() const {
    TensorList list{{"in", rows, cols, Gradient::overwritten}};
    if (residual) list.push_back({"residual", rows, cols, Gradient::overwritten});
    add_norm(list, "norm", cols);
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const KernelTable<Real>& kernels = *pass.context.kernels;
    const auto cache = LayerNormCache<Real>::allocate(pass.memory, rows, cols);
    const auto out = pass.matrix(rows, cols);
    layer_norm_forward<Real>(kernels, out, cache, pass.value("in"), pass.value("residual"), pass.norm("norm"),
                             static_cast<Real>(k_norm_eps));
    if (!pass.finish_forward(out)) return;
    const auto d_out = pass.d_result(out), d_sum = in_place ? d_out : pass.matrix(rows, cols);
    layer_norm_backward<Real>(kernels, d_sum, pass.d_norm("norm"), d_out, cache, pass.norm("norm"));
    std::copy_n(d_sum.data, rows * cols, pass.gradient("in").data);
    if (residual) std::copy_n(d_sum.data, rows * cols, pass.gradient("residual").data);
  }
};

/// A residual connection around f(x) = w * x, element by element.
struct Sublayer {
  NormPlacement placement = NormPlacement::post;
  bool normalises = true;
  std::size_t rows = 4, cols = 5;

  TensorList tensors() const {
    TensorList list{{"x", rows, cols, Gradient::overwritten}, {"w", rows, cols}};
    if (normalises) add_norm(list, "norm", cols);
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const KernelTable<Real>& kernels = *pass.context.kernels;
    const std::size_t n = rows * cols;
    const auto p = pass.norm("norm");
    const auto x = pass.value("x"), w = pass.value("w");
    auto cache = SublayerCache<Real>::allocate(pass.memory, rows, cols, placement);
    const auto eps = static_cast<Real>(k_norm_eps);
    const MatrixView<const Real> in = sublayer_input<Real>(kernels, cache, x, p, eps, placement);
    kernels.multiply(sublayer_result(cache, placement).data, in.data, w.data, n);
    sublayer_finish<Real>(kernels, cache, x, p, eps, placement);
    if (!pass.finish_forward(cache.out)) return;

    const auto d_x = pass.gradient("x"), d_result = pass.d_result(cache.out);
    const LayerNormParameters<Real> d_p = pass.d_norm("norm");
    sublayer_finish_backward<Real>(kernels, d_x, d_p, d_result, cache, p, placement);
    const MatrixView<Real> d_in = sublayer_d_input<Real>(d_x, p, placement, pass.scratch);
    for (std::size_t i = 0; i < n; ++i) {
      d_in.data[i] += w.data[i] * d_result.data[i];
      pass.gradient("w").data[i] += in.data[i] * d_result.data[i];
    }
    sublayer_input_backward<Real>(kernels, d_x, d_p, d_in, cache, p, placement);
  }
};

}  // namespace

TEST_CASE("layer norm: gradients") {
  for (const bool residual : {true, false})
    for (const bool in_place : {false, true}) {
      CAPTURE(residual);
      CAPTURE(in_place);
      check_gradients(LayerNorm{residual, in_place});
    }
}

TEST_CASE("sublayer: gradients of both placements, and without a LayerNorm") {
  check_gradients(Sublayer{NormPlacement::post});
  check_gradients(Sublayer{NormPlacement::pre});
  check_gradients(Sublayer{NormPlacement::pre, false});
}

TEST_CASE("layer norm and sublayer: float follows double") {
  // Mean and variance, and back again the mean of two products: four sums over the columns.
  check_float(LayerNorm{true, false, 21, 37}, 4 * 37);
  for (const NormPlacement placement : {NormPlacement::post, NormPlacement::pre})
    check_float(Sublayer{placement, true, 21, 37}, 4 * 37);
}
