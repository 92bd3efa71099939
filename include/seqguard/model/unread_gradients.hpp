// Places for the gradients of a backward pass of which only the gradient of the input is wanted.
#pragma once

#include <vector>

#include "seqguard/model/parameters.hpp"

namespace seqguard {
inline namespace v0 {

/// Null, and one place for those that are written in any case. One for each thread.
template <class Real>
class UnreadGradients {
 public:
  explicit UnreadGradients(const ModelSpec& spec);
  UnreadGradients(UnreadGradients&&) noexcept = default;
  UnreadGradients& operator=(UnreadGradients&&) noexcept = default;

  const ModelParameters<Real>& places() const noexcept { return places_; }

 private:
  std::vector<Real> unread_;
  ModelParameters<Real> places_;
};

extern template class UnreadGradients<float>;
extern template class UnreadGradients<double>;

}  // namespace v0
}  // namespace seqguard
