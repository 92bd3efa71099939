#include "seqguard/model/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "model/safetensors_header.hpp"
#include "model/weights_file.hpp"
#include "seqguard/core/error.hpp"

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian and read as they are");

namespace seqguard {
namespace {

constexpr std::size_t k_length_bytes = sizeof(std::uint64_t);

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
  std::vector<const TensorToWrite*> ordered;
  std::set<std::string_view> names;
  for (const TensorToWrite& tensor : tensors) {
    std::size_t bytes = size_of(tensor.dtype);
    for (const std::size_t extent : tensor.shape) bytes *= extent;
    if (bytes != tensor.bytes.size())
      fail(ErrorCode::invalid_argument, "tensor \"" + tensor.name + "\" to write", "bytes",
           std::to_string(bytes) + " by dtype and shape", std::to_string(tensor.bytes.size()));
    if (tensor.name == "__metadata__" || !names.insert(tensor.name).second)
      fail(ErrorCode::invalid_argument, "tensors to write", "duplicate or reserved name \"" + tensor.name + "\"");
    ordered.push_back(&tensor);
  }
  std::sort(ordered.begin(), ordered.end(), [](const TensorToWrite* a, const TensorToWrite* b) {
    if (size_of(a->dtype) != size_of(b->dtype)) return size_of(a->dtype) > size_of(b->dtype);
    return a->name < b->name;
  });

  auto header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t end = 0;
  for (const TensorToWrite* tensor : ordered) {
    const std::size_t begin = std::exchange(end, end + tensor->bytes.size());
    header[tensor->name] = {
        {"dtype", to_string(tensor->dtype)}, {"shape", tensor->shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');

  const std::uint64_t header_bytes = text.size();
  std::string file;
  file.reserve(k_length_bytes + text.size() + end);
  file.append(reinterpret_cast<const char*>(&header_bytes), k_length_bytes);
  file += text;
  for (const TensorToWrite* tensor : ordered)
    file.append(reinterpret_cast<const char*>(tensor->bytes.data()), tensor->bytes.size());
  return file;
}

}  // namespace seqguard
