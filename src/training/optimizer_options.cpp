#include "seqguard/training/optimizer_options.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr OptimizerKind k_kinds[] = {OptimizerKind::adamw, OptimizerKind::adam, OptimizerKind::sgd,
                                     OptimizerKind::rmsprop};

void require(bool holds, std::string_view name, std::string_view expected, double found) {
  if (!holds) fail(ErrorCode::invalid_argument, "optimizer", name, expected, std::to_string(found));
}

void require_not_negative(std::string_view name, double number) {
  require(std::isfinite(number) && number >= 0, name, "a number >= 0", number);
}

void check_options(const OptimizerOptions& options) {
  const auto require_below_one = [](std::string_view name, double number) {
    require(number >= 0 && number < 1, name, "a number in [0, 1)", number);
  };
  require_below_one("beta1", options.beta1);
  require_below_one("beta2", options.beta2);
  require_below_one("alpha", options.alpha);
  require_below_one("momentum", options.momentum);
  require_not_negative("eps", options.eps);
  require_not_negative("weight_decay", options.weight_decay);
  require_not_negative("l1", options.l1);
  require(options.layer_decay > 0 && options.layer_decay <= 1, "layer_decay", "a number in (0, 1]",
          options.layer_decay);
  if (options.kind == OptimizerKind::adamw || options.kind == OptimizerKind::adam)
    require(options.momentum == 0, "momentum of " + std::string(to_string(options.kind)), "0, it has beta1",
            options.momentum);
  if (options.nesterov && (options.kind != OptimizerKind::sgd || options.momentum == 0))
    fail(ErrorCode::invalid_argument, "optimizer", "nesterov", "sgd with momentum",
         std::string(to_string(options.kind)) + " with momentum " + std::to_string(options.momentum));
  for (const ParameterGroup& group : options.groups) {
    const std::string of_group = " of group \"" + group.pattern + "\"";
    require_not_negative("learning_rate_factor" + of_group, group.learning_rate_factor);
    require_not_negative("weight_decay" + of_group, group.weight_decay.value_or(0));
  }
}

/// Whether '*' (any characters) and '?' (one) make the name of the pattern. After a mismatch the last '*' takes one
/// character more.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = pattern.size(), taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star < pattern.size()) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::size_t distinct_layers(const ParameterTable& table) {
  std::size_t layers = 0;
  for (const ParameterInfo& info : table.entries())
    if (info.key.scope == ParameterScope::layer) layers = std::max(layers, info.key.layer + 1);
  return layers;
}

}  // namespace

std::string_view to_string(OptimizerKind kind) noexcept {
  switch (kind) {
    case OptimizerKind::adamw:
      return "adamw";
    case OptimizerKind::adam:
      return "adam";
    case OptimizerKind::sgd:
      return "sgd";
    case OptimizerKind::rmsprop:
      return "rmsprop";
  }
  return "unknown";
}

OptimizerKind optimizer_kind_from_string(std::string_view name) {
  for (const OptimizerKind kind : k_kinds)
    if (to_string(kind) == name) return kind;
  fail(ErrorCode::invalid_argument, "optimizer", "unknown name", "adamw, adam, sgd or rmsprop", name);
}

std::vector<ParameterSettings> parameter_settings(const ParameterTable& table, const OptimizerOptions& options) {
  check_options(options);
  std::vector<ParameterSettings> settings;
  std::vector<bool> matched(options.groups.size());
  // The table names the embeddings first, then layer by layer, then what lies above.
  const std::size_t layers = distinct_layers(table);
  std::size_t above = layers;
  for (const ParameterInfo& info : table.entries()) {
    if (info.key.scope == ParameterScope::layer)
      above = layers - 1 - info.key.layer;
    else if (above < layers)
      above = 0;
    const bool decayed = info.role == ParameterRole::weight || info.role == ParameterRole::embedding;
    ParameterSettings own{std::pow(options.layer_decay, static_cast<double>(above)),
                          decayed ? options.weight_decay : 0.0, decayed ? options.l1 : 0.0};
    bool first = true;
    for (std::size_t g = 0; g < options.groups.size(); ++g) {
      const ParameterGroup& group = options.groups[g];
      if (!matches(group.pattern, info.name)) continue;
      matched[g] = true;
      if (!first) continue;
      first = false;
      own.learning_rate_factor *= group.learning_rate_factor;
      own.weight_decay = group.weight_decay.value_or(own.weight_decay);
    }
    settings.push_back(own);
  }
  for (std::size_t g = 0; g < matched.size(); ++g)
    if (!matched[g])
      fail(ErrorCode::invalid_argument, "optimizer",
           "no parameter matches the pattern \"" + options.groups[g].pattern + "\"");
  return settings;
}

}  // namespace v0
}  // namespace seqguard
