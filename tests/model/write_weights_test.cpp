#include "seqguard/model/write_weights.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "model/float_formats.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/isa.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/safetensors.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

/// The nearest of two neighbouring values of a narrow format, ties to the even one, by exact arithmetic in double.
template <class Widen>
std::uint16_t nearest(double value, std::uint16_t below, Widen widen) {
  const auto above = static_cast<std::uint16_t>(below + 1);
  const double down = value - widen(below), up = widen(above) - value;
  if (down != up) return down < up ? below : above;
  return below % 2 == 0 ? below : above;
}

SafetensorsFile file_of(const std::string& bytes) {
  return SafetensorsFile(std::as_bytes(std::span<const char>(bytes)), "source");
}

template <class T>
TensorToWrite tensor(const std::string& name, Dtype dtype, const std::vector<T>& values) {
  return {name, dtype, {values.size()}, std::as_bytes(std::span(values))};
}

WrittenWeights write(const std::string& directory, const TensorSource& source, const WeightsOptions& options) {
  std::vector<std::string> names;
  for (const auto& [name, info] : source.tensors()) names.push_back(name);
  DirectoryWriter writer(directory);
  WrittenWeights written = write_weights(writer, source, names, options);
  writer.commit();
  return written;
}

std::vector<float> floats_of(const TensorSource& source, const std::string& name) {
  std::vector<float> values(source.tensors().at(name).count());
  source.read(name, values);
  return values;
}

}  // namespace

TEST_CASE("F16: every value is read as what the format says") {
  for (std::uint32_t half = 0; half < 0x7C00; ++half) {
    const auto mantissa = static_cast<double>(half & 0x3FFu);
    const int exponent = static_cast<int>(half >> 10);
    const double value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    REQUIRE(widen_f16(static_cast<std::uint16_t>(half)) == value);
    REQUIRE(widen_f16(static_cast<std::uint16_t>(half | 0x8000u)) == -value);
  }
  CHECK(std::signbit(widen_f16(0x8000)));
  CHECK(widen_f16(0x7C00) == std::numeric_limits<float>::infinity());
  CHECK(widen_f16(0xFC00) == -std::numeric_limits<float>::infinity());
  for (std::uint32_t half = 0x7C01; half < 0x8000; ++half)
    REQUIRE(std::isnan(widen_f16(static_cast<std::uint16_t>(half))));
}

TEST_CASE("F16: every value, and every half-way point, is rounded to nearest even") {
  for (std::uint32_t half = 0; half < 0x7BFF; ++half) {  // all finite values but the largest, denormals too
    const auto below = static_cast<std::uint16_t>(half);
    const float low = widen_f16(below), high = widen_f16(static_cast<std::uint16_t>(half + 1));
    REQUIRE(narrow_f16(low) == below);
    REQUIRE(narrow_f16(-low) == (below | 0x8000u));
    const float middle = static_cast<float>((static_cast<double>(low) + high) / 2);  // exact: 12 bits
    for (const float value : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)})
      REQUIRE(narrow_f16(value) == nearest(value, below, widen_f16));
  }
  CHECK(narrow_f16(65504.0f) == 0x7BFF);
  CHECK(narrow_f16(65519.996f) == 0x7BFF);
  CHECK(narrow_f16(65520.0f) == 0x7C00);
  CHECK(narrow_f16(-3e38f) == 0xFC00);
  CHECK(narrow_f16(1e-30f) == 0);
  CHECK(narrow_f16(-0.0f) == 0x8000);
}

TEST_CASE("BF16: every value, and every half-way point, is rounded to nearest even") {
  for (std::uint32_t half = 0; half < 0x7F7F; ++half) {
    const auto below = static_cast<std::uint16_t>(half);
    const float low = widen_bf16(below), high = widen_bf16(static_cast<std::uint16_t>(half + 1));
    REQUIRE(narrow_bf16(low) == below);
    REQUIRE(narrow_bf16(-low) == (below | 0x8000u));
    const auto middle = static_cast<float>((static_cast<double>(low) + high) / 2);
    for (const float value : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 3e38f)})
      REQUIRE(narrow_bf16(value) == nearest(value, below, widen_bf16));
  }
  CHECK(narrow_bf16(std::numeric_limits<float>::max()) == 0x7F80);
}

