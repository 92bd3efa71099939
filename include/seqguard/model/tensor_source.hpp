// A set of named tensors, whatever files they lie in: model.safetensors, its shards, or pytorch_model.bin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/function_ref.hpp"
#include "seqguard/core/load_options.hpp"

namespace seqguard {
inline namespace v0 {

enum class Dtype { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

std::string_view to_string(Dtype dtype) noexcept;  ///< "F32", as in a safetensors file
std::size_t size_of(Dtype dtype) noexcept;         ///< bytes of one element
bool is_floating_point(Dtype dtype) noexcept;      ///< F64, F32, F16, BF16: what can be read as float

/// One tensor as it is stored.
struct TensorInfo {
  Dtype dtype = Dtype::f32;
  std::vector<std::size_t> shape;
  std::size_t place = 0;  ///< number of the tensor in its source; for the source itself
  std::string same_as;    ///< an earlier tensor that shares all its elements (tied weights in pytorch_model.bin), or ""
  std::size_t count() const noexcept;  ///< product of the shape
  std::size_t bytes() const noexcept { return count() * size_of(dtype); }
};

using TensorMap = std::map<std::string, TensorInfo, std::less<>>;

/// Limits of the readers. The defaults admit every model of the support matrix.
struct TensorLimits {
  std::size_t max_header_bytes = std::size_t{16} << 20;  ///< of a safetensors header or an index of shards
  std::size_t max_tensors = 100'000;                     ///< in all shards together
  std::size_t max_rank = 8;
  std::size_t max_name_bytes = 1'024;
  std::size_t max_shards = 512;  ///< each is held open
};

/// Open files whose tensors are read one by one straight into the caller's memory. Everything that the files say about
/// themselves was checked when they were opened. Reading is const and thread-safe.
class TensorSource {
 public:
  virtual ~TensorSource() = default;

  /// The file that stands for all of them: the weights' file, or the index of the shards.
  const std::string& path() const noexcept { return path_; }
  const TensorMap& tensors() const noexcept { return tensors_; }
  /// What the files say of themselves that is wrong and does no harm, a sentence each.
  const std::vector<std::string>& notes() const noexcept { return notes_; }
  /// The file that holds a tensor of tensors(). @throws Error bad_checkpoint: unknown name.
  const std::string& file_of(std::string_view name) const { return file_of(info_of(name)); }

  /// Reads a floating-point tensor (F64, F32, F16, BF16) as float into out (size == count()), checking that each value
  /// is finite. @throws Error io_error; bad_checkpoint: unknown name, another dtype, overflow on conversion, NaN/Inf
  /// with its index.
  void read(std::string_view name, std::span<float> out) const;
  /// The same in blocks of at most 8,192 elements, in order: for copies that need not be in memory as a whole.
  void read_blocks(std::string_view name, FunctionRef<void(std::span<const float>)> take) const;
  /// Reads the raw bytes of a tensor (size == bytes()). @throws Error io_error, bad_checkpoint.
  void read_bytes(std::string_view name, std::span<std::byte> out) const;
  /// The same in blocks of whole elements, in order.
  void read_byte_blocks(std::string_view name, FunctionRef<void(std::span<const std::byte>)> take) const;
  /// A whole tensor of trivially copyable T (size must match the dtype). @throws Error bad_checkpoint.
  template <class T>
  std::vector<T> read_vector(std::string_view name, Dtype dtype) const {
    std::vector<T> result(checked_count(name, dtype, sizeof(T)));
    read_bytes(name, std::as_writable_bytes(std::span<T>(result)));
    return result;
  }

 protected:
  /// How far a tensor has been read.
  struct Cursor {
    std::size_t position = 0;         ///< bytes
    std::vector<std::byte> gathered;  ///< for a source whose tensors do not lie in one piece
  };

  TensorSource() = default;
  TensorSource(const TensorSource&) = default;
  TensorSource(TensorSource&&) noexcept = default;
  TensorSource& operator=(const TensorSource&) = default;
  TensorSource& operator=(TensorSource&&) noexcept = default;

  /// The next out.size() bytes of a tensor; never more than are left.
  virtual void read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const = 0;
  virtual const std::string& file_of(const TensorInfo&) const { return path_; }
  /// Lets a source that is made of others read from them.
  static void read_next_of(const TensorSource& source, const TensorInfo& info, Cursor& cursor,
                           std::span<std::byte> out) {
    source.read_next(info, cursor, out);
  }

  std::string path_;
  TensorMap tensors_;
  std::vector<std::string> notes_;

 private:
  class FloatReader;
  const TensorInfo& info_of(std::string_view name) const;
  std::size_t checked_count(std::string_view name, Dtype dtype, std::size_t element_size) const;
};

/// Opens the weights of a Hugging Face directory: model.safetensors, else model.safetensors.index.json and its shards,
/// else pytorch_model.bin, else pytorch_model.bin.index.json and its shards.
///
/// A shard must be a regular file of the directory itself: its name in the index is a plain one, and a symbolic link is
/// followed only into the blobs of the Hub's cache (../../blobs/HASH). The index and the shards must agree: each tensor
/// is in the one shard that the index names, no other is in a shard. A metadata.total_size that is not their sum is
/// noted (safetensors only: for pytorch_model.bin it was never well defined, because of shared storages).
/// @throws Error file_not_found; io_error; bad_checkpoint; unsupported_model, also where there are other weights only
/// (GGUF, ONNX, TensorFlow, Flax), by name.
std::unique_ptr<TensorSource> open_tensors(const std::string& directory, FileAccess access = FileAccess::read,
                                           const TensorLimits& limits = {});

}  // namespace v0
}  // namespace seqguard
