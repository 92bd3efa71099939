#include "seqguard/model/safetensors.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

/// A file with this header text and this data.
std::string file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

std::string entry(const std::string& dtype, const std::string& shape, std::size_t begin, std::size_t end) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[)" + std::to_string(begin) + "," +
         std::to_string(end) + "]}";
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
}

/// Message of the error that opening (and then `use`) gives, without the path; "" if none.
template <class Use>
std::string error_of(const std::string& bytes, const TensorLimits& limits, Use use) {
  const TemporaryDirectory directory;
  const std::string path = directory / "model.safetensors";
  write_file_atomically(path, bytes);
  try {
    const SafetensorsFile file(path, FileAccess::read, limits);
    use(file);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_checkpoint);
    const std::string message = error.what();
    CHECK(message.find(path + ": ") == 0);
    return message.substr(path.size() + 2);
  }
  return "";
}

std::string error_of(const std::string& bytes, const TensorLimits& limits = {}) {
  return error_of(bytes, limits, [](const SafetensorsFile&) {});
}

std::string read_error_of(const std::string& dtype, const std::string& data, std::size_t count) {
  const std::string shape = std::string("[").append(std::to_string(count)).append("]");
  return error_of(file_of("{\"w\":" + entry(dtype, shape, 0, data.size()) + "}", data), {},
                  [&](const SafetensorsFile& file) {
                    std::vector<float> values(count);
                    file.read("w", values);
                  });
}

}  // namespace

TEST_CASE("safetensors: what is written is read, bit for bit") {
  const std::vector<float> a = {1.5f, -0.0f, std::numeric_limits<float>::denorm_min(), 3e38f, -7.25f, 0.1f};
  const std::vector<std::int64_t> b = {-1, std::numeric_limits<std::int64_t>::max()};
  const std::vector<std::uint8_t> c = {1, 0, 255};
  const TensorToWrite tensors[] = {
      {"c", Dtype::u8, {3}, std::as_bytes(std::span(c))},
      {"layer.\"a\"/\xC3\xA9", Dtype::f32, {2, 3}, std::as_bytes(std::span(a))},
      {"b", Dtype::i64, {2, 1}, std::as_bytes(std::span(b))},
      {"empty", Dtype::f32, {0, 5}, {}},
      {"scalar", Dtype::f32, {}, std::as_bytes(std::span(a)).first(4)},
  };
  const TemporaryDirectory directory;
  const std::string path = directory / "t.safetensors", bytes = serialize_safetensors(tensors, {{"format", "pt"}});
  write_file_atomically(path, bytes);

  SafetensorsFile opened(path);
  const SafetensorsFile file = std::move(opened);
  CHECK(file.path() == path);
  CHECK(file.metadata().size() == 1);
  CHECK(file.metadata().at("format") == "pt");
  CHECK(file.tensors().size() == 5);
  CHECK(file.tensors().at("empty").shape == std::vector<std::size_t>{0, 5});
  CHECK(file.tensors().at("scalar").shape.empty());
  std::vector<float> read(6);
  file.read("layer.\"a\"/\xC3\xA9", read);
  CHECK(std::memcmp(read.data(), a.data(), 24) == 0);
  CHECK(file.read_vector<float>("scalar", Dtype::f32) == std::vector<float>{1.5f});
  CHECK(file.read_vector<float>("empty", Dtype::f32).empty());
  CHECK(file.read_vector<std::int64_t>("b", Dtype::i64) == b);
  CHECK(file.read_vector<std::uint8_t>("c", Dtype::u8) == c);

  std::uint64_t header_bytes;
  std::memcpy(&header_bytes, bytes.data(), 8);
  CHECK(header_bytes % 8 == 0);
  CHECK(bytes.substr(8, 70) == R"({"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[2,1],"data)");
}

TEST_CASE("safetensors: the writer refuses what it cannot write") {
  const float value = 1;
  const auto bytes = std::as_bytes(std::span(&value, 1));
  const TensorToWrite twice[] = {{"w", Dtype::f32, {1}, bytes}, {"w", Dtype::f32, {1}, bytes}};
  CHECK_THROWS_WITH_AS(serialize_safetensors(twice), "tensors to write: duplicate or reserved name \"w\"", Error);
  const TensorToWrite small[] = {{"w", Dtype::f32, {2}, bytes}};
  CHECK_THROWS_WITH_AS(serialize_safetensors(small),
                       "tensor \"w\" to write: bytes, expected 8 by dtype and shape, found 4", Error);
}

