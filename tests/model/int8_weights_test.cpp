// Matrices stored as 8-bit integers with scales: what is written, what is read, and what is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "model/int8_tensors.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/convert.hpp"
#include "seqguard/model/encoder.hpp"
#include "support/precision_contexts.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

const std::string k_single = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/weight_files/single";
constexpr ConvertOptions k_to_int8{{.dtype = Dtype::i8}, FileAccess::read};

std::string text_of(const std::string& path) { return read_file(path, 1 << 22); }

std::vector<float> values_of(const TensorSource& source, const std::string& name) {
  std::vector<float> values(source.tensors().find(name)->second.count());
  source.read(name, values);
  return values;
}

std::vector<float> hidden_states(const Model<float>& model) {
  const std::vector<std::int32_t> ids = {2, 5, 7, 3, 2, 9, 3};
  const std::vector<std::size_t> offsets = {0, 4, 7};
  EncoderInput input;
  input.ids = ids;
  input.offsets = offsets;
  Workspace workspace;
  const auto cache = run_encoder<float>(model, input, {}, workspace);
  const MatrixView<float> hidden = cache.last_hidden_state();
  return {hidden.data, hidden.data + hidden.rows * hidden.cols};
}

/// A file of the tensors that a test gives.
struct Stored {
  std::vector<float> scales = {0.5F, 2.0F}, other = {1.0F, 2.0F};
  std::vector<std::int8_t> integers = {1, -127, 0, 127, 3, -2};
  std::vector<TensorToWrite> tensors;

  Stored() {
    add("w.int8", Dtype::i8, {2, 3}, std::as_bytes(std::span(integers)));
    add("w.scale", Dtype::f32, {2}, std::as_bytes(std::span(scales)));
    add("b", Dtype::f32, {2}, std::as_bytes(std::span(other)));
  }
  void add(const std::string& name, Dtype dtype, std::vector<std::size_t> shape, std::span<const std::byte> bytes) {
    tensors.push_back({name, dtype, std::move(shape), bytes});
  }
  std::unique_ptr<TensorSource> open() {
    file = serialize_safetensors(tensors);
    return with_float_matrices(
        std::make_unique<SafetensorsFile>(std::as_bytes(std::span<const char>(file)), "weights"));
  }
  std::string refusal() {
    try {
      open();
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_checkpoint);
      return error.what();
    }
    return "";
  }
  std::string file;
};

}  // namespace

TEST_CASE("convert to int8: integers and a scale for each row of a matrix, all else bit for bit") {
  const TemporaryDirectory directory;
  const Converted converted = convert_checkpoint(k_single, directory / "to", k_to_int8);
  CHECK(converted.weights.dtype == Dtype::i8);
  const SafetensorsFile before(k_single + "/model.safetensors"), stored(directory / "to" + "/model.safetensors");
  const auto seen = with_float_matrices(open_tensors(directory / "to"));
  CHECK(converted.weights.tensors == stored.tensors().size());
  REQUIRE(seen->tensors().size() == before.tensors().size());
  std::size_t matrices = 0;
  for (const auto& [name, info] : before.tensors()) {
    CAPTURE(name);
    CHECK(seen->tensors().find(name)->second.shape == info.shape);
    CHECK(seen->file_of(name) == directory / "to" + "/model.safetensors");
    const std::vector<float> expected = values_of(before, name), found = values_of(*seen, name);
    if (info.shape.size() != 2) {
      CHECK(found == expected);
      continue;
    }
    ++matrices;
    const std::vector<float> scales = values_of(stored, name + ".scale");
    const auto integers = stored.read_vector<std::int8_t>(name + ".int8", Dtype::i8);
    REQUIRE(scales.size() == info.shape[0]);
    for (std::size_t r = 0; r < info.shape[0]; ++r) {
      float largest = 0;
      for (std::size_t c = 0; c < info.shape[1]; ++c) {
        const std::size_t i = r * info.shape[1] + c;
        largest = std::max(largest, std::abs(expected[i]));
        // Half a step, and the roundings of the step itself, of its inverse and of the product.
        CHECK(std::abs(found[i] - expected[i]) <= 0.5 * scales[r] + 3 * 0x1p-24 * std::abs(expected[i]));
        CHECK(found[i] == static_cast<float>(integers[i]) * scales[r]);
      }
      CHECK(scales[r] == doctest::Approx(largest / 127));
    }
  }
  CHECK(matrices > 5);
  const std::string config = text_of(directory / "to" + "/config.json");
  CHECK(config.find("seqguard_int8") != std::string::npos);
  CHECK(config.find("\"float32\"") != std::string::npos);
}

