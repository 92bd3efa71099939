// Every family and head against central differences, in double.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/prediction.hpp"

using namespace seqguard;

namespace {

/// A small model of a family with one head, and targets for all that the head gives.
class Problem {
 public:
  Problem(Family family, Head head, std::optional<Activation> activation)
      : head_(head), model_(make_reference_context(), spec(family, head, activation)) {
    model_.initialize(8);
    Random random(21);
    for (const ParameterInfo& info : model_.table().entries())
      if (!info.fixed && (info.role == ParameterRole::layer_norm || info.role == ParameterRole::bias))
        for (std::size_t i = 0; i < info.count; ++i) model_.values()[info.offset + i] += 0.3 * random.normal();
    for (std::size_t t = 0; t < offsets_.back(); ++t) ids_.push_back(static_cast<std::int32_t>(random.below(11)));
    rows_ = head == Head::sequence_classification ? offsets_.size() - 1 : ids_.size();
    labels_ = head == Head::masked_lm ? 0 : model_.parameters().classifier.out_features;
    for (std::size_t i = 0; i < rows_ * labels_; ++i) targets_.push_back(random.below(2) == 0 ? 0.0 : 1.0);
    for (std::size_t t = 0; t < ids_.size(); ++t) {
      positions_.push_back(static_cast<std::uint32_t>(t));
      hidden_ids_.push_back(static_cast<std::int32_t>(random.below(11)));
      factors_.push_back(0.2 + random.uniform());
    }
  }

  Model<double>& model() { return model_; }

  /// Binary cross-entropy of all logits, or the weighted surprise of every event; and its gradient if asked for.
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
    std::vector<double> d_hidden(n * hidden);
    const MatrixView<double> d(d_hidden.data(), n, hidden);
    ModelParameters<double> d_p;
    if (gradient != nullptr) {
      gradient->assign(model_.table().size(), 0.0);
      d_p = bind_parameters<double>(model_.table(), model_.spec(), gradient->data());
    }
    const double loss = head_ == Head::masked_lm ? events(cache.last_hidden_state(), d, d_p, gradient != nullptr)
                                                 : classes(cache.last_hidden_state(), d, d_p, gradient != nullptr);
    if (gradient != nullptr)
      encoder_backward<double>(model_.context(), d_p, d, cache, input, model_.config(), model_.parameters(),
                               model_.packed(), {}, scratch);
    return loss;
  }

 private:
  double events(MatrixView<const double> h, MatrixView<double> d, const ModelParameters<double>& d_p, bool backward) {
    Arena arena, scratch;
    auto cache = PredictionCache<double>::allocate(arena, model_.config(), ids_.size(), 1);
    const PredictionTargets what{positions_, hidden_ids_};
    prediction_forward<double>(model_, cache, h, what, scratch);
    double loss = 0;
    for (std::size_t i = 0; i < factors_.size(); ++i) loss += factors_[i] * cache.losses[i];
    if (backward) prediction_backward<double>(model_, d, d_p, factors_, cache, what, scratch);
    return loss;
  }

  double classes(MatrixView<const double> h, MatrixView<double> d, const ModelParameters<double>& d_p, bool backward) {
    Arena scratch;
    std::vector<double> logits(rows_ * labels_), d_logits(logits.size());
    const MatrixView<double> view(logits.data(), rows_, labels_);
    const bool of_sequences = head_ == Head::sequence_classification;
    if (of_sequences)
      sequence_logits<double>(model_, view, h, offsets_, scratch);
    else
      token_logits<double>(model_, view, h, scratch);
    const double loss = model_.context().kernels->bce_with_logits(d_logits.data(), logits.data(), targets_.data(),
                                                                  nullptr, logits.size());
    const MatrixView<const double> d_view(d_logits.data(), rows_, labels_);
    if (backward && of_sequences) sequence_logits_backward<double>(model_, d, d_p, d_view, h, offsets_, scratch);
    if (backward && !of_sequences) token_logits_backward<double>(model_, d, d_p, d_view, h, scratch);
    return loss;
  }