TEST_CASE("weights: the dtype is converted, integers are not, and the values come back") {
  const std::vector<float> a = {1.5f, -0.1f, 3e-6f, 60000.0f};
  const std::vector<double> d = {0.1, 1e-300};
  const std::vector<std::int64_t> ids = {1, -2};
  const std::vector<std::uint16_t> half = {0x3C01, 0x0001};
  const TensorToWrite tensors[] = {tensor("a", Dtype::f32, a), tensor("d", Dtype::f64, d),
                                   tensor("ids", Dtype::i64, ids), tensor("half", Dtype::f16, half)};
  const std::string bytes = serialize_safetensors(tensors);
  const SafetensorsFile source = file_of(bytes);
  const TemporaryDirectory directory;
  const auto written_as = [&](std::optional<Dtype> dtype) {
    const WrittenWeights written = write(directory / "to", source, {.dtype = dtype});
    CHECK(written.files == std::vector<std::string>{"model.safetensors"});
    CHECK(written.tensors == 4);
    CHECK(written.parameters == 10);
    CHECK(written.dtype == dtype);
    return SafetensorsFile(directory / "to/model.safetensors");
  };
  const SafetensorsFile same = written_as(std::nullopt);
  CHECK(read_file(same.path(), 1 << 20).substr(8 + 8) != "");
  for (const char* name : {"a", "half", "d"}) {
    CHECK(same.tensors().at(name).dtype == source.tensors().at(name).dtype);
    CHECK(floats_of(same, name) == floats_of(source, name));
  }
  CHECK(same.read_vector<double>("d", Dtype::f64) == d);
  CHECK(same.metadata().at("format") == "pt");

  const SafetensorsFile single = written_as(Dtype::f32);
  CHECK(single.read_vector<float>("a", Dtype::f32) == a);
  CHECK(single.read_vector<float>("d", Dtype::f32) == std::vector<float>{0.1f, 0.0f});
  CHECK(single.read_vector<float>("half", Dtype::f32) == std::vector<float>{0x1.004p0f, 0x1p-24f});
  CHECK(single.read_vector<std::int64_t>("ids", Dtype::i64) == ids);

  const SafetensorsFile narrow = written_as(Dtype::f16);
  CHECK(narrow.read_vector<std::uint16_t>("a", Dtype::f16) ==
        std::vector<std::uint16_t>{0x3E00, 0xAE66, 0x0032, 0x7B53});  // numpy.float16(..).view(uint16)
  CHECK(narrow.read_vector<std::uint16_t>("half", Dtype::f16) == half);
  CHECK(narrow.tensors().at("ids").dtype == Dtype::i64);

  const SafetensorsFile brain = written_as(Dtype::bf16);
  CHECK(brain.read_vector<std::uint16_t>("a", Dtype::bf16) ==
        std::vector<std::uint16_t>{0x3FC0, 0xBDCD, 0x3649, 0x476A});  // torch.tensor(.., dtype=torch.bfloat16)
}

