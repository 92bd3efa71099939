// The settings of a search, from a file.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json_tree.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Options = FineTuneTextOptions;

constexpr std::size_t k_most_trials = 1000, k_max_bytes = std::size_t{1} << 20;
constexpr std::uint64_t k_trial_stream = 403;

/// A setting that is a number: how it is put into the options.
struct NumberSetting {
  std::string_view name;
  bool is_whole;
  void (*set)(Options&, double);
};
constexpr std::array<NumberSetting, 16> k_numbers{{
    {"adversarial_epsilon", false, [](Options& o, double v) { o.adversarial.epsilon = v; }},
    {"adversarial_steps", true, [](Options& o, double v) { o.adversarial.steps = static_cast<std::size_t>(v); }},
    {"batch_tokens", true, [](Options& o, double v) { o.tokens_per_step = static_cast<std::size_t>(v); }},
    {"epochs", false, [](Options& o, double v) { o.epochs = v, o.steps.reset(); }},
    {"focal_alpha", false, [](Options& o, double v) { o.focal_alpha = v; }},
    {"focal_gamma", false, [](Options& o, double v) { o.focal_gamma = v; }},
    {"label_smoothing", false, [](Options& o, double v) { o.label_smoothing = v; }},
    {"layer_decay", false, [](Options& o, double v) { o.optimizer.layer_decay = v; }},
    {"learning_rate", false, [](Options& o, double v) { o.learning_rate = v; }},
    {"lora", true, [](Options& o, double v) { o.lora.rank = static_cast<std::size_t>(v); }},
    {"lora_alpha", false, [](Options& o, double v) { o.lora.alpha = v; }},
    {"lora_dropout", false, [](Options& o, double v) { o.lora.dropout = v; }},
    {"steps", true, [](Options& o, double v) { o.steps = static_cast<std::size_t>(v), o.epochs.reset(); }},
    {"stochastic_depth", false, [](Options& o, double v) { o.stochastic_depth = v; }},
    {"warm_up", false, [](Options& o, double v) { o.schedule.warm_up = v; }},
    {"weight_decay", false, [](Options& o, double v) { o.optimizer.weight_decay = v; }},
}};

/// One that is a name.
struct NameSetting {
  std::string_view name;
  void (*set)(Options&, std::string_view);  ///< @throws Error invalid_argument
};
constexpr std::array<NameSetting, 5> k_names{{
    {"class_weights",
     [](Options& o, std::string_view v) {
       if (v != "balanced" && v != "none") fail(ErrorCode::invalid_argument, "class_weights", "is balanced or none");
       o.balanced = v == "balanced";
       o.class_weights.clear();
     }},
    {"freeze", [](Options& o, std::string_view v) { o.frozen = frozen_parts_from_string(v); }},
    {"loss", [](Options& o, std::string_view v) { o.loss = text_loss_from_string(v); }},
    {"optimizer", [](Options& o, std::string_view v) { o.optimizer.kind = optimizer_kind_from_string(v); }},
    {"schedule", [](Options& o, std::string_view v) { o.schedule.type = schedule_type_from_string(v); }},
}};

template <class Table>
auto find_in(const Table& table, std::string_view name) {
  return std::find_if(table.begin(), table.end(), [&](const auto& setting) { return setting.name == name; });
}

std::string number_text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

/// A value of a setting: what it is called, and what it does.
struct Choice {
  std::string name;
  std::function<void(Options&)> apply;
};

/// A setting of the file: values, or a range of numbers.
struct Setting {
  std::string name;
  std::vector<Choice> choices;
  const NumberSetting* number = nullptr;  // of a range
  double lowest = 0, highest = 0;
  bool logarithmic = false;

  Choice choice_of(double value) const {
    if (number->is_whole) value = std::round(value);
    return {name + "=" + number_text(value), [set = number->set, value](Options& options) { set(options, value); }};
  }
  Choice draw(Random& random) const {
    if (number == nullptr) return choices[random.below(choices.size())];
    const double share = random.uniform();
    return choice_of(logarithmic ? lowest * std::pow(highest / lowest, share) : lowest + share * (highest - lowest));
  }
};

Choice read_choice(const JsonValue& json, const std::string& name) {
  if (const auto number = find_in(k_numbers, name); number != k_numbers.end()) {
    const double value = number->is_whole ? static_cast<double>(json.natural(1u << 30)) : json.number();
    return {name + "=" + number_text(value), [set = number->set, value](Options& options) { set(options, value); }};
  }
  const auto setting = find_in(k_names, name);
  const std::string value(json.text());
  try {
    Options probe;
    setting->set(probe, value);
  } catch (const Error& error) {
    json.refuse(std::string("another value: ") + error.what());
  }
  return {name + "=" + value, [set = setting->set, value](Options& options) { set(options, value); }};
}

