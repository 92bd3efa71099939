#define SEQGUARD_INSTANTIATES  // keeps the list of instantiations that the header ends with
#include "seqguard/training/label_loss.hpp"

#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

void check_label_loss(const LabelLossOptions& options, HeadLoss loss, std::size_t outputs) {
  const auto require = [](bool holds, std::string_view what, std::string_view expected, double found) {
    if (!holds) fail(ErrorCode::invalid_argument, "loss of labels", what, expected, std::to_string(found));
  };
  require(options.focal_gamma >= 0 && std::isfinite(options.focal_gamma), "focal gamma", "a number from 0 on",
          options.focal_gamma);
  if (options.focal_alpha)
    require(*options.focal_alpha >= 0 && *options.focal_alpha <= 1, "focal alpha", "a share from 0 to 1",
            *options.focal_alpha);
  require(options.label_smoothing >= 0 && options.label_smoothing < 1, "label smoothing", "from 0 to below 1",
          options.label_smoothing);
  const std::vector<double>& weights = options.class_weights;
  require(weights.empty() || weights.size() == outputs, "number of class weights", std::to_string(outputs),
          static_cast<double>(weights.size()));
  for (const double weight : weights)
    require(weight >= 0 && std::isfinite(weight), "class weight", "a number from 0 on", weight);
  const bool plain =
      options.focal_gamma == 0 && !options.focal_alpha && options.label_smoothing == 0 && weights.empty();
  if (loss == HeadLoss::squared_error && !plain)
    fail(ErrorCode::invalid_argument, "loss of labels",
         "focal, smoothed and weighted losses are of classes, not of numbers");
  if (loss == HeadLoss::softmax && options.focal_alpha)
    fail(ErrorCode::invalid_argument, "loss of labels",
         "focal alpha is of a binary head; a softmax takes class weights");
}

SEQGUARD_LABEL_LOSS(, float)
SEQGUARD_LABEL_LOSS(, double)

}  // namespace v0
}  // namespace seqguard
