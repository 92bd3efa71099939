// The safetensors file format (https://github.com/huggingface/safetensors): strict reader, plain writer.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

class WeightsFile;

/// An open file: parsed header, tensors read one by one straight into the caller's memory.
///
/// The header is checked before anything else is believed: lengths, UTF-8, JSON, duplicate names, offsets that cover
/// the buffer without hole or overlap, shape x dtype == bytes, file ends where the last tensor ends. Every violation
/// throws Error bad_checkpoint naming file, tensor, expected and found. Movable; reading is const and thread-safe.
class SafetensorsFile : public TensorSource {
 public:
  /// @throws Error file_not_found, io_error, bad_checkpoint.
  explicit SafetensorsFile(const std::string& path, FileAccess access = FileAccess::read,
                           const TensorLimits& limits = {});
  /// A file that is in memory already; the bytes are borrowed, `name` is for messages. @throws Error bad_checkpoint.
  SafetensorsFile(std::span<const std::byte> bytes, const std::string& name, const TensorLimits& limits = {});
  /// An open file. @throws Error bad_checkpoint.
  SafetensorsFile(WeightsFile file, const TensorLimits& limits);
  ~SafetensorsFile() override;
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::map<std::string, std::string, std::less<>>& metadata() const noexcept { return metadata_; }

 private:
  void read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const override;

  std::unique_ptr<const WeightsFile> file_;
  std::vector<std::size_t> begins_;  // where in the file each tensor begins, by TensorInfo::place
  std::map<std::string, std::string, std::less<>> metadata_;
};

/// One tensor to be written; the bytes are borrowed.
struct TensorToWrite {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::size_t> shape;
  std::span<const std::byte> bytes;
};

/// The file's bytes: header padded to 8 bytes, tensors ordered by element size (descending), then name, as the
/// reference writer does. @throws Error invalid_argument for a duplicate name or bytes that do not fit the shape.
std::string serialize_safetensors(std::span<const TensorToWrite> tensors,
                                  const std::map<std::string, std::string, std::less<>>& metadata = {});

}  // namespace v0
}  // namespace seqguard
