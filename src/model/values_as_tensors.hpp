// A model in memory as a source of tensors to write; private to the library.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/function_ref.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Parameters under the names of the family's files. The table and the values are borrowed.
class ValuesAsTensors : public TensorSource {
 public:
  /// `wanted` says which parameters; of a name that begins with `prefix_to_drop` the rest is taken. `with_copies`: tied
  /// parameters that are not tied any more (tie_word_embeddings) have their second names, too.
  ValuesAsTensors(const Model<float>& model, std::span<const float> values,
                  FunctionRef<bool(const ParameterInfo&)> wanted, std::string_view prefix_to_drop, bool with_copies);

  std::vector<std::string> names() const;

 private:
  void read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const override;

  const ParameterTable& table_;
  std::span<const float> values_;
};

}  // namespace v0
}  // namespace seqguard