TEST_CASE("safetensors: half, bfloat and double are converted exactly, misaligned data too") {
  // 3 bytes of padding header shift everything after it off any alignment; the U8 tensor shifts the data once more.
  const std::string data = std::string("\x07", 1) +
                           bytes_of<std::uint16_t>({0x3C00, 0xC500, 0x0001, 0x03FF, 0x0400, 0x7BFF, 0x8000}) +
                           bytes_of<std::uint16_t>({0x3F80, 0xC2F7, 0x0001, 0x7F7F}) +
                           bytes_of<double>({0.1, -1e-300}) + bytes_of<float>({2.5f});
  const std::string header = " \n{\"u\":" + entry("U8", "[1]", 0, 1) + ",\"h\":" + entry("F16", "[7]", 1, 15) +
                             ",\"b\":" + entry("BF16", "[4]", 15, 23) + ",\"d\":" + entry("F64", "[2]", 23, 39) +
                             ",\"f\":" + entry("F32", "[1]", 39, 43) + "}\t\r";
  const TemporaryDirectory directory;
  write_file_atomically(directory / "t", file_of(header, data));
  const SafetensorsFile file(directory / "t");
  std::vector<float> half(7), bfloat(4), wide(2), single(1);
  file.read("h", half);
  file.read("b", bfloat);
  file.read("d", wide);
  file.read("f", single);
  CHECK(half == std::vector<float>{1.0f, -5.0f, 0x1p-24f, 1023 * 0x1p-24f, 0x1p-14f, 65504.0f, -0.0f});
  CHECK(std::signbit(half[6]));
  CHECK(bfloat == std::vector<float>{1.0f, -123.5f, 0x1p-133f, 0x1.FEp127f});
  CHECK(wide == std::vector<float>{0.1f, 0.0f});
  CHECK(single[0] == 2.5f);
}

TEST_CASE("safetensors: tensors longer than a conversion block") {
  std::vector<double> values(20'001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) - 10'000;
  const TensorToWrite tensor{"w", Dtype::f64, {values.size()}, std::as_bytes(std::span(values))};
  const TemporaryDirectory directory;
  write_file_atomically(directory / "t", serialize_safetensors({&tensor, 1}));
  std::vector<float> read(values.size());
  SafetensorsFile(directory / "t").read("w", read);
  for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(read[i] == static_cast<float>(values[i]));
}

TEST_CASE("safetensors: NaN, infinity and overflow are named with tensor and element") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const std::string finite = "expected a finite number within the range of float, found ";
  CHECK(read_error_of("F32", bytes_of<float>({1, nan}), 2) == "tensor \"w\": element 1, " + finite + "NaN");
  CHECK(read_error_of("F32", bytes_of<float>({-infinity, nan}), 2) ==
        "tensor \"w\": element 0, " + finite + "infinity");
  CHECK(read_error_of("F16", bytes_of<std::uint16_t>({0, 0x7C00}), 2) ==
        "tensor \"w\": element 1, " + finite + "infinity");
  CHECK(read_error_of("BF16", bytes_of<std::uint16_t>({0x7FC0}), 1) == "tensor \"w\": element 0, " + finite + "NaN");
  CHECK(read_error_of("F64", bytes_of<double>({1, 2, -1e300}), 3) == "tensor \"w\": element 2, " + finite + "-1e+300");
  CHECK(read_error_of("I32", bytes_of<std::int32_t>({1}), 1) ==
        "tensor \"w\": dtype, expected F64, F32, F16 or BF16, found I32");
}

