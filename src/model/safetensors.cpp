#include "seqguard/model/safetensors.hpp"

#include <utility>

#include "model/safetensors_header.hpp"
#include "model/weights_file.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_length_bytes = sizeof(std::uint64_t);  // of the header's size, in front of it

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path, FileAccess access, const TensorLimits& limits)
    : SafetensorsFile(WeightsFile(path, access), limits) {}

SafetensorsFile::SafetensorsFile(std::span<const std::byte> bytes, const std::string& name, const TensorLimits& limits)
    : SafetensorsFile(WeightsFile(bytes, name), limits) {}

SafetensorsFile::SafetensorsFile(WeightsFile file, const TensorLimits& limits)
    : file_(std::make_unique<const WeightsFile>(std::move(file))) {
  path_ = file_->path();
  const std::size_t size = file_->size();
  if (size < k_length_bytes)
    fail(ErrorCode::bad_checkpoint, path_, "file too short", "at least 8 bytes", std::to_string(size));
  std::uint64_t header_bytes = 0;
  file_->read(0, std::as_writable_bytes(std::span(&header_bytes, 1)));
  if (header_bytes > limits.max_header_bytes)
    fail(ErrorCode::bad_checkpoint, path_, "header too large",
         "at most " + std::to_string(limits.max_header_bytes) + " bytes", std::to_string(header_bytes));
  if (header_bytes > size - k_length_bytes)
    fail(ErrorCode::bad_checkpoint, path_, "header longer than the file", std::to_string(header_bytes) + " bytes",
         std::to_string(size - k_length_bytes));
  std::string text(header_bytes, '\0');
  file_->read(k_length_bytes, std::as_writable_bytes(std::span<char>(text)));
  const std::size_t data_offset = k_length_bytes + header_bytes;
  SafetensorsHeader header = parse_safetensors_header(text, size - data_offset, path_, limits);
  tensors_ = std::move(header.tensors);
  metadata_ = std::move(header.metadata);
  begins_.reserve(header.extents.size());
  for (const TensorExtent& extent : header.extents) begins_.push_back(data_offset + extent.begin);
}

SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

void SafetensorsFile::read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const {
  file_->read(begins_[info.place] + cursor.position, out);
  cursor.position += out.size();
}

std::string serialize_safetensors(std::span<const TensorToWrite> tensors,
                                  const std::map<std::string, std::string, std::less<>>& metadata) {
  std::vector<TensorToPlace> placed;
  std::map<std::string_view, const TensorToWrite*> by_name;
  std::size_t size = 0;
  for (const TensorToWrite& tensor : tensors) {
    std::size_t bytes = size_of(tensor.dtype);
    for (const std::size_t extent : tensor.shape) bytes *= extent;
    if (bytes != tensor.bytes.size())
      fail(ErrorCode::invalid_argument, "tensor \"" + tensor.name + "\" to write", "bytes",
           std::to_string(bytes) + " by dtype and shape", std::to_string(tensor.bytes.size()));
    if (tensor.name == "__metadata__" || !by_name.emplace(tensor.name, &tensor).second)
      fail(ErrorCode::invalid_argument, "tensors to write", "duplicate or reserved name \"" + tensor.name + "\"");
    placed.push_back({tensor.name, tensor.dtype, &tensor.shape});
    size += bytes;
  }
  const std::string start = place_tensors(placed, metadata);
  std::string file;
  file.reserve(start.size() + size);
  file += start;
  for (const TensorToPlace& tensor : placed) {
    const std::span<const std::byte> bytes = by_name.at(tensor.name)->bytes;
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return file;
}

}  // namespace v0
}  // namespace seqguard
