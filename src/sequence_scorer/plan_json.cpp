#include "core/json_writer.hpp"
#include "seqguard/sequence_scorer/fit.hpp"

namespace seqguard {
inline namespace v0 {

std::string to_json(const FitPlan& plan) {
  JsonWriter json;
  json.begin_object().field("sequences", plan.sequences).field("events", plan.events);
  json.field("vocabulary", plan.vocabulary).field("rare_values", plan.rare_values);
  json.exact_field("rare_share", plan.rare_share).field("window", plan.window).field("hidden", plan.hidden);
  json.field("layers", plan.layers).field("heads", plan.heads).field("steps", plan.steps);
  json.exact_field("learning_rate", plan.learning_rate).exact_field("dropout", plan.dropout);
  json.exact_field("order_gain", plan.order_gain).exact_field("masked_share", plan.masked_share);
  json.field("folds", plan.folds).field("tagger_steps", plan.tagger_steps);
  json.field("tagger_window", plan.tagger_window).exact_field("tagger_dropout", plan.tagger_dropout).end_object();
  return json.text();
}

}  // namespace v0
}  // namespace seqguard
