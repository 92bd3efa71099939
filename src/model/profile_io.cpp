#include "seqguard/model/detail/profile_io.hpp"

#include <cmath>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

void ProfileWriter::add(std::string_view name, Dtype dtype, std::size_t count, std::span<const std::byte> bytes) {
  arrays_.push_back({scope_ + std::string(name), dtype, count, {bytes.begin(), bytes.end()}});
}
void ProfileWriter::write(std::string_view name, std::span<const std::uint64_t> values) {
  add(name, Dtype::u64, values.size(), std::as_bytes(values));
}
void ProfileWriter::write(std::string_view name, std::span<const std::uint32_t> values) {
  add(name, Dtype::u32, values.size(), std::as_bytes(values));
}
void ProfileWriter::write(std::string_view name, std::span<const float> values) {
  add(name, Dtype::f32, values.size(), std::as_bytes(values));
}
void ProfileWriter::write(std::string_view name, std::span<const double> values) {
  add(name, Dtype::f64, values.size(), std::as_bytes(values));
}

std::string ProfileWriter::serialize() const {
  std::vector<TensorToWrite> tensors;
  for (const Array& array : arrays_) tensors.push_back({array.name, array.dtype, {array.count}, array.bytes});
  return serialize_safetensors(tensors);
}

std::vector<std::uint64_t> ProfileReader::u64(std::string_view name) const {
  return file_->read_vector<std::uint64_t>(scope_ + std::string(name), Dtype::u64);
}
std::vector<std::uint32_t> ProfileReader::u32(std::string_view name) const {
  return file_->read_vector<std::uint32_t>(scope_ + std::string(name), Dtype::u32);
}
std::vector<float> ProfileReader::f32(std::string_view name) const {
  auto values = file_->read_vector<float>(scope_ + std::string(name), Dtype::f32);
  for (const float value : values) require(std::isfinite(value), name, "a value is not finite");
  return values;
}
std::vector<double> ProfileReader::f64(std::string_view name) const {
  auto values = file_->read_vector<double>(scope_ + std::string(name), Dtype::f64);
  for (const double value : values) require(std::isfinite(value), name, "a value is not finite");
  return values;
}

void ProfileReader::require(bool holds, std::string_view name, std::string_view what) const {
  if (!holds) fail(ErrorCode::bad_checkpoint, file_->path() + ": " + scope_ + std::string(name), what);
}
void ProfileReader::require_size(std::string_view name, std::size_t found, std::size_t expected) const {
  if (found == expected) return;
  fail(ErrorCode::bad_checkpoint, file_->path() + ": " + scope_ + std::string(name), "size", std::to_string(expected),
       std::to_string(found));
}
void ProfileReader::require_strictly_ascending(std::string_view name, std::span<const std::uint64_t> values) const {
  for (std::size_t i = 1; i < values.size(); ++i) {
    require(values[i - 1] < values[i], name, "keys are not strictly ascending");
  }
}

}  // namespace v0
}  // namespace seqguard
