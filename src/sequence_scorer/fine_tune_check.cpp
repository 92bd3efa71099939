#include "sequence_scorer/fine_tune_check.hpp"

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

void check_fine_tune(const ClassLabels& labels, const Dataset& data, const FineTuneOptions& options) {
  const auto require = [](bool holds, const std::string& what, const std::string& expected, const std::string& found) {
    if (!holds) fail(ErrorCode::invalid_argument, "fine-tune", what, expected, found);
  };
  const std::size_t labelled = labels.of_events ? data.events() : data.sequences().size();
  require(labels.values.size() == labelled, labels.of_events ? "labels of events" : "labels", std::to_string(labelled),
          std::to_string(labels.values.size()));
  const std::size_t classes = labels.classes.size();
  require(classes >= 2, "classes", "at least 2", std::to_string(classes));
  for (const std::size_t value : labels.values)
    require(value == k_unknown_class || value < classes, "class of a label", "below " + std::to_string(classes),
            std::to_string(value));
  const std::vector<std::size_t> counts = sequence_labels(labels, data).counts();
  const std::size_t abnormal = std::accumulate(counts.begin() + 1, counts.end(), std::size_t{0});
  require(counts.front() >= k_least_normals, "sequences labelled \"" + labels.classes.front() + "\" to calibrate on",
          "at least " + std::to_string(k_least_normals), std::to_string(counts.front()));
  require(abnormal >= k_least_abnormal, "sequences labelled abnormal", "at least " + std::to_string(k_least_abnormal),
          std::to_string(abnormal));
  check_label_loss({options.focal_gamma, options.focal_alpha, options.label_smoothing, {}},
                   classes == 2 ? HeadLoss::binary : HeadLoss::softmax, classes == 2 ? 1 : classes);
  require(options.members * options.folds <= k_most_label_networks && options.network.hidden <= k_most_label_hidden,
          "members x folds, and their width",
          "at most " + std::to_string(k_most_label_networks) + " and " + std::to_string(k_most_label_hidden),
          std::to_string(options.members * options.folds) + " and " + std::to_string(options.network.hidden));
  require(options.folds >= 2, "folds", "at least 2", std::to_string(options.folds));
  require(
      options.members >= 1 && options.network.epochs >= 1 && options.network.hidden >= 1 && options.network.batch >= 1,
      "members, epochs, hidden width and batch", "at least 1", "0");
  require(options.network.dropout >= 0 && options.network.dropout < 1, "dropout", "from 0 to below 1",
          std::to_string(options.network.dropout));
  require(!options.view_weight || (*options.view_weight > 0 && std::isfinite(*options.view_weight)),
          "weight of the labels", "a number above 0", std::to_string(options.view_weight.value_or(0)));
  require(options.network.learning_rate > 0 && options.network.weight_decay >= 0 &&
              std::isfinite(options.network.learning_rate) && std::isfinite(options.network.weight_decay),
          "learning rate and weight decay", "numbers, the rate above 0", "others");
  require(!options.target_fpr || (*options.target_fpr > 0 && *options.target_fpr < 1), "target false-positive rate",
          "between 0 and 1", std::to_string(options.target_fpr.value_or(0)));
}

}  // namespace v0
}  // namespace seqguard
