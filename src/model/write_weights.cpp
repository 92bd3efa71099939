#include "seqguard/model/write_weights.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "core/json_object.hpp"
#include "model/float_formats.hpp"
#include "model/int8_tensors.hpp"
#include "model/named_heads.hpp"
#include "model/safetensors_header.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Pieces = FunctionRef<void(std::string_view)>;

/// "model-00002-of-00007.safetensors".
std::string shard_name(std::size_t number, std::size_t shards) {
  const auto digits = [](std::size_t value) {
    const std::string text = std::to_string(value);
    return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
  };
  return "model-" + digits(number + 1) + "-of-" + digits(shards) + ".safetensors";
}

/// Writes tensors of one source in one dtype.
class WeightsWriter {
 public:
  WeightsWriter(const TensorSource& source, const WeightsOptions& options, ProgressSink progress)
      : source_(source), options_(options), progress_(progress) {}
  /// How many tensors there will be, for reports.
  void expect(std::size_t tensors) { tensors_ = tensors; }

  const TensorInfo& info_of(std::string_view name) const {
    const auto found = source_.tensors().find(name);
    if (found == source_.tensors().end())
      fail(ErrorCode::invalid_argument, source_.path(), "no tensor \"" + std::string(name) + "\"");
    return found->second;
  }
  /// What is written for a tensor of the source: itself in some dtype, or integers and their scales.
  struct Part {
    std::string name;
    std::string_view of;
    Dtype dtype;
    std::vector<std::size_t> shape;
    std::size_t bytes() const { return TensorInfo{dtype, shape, 0, {}}.bytes(); }
  };
  std::vector<Part> parts_of(std::string_view name) const {
    const TensorInfo& info = info_of(name);
    if (options_.dtype == Dtype::i8 && is_int8_matrix(info))
      return {{std::string(name).append(k_int8_suffix), name, Dtype::i8, info.shape},
              {std::string(name).append(k_scale_suffix), name, Dtype::f32, {info.shape[0]}}};
    const bool changes = options_.dtype && options_.dtype != Dtype::i8 && is_floating_point(info.dtype);
    return {{std::string(name), name, changes ? *options_.dtype : info.dtype, info.shape}};
  }

  void write_file(DirectoryWriter& writer, const std::string& file, const std::vector<std::string>& names) {
    std::map<std::string, Part, std::less<>> parts;
    std::vector<TensorToPlace> placed;
    for (const std::string& name : names)
      for (Part& part : parts_of(name)) {
        const auto [at, is_new] = parts.emplace(part.name, std::move(part));
        if (!is_new)
          fail(ErrorCode::bad_checkpoint, source_.file_of(name), "two tensors would be \"" + at->first + "\"");
        placed.push_back({at->first, at->second.dtype, &at->second.shape});
      }
    const std::string start = place_tensors(placed, {{"format", "pt"}});
    writer.write(file, [&](Pieces take) {
      take(start);
      for (const TensorToPlace& tensor : placed) {
        write_part(parts.find(tensor.name)->second, take);
        if (!progress_.report({.phase = "convert", .done = ++written_, .total = tensors_}))
          fail(ErrorCode::cancelled, "convert", "stopped on request");
      }
    });
  }

 private:
  static std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  void write_part(const Part& part, Pieces take) {
    if (part.name == part.of) return write_tensor(part.of, part.dtype, take);
    // Scales come first in a file: their elements are larger.
    if (part.dtype == Dtype::f32) {
      const std::vector<float>& scales = scales_[std::string(part.of)] = int8_scales(source_, part.of);
      return take(text_of(std::as_bytes(std::span(scales))));
    }
    const std::vector<float>& scales = scales_.find(part.of)->second;
    std::size_t done = 0;
    std::vector<std::int8_t> integers;
    source_.read_blocks(part.of, [&](std::span<const float> values) {
      integers.resize(values.size());
      for (std::size_t i = 0; i < values.size(); ++i, ++done) {
        const float scale = scales[done / part.shape[1]];
        integers[i] = static_cast<std::int8_t>(scale > 0 ? std::nearbyint(values[i] * (1 / scale)) : 0.0F);
      }
      take(text_of(std::as_bytes(std::span<const std::int8_t>(integers))));
    });
  }

  void write_tensor(std::string_view name, Dtype dtype, Pieces take) const {
    if (dtype == Dtype::f16)
      write_narrow(name, narrow_f16, 0x7C00, "at most 65504, the largest number of F16", take);
    else if (dtype == Dtype::bf16)
      write_narrow(name, narrow_bf16, 0x7F80, "at most 3.39e38, the largest number of BF16", take);
    else if (dtype == Dtype::f32)
      source_.read_blocks(name, [&](std::span<const float> values) { take(text_of(std::as_bytes(values))); });
    else if (dtype == Dtype::f64)
      write_doubles(name, take);
    else
      source_.read_byte_blocks(name, [&](std::span<const std::byte> bytes) { take(text_of(bytes)); });
  }

  void write_doubles(std::string_view name, Pieces take) const {
    std::size_t done = 0;
    source_.read_byte_blocks(name, [&](std::span<const std::byte> bytes) {
      for (std::size_t at = 0; at < bytes.size(); at += sizeof(double), ++done) {
        double value;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        if (!std::isfinite(value)) refuse(name, done, "a finite number", value);
      }
      take(text_of(bytes));
    });
  }

