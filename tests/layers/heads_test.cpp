// What turns hidden states into logits: poolings, the transform of a head, the classifier.
#include "layers/gradient_check.hpp"
#include "seqguard/layers/classification_head.hpp"
#include "seqguard/layers/pooling.hpp"

using namespace layer_tests;

namespace {

struct Transform {
  Activation activation = Activation::gelu;
  bool normalises = false;
  std::size_t rows = 4, hidden = 5, width = 7;

  TensorList tensors() const {
    TensorList list{{"x", rows, hidden, Gradient::overwritten}};
    add_linear(list, "dense", width, hidden);
    if (normalises) add_norm(list, "norm", width);
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const HeadTransformParameters<const Real> p{pass.linear("dense"), pass.norm("norm")};
    const PackedLinear<Real> packed = pass.pack(p.dense);
    const HeadTransformOptions options{activation, 1e-5};
    auto cache = HeadTransformCache<Real>::allocate(pass.memory, rows, width, normalises);
    const auto x = pass.value("x");
    head_transform_forward<Real>(pass.context, cache, x, p, packed, options, pass.scratch);
    if (!pass.finish_forward(cache.out)) return;
    head_transform_backward<Real>(pass.context, pass.gradient("x"), {pass.d_linear("dense"), pass.d_norm("norm")},
                                  pass.d_result(cache.out), cache, x, p, packed, options, pass.scratch);
  }
};

struct Classifier {
  bool transforms = true, normalises = false;
  float rate_before = 0, rate = 0;
  bool bias = true;
  std::size_t rows = 4, hidden = 5, labels = 3;

  TensorList tensors() const {
    TensorList list{{"x", rows, hidden, Gradient::overwritten}};
    if (transforms) add_linear(list, "dense", hidden, hidden);
    if (transforms && normalises) add_norm(list, "norm", hidden);
    add_linear(list, "out", labels, hidden, bias);
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const ClassificationHeadParameters<const Real> p{{pass.linear("dense"), pass.norm("norm")}, pass.linear("out")};
    const auto dense = transforms ? pass.pack(p.transform.dense) : PackedLinear<Real>(), out = pass.pack(p.out_proj);
    const PackedClassificationHead<Real> packed{transforms ? &dense : nullptr, &out};
    const ClassificationHeadOptions options{{Activation::tanh, 1e-5}, {rate_before, 98, 3}, {rate, 99, 3}};
    auto cache = ClassificationHeadCache<Real>::allocate(pass.memory, rows, hidden, p.transform, options);
    const auto x = pass.value("x");
    const auto logits = pass.matrix(rows, labels);
    classification_head_forward<Real>(pass.context, logits, cache, x, p, packed, options, pass.scratch);
    if (!pass.finish_forward(logits)) return;
    const ClassificationHeadParameters<Real> d_p{{pass.d_linear("dense"), pass.d_norm("norm")}, pass.d_linear("out")};
    classification_head_backward<Real>(pass.context, pass.gradient("x"), d_p, pass.d_result(logits), cache, x, p,
                                       packed, options, pass.scratch);
  }
};

/// Each form of a classifier, without dropout and with each.
std::vector<Classifier> classifiers() {
  return {{false},
          {false, false, 0, 0.3f},
          {true},
          {true, false, 0, 0.3f},
          {true, false, 0.3f, 0},
          {true, false, 0.3f, 0.2f},
          {true, true},
          {true, true, 0, 0.3f, false},
          {true, true, 0.3f, 0.2f}};
}

struct Pooled {
  Pooling pooling = Pooling::cls;
  std::size_t hidden = 5;
  std::vector<std::size_t> offsets{0, 1, 4, 9};

  TensorList tensors() const { return {{"hidden", offsets.back(), hidden}}; }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const KernelTable<Real>& kernels = *pass.context.kernels;
    const auto pooled = pass.matrix(offsets.size() - 1, hidden);
    pooling_forward<Real>(kernels, pooled, pooling, pass.value("hidden"), offsets);
    if (!pass.finish_forward(pooled)) return;
    pooling_backward<Real>(kernels, pass.gradient("hidden"), pooling, pass.d_result(pooled), offsets);
  }
};

