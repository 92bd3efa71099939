#include "model/config_fields.hpp"

namespace seqguard {
namespace {

struct ActivationName {
  const char* name;
  Activation activation;
};
/// Every name whose formula is computed here; the first one of an activation is the one written.
constexpr ActivationName k_activations[] = {
    {"gelu", Activation::gelu},
    {"gelu_python", Activation::gelu},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_fast", Activation::gelu_tanh},
    {"gelu_accurate", Activation::gelu_tanh},
    {"quick_gelu", Activation::quick_gelu},
    {"relu", Activation::relu},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"tanh", Activation::tanh},
};

Activation parse_activation(const std::string& field, const std::string& name, const std::string& path) {
  std::string names;
  for (const ActivationName& known : k_activations) {
    if (name == known.name) return known.activation;
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  refuse(path, field, "one of " + names, "\"" + name + "\"");
}

}  // namespace

void take_activation(Fields& fields, const std::string& field, Activation& activation) {
  const auto value = fields.take_set(field, "a string");
  if (!value) return;
  if (!value->is_string()) malformed(fields.path, field, "a string", describe(*value));
  activation = parse_activation(field, value->get<std::string>(), fields.path);
}

std::string_view activation_name(Activation activation) noexcept {
  for (const ActivationName& known : k_activations)
    if (known.activation == activation) return known.name;
  return "";
}

}  // namespace seqguard
