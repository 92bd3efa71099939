// pytorch_model.bin: a zip archive of storages and a pickle that says which tensors they hold. Read as data, never run.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

class WeightsFile;
struct PickledTensor;

/// An open file that torch.save wrote from a state_dict: names and tensors, nothing else.
///
/// Before anything is believed, the archive is checked against the file (members stored as they are, without overlap,
/// checksums when they are first read) and each tensor against its storage. Opcodes and globals beyond those of a
/// state_dict are refused by name; none is ever executed. Tensors that are windows on a storage (transposed, tied) are
/// gathered. The format before torch 1.6, which is not a zip archive, is refused by name. Movable; reading is const
/// and thread-safe.
class TorchFile : public TensorSource {
 public:
  /// @throws Error file_not_found, io_error, bad_checkpoint; unsupported_model: the old format.
  explicit TorchFile(const std::string& path, FileAccess access = FileAccess::read, const TensorLimits& limits = {});
  /// A file that is in memory already; the bytes are borrowed, `name` is for messages. @throws Error likewise.
  TorchFile(std::span<const std::byte> bytes, const std::string& name, const TensorLimits& limits = {});
  /// An open file. @throws Error likewise.
  TorchFile(WeightsFile file, const TensorLimits& limits);
  ~TorchFile() override;
  TorchFile(TorchFile&&) noexcept;
  TorchFile& operator=(TorchFile&&) noexcept;

 private:
  struct Contents;
  void add(const PickledTensor& tensor, const std::string& folder);
  void read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const override;

  std::unique_ptr<Contents> contents_;
};

}  // namespace v0
}  // namespace seqguard
