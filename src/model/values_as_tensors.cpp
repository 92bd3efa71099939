#include "model/values_as_tensors.hpp"

#include <algorithm>
#include <utility>

#include "model/tensor_accounting.hpp"
#include "model/tensor_names.hpp"

namespace seqguard {
inline namespace v0 {

ValuesAsTensors::ValuesAsTensors(const Model<float>& model, std::span<const float> values,
                                 FunctionRef<bool(const ParameterInfo&)> wanted, std::string_view prefix_to_drop,
                                 bool with_copies)
    : table_(model.table()), values_(values) {
  path_ = "model to write";
  const ModelConfig& config = model.config();
  const std::vector<Copy> copies = copies_of(table_, config);
  for (std::size_t i = 0; i < table_.entries().size(); ++i) {
    const ParameterInfo& parameter = table_.entries()[i];
    if (parameter.fixed || !wanted(parameter)) continue;
    std::string name = tensor_name(config, parameter.key);
    if (name.starts_with(prefix_to_drop)) name.erase(0, prefix_to_drop.size());
    const TensorInfo info{Dtype::f32, parameter.shape, i, {}};
    tensors_.emplace(std::move(name), info);
    if (config.tie_word_embeddings || !with_copies) continue;
    for (const Copy& copy : copies)
      if (copy.of == parameter.key) tensors_.emplace(copy.name, info);
  }
}

std::vector<std::string> ValuesAsTensors::names() const {
  std::vector<std::string> names;
  for (const auto& [name, info] : tensors_) names.push_back(name);
  return names;
}

void ValuesAsTensors::read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const {
  const ParameterInfo& parameter = table_.entries()[info.place];
  const auto bytes = std::as_bytes(values_.subspan(parameter.offset, parameter.count));
  std::copy_n(bytes.data() + cursor.position, out.size(), out.data());
  cursor.position += out.size();
}

}  // namespace v0
}  // namespace seqguard