  static ModelSpec spec(Family family, Head head, std::optional<Activation> activation) {
    ModelSpec spec;
    spec.config = default_config(family);
    if (activation) spec.config.hidden_act = *activation;
    if (spec.config.traits().local_attention) {
      spec.config.global_layers = {true, false, true};
      spec.config.local_attention = 4;
      spec.config.classifier_mean_pooling = true;
    }
    spec.config.vocab_size = 11;
    spec.config.hidden_size = 8;
    const FamilyTraits& traits = spec.config.traits();
    spec.config.num_hidden_layers = traits.shared_layers || traits.local_attention ? 3 : 1;
    spec.config.num_attention_heads = 2;
    spec.config.intermediate_size = 9;
    spec.config.max_position_embeddings = 8;
    spec.config.type_vocab_size = 1;
    if (spec.config.embedding_size > 0) spec.config.embedding_size = 5;
    if (spec.config.traits().shared_layers) spec.config.num_hidden_groups = spec.config.inner_group_num = 2;
    spec.config.initializer_range = 0.5;
    spec.config.layer_norm_eps = 1e-5;
    constexpr std::size_t k_labels = 3;
    spec.heads.masked_lm = head == Head::masked_lm;
    spec.heads.replaced_tokens = head == Head::replaced_token_detection;
    if (head == Head::sequence_classification) spec.heads.sequence_labels = k_labels;
    if (head == Head::token_classification) spec.heads.token_labels = k_labels;
    return spec;
  }

  Head head_;
  Model<double> model_;
  std::vector<std::int32_t> ids_, hidden_ids_;
  std::vector<std::uint32_t> positions_;
  std::vector<std::size_t> offsets_{0, 1, 5, 11};
  std::vector<double> targets_, factors_;
  std::size_t rows_ = 0, labels_ = 0;
};

void check_gradients(Family family, Head head, std::optional<Activation> activation = std::nullopt) {
  Problem problem(family, head, activation);
  std::vector<double> gradient;
  problem.run(&gradient);
  // Five points, so that the error of the quotient is h^4 f^(5) / 30 + 1.5 eps f / h: six layers of ALBERT with large
  // weights bend the loss too much for two points. With f of order 10 the second part is 1e-11; the bound leaves a
  // factor of 1000 for the fifth derivative. A wrong formula differs by 1e-2 and more.
  constexpr double k_step = 1e-4, k_bound = 1e-8;
  for (const ParameterInfo& info : problem.model().table().entries()) {
    if (info.fixed) continue;
    CAPTURE(info.name);
    double worst = 0;
    for (std::size_t i = info.offset; i < info.offset + info.count; ++i) {
      double& value = problem.model().values()[i];
      const double before = value;
      const auto loss_at = [&](double steps) {
        value = before + steps * k_step;
        const double loss = problem.run(nullptr);
        value = before;
        return loss;
      };
      const double numeric = (8 * (loss_at(1) - loss_at(-1)) - (loss_at(2) - loss_at(-2))) / (12 * k_step);
      worst = std::max(worst, std::abs(numeric - gradient[i]) / (1 + std::abs(numeric)));
    }
    CHECK(worst < k_bound);
  }
}

}  // namespace

TEST_CASE("gradients of every parameter of every family and head") {
  for (const FamilyTraits* traits : families())
    for (const Head head :
         {Head::masked_lm, Head::sequence_classification, Head::token_classification, Head::replaced_token_detection}) {
      if (head == Head::replaced_token_detection && !traits->detects_replaced_tokens) continue;
      CAPTURE(traits->model_type);
      CAPTURE(architecture_name(traits->family, head));
      check_gradients(traits->family, head);
    }
}

TEST_CASE("gradients through every activation, in the feed-forward block and in the masked-LM head") {
  for (const Activation activation : {Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu, Activation::relu,
                                      Activation::silu, Activation::tanh}) {
    CAPTURE(static_cast<int>(activation));
    check_gradients(Family::bert, Head::masked_lm, activation);
  }
}
