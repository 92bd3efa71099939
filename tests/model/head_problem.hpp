// A small model of each family and head, with targets for all that the head gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/prediction.hpp"

namespace seqguard {

inline constexpr Head k_trainable_heads[] = {Head::masked_lm, Head::sequence_classification, Head::token_classification,
                                             Head::replaced_token_detection};

/// Calls visit(family, head) for every head that a family has.
template <class Visit>
void for_each_trainable_head(const Visit& visit) {
  for (const FamilyTraits* traits : families())
    for (const Head head : k_trainable_heads)
      if (head != Head::replaced_token_detection || traits->detects_replaced_tokens) visit(traits->family, head);
}

/// Not thread-safe.
template <class Real>
class HeadProblem {
 public:
  HeadProblem(const Context<Real>& context, Family family, Head head, std::optional<Activation> activation = {},
              bool tied = true, const FrozenParts& frozen = {}, const LoraOptions& lora = {})
      : head_(head), model_(context, spec(family, head, activation, tied, frozen, lora)) {
    model_.initialize(8);
    Random random(21);
    for (const ParameterInfo& info : model_.table().entries()) {
      // Adapters multiply each other: larger ones bend the loss more than difference quotients follow.
      const double deviation = is_adapter(info.key) ? 0.1 : 0.3;
      if (!info.fixed &&
          (info.role == ParameterRole::layer_norm || info.role == ParameterRole::bias || deviation < 0.3))
        for (std::size_t i = 0; i < info.count; ++i)
          model_.values()[info.offset + i] += static_cast<Real>(deviation * random.normal());
    }
    for (std::size_t t = 0; t < offsets_.back(); ++t) ids_.push_back(static_cast<std::int32_t>(random.below(11)));
    rows_ = head == Head::sequence_classification ? offsets_.size() - 1 : ids_.size();
    labels_ = head == Head::masked_lm ? 0 : head_outputs(model_.config(), model_.spec().heads[0]);
    for (std::size_t i = 0; i < rows_ * labels_; ++i) targets_.push_back(random.below(2) == 0 ? Real(0) : Real(1));
    for (std::size_t t = 0; t < ids_.size(); ++t) {
      positions_.push_back(static_cast<std::uint32_t>(t));
      hidden_ids_.push_back(static_cast<std::int32_t>(random.below(11)));
      factors_.push_back(static_cast<Real>(0.2 + random.uniform()));
    }
  }

  Model<Real>& model() { return model_; }
  /// Another model of the same family and head.
  void replace_model(Model<Real> model) { model_ = std::move(model); }
  /// Runs with the dropout of the head's family from now on.
  void drop() { dropout_ = head_dropout(model_.spec(), 0, 17, 5); }

  /// Binary cross-entropy of all logits, or the weighted surprise of every event; and its gradient if asked for.
  double run(std::vector<Real>* gradient) {
    model_.pack(true);
    return run_packed(gradient);
  }
  /// The same with the matrices as they were packed last.
  double run_packed(std::vector<Real>* gradient) {
    Workspace workspace;
    EncoderInput input;
    input.ids = ids_;
    input.offsets = offsets_;
    const std::size_t n = ids_.size(), hidden = model_.config().hidden_size;
    const EncoderOptions options{
        .dropout = {0, 17, 5}, .for_training = true, .lora_dropout = static_cast<float>(model_.spec().lora.dropout)};
    const auto cache = run_encoder<Real>(model_, input, options, workspace);
    std::vector<Real> d_hidden(n * hidden);
    const MatrixView<Real> d(d_hidden.data(), n, hidden);
    ModelParameters<Real> d_p;
    if (gradient != nullptr) {
      gradient->assign(model_.table().gradient_size(), Real(0));
      d_p = bind_parameters<Real>(model_.table(), model_.spec(), gradient->data());
    }
    const double loss = head_ == Head::masked_lm ? events(cache.last_hidden_state(), d, d_p, gradient != nullptr)
                                                 : classes(cache.last_hidden_state(), d, d_p, gradient != nullptr);
    if (gradient != nullptr) run_encoder_backward<Real>(model_, d_p, d, cache, input, options, workspace);
    return loss;
  }

 private:
  double events(MatrixView<const Real> h, MatrixView<Real> d, const ModelParameters<Real>& d_p, bool backward) {
    Arena arena, scratch;
    auto cache = PredictionCache<Real>::allocate(arena, model_.config(), ids_.size(), 1);
    const PredictionTargets what{positions_, hidden_ids_};
    prediction_forward<Real>(model_, cache, h, what, scratch);
    double loss = 0;
    for (std::size_t i = 0; i < factors_.size(); ++i) loss += factors_[i] * cache.losses[i];
    if (backward) prediction_backward<Real>(model_, d, d_p, factors_, cache, what, scratch);
    return loss;
  }

  double classes(MatrixView<const Real> h, MatrixView<Real> d, const ModelParameters<Real>& d_p, bool backward) {
    Workspace workspace;
    std::vector<Real> logits(rows_ * labels_), d_logits(logits.size());
    const MatrixView<Real> view(logits.data(), rows_, labels_);
    const auto cache = run_head<Real>(model_, 0, view, h, offsets_, dropout_, workspace);
    const double loss = model_.context().kernels->bce_with_logits(d_logits.data(), logits.data(), targets_.data(),
                                                                  nullptr, logits.size());
    const MatrixView<const Real> d_view(d_logits.data(), rows_, labels_);
    if (backward) run_head_backward<Real>(model_, 0, d, d_p, d_view, cache, h, offsets_, workspace);
    return loss;
  }

  static ModelSpec spec(Family family, Head head, std::optional<Activation> activation, bool tied,
                        const FrozenParts& frozen, const LoraOptions& lora) {
    ModelSpec spec;
    spec.frozen = frozen;
    spec.lora = lora;
    spec.config = default_config(family);
    spec.config.tie_word_embeddings = tied;
    if (activation) spec.config.hidden_act = *activation;
    if (spec.config.traits().local_attention) {
      spec.config.global_layers = {true, false, true};
      spec.config.local_attention = 4;
      spec.config.classifier_mean_pooling = true;
    }
    spec.config.vocab_size = 11;
    spec.config.pad_token_id = spec.config.pad_token_id.value_or(0) % 11;  // ModernBERT's is 50283
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
    spec.config.classifier_dropout = 0.3;
    spec.config.labels = {"a", "b", "c"};
    spec.heads = {{"", head}};
    if (head == Head::sequence_classification || head == Head::token_classification)
      spec.heads[0].labels = spec.config.labels;
    return spec;
  }

  Head head_;
  Dropout dropout_;
  Model<Real> model_;
  std::vector<std::int32_t> ids_, hidden_ids_;
  std::vector<std::uint32_t> positions_;
  std::vector<std::size_t> offsets_{0, 1, 5, 11};
  std::vector<Real> targets_, factors_;
  std::size_t rows_ = 0, labels_ = 0;
};

}  // namespace seqguard