TEST_CASE("weights: what the dtype cannot hold is refused by tensor and element, and nothing is written") {
  std::vector<float> values(10'000, 1.0f);
  values[9'000] = -65520.0f;
  const TensorToWrite list[] = {tensor("w", Dtype::f32, values)};
  const std::string bytes = serialize_safetensors(list);
  const SafetensorsFile source = file_of(bytes);
  const TemporaryDirectory directory;
  CHECK_THROWS_WITH_AS(write(directory / "to", source, {.dtype = Dtype::f16}),
                       "source: tensor \"w\": element 9000, expected at most 65504, the largest number of F16, found "
                       "-65520",
                       Error);
  CHECK(!directory_exists(directory / "to"));
  CHECK(write(directory / "to", source, {.dtype = Dtype::bf16}).bytes == 20'000);
  CHECK_THROWS_WITH_AS(write(directory / "to", source, {.dtype = Dtype::i16}),
                       "weights to write: dtype, expected F32, F16, BF16 or I8, found I16", Error);
  CHECK_THROWS_AS(write(directory / "to", source, {.max_shard_bytes = 0}), Error);

  const std::vector<double> infinite = {1.0, -std::numeric_limits<double>::infinity()};
  const TensorToWrite wide[] = {tensor("d", Dtype::f64, infinite)};
  const std::string wide_bytes = serialize_safetensors(wide);
  CHECK_THROWS_WITH_AS(write(directory / "to", file_of(wide_bytes), {}),
                       "source: tensor \"d\": element 1, expected a finite number, found -inf", Error);
}

TEST_CASE("weights: shards of the size that is asked for, which open as one") {
  std::vector<std::vector<float>> values;
  for (std::size_t i = 0; i < 7; ++i) values.push_back(std::vector<float>(10 + 10 * (i % 3), static_cast<float>(i)));
  std::vector<TensorToWrite> tensors;
  for (std::size_t i = 0; i < values.size(); ++i)
    tensors.push_back(tensor("t" + std::to_string(i), Dtype::f32, values[i]));
  const std::string bytes = serialize_safetensors(tensors);
  const SafetensorsFile source = file_of(bytes);
  const TemporaryDirectory directory;
  // 40, 80, 120, 40, 80, 120, 40 bytes: 120 | 120 | 120 | 120 | 40
  const WrittenWeights written = write(directory / "to", source, {.max_shard_bytes = 120});
  CHECK(written.files.size() == 6);
  CHECK(written.files.front() == "model-00001-of-00005.safetensors");
  CHECK(written.files.back() == "model.safetensors.index.json");
  const auto opened = open_tensors(directory / "to");
  CHECK(opened->file_of("t5") == directory / "to/model-00004-of-00005.safetensors");
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(floats_of(*opened, "t" + std::to_string(i)) == values[i]);
  CHECK(read_file(directory / "to/model.safetensors.index.json", 1 << 20).find("\"total_size\": 520") !=
        std::string::npos);
  // A tensor larger than a shard has one of its own; the earlier generation goes.
  CHECK(write(directory / "to", source, {.max_shard_bytes = 1}).files.size() == 8);
  CHECK(!file_exists(directory / "to/model-00001-of-00005.safetensors"));
  CHECK(open_tensors(directory / "to")->tensors().size() == 7);
  CHECK(write(directory / "to", source, {}).files.size() == 1);
  CHECK(!file_exists(directory / "to/model.safetensors.index.json"));
}

TEST_CASE("weights: the files that are replaced") {
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
                           "pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-00003-of-00007.bin",
                           "tf_model.h5", "flax_model.msgpack", "rust_model.ot"}) {
    CAPTURE(name);
    CHECK(is_weights_file(name));
  }
  for (const char* name :
       {"config.json", "profile.safetensors", "model.safetensors.bak", "model-x.safetensors", "model",
        "model-00001xof-00002.safetensors", "my_model.safetensors", "pytorch_model.bin.txt", ""}) {
    CAPTURE(name);
    CHECK(!is_weights_file(name));
  }
}

TEST_CASE("a model saved in shards and in half precision loads again") {
  const Context<float> context = make_context(default_isa());
  const Model<float> model =
      load_model(context, std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/weight_files/single");
  const TemporaryDirectory directory;
  save_model(directory / "sharded", model, {.max_shard_bytes = 1000});
  CHECK(load_model(context, directory / "sharded").values() == model.values());
  save_model(directory / "half", model, {.dtype = Dtype::f16});
  const Model<float> half = load_model(context, directory / "half");
  float worst = 0;
  for (std::size_t i = 0; i < model.values().size(); ++i) {
    REQUIRE(half.values()[i] == widen_f16(narrow_f16(model.values()[i])));
    worst = std::max(worst, std::abs(half.values()[i] - model.values()[i]));
  }
  CHECK(worst > 0);
  CHECK(read_file(directory / "half/config.json", 1 << 20).find("\"dtype\": \"float16\"") != std::string::npos);
}

TEST_CASE("config.json keeps its fields and gets the dtype under the name it uses") {
  CHECK(with_dtype(R"({"b":1e-12,"a":[1]})", "c", Dtype::bf16) ==
        "{\n  \"a\": [\n    1\n  ],\n  \"b\": 1e-12,\n  \"dtype\": \"bfloat16\"\n}\n");
  CHECK(with_dtype(R"({"torch_dtype":"float32"})", "c", Dtype::f16) == "{\n  \"torch_dtype\": \"float16\"\n}\n");
  CHECK(with_dtype(R"({"dtype":"float16","torch_dtype":"float16"})", "c", Dtype::f32) ==
        "{\n  \"dtype\": \"float32\",\n  \"torch_dtype\": \"float32\"\n}\n");
  CHECK_THROWS_WITH_AS(with_dtype("[]", "c", Dtype::f32), "c: document, expected an object, found an array of 0",
                       Error);
  CHECK_THROWS_AS(with_dtype("{", "c", Dtype::f32), Error);
}
