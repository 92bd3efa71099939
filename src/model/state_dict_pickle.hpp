// The pickle of a state_dict, read as data: nothing it names is ever called; private to the library.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

/// A tensor as torch._utils._rebuild_tensor_v2 describes it: a strided window on a storage. All counts are elements.
struct PickledTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::string storage;  ///< key of the storage: name of its member in the archive
  std::size_t storage_count = 0;
  std::size_t offset = 0;
  std::vector<std::size_t> shape, strides;
};

/// Limits of the reader: a state_dict of 100,000 tensors needs less.
struct PickleLimits {
  std::size_t max_bytes = std::size_t{64} << 20;
  std::size_t max_objects = 4'000'000;  ///< values and their places in tuples and dicts; 32 bytes each at most
  std::size_t max_memo = 1'000'000;
  std::size_t max_stack = 10'000;
  std::size_t max_nesting = 64;  ///< of MARK
};

/// Reads a pickle (protocols 2 to 5) whose value is a dict or OrderedDict of tensors by name; the tensors in its order.
///
/// Known are only the opcodes that pickling a state_dict emits. A global other than collections.OrderedDict,
/// torch._utils._rebuild_tensor_v2, torch._utils._rebuild_parameter and the classes of storages is refused by name
/// where it appears. `where` is for messages. @throws Error bad_checkpoint.
std::vector<PickledTensor> parse_state_dict(std::string_view pickle, const std::string& where,
                                            const TensorLimits& limits = {}, const PickleLimits& pickle_limits = {});

}  // namespace v0
}  // namespace seqguard