/// The definitions, in double.
template <class Real>
double plain_pool(Pooling pooling, MatrixView<const Real> hidden, std::size_t c) {
  const std::size_t n = hidden.rows;
  double sum = 0, weighted = 0, weights = 0, largest = -INFINITY;
  for (std::size_t t = 0; t < n; ++t) {
    const double value = hidden(t, c), place = static_cast<double>(t + 1);
    sum += value;
    weighted += place * value;
    weights += place;
    largest = std::max(largest, value);
  }
  switch (pooling) {
    case Pooling::cls:
      return hidden(0, c);
    case Pooling::max:
      return largest;
    case Pooling::mean:
      return sum / static_cast<double>(n);
    case Pooling::mean_sqrt:
      return sum / std::sqrt(static_cast<double>(n));
    case Pooling::weighted_mean:
      return weighted / weights;
    case Pooling::last:
      return hidden(n - 1, c);
  }
  return NAN;
}

}  // namespace

TEST_CASE("head transform: gradients with and without a LayerNorm") {
  for (const Activation activation : {Activation::gelu, Activation::tanh})
    for (const bool normalises : {false, true}) {
      CAPTURE(static_cast<int>(activation));
      CAPTURE(normalises);
      check_gradients(Transform{activation, normalises});
    }
}

TEST_CASE("classification head: gradients of each form, with each dropout") {
  std::vector<std::vector<double>> results;
  for (const Classifier& layer : classifiers()) {
    CAPTURE(layer.transforms);
    CAPTURE(layer.normalises);
    CAPTURE(layer.rate_before);
    CAPTURE(layer.rate);
    check_gradients(layer);
    const std::vector<double> result = result_of(layer);
    CHECK(std::ranges::count(results, result) == 0);  // the form matters
    results.push_back(result);
  }
}

TEST_CASE_TEMPLATE("pooling: all six kinds against their definitions", Real, float, double) {
  constexpr std::size_t hidden = 5;
  constexpr Pooling kinds[] = {Pooling::cls,       Pooling::max,           Pooling::mean,
                               Pooling::mean_sqrt, Pooling::weighted_mean, Pooling::last};
  for (const std::size_t n : {1, 2, 13}) {
    const auto values = random_numbers<Real>(n * hidden, n);
    const MatrixView<const Real> states(values.data(), n, hidden);
    for (const Pooling pooling : kinds) {
      CAPTURE(to_string(pooling));
      std::vector<Real> out(hidden, Real(NAN));
      pool_sequence<Real>(out, pooling, states);
      // Summed in double on both sides, and rounded once.
      const double bound = static_cast<double>(std::numeric_limits<Real>::epsilon()) / 2 + 1e-14;
      for (std::size_t c = 0; c < hidden; ++c) {
        const double expected = plain_pool(pooling, states, c);
        CHECK(std::abs(out[c] - expected) <= bound * std::max(1.0, std::abs(expected)));
      }
    }
  }
}

TEST_CASE("pooling: gradients of the first token and of the mean, and their forward pass") {
  for (const Pooling pooling : {Pooling::cls, Pooling::mean}) {
    const Pooled layer{pooling};
    CAPTURE(to_string(pooling));
    check_gradients(layer);
    const Tensors<double> values(layer.tensors(), k_values_seed);
    const std::vector<double> pooled = result_of(layer);
    for (std::size_t b = 0; b + 1 < layer.offsets.size(); ++b)
      for (std::size_t c = 0; c < layer.hidden; ++c) {
        const MatrixView<const double> states = values["hidden"];
        const std::size_t first = layer.offsets[b], length = layer.offsets[b + 1] - first;
        // A few eps of numbers of order 1.
        CHECK(std::abs(pooled[b * layer.hidden + c] - plain_pool(pooling, states.rows_from(first, length), c)) < 1e-15);
      }
  }
}

TEST_CASE("heads: float follows double") {
  // The dense layer and back, four sums of a LayerNorm, the labels and back.
  for (const bool normalises : {false, true}) check_float(Transform{Activation::gelu, normalises, 21, 35, 37}, 6 * 37);
  for (Classifier layer : classifiers()) {
    layer.rows = 21;
    layer.hidden = 37;
    layer.labels = 19;
    check_float(layer, 7 * 37 + 19);
  }
  for (const Pooling pooling : {Pooling::cls, Pooling::mean}) check_float(Pooled{pooling, 37, {0, 1, 18, 53}}, 35);
}
