// The classification heads and what lies below them against central differences, in double.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/model/heads.hpp"

using namespace seqguard;

namespace {

/// A classifier of sequences or of tokens, with targets for every logit.
class Problem {
 public:
  explicit Problem(bool of_sequences)
      : of_sequences_(of_sequences), model_(make_reference_context(), spec(of_sequences)) {
    model_.initialize(8);
    Random random(21);
    for (const ParameterInfo& info : model_.table().entries())
      if (info.role == ParameterRole::layer_norm || info.role == ParameterRole::bias)
        for (std::size_t i = 0; i < info.count; ++i) model_.values()[info.offset + i] += 0.3 * random.normal();
    for (std::size_t t = 0; t < offsets_.back(); ++t) ids_.push_back(static_cast<std::int32_t>(random.below(11)));
    rows_ = of_sequences ? offsets_.size() - 1 : ids_.size();
    for (std::size_t i = 0; i < rows_ * k_labels; ++i) targets_.push_back(random.below(2) == 0 ? 0.0 : 1.0);
  }

  Model<double>& model() { return model_; }

  /// Binary cross-entropy of all logits, and its gradient if asked for.
  double run(std::vector<double>* gradient) {
    model_.pack(true);
    Arena arena, scratch;
    EncoderInput input;
    input.ids = ids_;
    input.offsets = offsets_;
    const std::size_t n = ids_.size(), hidden = model_.config().hidden_size;
    auto cache = EncoderCache<double>::allocate(arena, model_.config(), n, true);
    encoder_forward<double>(model_.context(), cache, input, model_.config(), model_.parameters(), model_.packed(), {},
                            scratch);
    std::vector<double> logits(rows_ * k_labels), d_logits(logits.size());
    const MatrixView<double> view(logits.data(), rows_, k_labels);
    if (of_sequences_)
      sequence_logits<double>(model_, view, cache.last_hidden_state(), offsets_, scratch);
    else
      token_logits<double>(model_, view, cache.last_hidden_state(), scratch);
    const double loss = model_.context().kernels->bce_with_logits(d_logits.data(), logits.data(), targets_.data(),
                                                                  nullptr, logits.size());
    if (gradient == nullptr) return loss;
    gradient->assign(model_.table().size(), 0.0);
    const auto d_p = bind_parameters<double>(model_.table(), model_.spec(), gradient->data());
    std::vector<double> d_hidden(n * hidden);
    const MatrixView<double> d(d_hidden.data(), n, hidden);
    const MatrixView<const double> d_view(d_logits.data(), rows_, k_labels);
    if (of_sequences_)
      sequence_logits_backward<double>(model_, d, d_p, d_view, cache.last_hidden_state(), offsets_, scratch);
    else
      token_logits_backward<double>(model_, d, d_p, d_view, cache.last_hidden_state(), scratch);
    encoder_backward<double>(model_.context(), d_p, d, cache, input, model_.config(), model_.parameters(),
                             model_.packed(), {}, scratch);
    return loss;
  }

 private:
  static constexpr std::size_t k_labels = 3;

  static ModelSpec spec(bool of_sequences) {
    ModelSpec spec;
    spec.config.vocab_size = 11;
    spec.config.hidden_size = 8;
    spec.config.num_hidden_layers = 1;
    spec.config.num_attention_heads = 2;
    spec.config.intermediate_size = 9;
    spec.config.max_position_embeddings = 6;
    spec.config.type_vocab_size = 1;
    spec.config.initializer_range = 0.5;
    spec.config.layer_norm_eps = 1e-5;
    (of_sequences ? spec.heads.sequence_labels : spec.heads.token_labels) = k_labels;
    return spec;
  }

  bool of_sequences_;
  Model<double> model_;
  std::vector<std::int32_t> ids_;
  std::vector<std::size_t> offsets_{0, 1, 5, 11};
  std::vector<double> targets_;
  std::size_t rows_ = 0;
};

void check_gradients(bool of_sequences) {
  Problem problem(of_sequences);
  std::vector<double> gradient;
  problem.run(&gradient);
  // As in gradient_test.cpp: the difference quotient is off by about 1e-10; the bound leaves a factor of 100.
  constexpr double k_step = 1e-5, k_bound = 1e-8;
  for (const ParameterInfo& info : problem.model().table().entries()) {
    CAPTURE(info.name);
    double worst = 0;
    for (std::size_t i = info.offset; i < info.offset + info.count; ++i) {
      double& value = problem.model().values()[i];
      const double before = value;
      value = before + k_step;
      const double up = problem.run(nullptr);
      value = before - k_step;
      const double down = problem.run(nullptr);
      value = before;
      const double numeric = (up - down) / (2 * k_step);
      worst = std::max(worst, std::abs(numeric - gradient[i]) / (1 + std::abs(numeric)));
    }
    CHECK(worst < k_bound);
  }
}

}  // namespace

TEST_CASE("gradients through the pooler and the classifier of sequences") { check_gradients(true); }

TEST_CASE("gradients through the classifier of tokens") { check_gradients(false); }
