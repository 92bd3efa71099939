#include "seqguard/model/sentence_embedding.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace seqguard {
inline namespace v0 {
namespace {

void normalise(std::span<float> x) {
  constexpr double k_least = 1e-12;  // F.normalize's eps
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * value;
  const double divisor = std::max(std::sqrt(squares), k_least);
  for (float& value : x) value = static_cast<float>(value / divisor);
}

}  // namespace

void SentenceEmbedding::embed(std::span<float> out, MatrixView<const float> hidden, const KernelTable<float>& kernels,
                              Arena& scratch) const {
  const Arena::Frame frame(scratch);
  std::span<float> x = scratch.allocate<float>(poolings_.size() * hidden.cols);
  for (std::size_t i = 0; i < poolings_.size(); ++i)
    pool_sequence<float>(x.subspan(i * hidden.cols, hidden.cols), poolings_[i], hidden);
  for (const auto& step : steps_) {
    const auto* const dense = std::get_if<SentenceDense>(&step);
    if (dense == nullptr) {
      normalise(x);
      continue;
    }
    const std::span<float> y = scratch.allocate<float>(dense->packed.forward.n());
    linear_forward<float>({y.data(), 1, y.size()}, {x.data(), 1, x.size()}, dense->packed, scratch);
    if (dense->activation) activation_forward(kernels, *dense->activation, y.data(), y.data(), y.size());
    x = y;
  }
  std::copy_n(x.begin(), out.size(), out.begin());
  if (size_ < uncut_size_ && !steps_.empty() && std::holds_alternative<SentenceNormalize>(steps_.back()))
    normalise(out);
}

}  // namespace v0
}  // namespace seqguard
