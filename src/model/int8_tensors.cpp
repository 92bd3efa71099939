#include "model/int8_tensors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

[[noreturn]] void fail_tensor(const TensorSource& source, std::string_view name, std::string_view what,
                              std::string_view expected, std::string_view found) {
  fail(ErrorCode::bad_checkpoint, source.file_of(name) + ": tensor \"" + std::string(name) + "\"", what, expected,
       found);
}

class FloatMatrices : public TensorSource {
 public:
  explicit FloatMatrices(std::unique_ptr<TensorSource> stored) : stored_(std::move(stored)) {
    path_ = stored_->path();
    notes_ = stored_->notes();
    for (const auto& [name, info] : stored_->tensors()) {
      if (name.ends_with(k_scale_suffix) && has(stem(name, k_scale_suffix), k_int8_suffix)) continue;
      const bool is_matrix = name.ends_with(k_int8_suffix);
      add(is_matrix ? matrix(name, info) : Place{name, &info, {}}, info,
          is_matrix ? stem(name, k_int8_suffix) : std::string_view(name));
    }
  }

 private:
  struct Place {
    std::string_view name;
    const TensorInfo* info;
    std::vector<float> scales;  // of a matrix, by row
  };

  static std::string_view stem(std::string_view name, std::string_view suffix) {
    return name.substr(0, name.size() - suffix.size());
  }
  bool has(std::string_view name, std::string_view suffix) const {
    return stored_->tensors().contains(std::string(name).append(suffix));
  }

  Place matrix(std::string_view name, const TensorInfo& info) const {
    if (info.dtype != Dtype::i8) fail_tensor(*stored_, name, "dtype", "I8", to_string(info.dtype));
    if (info.shape.size() != 2) fail_tensor(*stored_, name, "dimensions", "2", std::to_string(info.shape.size()));
    const std::string scales = std::string(stem(name, k_int8_suffix)).append(k_scale_suffix);
    const auto found = stored_->tensors().find(scales);
    if (found == stored_->tensors().end()) fail_tensor(*stored_, name, "without its scales", scales, "nothing");
    if (found->second.shape != std::vector<std::size_t>{info.shape[0]})
      fail_tensor(*stored_, scales, "shape", "one scale for each of " + std::to_string(info.shape[0]) + " rows",
                  std::to_string(found->second.count()) + " elements");
    Place place{name, &info, std::vector<float>(info.shape[0])};
    stored_->read(scales, place.scales);
    for (std::size_t r = 0; r < place.scales.size(); ++r)
      if (!(place.scales[r] >= 0))
        fail_tensor(*stored_, scales, "element " + std::to_string(r), "at least 0", std::to_string(place.scales[r]));
    return place;
  }

  void add(Place place, const TensorInfo& info, std::string_view name) {
    TensorInfo seen = info;
    if (!place.scales.empty()) seen.dtype = Dtype::f32;
    seen.place = places_.size();
    if (!tensors_.emplace(name, std::move(seen)).second)
      fail_tensor(*stored_, name, "is there twice", "either integers with scales or numbers", "both");
    places_.push_back(std::move(place));
  }

  void read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const override {
    const Place& place = places_[info.place];
    if (place.scales.empty()) return read_next_of(*stored_, *place.info, cursor, out);
    const std::size_t columns = info.shape[1];
    std::array<std::int8_t, 4096> block;
    while (!out.empty()) {
      const std::size_t first = cursor.position / sizeof(float);
      const std::span<std::int8_t> integers =
          std::span(block).first(std::min(block.size(), out.size() / sizeof(float)));
      Cursor stored{first, {}};
      read_next_of(*stored_, *place.info, stored, std::as_writable_bytes(integers));
      for (std::size_t i = 0; i < integers.size(); ++i) {
        const float value = static_cast<float>(integers[i]) * place.scales[(first + i) / columns];
        std::memcpy(out.data() + i * sizeof(float), &value, sizeof(float));
      }
      cursor.position += integers.size() * sizeof(float);
      out = out.subspan(integers.size() * sizeof(float));
    }
  }
  const std::string& file_of(const TensorInfo& info) const override {
    return stored_->file_of(places_[info.place].name);
  }

  std::unique_ptr<TensorSource> stored_;
  std::vector<Place> places_;  // by TensorInfo::place
};

}  // namespace

std::vector<float> int8_scales(const TensorSource& source, std::string_view name) {
  const std::vector<std::size_t>& shape = source.tensors().find(name)->second.shape;
  std::vector<float> scales(shape[0]);
  std::size_t done = 0;
  source.read_blocks(name, [&](std::span<const float> values) {
    for (const float value : values) {
      float& largest = scales[done++ / shape[1]];
      largest = std::max(largest, std::abs(value));
    }
  });
  for (float& scale : scales) {
    scale *= 1.0F / 127.0F;
    if (!(scale > 0x1p-100F)) scale = 0;  // a row of zeros, as products take it
  }
  return scales;
}

std::unique_ptr<TensorSource> with_float_matrices(std::unique_ptr<TensorSource> stored) {
  const bool any = std::any_of(stored->tensors().begin(), stored->tensors().end(),
                               [](const auto& tensor) { return tensor.first.ends_with(k_int8_suffix); });
  if (!any) return stored;
  return std::make_unique<FloatMatrices>(std::move(stored));
}

}  // namespace v0
}  // namespace seqguard