TEST_CASE("convert from int8: copied as it is, or made numbers of another dtype") {
  const TemporaryDirectory directory;
  convert_checkpoint(k_single, directory / "int8", k_to_int8);
  // In place, by default and by name, and in shards.
  const std::string once = text_of(directory / "int8" + "/model.safetensors");
  convert_checkpoint(directory / "int8", directory / "int8");
  CHECK(text_of(directory / "int8" + "/model.safetensors") == once);
  convert_checkpoint(directory / "int8", directory / "int8", k_to_int8);
  CHECK(text_of(directory / "int8" + "/model.safetensors") == once);
  convert_checkpoint(k_single, directory / "shards", {{.dtype = Dtype::i8, .max_shard_bytes = 500}, FileAccess::map});
  CHECK(std::filesystem::exists(directory / "shards" + "/model.safetensors.index.json"));
  convert_checkpoint(directory / "int8", directory / "fp32", {{.dtype = Dtype::f32}, FileAccess::read});
  CHECK(text_of(directory / "fp32" + "/config.json").find("quantization_config") == std::string::npos);

  // All of them are one model, in every precision; the integers of a product in int8 are those of the file.
  std::vector<Context<float>> contexts = low_precision_contexts();
  contexts.push_back(make_context(default_isa()));
  for (const Context<float>& context : contexts) {
    CAPTURE(to_string(context.precision));
    const std::vector<float> expected = hidden_states(load_scoring_model(context, directory / "fp32"));
    CHECK(hidden_states(load_scoring_model(context, directory / "int8")) == expected);
    CHECK(hidden_states(load_scoring_model(context, directory / "shards")) == expected);
  }
  Model<float> model = load_model(make_context(default_isa()), directory / "int8");
  model.pack(false);
  CHECK(hidden_states(model) == hidden_states(load_scoring_model(make_context(default_isa()), directory / "fp32")));
}

TEST_CASE("matrices as integers: what does not fit together is refused by name") {
  {
    Stored sound;
    const auto source = sound.open();
    CHECK(values_of(*source, "w") == std::vector<float>{0.5F, -63.5F, 0.0F, 254.0F, 6.0F, -4.0F});
    CHECK(values_of(*source, "b") == sound.other);
    std::vector<float> raw(6);
    source->read_bytes("w", std::as_writable_bytes(std::span(raw)));
    CHECK(raw[3] == 254.0F);
  }
  {
    Stored without;
    without.tensors.erase(without.tensors.begin() + 1);
    CHECK(without.refusal() == "weights: tensor \"w.int8\": without its scales, expected w.scale, found nothing");
  }
  {
    Stored short_scales;
    short_scales.tensors[1].shape = {1};
    short_scales.tensors[1].bytes = short_scales.tensors[1].bytes.first(4);
    CHECK(short_scales.refusal() ==
          "weights: tensor \"w.scale\": shape, expected one scale for each of 2 rows, found 1 elements");
  }
  {
    Stored negative;
    negative.scales[1] = -1;
    CHECK(negative.refusal() == "weights: tensor \"w.scale\": element 1, expected at least 0, found -1.000000");
    negative.scales[1] = std::numeric_limits<float>::quiet_NaN();
    CHECK(negative.refusal().find("weights: tensor \"w.scale\": element 1, expected a finite number") == 0);
  }
  {
    Stored flat;
    flat.tensors[0].shape = {6};
    CHECK(flat.refusal() == "weights: tensor \"w.int8\": dimensions, expected 2, found 1");
    flat.tensors[0].shape = {2, 3};
    flat.tensors[0].dtype = Dtype::u8;
    CHECK(flat.refusal() == "weights: tensor \"w.int8\": dtype, expected I8, found U8");
  }
  {
    Stored twice;
    twice.add("w", Dtype::f32, {2}, std::as_bytes(std::span(twice.other)));
    CHECK(twice.refusal().find("is there twice, expected either integers with scales or numbers") != std::string::npos);
  }
}
