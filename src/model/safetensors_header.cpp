#include "model/safetensors_header.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "core/json_events.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian and read as they are");

namespace seqguard {
inline namespace v0 {
namespace {

constexpr Dtype k_dtypes[] = {Dtype::f64, Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::i64, Dtype::i32,    Dtype::i16,
                              Dtype::i8,  Dtype::u64, Dtype::u32, Dtype::u16,  Dtype::u8,  Dtype::boolean};

/// Takes the parser's events one by one, so that a hostile header costs no more memory than its tensors:
///   { name: {"dtype": text, "shape": [n..], "data_offsets": [begin, end]}.., "__metadata__": {text: text..} }
class HeaderEvents final : public JsonEvents {
 public:
  HeaderEvents(SafetensorsHeader& header, const std::string& path, const TensorLimits& limits)
      : header_(header), path_(path), limits_(limits) {}

  void begin_object() override {
    if (place_ == Place::document) {
      place_ = Place::names;
    } else if (place_ == Place::name_value) {
      place_ = name_ == k_metadata ? Place::metadata : Place::fields;
      seen_dtype_ = seen_shape_ = seen_offsets_ = false;
      tensor_ = {};
    } else {
      refuse("an object");
    }
  }

  void key(std::string_view text) override {
    if (place_ == Place::names) {
      name_ = text;
      const bool is_metadata = name_ == k_metadata;
      if (name_.size() > limits_.max_name_bytes)
        fail_here("tensor name too long", std::to_string(limits_.max_name_bytes) + " bytes at most",
                  std::to_string(name_.size()));
      if (is_metadata ? std::exchange(seen_metadata_, true) : header_.tensors.contains(name_))
        fail(ErrorCode::bad_checkpoint, path_, "duplicate name \"" + name_ + "\" in the header");
      if (!is_metadata && header_.tensors.size() == limits_.max_tensors)
        fail_here("too many tensors", "at most " + std::to_string(limits_.max_tensors), "more");
      place_ = Place::name_value;
    } else {
      field_ = text;
      if (place_ == Place::metadata) {
        if (header_.metadata.contains(field_)) refuse_duplicate_field();
        place_ = Place::metadata_value;
      } else {
        bool* seen = field_ == "dtype"          ? &seen_dtype_
                     : field_ == "shape"        ? &seen_shape_
                     : field_ == "data_offsets" ? &seen_offsets_
                                                : nullptr;
        if (seen == nullptr) fail_here("unknown field", "dtype, shape or data_offsets", "\"" + field_ + "\"");
        if (std::exchange(*seen, true)) refuse_duplicate_field();
        place_ = field_ == "dtype" ? Place::dtype : Place::list;
      }
    }
  }

  void text(std::string_view text) override {
    if (place_ == Place::metadata_value) {
      header_.metadata.emplace(field_, text);
      place_ = Place::metadata;
      return;
    }
    if (place_ != Place::dtype) refuse("a string");
    const auto* found =
        std::find_if(std::begin(k_dtypes), std::end(k_dtypes), [&](Dtype dtype) { return to_string(dtype) == text; });
    if (found == std::end(k_dtypes))
      fail_here("unsupported dtype", "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL",
                "\"" + std::string(text.substr(0, 100)) + "\"");
    tensor_.dtype = *found;
    place_ = Place::fields;
  }

  void begin_array() override {
    if (place_ != Place::list) refuse("an array");
    list_.clear();
    place_ = Place::elements;
  }

  void integer(std::uint64_t value, bool negative) override {
    if (negative) refuse("a negative number");
    if (place_ != Place::elements) refuse("a number");
    const std::size_t most = field_ == "shape" ? limits_.max_rank : 2;
    if (list_.size() == most) fail_here(field_ + " too long", "at most " + std::to_string(most) + " numbers", "more");
    list_.push_back(value);
  }

  void end_array() override {
    if (field_ == "shape") {
      tensor_.shape = list_;
    } else {
      if (list_.size() != 2) fail_here("data_offsets", "two numbers", std::to_string(list_.size()));
      extent_ = {list_[0], list_[1]};
    }
    place_ = Place::fields;
  }

  void end_object() override {
    if (place_ == Place::fields) {
      if (!seen_dtype_ || !seen_shape_ || !seen_offsets_)
        fail_here("incomplete entry", "dtype, shape and data_offsets",
                  std::string("no ") + (!seen_dtype_   ? "dtype"
                                        : !seen_shape_ ? "shape"
                                                       : "data_offsets"));
      tensor_.place = header_.extents.size();
      header_.extents.push_back(extent_);
      header_.tensors.emplace(name_, std::move(tensor_));
    }
    place_ = place_ == Place::names ? Place::document : Place::names;
  }

  void null() override { refuse("null"); }
  void boolean(bool) override { refuse("a boolean"); }
  void real(double, std::string_view text) override { refuse("the number " + std::string(text.substr(0, 100))); }
  void malformed(std::size_t byte, std::string_view) override {
    fail(ErrorCode::bad_checkpoint, path_, "header is not valid JSON at byte " + std::to_string(byte));
  }

 private:
  enum class Place { document, names, name_value, metadata, metadata_value, fields, dtype, list, elements };
  static constexpr std::string_view k_metadata = "__metadata__";

  [[noreturn]] void fail_here(std::string_view what, std::string_view expected, std::string_view found) const {
    fail(ErrorCode::bad_checkpoint, path_ + ": tensor \"" + name_.substr(0, 100) + "\"", what, expected, found);
  }
  [[noreturn]] void refuse_duplicate_field() const {
    fail(ErrorCode::bad_checkpoint, path_ + ": tensor \"" + name_ + "\"",
         "duplicate field \"" + field_.substr(0, 100) + "\"");
  }
  [[noreturn]] void refuse(std::string_view found) const {
    switch (place_) {
      case Place::document:
        fail(ErrorCode::bad_checkpoint, path_, "header", "an object", found);
      case Place::metadata_value:
        fail_here(field_.substr(0, 100), "a string", found);
      case Place::dtype:
        fail_here("dtype", "a string", found);
      case Place::list:
        fail_here(field_, "an array", found);
      case Place::elements:
        fail_here(field_, "non-negative integers", found);
      default:
        fail_here("entry", "an object", found);
    }
  }

  SafetensorsHeader& header_;
  const std::string& path_;
  const TensorLimits& limits_;
  Place place_ = Place::document;
  std::string name_, field_;
  TensorInfo tensor_;
  TensorExtent extent_;
  std::vector<std::size_t> list_;
  bool seen_metadata_ = false, seen_dtype_ = false, seen_shape_ = false, seen_offsets_ = false;
};

/// Bytes that the shape needs, in checked arithmetic.
std::size_t bytes_of(const TensorInfo& info, const std::string& where) {
  std::size_t bytes = size_of(info.dtype);
  for (const std::size_t extent : info.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      fail(ErrorCode::bad_checkpoint, where, "shape", "fewer than 2^64 bytes", "an overflow");
  return bytes;
}

void check_cover(const SafetensorsHeader& header, std::size_t data_bytes, const std::string& path) {
  std::vector<const TensorMap::value_type*> ordered;
  ordered.reserve(header.tensors.size());
  for (const auto& tensor : header.tensors) ordered.push_back(&tensor);
  const auto extent_of = [&](const TensorMap::value_type* tensor) { return header.extents[tensor->second.place]; };
  std::sort(ordered.begin(), ordered.end(), [&](const auto* a, const auto* b) {
    return std::pair(extent_of(a).begin, extent_of(a).end) < std::pair(extent_of(b).begin, extent_of(b).end);
  });
  std::size_t covered = 0;
  for (const auto* tensor : ordered) {
    const std::string where = path + ": tensor \"" + tensor->first.substr(0, 100) + "\"";
    const auto [begin, end] = extent_of(tensor);
    if (begin > end)
      fail(ErrorCode::bad_checkpoint, where, "data_offsets", "begin <= end",
           std::to_string(begin) + " > " + std::to_string(end));
    if (end > data_bytes)
      fail(ErrorCode::bad_checkpoint, where, "data beyond the end of the file",
           "at most " + std::to_string(data_bytes) + " bytes of data", "an end at " + std::to_string(end));
    if (begin != covered)
      fail(ErrorCode::bad_checkpoint, where, begin < covered ? "overlaps another tensor" : "hole before its data",
           "a begin at " + std::to_string(covered), std::to_string(begin));
    if (const std::size_t bytes = bytes_of(tensor->second, where); bytes != end - begin)
      fail(ErrorCode::bad_checkpoint, where, "bytes of its data", std::to_string(bytes) + " by dtype and shape",
           std::to_string(end - begin));
    covered = end;
  }
  if (covered != data_bytes)
    fail(ErrorCode::bad_checkpoint, path, "trailing bytes", std::to_string(covered) + " bytes of data",
         std::to_string(data_bytes));
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, std::size_t data_bytes, const std::string& path,
                                           const TensorLimits& limits) {
  // White space around the object is allowed: writers pad the header to align the data. A NUL byte and a byte-order
  // mark would pass the parser unseen.
  if (text.find('\0') != std::string_view::npos || text.substr(0, 1) == "\xEF")
    fail(ErrorCode::bad_checkpoint, path, "header", "JSON text", "a NUL byte or byte-order mark");
  SafetensorsHeader header;
  HeaderEvents events(header, path, limits);
  parse_json(text, events);
  check_cover(header, data_bytes, path);
  return header;
}

std::string place_tensors(std::vector<TensorToPlace>& tensors,
                          const std::map<std::string, std::string, std::less<>>& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorToPlace& a, const TensorToPlace& b) {
    if (size_of(a.dtype) != size_of(b.dtype)) return size_of(a.dtype) > size_of(b.dtype);
    return a.name < b.name;
  });
  JsonWriter json;
  json.begin_object();
  if (!metadata.empty()) {
    json.key("__metadata__").begin_object();
    for (const auto& [name, value] : metadata) json.field(name, value);
    json.end_object();
  }
  std::size_t end = 0;
  for (const TensorToPlace& tensor : tensors) {
    std::size_t bytes = size_of(tensor.dtype);
    for (const std::size_t extent : *tensor.shape) bytes *= extent;
    const std::size_t begin = std::exchange(end, end + bytes);
    json.key(tensor.name).begin_object().field("dtype", to_string(tensor.dtype)).key("shape").values(*tensor.shape);
    json.key("data_offsets").begin_array().value(begin).value(end).end_array().end_object();
  }
  std::string text = json.end_object().text();
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t header_bytes = text.size();
  return std::string(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes) + text;
}

}  // namespace v0
}  // namespace seqguard