TEST_CASE("safetensors: damaged lengths") {
  const std::string good = file_of("{\"w\":" + entry("F32", "[2]", 0, 8) + "}", std::string(8, '\0'));
  CHECK(error_of(good) == "");
  CHECK(error_of("") == "file too short, expected at least 8 bytes, found 0");
  CHECK(error_of(good.substr(0, 7)) == "file too short, expected at least 8 bytes, found 7");
  CHECK(error_of(good.substr(0, 20)).find("header longer than the file, expected ") == 0);
  CHECK(error_of(good.substr(0, good.size() - 1)) ==
        "tensor \"w\": data beyond the end of the file, expected at most 7 bytes of data, found an end at 8");
  CHECK(error_of(good + "PK") == "trailing bytes, expected 8 bytes of data, found 10");
  CHECK(error_of(std::string(8, '\xff')) ==
        "header too large, expected at most 16777216 bytes, found 18446744073709551615");
  CHECK(error_of(std::string(8, '\0')) == "header is not valid JSON at byte 1");
  // Every prefix is refused, whatever it cuts.
  for (std::size_t length = 0; length < good.size(); ++length) REQUIRE(error_of(good.substr(0, length)) != "");
}

TEST_CASE("safetensors: limits of the reader") {
  const std::string two = "{\"a\":" + entry("U8", "[1]", 0, 1) + ",\"b\":" + entry("U8", "[1]", 1, 2) + "}";
  TensorLimits limits;
  limits.max_header_bytes = two.size();
  CHECK(error_of(file_of(two, "xy"), limits) == "");
  CHECK(error_of(file_of(two + " ", "xy"), limits) == "header too large, expected at most " +
                                                          std::to_string(two.size()) + " bytes, found " +
                                                          std::to_string(two.size() + 1));
  limits = {};
  limits.max_tensors = 1;
  CHECK(error_of(file_of(two, "xy"), limits) == "tensor \"b\": too many tensors, expected at most 1, found more");
  CHECK(error_of(file_of("{\"a\":" + entry("U8", "[1,1,1,1,1,1,1,1,1]", 0, 1) + "}", "x")) ==
        "tensor \"a\": shape too long, expected at most 8 numbers, found more");
  const std::string name(1'025, 'n');
  CHECK(error_of(file_of("{\"" + name + "\":" + entry("U8", "[1]", 0, 1) + "}", "x")) ==
        "tensor \"" + name.substr(0, 100) + "\": tensor name too long, expected 1024 bytes at most, found 1025");
}

TEST_CASE("safetensors: overlaps, holes and offsets that do not fit") {
  const auto with = [](const std::string& a, const std::string& b) {
    return error_of(file_of("{\"a\":" + a + ",\"b\":" + b + "}", std::string(16, '\0')));
  };
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[2]", 8, 16)) == "");
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[2]", 4, 12)) ==
        "tensor \"b\": overlaps another tensor, expected a begin at 8, found 4");
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[2]", 0, 8)) ==
        "tensor \"b\": overlaps another tensor, expected a begin at 8, found 0");
  CHECK(with(entry("F32", "[1]", 0, 4), entry("F32", "[2]", 8, 16)) ==
        "tensor \"b\": hole before its data, expected a begin at 4, found 8");
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[1]", 8, 12)) ==
        "trailing bytes, expected 12 bytes of data, found 16");
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[2]", 16, 8)) ==
        "tensor \"b\": data_offsets, expected begin <= end, found 16 > 8");
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[3]", 8, 16)) ==
        "tensor \"b\": bytes of its data, expected 12 by dtype and shape, found 8");
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[4294967296,4294967296]", 8, 16)) ==
        "tensor \"b\": shape, expected fewer than 2^64 bytes, found an overflow");
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[4611686018427387905]", 8, 12)) ==
        "tensor \"b\": shape, expected fewer than 2^64 bytes, found an overflow");
  CHECK(with(entry("F32", "[2]", 0, 8), entry("F32", "[2]", 8, 18446744073709551615u)) ==
        "tensor \"b\": data beyond the end of the file, expected at most 16 bytes of data, found an end at "
        "18446744073709551615");
}

