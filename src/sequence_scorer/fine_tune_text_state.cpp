#include "sequence_scorer/fine_tune_text_state.hpp"

#include <array>

#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_point = 14;

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// A digest of tokens, a text after another.
std::string tokens_digest(const TextExamples& examples) {
  std::string digest;
  for (const std::vector<Encoding>* texts : {&examples.train, &examples.held_out})
    for (const Encoding& text : *texts)
      digest = sha256(digest + " " + std::to_string(text.ids.size()) + " " + std::string(bytes_of(text.ids)) +
                      std::string(bytes_of(text.type_ids)));
  return digest;
}

void write_optimizer(JsonWriter& json, const OptimizerOptions& optimizer) {
  json.field("optimizer", to_string(optimizer.kind)).field("nesterov", optimizer.nesterov);
  json.field("decoupled", optimizer.decoupled_weight_decay);
  for (const double value : {optimizer.beta1, optimizer.beta2, optimizer.eps, optimizer.alpha, optimizer.momentum,
                             optimizer.weight_decay, optimizer.l1, optimizer.clip_norm, optimizer.layer_decay})
    json.exact_field("", value);
  for (const ParameterGroup& group : optimizer.groups) {
    json.exact_field(group.pattern, group.learning_rate_factor);
    if (group.weight_decay) json.exact_field("weight_decay", *group.weight_decay);
  }
}

void write_schedule(JsonWriter& json, const Schedule& schedule) {
  json.field("schedule", to_string(schedule.type)).field("cycles", schedule.cycles);
  for (const double value : {schedule.warm_up, schedule.floor, schedule.power, schedule.start, schedule.plateau.factor,
                             schedule.plateau.threshold})
    json.exact_field("", value);
  json.field("patience", schedule.plateau.patience).field("cooldown", schedule.plateau.cooldown);
}

/// Everything that decides the bits of a training; names may stand twice, nobody reads it.
std::string options_text(const FineTuneTextOptions& options) {
  JsonWriter json;
  json.begin_object().field("loss", to_string(*options.loss)).field("metric", to_string(options.metric));
  json.exact_field("gamma", options.focal_gamma).exact_field("alpha", options.focal_alpha.value_or(-1));
  json.exact_field("smoothing", options.label_smoothing).field("balanced", options.balanced);
  for (const double weight : options.class_weights) json.exact_field("weight", weight);
  json.field("frozen", std::size_t{options.frozen.layers});
  for (const bool flag : {options.frozen.embeddings, options.frozen.base, options.frozen.all_but_biases,
                          options.lora.use_rslora, options.first_pieces_only})
    json.field("", flag);
  json.field("rank", options.lora.rank).exact_field("alpha", options.lora.alpha);
  json.exact_field("dropout", options.lora.dropout);
  for (const std::string& module : options.lora.target_modules) json.field("target", module);
  json.field("adversarial", options.adversarial.steps);
  for (const double value : {options.adversarial.epsilon, options.adversarial.step_size, options.adversarial.weight,
                             options.stochastic_depth})
    json.exact_field("", value);
  write_optimizer(json, options.optimizer);
  write_schedule(json, options.schedule);
  json.exact_field("learning_rate", options.learning_rate.value_or(-1));
  json.exact_field("epochs", options.epochs.value_or(-1)).field("steps", options.steps.value_or(0));
  json.field("tokens", options.tokens_per_step).exact_field("valid", options.valid_fraction);
  json.field("patience", options.patience).field("every", options.validate_every).field("seed", options.seed);
  json.field("folds", options.folds).end_object();
  return json.text();
}

/// What decides how sums are rounded.
std::string compute_text(const Context<float>& context) {
  std::string text;
  for (const std::string_view name :
       {to_string(context.kernels->isa), to_string(context.backend), to_string(context.precision)})
    text.append(" ").append(name);
  return text;
}

}  // namespace