/// Names of the settings, for messages.
std::string known_names() {
  std::string names;
  for (const NumberSetting& setting : k_numbers) names.append(names.empty() ? "" : ", ").append(setting.name);
  for (const NameSetting& setting : k_names) names.append(", ").append(setting.name);
  return names;
}

Setting read_setting(const JsonValue& json, bool by_chance) {
  Setting setting;
  setting.name = json.key();
  const auto number = find_in(k_numbers, setting.name);
  const bool is_number = number != k_numbers.end();
  if (!is_number && find_in(k_names, setting.name) == k_names.end()) json.refuse("a setting: trials, " + known_names());
  if (json.is(JsonValue::Kind::array)) {
    if (json.size() == 0) json.refuse("at least one value");
    json.for_each([&](const JsonValue& value) { setting.choices.push_back(read_choice(value, setting.name)); });
    return setting;
  }
  if (!is_number || !json.is(JsonValue::Kind::object))
    json.refuse(is_number ? "an array of numbers, or {\"min\": .., \"max\": ..}" : "an array of texts");
  if (!by_chance) json.refuse("an array: a range needs \"trials\", the number of settings to draw");
  json.allow_only({"min", "max", "log"}, ErrorCode::bad_format);
  setting.number = &*number;
  setting.lowest = json.at("min").number();
  setting.highest = json.at("max").number();
  setting.logarithmic = json.boolean_or("log", false);
  if (!(setting.lowest < setting.highest)) json.refuse("a min below the max");
  if (setting.logarithmic && !(setting.lowest > 0)) json.refuse("a min above 0, because of log");
  return setting;
}

void take(const Choice& choice, TextTrial& trial) {
  trial.name += (trial.name.empty() ? "" : " ") + choice.name;
  choice.apply(trial.options);
}

/// The last setting varies fastest.
std::vector<TextTrial> all_combinations(const std::vector<Setting>& settings, const Options& base,
                                        const JsonValue& json) {
  std::size_t count = 1;
  for (const Setting& setting : settings) {
    count *= setting.choices.size();
    if (count > k_most_trials)
      json.refuse("at most " + std::to_string(k_most_trials) + " combinations, or \"trials\" to draw some of them");
  }
  std::vector<TextTrial> trials;
  for (std::size_t t = 0; t < count; ++t) {
    TextTrial trial{"", base};
    std::size_t left = count, place = t;
    for (const Setting& setting : settings) {
      left /= setting.choices.size();
      take(setting.choices[place / left], trial);
      place %= left;
    }
    trials.push_back(std::move(trial));
  }
  return trials;
}

/// Settings that were drawn before are drawn again, up to a limit: a search of few values ends with fewer.
std::vector<TextTrial> by_chance(const std::vector<Setting>& settings, const Options& base, std::size_t count) {
  std::vector<TextTrial> trials;
  for (std::size_t draw = 0; trials.size() < count && draw < 20 * count; ++draw) {
    Random random(random_bits(base.seed, k_trial_stream, draw), 0);
    TextTrial trial{"", base};
    for (const Setting& setting : settings) take(setting.draw(random), trial);
    const auto is_known = [&](const TextTrial& known) { return known.name == trial.name; };
    if (std::none_of(trials.begin(), trials.end(), is_known)) trials.push_back(std::move(trial));
  }
  return trials;
}

}  // namespace

std::vector<TextTrial> read_text_trials(const std::string& path, const FineTuneTextOptions& base) {
  const std::string text = read_file(path, k_max_bytes);
  const JsonTree tree(text, path, ErrorCode::bad_format);
  const JsonValue json = tree.root().demand(JsonValue::Kind::object);
  const auto count = json.find("trials");
  std::vector<Setting> settings;
  json.for_each([&](const JsonValue& member) {
    if (member.key() != "trials") settings.push_back(read_setting(member, count.has_value()));
  });
  if (settings.empty()) json.refuse("an object of settings: " + known_names());
  if (!count) return all_combinations(settings, base, json);
  if (count->natural(k_most_trials) == 0) count->refuse("1 to " + std::to_string(k_most_trials));
  return by_chance(settings, base, count->natural(k_most_trials));
}

}  // namespace v0
}  // namespace seqguard
