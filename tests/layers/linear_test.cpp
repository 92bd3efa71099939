#include "layers/gradient_check.hpp"

using namespace layer_tests;

namespace {

/// Linear layers that read the same x, one below the other.
struct Linear {
  std::vector<std::size_t> outputs{5};
  bool bias = true, accumulate = false;
  std::size_t rows = 4, inputs = 3;

  TensorList tensors() const {
    TensorList list{{"x", rows, inputs, accumulate ? Gradient::added : Gradient::overwritten}};
    for (std::size_t i = 0; i < outputs.size(); ++i) add_linear(list, std::to_string(i), outputs[i], inputs, bias);
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    std::vector<LinearParameters<const Real>> layers;
    for (std::size_t i = 0; i < outputs.size(); ++i) layers.push_back(pass.linear(std::to_string(i)));
    const PackedLinear<Real> packed = pass.pack(layers);
    const auto x = pass.value("x");
    const auto y = pass.matrix(rows, packed.forward.n());
    linear_forward<Real>(y, x, packed, pass.scratch);
    if (!pass.finish_forward(y)) return;
    std::vector<LinearParameters<Real>> d_layers;
    for (std::size_t i = 0; i < outputs.size(); ++i) d_layers.push_back(pass.d_linear(std::to_string(i)));
    if (layers.size() == 1)
      linear_backward<Real>(pass.context, pass.gradient("x"), d_layers[0], pass.d_result(y), x, packed, pass.scratch,
                            accumulate);
    else
      linear_backward<Real>(pass.context, pass.gradient("x"), std::span<const LinearParameters<Real>>(d_layers),
                            pass.d_result(y), x, packed, pass.scratch, accumulate);
  }
};

}  // namespace

TEST_CASE("linear: gradients") {
  for (const bool bias : {true, false})
    for (const bool accumulate : {false, true}) {
      CAPTURE(bias);
      CAPTURE(accumulate);
      check_gradients(Linear{{5}, bias, accumulate});
      check_gradients(Linear{{1, 4, 3}, bias, accumulate});
    }
}

TEST_CASE("linear: a gradient that is not wanted changes none of the others") {
  check_unwanted(Linear{}, {"x", "0.weight", "0.bias"});
  check_unwanted(Linear{{1, 4, 3}}, {"x", "0.weight", "1.weight", "1.bias", "2.bias"});
}

TEST_CASE("linear: float follows double") {
  // y and d_W are sums over inputs and rows, d_x over all outputs.
  check_float(Linear{{37}, true, false, 21, 35}, 37);
  check_float(Linear{{17, 3, 20}, true, true, 21, 35}, 40);
}