std::vector<double> numbers_of(std::span<const TextCurvePoint> curve) {
  std::vector<double> numbers;
  for (const TextCurvePoint& point : curve) {
    const TextFigures& f = point.held_out;
    const std::array<double, k_point> of_point = {static_cast<double>(point.step),
                                                  point.loss,
                                                  point.learning_rate,
                                                  static_cast<double>(f.rows),
                                                  f.loss,
                                                  f.accuracy,
                                                  f.f1,
                                                  f.macro_f1,
                                                  f.micro_f1,
                                                  f.auroc,
                                                  f.ap,
                                                  f.mae,
                                                  f.rmse,
                                                  f.spearman};
    numbers.insert(numbers.end(), of_point.begin(), of_point.end());
  }
  return numbers;
}

std::vector<TextCurvePoint> curve_of(std::span<const double> numbers) {
  if (numbers.size() % k_point != 0)
    fail(ErrorCode::bad_checkpoint, "training state", "curve", "points of " + std::to_string(k_point) + " numbers",
         std::to_string(numbers.size()) + " numbers");
  std::vector<TextCurvePoint> curve;
  for (std::size_t at = 0; at < numbers.size(); at += k_point) {
    const auto n = numbers.subspan(at, k_point);
    TextCurvePoint& point = curve.emplace_back();
    point.step = static_cast<std::uint64_t>(n[0]);
    point.loss = n[1];
    point.learning_rate = n[2];
    point.held_out = {static_cast<std::size_t>(n[3]), n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12], n[13]};
  }
  return curve;
}

std::string curve_lines(std::span<const TextCurvePoint> curve, TextProblem problem, TextMetric metric) {
  std::string lines;
  for (const TextCurvePoint& point : curve) {
    const TextFigures& f = point.held_out;
    JsonWriter json;
    json.begin_object().field("step", point.step).field("loss", point.loss).field("validation_loss", f.loss);
    json.field("metric", to_string(metric)).field("value", f.value(metric));
    json.field("learning_rate", point.learning_rate);
    write_text_figures(f, problem, json);
    json.end_object().end_line();
    lines += json.text();
  }
  return lines;
}

void write_text_figures(const TextFigures& figures, TextProblem problem, JsonWriter& json) {
  if (problem == TextProblem::regression) {
    json.field("mae", figures.mae).field("rmse", figures.rmse).field("spearman", figures.spearman);
    return;
  }
  json.field("accuracy", figures.accuracy).field("auroc", figures.auroc).field("ap", figures.ap);
  json.field("f1", figures.f1).field("macro_f1", figures.macro_f1).field("micro_f1", figures.micro_f1);
}

std::string fine_tune_text_fingerprint(const Model<float>& model, const TextExamples& examples,
                                       const FineTuneTextOptions& options) {
  std::string text = options_text(options) + compute_text(model.context());
  for (const std::string& name : examples.classes) text.append(" ").append(std::to_string(name.size())).append(name);
  text.append(" ").append(to_string(examples.problem)).append(bytes_of(examples.members));
  text.append(bytes_of(examples.numbers))
      .append(bytes_of(examples.targets))
      .append(tokens_digest(examples))
      .append(sha256(bytes_of(model.values())));
  return sha256(text + " " + std::to_string(examples.train.size()));
}

std::string text_series_fingerprint(const Model<float>& base, const LabelledTexts& texts,
                                    std::span<const FineTuneTextOptions> settings) {
  std::string text = compute_text(base.context()) + sha256(bytes_of(base.values()));
  text.append(to_string(texts.problem));
  const auto add = [&](std::string_view part) { text.append(" ").append(std::to_string(part.size())).append(part); };
  for (const std::string& name : texts.classes) add(name);
  for (const FineTuneTextOptions& options : settings) {
    add(options_text(options));
    text.append(" ").append(std::to_string(options.text.max_tokens));
  }
  std::string digest;
  for (const LabelledText& row : texts.texts) {
    std::string known = std::to_string(row.label) + " " + std::string(bytes_of(row.labels));
    known.append(bytes_of(std::vector<double>{row.number}));
    for (const LabelledSpan& span : row.spans)
      for (const std::size_t number :
           {std::size_t{span.characters.begin}, std::size_t{span.characters.end}, span.label})
        known.append(std::to_string(number)).append(" ");
    digest = sha256(digest + std::to_string(row.text.size()) + " " + row.text + row.pair + known);
  }
  return sha256(text + digest);
}

}  // namespace v0
}  // namespace seqguard
