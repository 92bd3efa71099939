#include "seqguard/model/tensor_source.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>

#include "model/float_formats.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Elements at a time: what is converted and checked is still in the first-level cache.
constexpr std::size_t k_block = 8192;

struct DtypeEntry {
  std::string_view name;
  Dtype dtype;
  std::size_t size;
};
constexpr DtypeEntry k_dtypes[] = {
    {"F64", Dtype::f64, 8},      {"F32", Dtype::f32, 4}, {"F16", Dtype::f16, 2}, {"BF16", Dtype::bf16, 2},
    {"I64", Dtype::i64, 8},      {"I32", Dtype::i32, 4}, {"I16", Dtype::i16, 2}, {"I8", Dtype::i8, 1},
    {"U64", Dtype::u64, 8},      {"U32", Dtype::u32, 4}, {"U16", Dtype::u16, 2}, {"U8", Dtype::u8, 1},
    {"BOOL", Dtype::boolean, 1},
};

const DtypeEntry& entry_of(Dtype dtype) noexcept {
  for (const DtypeEntry& entry : k_dtypes)
    if (entry.dtype == dtype) return entry;
  return k_dtypes[0];
}

[[noreturn]] void fail_tensor(const std::string& path, std::string_view name, std::string_view what,
                              std::string_view expected, std::string_view found) {
  fail(ErrorCode::bad_checkpoint, path + ": tensor \"" + std::string(name) + "\"", what, expected, found);
}

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
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return "infinity";
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

}  // namespace

std::string_view to_string(Dtype dtype) noexcept { return entry_of(dtype).name; }

std::size_t size_of(Dtype dtype) noexcept { return entry_of(dtype).size; }

bool is_floating_point(Dtype dtype) noexcept {
  return dtype == Dtype::f64 || dtype == Dtype::f32 || dtype == Dtype::f16 || dtype == Dtype::bf16;
}

std::size_t TensorInfo::count() const noexcept {
  std::size_t product = 1;
  for (const std::size_t extent : shape) product *= extent;
  return product;
}

/// Reads one tensor as float, block by block.
class TensorSource::FloatReader {
 public:
  FloatReader(const TensorSource& source, std::string_view name)
      : source_(source), name_(name), info_(source.info_of(name)), width_(size_of(info_.dtype)) {
    if (!is_floating_point(info_.dtype))
      fail_tensor(source.file_of(info_), name, "dtype", "F64, F32, F16 or BF16", to_string(info_.dtype));
    if (info_.dtype != Dtype::f32) stored_.resize(std::min(k_block, info_.count()) * width_);
  }
  const TensorInfo& info() const noexcept { return info_; }

  /// The next block.size() elements, at most k_block of them.
  void next(std::span<float> block) {
    const std::span<std::byte> bytes =
        info_.dtype == Dtype::f32 ? std::as_writable_bytes(block) : std::span(stored_).first(block.size() * width_);
    const std::size_t first = done_;
    done_ += block.size();
    source_.read_next(info_, cursor_, bytes);
    if (info_.dtype == Dtype::f64)
      convert<double>(block, bytes.data(), [](double value) { return static_cast<float>(value); });
    else if (info_.dtype == Dtype::f16)
      convert<std::uint16_t>(block, bytes.data(), widen_f16);
    else if (info_.dtype == Dtype::bf16)
      convert<std::uint16_t>(block, bytes.data(), widen_bf16);
    if (const std::size_t bad = first_non_finite(block); bad != block.size())
      fail_tensor(source_.file_of(info_), name_, "element " + std::to_string(first + bad),
                  "a finite number within the range of float",
                  stored_value(info_.dtype, bytes.data(), bad, block[bad]));
  }

 private:
  const TensorSource& source_;
  std::string_view name_;
  const TensorInfo& info_;
  std::size_t width_, done_ = 0;  // elements
  Cursor cursor_;
  std::vector<std::byte> stored_;
};

void TensorSource::read(std::string_view name, std::span<float> out) const {
  FloatReader reader(*this, name);
  if (out.size() != reader.info().count())
    fail_tensor(file_of(reader.info()), name, "number of elements", std::to_string(out.size()),
                std::to_string(reader.info().count()));
  for (std::size_t first = 0; first < out.size(); first += k_block)
    reader.next(out.subspan(first, std::min(k_block, out.size() - first)));
}

void TensorSource::read_blocks(std::string_view name, FunctionRef<void(std::span<const float>)> take) const {
  FloatReader reader(*this, name);
  const std::size_t count = reader.info().count();
  std::vector<float> block(std::min(k_block, count));
  for (std::size_t first = 0; first < count; first += k_block) {
    const auto part = std::span(block).first(std::min(k_block, count - first));
    reader.next(part);
    take(part);
  }
}

void TensorSource::read_bytes(std::string_view name, std::span<std::byte> out) const {
  const TensorInfo& info = info_of(name);
  if (out.size() != info.bytes())
    fail_tensor(file_of(info), name, "number of bytes", std::to_string(out.size()), std::to_string(info.bytes()));
  Cursor cursor;
  read_next(info, cursor, out);
}

void TensorSource::read_byte_blocks(std::string_view name, FunctionRef<void(std::span<const std::byte>)> take) const {
  const TensorInfo& info = info_of(name);
  const std::size_t bytes = info.bytes(), block_bytes = k_block * size_of(info.dtype);
  std::vector<std::byte> block(std::min(block_bytes, bytes));
  Cursor cursor;
  for (std::size_t first = 0; first < bytes; first += block_bytes) {
    const auto part = std::span(block).first(std::min(block_bytes, bytes - first));
    read_next(info, cursor, part);
    take(part);
  }
}

const TensorInfo& TensorSource::info_of(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail(ErrorCode::bad_checkpoint, path_, "no tensor \"" + std::string(name) + "\"");
  return found->second;
}

std::size_t TensorSource::checked_count(std::string_view name, Dtype dtype, std::size_t element_size) const {
  const TensorInfo& info = info_of(name);
  if (info.dtype != dtype) fail_tensor(file_of(info), name, "dtype", to_string(dtype), to_string(info.dtype));
  if (element_size != size_of(dtype))
    fail(ErrorCode::invalid_argument, "read_vector", "element size", std::to_string(size_of(dtype)),
         std::to_string(element_size));
  return info.count();
}

}  // namespace v0
}  // namespace seqguard
