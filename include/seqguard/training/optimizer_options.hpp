// How an optimiser steps: its kind, its numbers, and which parameters have numbers of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/parameters.hpp"

namespace seqguard {
inline namespace v0 {

/// How a gradient becomes a step; definitions and numbers are torch.optim's. With the clipped gradient g, the rate lr,
/// the step's number t = 1, 2, ..:
///   adamw    m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
///            p -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps);  weight decay decoupled
///   adam     the same with weight decay in the gradient
///   sgd      b = momentum b + g;  p -= lr b, with nesterov p -= lr (g + momentum b)
///   rmsprop  v = alpha v + (1 - alpha) g^2;  b = momentum b + g / (sqrt(v) + eps);  p -= lr b
/// Weight decay in the gradient: g += weight_decay p, after clipping. Decoupled (Loshchilov, Hutter 2019): the step
/// takes lr weight_decay p away as well, whatever the gradient's size.
enum class OptimizerKind { adamw, adam, sgd, rmsprop };

std::string_view to_string(OptimizerKind kind) noexcept;
/// @throws Error invalid_argument: neither "adamw", "adam", "sgd" nor "rmsprop".
OptimizerKind optimizer_kind_from_string(std::string_view name);

/// Parameters with a rate or decay of their own.
struct ParameterGroup {
  /// The whole name of a parameter, as to_string(ParameterKey) gives it for every family ("bert.encoder.layer.3.
  /// attention.self.query.weight", "classifier.bias"), in which '*' stands for any characters and '?' for one.
  std::string pattern;
  double learning_rate_factor = 1;
  /// Of all parameters of the group, biases and LayerNorms too; without it, that of the options as there.
  std::optional<double> weight_decay = {};
};

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adamw;
  double beta1 = 0.9;                   ///< adamw, adam
  double beta2 = 0.98;                  ///< adamw, adam
  double eps = 1e-8;                    ///< adamw, adam, rmsprop
  double alpha = 0.99;                  ///< rmsprop
  double momentum = 0;                  ///< sgd, rmsprop
  bool nesterov = false;                ///< sgd with momentum
  double weight_decay = 0.01;           ///< on matrices and tables only
  bool decoupled_weight_decay = false;  ///< adam, sgd, rmsprop; that of adamw always is
  /// On matrices and tables only. A proximal step after each step: p = sign(p) max(|p| - lr l1, 0), so that what is not
  /// needed becomes exactly 0.
  double l1 = 0;
  double clip_norm = 1;  ///< of the whole gradient; <= 0: no clipping
  /// Layer-wise decay: the rate of a layer is multiplied by it once for each layer above (of ALBERT: each that has
  /// parameters of its own), that of the embeddings once for each layer; heads, pooler and the last norm keep theirs.
  double layer_decay = 1;
  std::vector<ParameterGroup> groups = {};  ///< the first that matches a parameter is its group
};

/// What the step of one parameter has of its own.
struct ParameterSettings {
  double learning_rate_factor = 1;
  double weight_decay = 0;
  double l1 = 0;
};

/// Of each entry of the table. @throws Error invalid_argument: a number out of its range (betas, alpha and momentum lie
/// in [0, 1), the others are not negative; layer_decay lies in (0, 1]), momentum or nesterov of a kind without it, a
/// pattern that matches no parameter.
std::vector<ParameterSettings> parameter_settings(const ParameterTable& table, const OptimizerOptions& options);

}  // namespace v0
}  // namespace seqguard
