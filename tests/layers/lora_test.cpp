#include "seqguard/layers/lora.hpp"

#include "layers/gradient_check.hpp"

using namespace layer_tests;

namespace {

/// A stack of linear layers that rest, some of them adapted.
struct Adapted {
  std::vector<std::size_t> outputs{5, 4, 6}, ranks{2, 0, 3};
  float dropout = 0;
  bool accumulate = false;
  std::size_t rows = 4, inputs = 3;

  TensorList tensors() const {
    TensorList list{{"x", rows, inputs, accumulate ? Gradient::added : Gradient::overwritten}};
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string name = std::to_string(i);
      add_linear(list, name, outputs[i], inputs);
      if (ranks[i] == 0) continue;
      list.push_back({name + ".a", ranks[i], inputs});
      list.push_back({name + ".b", outputs[i], ranks[i]});
    }
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    std::vector<LinearParameters<const Real>> layers;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string name = std::to_string(i);
      layers.push_back(pass.linear(name));
      layers.back().lora = {pass.value(name + ".a").data, pass.value(name + ".b").data, ranks[i]};
    }
    PackedLinear<Real> packed = pass.pack(layers);
    packed.lora.pack(pass.context, layers, Real(1.5));
    packed.lora.pack(pass.context, layers, Real(0.75));  // again, as after a step
    const auto x = pass.value("x");
    const auto y = pass.matrix(rows, packed.forward.n());
    const Dropout drops{dropout, 7, 3};
    linear_forward<Real>(y, x, packed, pass.scratch, drops);
    if (!pass.finish_forward(y)) return;
    std::vector<LinearParameters<Real>> d_layers;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string name = std::to_string(i);
      d_layers.push_back(pass.d_linear(name));
      d_layers.back().lora = {pass.gradient(name + ".a").data, pass.gradient(name + ".b").data, ranks[i]};
    }
    linear_backward<Real>(pass.context, pass.gradient("x"), std::span<const LinearParameters<Real>>(d_layers),
                          pass.d_result(y), x, packed, pass.scratch, accumulate, drops);
  }
};

}  // namespace

TEST_CASE("lora: gradients") {
  for (const float dropout : {0.0F, 0.4F})
    for (const bool accumulate : {false, true}) {
      CAPTURE(dropout);
      CAPTURE(accumulate);
      check_gradients(Adapted{.dropout = dropout, .accumulate = accumulate});
      check_gradients(Adapted{{5}, {1}, dropout, accumulate});
      check_gradients(Adapted{{2, 3}, {4, 4}, dropout, accumulate});
    }
}

TEST_CASE("lora: a gradient that is not wanted changes none of the others") {
  check_unwanted(Adapted{}, {"x", "0.weight", "0.bias", "1.weight", "2.bias"});
  check_unwanted(Adapted{.dropout = 0.4F}, {"x", "0.weight"});
}

TEST_CASE("lora: float follows double") {
  // The longest way: u is a sum over 37 inputs, y of 6 terms more; d_u one over 20 outputs, d_x of 40 + 8 terms.
  check_float(Adapted{{17, 3, 20}, {6, 0, 2}, 0, false, 21, 37}, 37 + 20 + 48);
}

TEST_CASE("lora: dropout changes the adapter's part alone") {
  const Adapted plain, dropped{.dropout = 0.4F};
  const auto a = result_of(plain), b = result_of(dropped);
  std::size_t different = 0;
  for (std::size_t r = 0; r < plain.rows; ++r)
    for (std::size_t c = 0; c < 15; ++c) {
      if (c >= 5 && c < 9) CHECK(a[r * 15 + c] == b[r * 15 + c]);  // not adapted
      different += a[r * 15 + c] != b[r * 15 + c];
    }
  CHECK(different > 0);
}

TEST_CASE("lora: merged into the matrix it gives the same") {
  const Adapted layer;
  const Tensors<double> values(layer.tensors(), k_values_seed);
  const std::vector<double> expected = result_of(layer);
  std::size_t first = 0;
  for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
    const std::string name = std::to_string(i);
    const MatrixView<const double> w = values[name + ".weight"], bias = values[name + ".bias"], x = values["x"];
    std::vector<double> merged(w.data, w.data + w.rows * w.cols);
    lora_merge<double>({merged.data(), w.rows, w.cols}, values[name + ".a"].data, values[name + ".b"].data,
                       layer.ranks[i], 0.75);
    for (std::size_t r = 0; r < layer.rows; ++r)
      for (std::size_t o = 0; o < w.rows; ++o) {
        double y = bias.data[o];
        for (std::size_t k = 0; k < w.cols; ++k) y += x(r, k) * merged[o * w.cols + k];
        // A few dozen roundings of numbers of order 10.
        CHECK(std::abs(y - expected[r * 15 + first + o]) < 1e-13);
      }
    first += w.rows;
  }
}