  /// `infinity`: what `narrow` gives for a number beyond the range.
  template <class Narrow>
  void write_narrow(std::string_view name, Narrow narrow, std::uint16_t infinity, std::string_view expected,
                    Pieces take) const {
    std::vector<std::uint16_t> narrowed;
    std::size_t done = 0;
    source_.read_blocks(name, [&](std::span<const float> values) {
      narrowed.resize(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        narrowed[i] = narrow(values[i]);
        if ((narrowed[i] & 0x7FFFu) == infinity) refuse(name, done + i, expected, values[i]);
      }
      done += values.size();
      take(text_of(std::as_bytes(std::span<const std::uint16_t>(narrowed))));
    });
  }
  [[noreturn]] void refuse(std::string_view name, std::size_t element, std::string_view expected, double value) const {
    char digits[32];
    const std::string found(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    fail(ErrorCode::non_finite, source_.file_of(name) + ": tensor \"" + std::string(name) + "\"",
         "element " + std::to_string(element), expected, found);
  }

  const TensorSource& source_;
  const WeightsOptions& options_;
  std::size_t tensors_ = 0, written_ = 0;
  std::map<std::string, std::vector<float>, std::less<>> scales_;  // of matrices whose integers are still to be written
  ProgressSink progress_;
};

/// Tensors in their order, a shard at a time.
std::vector<std::vector<std::string>> shards_of(const WeightsWriter& weights, const std::vector<std::string>& names,
                                                std::size_t max_bytes) {
  std::vector<std::vector<std::string>> shards(1);
  std::size_t held = 0;
  for (const std::string& name : names) {
    std::size_t bytes = 0;
    for (const auto& part : weights.parts_of(name)) bytes += part.bytes();
    if (!shards.back().empty() && (bytes > max_bytes || held > max_bytes - bytes)) {
      shards.emplace_back();
      held = 0;
    }
    shards.back().push_back(name);
    held += bytes;
  }
  return shards;
}

}  // namespace

WrittenWeights write_weights(DirectoryWriter& writer, const TensorSource& source, std::vector<std::string> names,
                             const WeightsOptions& options, ProgressSink progress) {
  if (options.dtype && *options.dtype != Dtype::f32 && *options.dtype != Dtype::f16 && *options.dtype != Dtype::bf16 &&
      *options.dtype != Dtype::i8)
    fail(ErrorCode::invalid_argument, "weights to write", "dtype", "F32, F16, BF16 or I8", to_string(*options.dtype));
  if (options.max_shard_bytes == 0)
    fail(ErrorCode::invalid_argument, "weights to write", "bytes of a shard", "at least 1", "0");
  const bool is_int8 = options.dtype == Dtype::i8;
  WeightsWriter weights(source, options, progress);
  WrittenWeights result;
  std::set<Dtype> dtypes;
  for (const std::string& name : names) {
    result.parameters += weights.info_of(name).count();
    for (const auto& part : weights.parts_of(name)) {
      ++result.tensors;
      result.bytes += part.bytes();
      if (is_floating_point(part.dtype)) dtypes.insert(part.dtype);
    }
  }
  weights.expect(result.tensors);
  if (is_int8)
    result.dtype = Dtype::i8;
  else if (dtypes.size() == 1)
    result.dtype = *dtypes.begin();

  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end())
    fail(ErrorCode::invalid_argument, "weights to write", "names", "each once", "one twice");
  writer.leave_out([](std::string_view name) {
    return is_weights_file(name) || name == k_named_heads_file || name == k_named_heads_weights;
  });
  const auto shards = shards_of(weights, names, options.max_shard_bytes);
  if (shards.size() == 1) {
    result.files = {"model.safetensors"};
    weights.write_file(writer, result.files.front(), shards.front());
    return result;
  }
  std::map<std::string, std::string> file_of;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const std::string file = shard_name(s, shards.size());
    weights.write_file(writer, file, shards[s]);
    for (const std::string& name : shards[s])
      for (const auto& part : weights.parts_of(name)) file_of[part.name] = file;
    result.files.push_back(file);
  }
  result.files.push_back("model.safetensors.index.json");
  JsonWriter index(2);
  index.begin_object().key("metadata").begin_object().field("total_size", result.bytes).end_object();
  index.key("weight_map").begin_object();
  for (const auto& [name, file] : file_of) index.field(name, file);
  index.end_object().end_object().end_line();
  writer.write(result.files.back(), index.text());
  return result;
}

bool is_weights_file(std::string_view name) noexcept {
  if (name == "tf_model.h5" || name == "flax_model.msgpack" || name == "rust_model.ot") return true;
  for (const auto& [stem, ending] :
       {std::pair<std::string_view, std::string_view>{"model", ".safetensors"}, {"pytorch_model", ".bin"}}) {
    std::string_view rest = name;
    if (!rest.starts_with(stem)) continue;
    rest.remove_prefix(stem.size());
    if (rest.starts_with(ending) && (rest == ending || rest.substr(ending.size()) == ".index.json")) return true;
    // "-00001-of-00002"
    if (rest.size() == 15 + ending.size() && rest.ends_with(ending) && rest[0] == '-' && rest.substr(6, 4) == "-of-")
      return true;
  }
  return false;
}

std::string with_dtype(std::string_view config, const std::string& path, Dtype dtype) {
  const JsonTree tree(config, path, ErrorCode::bad_checkpoint);
  JsonObject json(tree.root());
  std::string_view name = "float32";
  if (dtype == Dtype::f16) name = "float16";
  if (dtype == Dtype::bf16) name = "bfloat16";
  if (dtype == Dtype::f64) name = "float64";
  if (json.contains("torch_dtype")) json.set("torch_dtype", name);
  if (json.contains("dtype") || !json.contains("torch_dtype")) json.set("dtype", name);
  if (dtype == Dtype::i8)
    json.set_json("quantization_config", std::string(k_int8_description));
  else
    json.erase("quantization_config");
  return json.text(2) + "\n";
}

}  // namespace v0
}  // namespace seqguard
