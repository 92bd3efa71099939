// Dense features of a row, behind its blocks of counts; private to the library.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/detection/label_features.hpp"

namespace seqguard {
inline namespace v0 {

/// Appends numbers one behind the other; those that are not known (NaN) become 0.
class DenseWriter {
 public:
  DenseWriter(const LabelFeatures& features, SparseRows<float>& out)
      : features_(features), next_(features.size() - features.dense), out_(out) {}
  void add(double value) {
    out_.append(static_cast<std::uint32_t>(next_++), std::isfinite(value) ? static_cast<float>(value) : 0.0F);
  }
  /// @throws Error invalid_argument: not as many numbers as the features have.
  void end_row() {
    if (next_ != features_.size())
      fail(ErrorCode::invalid_argument, "features of labels", "dense numbers", std::to_string(features_.dense),
           std::to_string(features_.dense + next_ - features_.size()));
    out_.end_row();
  }

 private:
  const LabelFeatures& features_;
  std::size_t next_;
  SparseRows<float>& out_;
};

}  // namespace v0
}  // namespace seqguard
