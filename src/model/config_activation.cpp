#include "model/config_fields.hpp"

namespace seqguard {
inline namespace v0 {
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

}  // namespace

void take_activation(Fields& fields, std::string_view field, Activation& activation) {
  const auto value = fields.take_set(field, "a text");
  if (!value) return;
  std::string names;
  for (const ActivationName& known : k_activations) {
    if (value->text() == known.name) {
      activation = known.activation;
      return;
    }
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  refuse(*value, "one of " + names);
}

std::string_view activation_name(Activation activation) noexcept {
  for (const ActivationName& known : k_activations)
    if (known.activation == activation) return known.name;
  return "";
}

}  // namespace v0
}  // namespace seqguard
