#include "seqguard/model/safetensors.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/descriptor.hpp"
#include "model/safetensors_header.hpp"
#include "seqguard/core/error.hpp"

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian and read as they are");

namespace seqguard {
namespace {

constexpr std::size_t k_length_bytes = sizeof(std::uint64_t);

[[noreturn]] void fail_tensor(const std::string& path, std::string_view name, std::string_view what,
                              std::string_view expected, std::string_view found) {
  fail(ErrorCode::bad_checkpoint, path + ": tensor \"" + std::string(name) + "\"", what, expected, found);
}

void read_exactly(int fd, const std::string& path, std::size_t offset, std::span<std::byte> out) {
  if (const std::size_t got = read_at(fd, path, offset, out); got != out.size())
    fail(ErrorCode::bad_checkpoint, path, "file ends early", std::to_string(offset + out.size()) + " bytes",
         std::to_string(offset + got));
}

float widen_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = half >> 10 & 0x1Fu, mantissa = half & 0x3FFu;
  if (exponent == 0) {  // zero or denormal: mantissa * 2^-24, exact
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;  // biases: 127 - 15
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

float widen_bf16(std::uint16_t upper) { return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16); }

/// Converts out.size() elements that lie anywhere, aligned or not.
template <class Element, class Convert>
void convert(std::span<float> out, const std::byte* bytes, Convert to_float) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Element element;
    std::memcpy(&element, bytes + i * sizeof(Element), sizeof(Element));
    out[i] = to_float(element);
  }
}

/// Index of the first NaN or infinity, or size() if all are finite.
std::size_t first_non_finite(std::span<const float> values) {
  constexpr std::uint32_t k_exponent = 0x7F800000u;
  bool found = false;
  for (const float value : values) found |= (std::bit_cast<std::uint32_t>(value) & k_exponent) == k_exponent;
  if (!found) return values.size();
  const auto first = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  return static_cast<std::size_t>(first - values.begin());
}

/// The value of element i as the file has it, for a message.
std::string stored_value(Dtype dtype, const std::byte* bytes, std::size_t i, float converted) {
  double value = converted;
  if (dtype == Dtype::f64) std::memcpy(&value, bytes + i * sizeof(double), sizeof(double));
  return std::isnan(value) ? "NaN" : std::isinf(value) ? "infinity" : nlohmann::json(value).dump();
}

}  // namespace

SafetensorsFile::SafetensorsFile(std::string path, const SafetensorsLimits& limits) : path_(std::move(path)) {
  FileToRead file(path_);
  const std::size_t size = regular_file_size(file, path_);
  if (size < k_length_bytes)
    fail(ErrorCode::bad_checkpoint, path_, "file too short", "at least 8 bytes", std::to_string(size));
  std::uint64_t header_bytes = 0;
  read_exactly(file.get(), path_, 0, std::as_writable_bytes(std::span(&header_bytes, 1)));
  if (header_bytes > limits.max_header_bytes)
    fail(ErrorCode::bad_checkpoint, path_, "header too large",
         "at most " + std::to_string(limits.max_header_bytes) + " bytes", std::to_string(header_bytes));
  if (header_bytes > size - k_length_bytes)
    fail(ErrorCode::bad_checkpoint, path_, "header longer than the file", std::to_string(header_bytes) + " bytes",
         std::to_string(size - k_length_bytes));
  std::string text(header_bytes, '\0');
  read_exactly(file.get(), path_, k_length_bytes, std::as_writable_bytes(std::span<char>(text)));
  data_offset_ = k_length_bytes + header_bytes;
  SafetensorsHeader header = parse_safetensors_header(text, size - data_offset_, path_, limits);
  tensors_ = std::move(header.tensors);
  metadata_ = std::move(header.metadata);
  descriptor_ = file.release();
}

SafetensorsFile::~SafetensorsFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SafetensorsFile::SafetensorsFile(SafetensorsFile&& other) noexcept
    : path_(std::move(other.path_)),
      tensors_(std::move(other.tensors_)),
      metadata_(std::move(other.metadata_)),
      data_offset_(other.data_offset_),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(tensors_, other.tensors_);
  std::swap(metadata_, other.metadata_);
  std::swap(data_offset_, other.data_offset_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

void SafetensorsFile::read(std::string_view name, std::span<float> out) const {
  constexpr std::size_t k_block = 8192;  // elements: the conversion buffer stays in the first-level cache
  const TensorInfo& info = info_of(name);
  if (info.dtype != Dtype::f64 && info.dtype != Dtype::f32 && info.dtype != Dtype::f16 && info.dtype != Dtype::bf16)
    fail_tensor(path_, name, "dtype", "F64, F32, F16 or BF16", to_string(info.dtype));
  if (out.size() != info.count())
    fail_tensor(path_, name, "number of elements", std::to_string(out.size()), std::to_string(info.count()));
  const std::size_t width = size_of(info.dtype);
  std::vector<std::byte> buffer(info.dtype == Dtype::f32 ? 0 : std::min(k_block, out.size()) * width);
  for (std::size_t first = 0; first < out.size(); first += k_block) {
    const std::span<float> block = out.subspan(first, std::min(k_block, out.size() - first));
    const std::span<std::byte> bytes =
        info.dtype == Dtype::f32 ? std::as_writable_bytes(block) : std::span(buffer).first(block.size() * width);
    read_exactly(descriptor_, path_, data_offset_ + info.begin + first * width, bytes);
    if (info.dtype == Dtype::f64)
      convert<double>(block, bytes.data(), [](double value) { return static_cast<float>(value); });
    else if (info.dtype == Dtype::f16)
      convert<std::uint16_t>(block, bytes.data(), widen_f16);
    else if (info.dtype == Dtype::bf16)
      convert<std::uint16_t>(block, bytes.data(), widen_bf16);
    if (const std::size_t bad = first_non_finite(block); bad != block.size())
      fail_tensor(path_, name, "element " + std::to_string(first + bad), "a finite number within the range of float",
                  stored_value(info.dtype, bytes.data(), bad, block[bad]));
  }
}

void SafetensorsFile::read_bytes(std::string_view name, std::span<std::byte> out) const {
  const TensorInfo& info = info_of(name);
  if (out.size() != info.end - info.begin)
    fail_tensor(path_, name, "number of bytes", std::to_string(out.size()), std::to_string(info.end - info.begin));
  read_exactly(descriptor_, path_, data_offset_ + info.begin, out);
}

const TensorInfo& SafetensorsFile::info_of(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail(ErrorCode::bad_checkpoint, path_, "no tensor \"" + std::string(name) + "\"");
  return found->second;
}

std::size_t SafetensorsFile::checked_count(std::string_view name, Dtype dtype, std::size_t element_size) const {
  const TensorInfo& info = info_of(name);
  if (info.dtype != dtype) fail_tensor(path_, name, "dtype", to_string(dtype), to_string(info.dtype));
  if (element_size != size_of(dtype))
    fail(ErrorCode::invalid_argument, "read_vector", "element size", std::to_string(size_of(dtype)),
         std::to_string(element_size));
  return info.count();
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
