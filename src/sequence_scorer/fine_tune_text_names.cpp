// Names of the choices of a fine-tuning of texts.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

template <class Value, std::size_t n>
std::string_view name_in(const std::array<std::pair<Value, std::string_view>, n>& names, Value value) {
  return std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.first == value; })->second;
}

template <class Value, std::size_t n>
Value value_in(const std::array<std::pair<Value, std::string_view>, n>& names, std::string_view what,
               std::string_view name) {
  std::string known;
  for (const auto& [value, text] : names) {
    if (text == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  fail(ErrorCode::invalid_argument, "fine-tune", what, "one of " + known, name);
}

constexpr std::array<std::pair<TextLoss, std::string_view>, 4> k_losses{
    {{TextLoss::ce, "ce"}, {TextLoss::bce, "bce"}, {TextLoss::focal, "focal"}, {TextLoss::mse, "mse"}}};
constexpr std::array<std::pair<TextMetric, std::string_view>, 10> k_metrics{{{TextMetric::loss, "loss"},
                                                                             {TextMetric::accuracy, "accuracy"},
                                                                             {TextMetric::auroc, "auroc"},
                                                                             {TextMetric::ap, "ap"},
                                                                             {TextMetric::f1, "f1"},
                                                                             {TextMetric::macro_f1, "macro_f1"},
                                                                             {TextMetric::micro_f1, "micro_f1"},
                                                                             {TextMetric::mae, "mae"},
                                                                             {TextMetric::rmse, "rmse"},
                                                                             {TextMetric::spearman, "spearman"}}};

}  // namespace

std::string_view to_string(TextLoss loss) noexcept { return name_in(k_losses, loss); }
TextLoss text_loss_from_string(std::string_view name) { return value_in(k_losses, "loss", name); }
std::string_view to_string(TextMetric metric) noexcept { return name_in(k_metrics, metric); }
TextMetric text_metric_from_string(std::string_view name) { return value_in(k_metrics, "metric", name); }
FrozenParts frozen_parts_from_string(std::string_view list) {
  FrozenParts frozen;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string_view part = list.substr(begin, end - begin);
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), frozen.layers);
    const bool is_number = error == std::errc() && stop == part.data() + part.size();
    frozen.embeddings = frozen.embeddings || part == "embeddings";
    frozen.base = frozen.base || part == "base";
    frozen.all_but_biases = frozen.all_but_biases || part == "all-but-biases";
    if (!is_number && part != "embeddings" && part != "base" && part != "all-but-biases")
      fail(ErrorCode::invalid_argument, "frozen parts", "each",
           "a number of layers, embeddings, base or all-but-biases", part);
    begin = end + 1;
  }
  return frozen;
}
bool smaller_is_better(TextMetric metric) noexcept {
  return metric == TextMetric::loss || metric == TextMetric::mae || metric == TextMetric::rmse;
}

}  // namespace v0
}  // namespace seqguard