TEST_CASE("safetensors: headers that are not what they should be") {
  const std::string w = entry("U8", "[1]", 0, 1);
  const struct {
    std::string header, message;
  } cases[] = {
      {"{\"w\":" + w + ",\"w\":" + w + "}", "duplicate name \"w\" in the header"},
      {"{\"__metadata__\":{},\"__metadata__\":{},\"w\":" + w + "}", "duplicate name \"__metadata__\" in the header"},
      {R"({"__metadata__":{"a":"1","a":"2"},"w":)" + w + "}", "tensor \"__metadata__\": duplicate field \"a\""},
      {R"({"__metadata__":{"a":1},"w":)" + w + "}", "tensor \"__metadata__\": a, expected a string, found a number"},
      {R"({"__metadata__":[],"w":)" + w + "}", "tensor \"__metadata__\": entry, expected an object, found an array"},
      {R"({"w":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       "tensor \"w\": duplicate field \"dtype\""},
      {R"({"w":{"dtype":"U8","shape":[1]}})",
       "tensor \"w\": incomplete entry, expected dtype, shape and data_offsets, found no data_offsets"},
      {R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0]}})",
       "tensor \"w\": data_offsets, expected two numbers, found 1"},
      {R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})",
       "tensor \"w\": data_offsets too long, expected at most 2 numbers, found more"},
      {R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"stride":[1]}})",
       "tensor \"w\": unknown field, expected dtype, shape or data_offsets, found \"stride\""},
      {R"({"w":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})",
       "tensor \"w\": shape, expected non-negative integers, found a negative number"},
      {R"({"w":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})",
       "tensor \"w\": shape, expected non-negative integers, found the number 1.0"},
      {R"({"w":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,1]}})",
       "tensor \"w\": shape, expected non-negative integers, found the number 18446744073709551616"},
      {R"({"w":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})",
       "tensor \"w\": shape, expected non-negative integers, found an array"},
      {R"({"w":{"dtype":"U8","shape":1,"data_offsets":[0,1]}})",
       "tensor \"w\": shape, expected an array, found a number"},
      {R"({"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})",
       "tensor \"w\": unsupported dtype, expected F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL, "
       "found \"F8_E4M3\""},
      {R"({"w":null})", "tensor \"w\": entry, expected an object, found null"},
      {R"([])", "header, expected an object, found an array"},
      {std::string("{\"w\":") + w + std::string("}\0\0", 3),
       "header, expected JSON text, found a NUL byte or byte-order mark"},
      {"\xEF\xBB\xBF{\"w\":" + w + "}", "header, expected JSON text, found a NUL byte or byte-order mark"},
      {"{\"w\":" + w + "} x", "header is not valid JSON at byte " + std::to_string(w.size() + 8)},
      {"{\"\xC3\x28\":" + w + "}", "header is not valid JSON at byte 4"},
      {"{\"w\":" + w, "header is not valid JSON at byte " + std::to_string(w.size() + 6)},
  };
  for (const auto& test : cases) {
    CAPTURE(test.header);
    CHECK(error_of(file_of(test.header, "x")) == test.message);
  }
}

TEST_CASE("safetensors: wrong requests are refused") {
  const std::string bytes = file_of("{\"w\":" + entry("F32", "[2]", 0, 8) + "}", std::string(8, '\0'));
  std::vector<float> three(3);
  CHECK(error_of(bytes, {}, [&](const SafetensorsFile& file) { file.read("v", three); }) == "no tensor \"v\"");
  CHECK(error_of(bytes, {}, [&](const SafetensorsFile& file) { file.read("w", three); }) ==
        "tensor \"w\": number of elements, expected 3, found 2");
  CHECK(error_of(bytes, {}, [&](const SafetensorsFile& file) { file.read_vector<std::int32_t>("w", Dtype::i32); }) ==
        "tensor \"w\": dtype, expected I32, found F32");
}

TEST_CASE("safetensors: only regular files are opened") {
  const TemporaryDirectory directory;
  CHECK_THROWS_WITH_AS(SafetensorsFile(directory.path()), (directory.path() + ": not a regular file").c_str(), Error);
  const std::string fifo = directory / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(SafetensorsFile{fifo}, (fifo + ": not a regular file").c_str(), Error);
  CHECK_THROWS_WITH_AS(SafetensorsFile("/dev/zero"), "/dev/zero: not a regular file", Error);
  try {
    SafetensorsFile(directory / "absent");
    FAIL_CHECK("opened");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::file_not_found);
  }
}

TEST_CASE("safetensors: a file that shrinks while it is open gives an error") {
  const TemporaryDirectory directory;
  const std::string path = directory / "t";
  write_file_atomically(path, file_of("{\"w\":" + entry("F32", "[2]", 0, 8) + "}", std::string(8, '\0')));
  const SafetensorsFile file(path);
  REQUIRE(::truncate(path.c_str(), 20) == 0);
  std::vector<float> values(2);
  CHECK_THROWS_AS(file.read("w", values), Error);
}
