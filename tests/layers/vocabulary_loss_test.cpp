#include "seqguard/layers/vocabulary_loss.hpp"

#include "layers/gradient_check.hpp"

using namespace layer_tests;

namespace {

/// Two tiles, the second one narrow, and targets on both sides of their border.
struct VocabularyLoss {
  std::size_t vocabulary = k_vocabulary_tile + 9, hidden = 3;
  double magnitude = 1;  ///< of x
  std::vector<std::int32_t> targets{0, 511, 512, 520, 7};

  TensorList tensors() const {
    return {{"x", targets.size(), hidden, Gradient::added, 0, magnitude},
            {"table", vocabulary, hidden},
            {"bias", 1, vocabulary}};
  }

  template <class Real>
  PackedDecoder<Real> pack(const Context<Real>& context, const Tensors<Real>& values) const {
    PackedDecoder<Real> decoder;
    decoder.pack(context, {values["table"].data, values["bias"].data, vocabulary, hidden}, true);
    return decoder;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const PackedDecoder<Real> decoder = pack(pass.context, pass.values);
    const MatrixView<Real> losses = pass.matrix(1, targets.size()), levels = pass.matrix(1, targets.size());
    const std::span<Real> level(levels.data, targets.size());
    const auto x = pass.value("x");
    vocabulary_loss_forward<Real>(pass.context, {losses.data, targets.size()}, level, x, targets, decoder,
                                  pass.scratch);
    if (!pass.finish_forward(losses)) return;
    vocabulary_loss_backward<Real>(pass.context, pass.gradient("x"),
                                   {pass.gradient("table").data, pass.gradient("bias").data, vocabulary, hidden},
                                   pass.d_out, level, x, targets, decoder, pass.scratch);
  }
};

/// logits[V] of row r; `magnitude`: the largest sum of |terms| of a logit.
std::vector<double> plain_logits(const Tensors<double>& values, std::size_t r, double& magnitude) {
  const MatrixView<const double> x = values["x"], table = values["table"], bias = values["bias"];
  std::vector<double> logits;
  magnitude = 0;
  for (std::size_t v = 0; v < table.rows; ++v) {
    double logit = bias(0, v), terms = std::abs(logit);
    for (std::size_t k = 0; k < x.cols; ++k) {
      logit += x(r, k) * table(v, k);
      terms += std::abs(x(r, k) * table(v, k));
    }
    logits.push_back(logit);
    magnitude = std::max(magnitude, terms);
  }
  return logits;
}

double plain_log_sum_exp(const std::vector<double>& logits) {
  const double maximum = *std::ranges::max_element(logits);
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - maximum);
  return maximum + std::log(sum);
}

template <class Real>
Context<Real> context_under_test();
template <>
Context<double> context_under_test() {
  return make_reference_context();
}
template <>
Context<float> context_under_test() {
  return make_context(default_isa());
}

}  // namespace

TEST_CASE("vocabulary loss: gradients over more than one tile") { check_gradients(VocabularyLoss{}); }

TEST_CASE("vocabulary loss: a table that does not learn changes none of the other gradients") {
  check_unwanted(VocabularyLoss{}, {"table"});
}

TEST_CASE("vocabulary loss: float follows double") {
  // A logit and its level, a sum over the vocabulary; back, the sum over the vocabulary again.
  check_float(VocabularyLoss{2 * k_vocabulary_tile + 37, 37, 0.1, {1, 1060, 600, 511, 512, 3, 3}}, 37 + 2 * 1061);
}

TEST_CASE_TEMPLATE("vocabulary loss: plain sums agree at logits of 100", Real, float, double) {
  VocabularyLoss layer{.vocabulary = 2 * k_vocabulary_tile + 37, .hidden = 37};
  layer.magnitude = 8;
  const TensorList list = layer.tensors();
  const Tensors<double> plain(list, k_values_seed);
  const Tensors<Real> values(list, k_values_seed);
  // Of each row the most and the least likely id.
  layer.targets.clear();
  double largest = 0, magnitude = 0;
  for (std::size_t r = 0; r < plain["x"].rows; ++r) {
    const std::vector<double> logits = plain_logits(plain, r, magnitude);
    const auto [least, most] = std::ranges::minmax_element(logits);
    layer.targets.push_back(static_cast<std::int32_t>((r % 2 == 0 ? least : most) - logits.begin()));
    largest = std::max(largest, std::max(-*least, *most));
  }
  CHECK(largest > 100);
  const Context<Real> context = context_under_test<Real>();
  const std::vector<Real> found = run_layer(layer, context, values).out;
  const PackedDecoder<Real> decoder = layer.pack(context, values);
  Arena scratch;
  for (std::size_t r = 0; r < found.size(); ++r) {
    const std::vector<double> logits = plain_logits(plain, r, magnitude);
    const double level = plain_log_sum_exp(logits);
    // A logit errs by an eps / 2 of its terms' magnitude per term, the level like its largest logit; a loss is the
    // difference of two of them.
    const double bound = 2 * 38 * static_cast<double>(std::numeric_limits<Real>::epsilon()) / 2 * magnitude;
    const auto target = static_cast<std::size_t>(layer.targets[r]);
    CHECK(std::abs(found[r] - (level - logits[target])) < bound);

    std::vector<Real> log_p(layer.vocabulary, Real(NAN));
    vocabulary_log_probabilities<Real>(context, log_p, values["x"].rows_from(r, 1), decoder, scratch);
    double worst = 0;
    for (std::size_t v = 0; v < log_p.size(); ++v) {
      const double difference = std::abs(log_p[v] - (logits[v] - level));
      worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
    }
    CHECK(worst < bound);
  }
}
