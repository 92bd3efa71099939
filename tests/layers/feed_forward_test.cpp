// Activations, dropout, and the feed-forward block that is made of them.
#include "seqguard/layers/feed_forward.hpp"

#include "layers/gradient_check.hpp"

using namespace layer_tests;

namespace {

constexpr Activation k_activations[] = {Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu,
                                        Activation::relu, Activation::silu,      Activation::tanh};

struct Element {
  Activation activation = Activation::gelu;
  bool in_place = false;  ///< the gradient takes the place of the result's
  std::size_t count = 23;

  TensorList tensors() const { return {{"x", 1, count, Gradient::overwritten, 0, 2}}; }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const auto x = pass.value("x");
    const auto out = pass.matrix(1, count);
    activation_forward<Real>(*pass.context.kernels, activation, out.data, x.data, count);
    if (!pass.finish_forward(out)) return;
    const auto d_x = pass.gradient("x");
    const Real* d_out = pass.d_out.data();
    if (in_place) d_out = std::copy_n(d_out, count, d_x.data) - count;
    activation_backward<Real>(*pass.context.kernels, activation, d_x.data, d_out, x.data, out.data, count);
  }
};

struct Dropped {
  Dropout dropout;
  std::size_t rows = 6, cols = 5;

  TensorList tensors() const { return {{"x", rows, cols, Gradient::overwritten}}; }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const auto apply = [&](MatrixView<Real> to, const Real* from) {
      std::copy_n(from, rows * cols, to.data);
      dropout_apply<Real>(*pass.context.kernels, to, dropout);
    };
    const auto out = pass.matrix(rows, cols);
    apply(out, pass.value("x").data);
    if (pass.finish_forward(out)) apply(pass.gradient("x"), pass.d_out.data());
  }
};

struct FeedForward {
  Activation activation = Activation::gelu;
  bool gated = false;
  NormPlacement placement = NormPlacement::post;
  bool normalises = true;
  float rate = 0;
  std::size_t rows = 4, hidden = 5, intermediate = 7;

  TensorList tensors() const {
    TensorList list{{"x", rows, hidden, Gradient::overwritten}};
    add_linear(list, "intermediate", gated ? 2 * intermediate : intermediate, hidden);
    add_linear(list, "output", hidden, intermediate);
    if (normalises) add_norm(list, "norm", hidden);
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const FeedForwardParameters<const Real> p{pass.linear("intermediate"), pass.linear("output"), pass.norm("norm")};
    const PackedFeedForward<Real> packed{pass.pack(p.intermediate), pass.pack(p.output)};
    const FeedForwardOptions<Real> options{activation, static_cast<Real>(1e-5), {rate, 99, 3}, placement};
    // Scoring, the forward pass alone, keeps less.
    auto cache = FeedForwardCache<Real>::allocate(pass.memory, rows, hidden, intermediate, gated, placement,
                                                  pass.gradients != nullptr);
    const auto x = pass.value("x");
    feed_forward_forward<Real>(pass.context, cache, x, p, packed, options, pass.scratch);
    if (!pass.finish_forward(cache.sublayer.out)) return;
    const FeedForwardParameters<Real> d_p{pass.d_linear("intermediate"), pass.d_linear("output"), pass.d_norm("norm")};
    feed_forward_backward<Real>(pass.context, pass.gradient("x"), d_p, pass.d_result(cache.sublayer.out), cache, x, p,
                                packed, options, pass.scratch);
  }
};

}  // namespace

TEST_CASE("activation: derivative of each, in a place of its own and in place") {
  for (const Activation activation : k_activations) {
    CAPTURE(static_cast<int>(activation));
    check_gradients(Element{activation});
    check_gradients(Element{activation, true});
  }
}

TEST_CASE("dropout: gradient, and a mask that depends on the token and the site alone") {
  const Dropped whole{{0.3f, 99, 3}};
  check_gradients(whole);
  const std::vector<double> dropped = result_of(whole), x = result_of(Dropped{});
  CHECK(std::ranges::count(dropped, 0.0) > 0);
  CHECK(std::ranges::count(x, 0.0) == 0);
  // The chunk that starts at the third token.
  const auto first = static_cast<std::ptrdiff_t>(2 * whole.cols);
  std::vector<double> rest(x.begin() + first, x.end());
  dropout_apply<double>(reference_kernels(), {rest.data(), whole.rows - 2, whole.cols}, {0.3f, 99, 3 + 2});
  CHECK(std::equal(rest.begin(), rest.end(), dropped.begin() + first));
  CHECK(result_of(Dropped{whole.dropout.at(1)}) != dropped);
  CHECK(result_of(Dropped{whole.dropout.at(1)}) != result_of(Dropped{whole.dropout.at(2)}));
}

TEST_CASE("feed-forward: gradients with each activation, plain and gated") {
  for (const Activation activation : k_activations) {
    CAPTURE(static_cast<int>(activation));
    check_gradients(FeedForward{activation});
    check_gradients(FeedForward{activation, true, NormPlacement::pre});
  }
}

TEST_CASE("feed-forward: gradients with dropout, and without a LayerNorm") {
  CHECK(result_of(FeedForward{.rate = 0.3f}) != result_of(FeedForward{}));
  check_gradients(FeedForward{Activation::gelu, false, NormPlacement::post, true, 0.3f});
  check_gradients(FeedForward{Activation::silu, true, NormPlacement::pre, true, 0.3f});
  check_gradients(FeedForward{Activation::gelu, false, NormPlacement::pre, false});
}

TEST_CASE("activation, dropout and feed-forward: float follows double") {
  for (const Activation activation : k_activations) {
    CAPTURE(static_cast<int>(activation));
    // As 16 terms would: 8 eps, the largest bound of these kernels (tests/kernels/elementwise_test.cpp).
    check_float(Element{activation, false, 67}, 16);
    check_float(Dropped{{0.3f, 99, 3}, 21, 37}, 2);  // the factor 1 / (1 - rate), and the product
    // Two products, four sums of a LayerNorm, and the products back.
    for (const bool gated : {false, true})
      for (const NormPlacement placement : {NormPlacement::post, NormPlacement::pre})
        check_float(FeedForward{activation, gated, placement, true, 0.1f, 21, 37, 45}, 2 * (37 + 45) + 4 * 37);
  }
}
