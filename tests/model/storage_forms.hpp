// A checkpoint in every form of storage that is read, so that tests can compare what is loaded with the original.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/float_formats.hpp"
#include "model/torch_archive.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/safetensors.hpp"

namespace seqguard {

/// Not synced: these directories are read by the test that writes them.
inline void write_text(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// Tensors that own their bytes.
class StoredTensors {
 public:
  /// The weights of a checkpoint, which are all float, in another dtype.
  StoredTensors(const TensorSource& source, Dtype dtype) {
    bytes_.reserve(source.tensors().size());  // a short text would move with the others
    for (const auto& [name, info] : source.tensors()) {
      std::vector<float> values(info.count());
      source.read(name, values);
      bytes_.push_back(encode(values, dtype));
      tensors_.push_back({name, dtype, info.shape, std::as_bytes(std::span<const char>(bytes_.back()))});
    }
  }
  std::span<const TensorToWrite> tensors() const { return tensors_; }

 private:
  static std::string encode(std::span<const float> values, Dtype dtype) {
    std::string bytes;
    for (const float value : values)
      bytes += dtype == Dtype::f64    ? little_endian(static_cast<double>(value))
               : dtype == Dtype::f16  ? little_endian(narrow_f16(value))
               : dtype == Dtype::bf16 ? little_endian(narrow_bf16(value))
                                      : little_endian(value);
    return bytes;
  }

  std::vector<std::string> bytes_;
  std::vector<TensorToWrite> tensors_;
};

using Tensors = std::span<const TensorToWrite>;

/// The header begins with white space, and so that no tensor of more than a byte is aligned.
inline std::string misaligned_safetensors(Tensors tensors) {
  const std::string file = serialize_safetensors(tensors);
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  const std::string space = length % 2 == 0 ? "\n" : " \n";
  return little_endian(length + space.size()) + space + file.substr(sizeof length);
}

inline std::string torch_archive(Tensors tensors) {
  const auto storage = [](Dtype dtype) {
    return dtype == Dtype::f64    ? "DoubleStorage"
           : dtype == Dtype::f16  ? "HalfStorage"
           : dtype == Dtype::bf16 ? "BFloat16Storage"
                                  : "FloatStorage";
  };
  std::string items;
  std::vector<ArchiveMember> members = {{"m/data.pkl", ""}, {"m/version", "3\n"}};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorToWrite& tensor = tensors[i];
    const std::vector<std::int64_t> shape(tensor.shape.begin(), tensor.shape.end());
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
    const std::string key = std::to_string(i);
    const auto count = static_cast<std::int64_t>(tensor.bytes.size() / size_of(tensor.dtype));
    items += pickled_text(tensor.name) +
             pickled_tensor(pickled_storage(storage(tensor.dtype), key, count), 0, shape, strides);
    members.push_back({"m/data/" + key, {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()}});
  }
  members.front() = {"m/data.pkl", "\x80\x02}(" + items + "u."};
  return archive_of(members);
}

/// Two files and their index.
inline void write_shards(const std::string& directory, const std::string& stem, const std::string& extension,
                         Tensors tensors, const std::function<std::string(Tensors)>& serialize) {
  std::string weight_map;
  std::size_t total = 0;
  const std::size_t first = tensors.size() / 2;
  for (const bool second : {false, true}) {
    const std::string file = stem + (second ? "-00002-of-00002" : "-00001-of-00002") + extension;
    const Tensors part = second ? tensors.subspan(first) : tensors.first(first);
    write_text(directory + "/" + file, serialize(part));
    for (const TensorToWrite& tensor : part) {
      weight_map.append(weight_map.empty() ? "\"" : ", \"").append(tensor.name).append("\": \"");
      weight_map.append(file).append("\"");
      total += tensor.bytes.size();
    }
  }
  write_text(directory + "/" + stem + extension + ".index.json",
             R"({"metadata": {"total_size": )" + std::to_string(total) + R"(}, "weight_map": {)" + weight_map + "}}");
}

struct StorageForm {
  const char* name;  ///< as the README has it
  void (*write)(const std::string& directory, Tensors tensors);
};

inline constexpr StorageForm k_storage_forms[] = {
    {"`model.safetensors`",
     [](const std::string& directory, Tensors tensors) {
       write_text(directory + "/model.safetensors", serialize_safetensors(tensors));
     }},
    {"`model.safetensors`, misaligned or behind white space",
     [](const std::string& directory, Tensors tensors) {
       write_text(directory + "/model.safetensors", misaligned_safetensors(tensors));
     }},
    {"`model.safetensors` in shards",
     [](const std::string& directory, Tensors tensors) {
       write_shards(directory, "model", ".safetensors", tensors,
                    [](Tensors part) { return serialize_safetensors(part); });
     }},
    {"`pytorch_model.bin`",
     [](const std::string& directory, Tensors tensors) {
       write_text(directory + "/pytorch_model.bin", torch_archive(tensors));
     }},
    {"`pytorch_model.bin` in shards",
     [](const std::string& directory, Tensors tensors) {
       write_shards(directory, "pytorch_model", ".bin", tensors, torch_archive);
     }},
};
inline constexpr Dtype k_storage_dtypes[] = {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16};

}  // namespace seqguard
