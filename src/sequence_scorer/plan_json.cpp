#include <nlohmann/json.hpp>

#include "seqguard/sequence_scorer/fit.hpp"

namespace seqguard {

std::string to_json(const FitPlan& plan) {
  const nlohmann::ordered_json json = {{"sequences", plan.sequences},
                                       {"events", plan.events},
                                       {"vocabulary", plan.vocabulary},
                                       {"rare_values", plan.rare_values},
                                       {"rare_share", plan.rare_share},
                                       {"window", plan.window},
                                       {"hidden", plan.hidden},
                                       {"layers", plan.layers},
                                       {"heads", plan.heads},
                                       {"steps", plan.steps},
                                       {"learning_rate", plan.learning_rate},
                                       {"dropout", plan.dropout},
                                       {"order_gain", plan.order_gain},
                                       {"masked_share", plan.masked_share},
                                       {"folds", plan.folds}};
  return json.dump();
}

}  // namespace seqguard
