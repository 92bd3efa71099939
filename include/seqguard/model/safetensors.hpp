// The safetensors file format (https://github.com/huggingface/safetensors): strict reader, plain writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seqguard {

enum class Dtype { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

std::string_view to_string(Dtype dtype) noexcept;  ///< "F32", as in the file
std::size_t size_of(Dtype dtype) noexcept;         ///< bytes of one element

/// Where one tensor lies: bytes [begin, end) of the data buffer.
struct TensorInfo {
  Dtype dtype = Dtype::f32;
  std::vector<std::size_t> shape;
  std::size_t begin = 0, end = 0;
  std::size_t count() const noexcept;  ///< product of the shape
};

/// Limits of the reader. The defaults admit every model of the support matrix; see reference D.2 in the tests.
struct SafetensorsLimits {
  std::size_t max_header_bytes = std::size_t{16} << 20;
  std::size_t max_tensors = 100'000;
  std::size_t max_rank = 8;
  std::size_t max_name_bytes = 1'024;
};

/// An open file: parsed header, tensors read one by one straight into the caller's memory.
///
/// The header is checked before anything else is believed: lengths, UTF-8, JSON, duplicate names, offsets that cover
/// the buffer without hole or overlap, shape x dtype == bytes, file ends where the last tensor ends. Every violation
/// throws Error bad_checkpoint naming file, tensor, expected and found. Movable; reading is const and thread-safe.
class SafetensorsFile {
 public:
  /// @throws Error file_not_found, io_error, bad_checkpoint.
  explicit SafetensorsFile(std::string path, const SafetensorsLimits& limits = {});
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::string& path() const noexcept { return path_; }
  const std::map<std::string, TensorInfo, std::less<>>& tensors() const noexcept { return tensors_; }
  const std::map<std::string, std::string, std::less<>>& metadata() const noexcept { return metadata_; }

  /// Reads a floating-point tensor (F64, F32, F16, BF16) as float into out (size == count()), checking that each value
  /// is finite. @throws Error bad_checkpoint: unknown name, another dtype, overflow on conversion, NaN/Inf with its
  /// index.
  void read(std::string_view name, std::span<float> out) const;
  /// Reads the raw bytes of a tensor (size == end - begin). @throws Error bad_checkpoint.
  void read_bytes(std::string_view name, std::span<std::byte> out) const;
  /// A whole tensor of trivially copyable T (size must match the dtype). @throws Error bad_checkpoint.
  template <class T>
  std::vector<T> read_vector(std::string_view name, Dtype dtype) const {
    std::vector<T> result(checked_count(name, dtype, sizeof(T)));
    read_bytes(name, std::as_writable_bytes(std::span<T>(result)));
    return result;
  }

 private:
  const TensorInfo& info_of(std::string_view name) const;
  std::size_t checked_count(std::string_view name, Dtype dtype, std::size_t element_size) const;

  std::string path_;
  std::map<std::string, TensorInfo, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
  std::size_t data_offset_ = 0;
  int descriptor_ = -1;
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

}  // namespace seqguard
