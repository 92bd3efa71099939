#include "model/torch_file.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "model/torch_archive.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/safetensors.hpp"

using namespace seqguard;

namespace {

const std::string k_files = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/weight_files/";

using Bytes = std::map<std::string, std::vector<std::byte>>;

Bytes all_bytes(const TensorSource& file) {
  Bytes result;
  for (const auto& [name, info] : file.tensors()) {
    result[name].resize(info.bytes());
    file.read_bytes(name, result[name]);
  }
  return result;
}

TorchFile in_memory(const std::string& bytes) { return TorchFile(std::as_bytes(std::span<const char>(bytes)), "F"); }

/// The message of opening and reading everything, or "".
std::string error_of(const std::string& bytes) {
  try {
    all_bytes(in_memory(bytes));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_checkpoint);
    const std::string message = error.what();
    CHECK(message.find("F: ") == 0);
    return message.substr(3);
  }
  return "";
}

/// Of a tensor with this window on a storage of 6 floats.
std::string tensor_error(std::int64_t offset, const std::vector<std::int64_t>& size,
                         const std::vector<std::int64_t>& stride) {
  return error_of(
      torch_file_of(pickled_dict(pickled_tensor(pickled_storage("FloatStorage", "0", 6), offset, size, stride))));
}

const std::string k_good_pickle =
    pickled_dict(pickled_tensor(pickled_storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1}));

std::string archive_error(std::vector<ArchiveMember> members, const ArchiveEnd& end = {}) {
  members.insert(members.begin(), {"m/data.pkl", k_good_pickle});
  return error_of(archive_of(members, end));
}

const ArchiveMember k_storage = {"m/data/0", std::string(24, '\0')};

}  // namespace

TEST_CASE("torch: every dtype, tied tensors and windows of any stride are what torch sees") {
  const SafetensorsFile expected(k_files + "windows.safetensors");
  for (const FileAccess access : {FileAccess::read, FileAccess::map}) {
    const TorchFile file(k_files + "windows.bin", access);
    CHECK(all_bytes(file) == all_bytes(expected));
    for (const auto& [name, info] : expected.tensors()) {
      CAPTURE(name);
      CHECK(file.tensors().at(name).dtype == info.dtype);
      CHECK(file.tensors().at(name).shape == info.shape);
      CHECK(file.tensors().at(name).same_as == (name == "tied" ? "base" : ""));
    }
    std::vector<float> half(24);
    file.read("half_transposed", half);  // [6, 4] of i / 8
    CHECK(half[0] == 0.0f);
    CHECK(half[1] == 0.75f);
    CHECK(half[4] == 0.125f);
    CHECK_THROWS_WITH_AS(
        file.read("int64", std::span(half).first(3)),
        (k_files + "windows.bin: tensor \"int64\": dtype, expected F64, F32, F16 or BF16, found I64").c_str(), Error);
  }
}

TEST_CASE("torch: the format before torch 1.6 and files that are something else are refused by name") {
  try {
    TorchFile(k_files + "legacy.bin");
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unsupported_model);
    CHECK(std::string(error.what()).find("torch's old format (before version 1.6)") != std::string::npos);
  }
  CHECK(error_of("") == "first bytes, expected a zip archive, found something else");
  CHECK(error_of("\x80\x02}.") == "first bytes, expected a zip archive, found something else");
  CHECK(error_of("PK\x03\x04") == "zip archive: size, expected at least 22 bytes, found 4");
}

TEST_CASE("torch: no prefix of a file opens") {
  const std::string bytes = read_file(k_files + "windows.bin", 1 << 20);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    REQUIRE(error_of(bytes.substr(0, size)) != "");
  }
}

TEST_CASE("torch: a flipped bit is an error, or changes no number") {
  const std::string good = read_file(k_files + "windows.bin", 1 << 20);
  const Bytes expected = all_bytes(in_memory(good));
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    CAPTURE(i);
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ 1 << i % 8);
    Bytes found;
    try {
      found = all_bytes(in_memory(bytes));
    } catch (const Error&) {
      ++refused;
      continue;
    }
    REQUIRE(found == expected);
  }
  CHECK(refused > good.size() / 3);  // what is left: padding, times, attributes, members that are not read
}

TEST_CASE("torch: the archive is believed only as far as it agrees with the file") {
  CHECK(archive_error({k_storage}) == "");
  CHECK(archive_error({k_storage}, {.zip64 = true}) == "");
  CHECK(archive_error({k_storage, k_storage}) ==
        "zip archive: member \"m/data/0\", expected one of this name, found two");
  ArchiveMember member = k_storage;
  member.method = 8;
  CHECK(archive_error({member}) ==
        "zip archive: member \"m/data/0\", expected no compression, as torch.save writes it, found method 8");
  member = k_storage;
  member.flags |= 1;
  CHECK(archive_error({member}) == "zip archive: member \"m/data/0\", expected no encryption, found some");
  member = k_storage;
  member.packed_size = 23;
  CHECK(archive_error({member}) == "zip archive: member \"m/data/0\", expected 24 bytes stored, found 23");
  member.size = member.packed_size = 25;
  CHECK(archive_error({member}).find("zip archive: member \"m/data/0\", expected at most 24 bytes, found 25") == 0);
  member = k_storage;
  member.size = member.packed_size = 23;
  CHECK(archive_error({member}).find("tensor \"w\": bytes of its storage, expected 6 elements of 4, found 23") == 0);
  member = k_storage;
  member.crc ^= 1;
  CHECK(archive_error({member}).find("zip archive: member \"m/data/0\", expected bytes with the checksum ") == 0);
  member = k_storage;
  member.local_name = "m/data/1";
  CHECK(archive_error({member}) ==
        "zip archive: member \"m/data/0\", expected a local header that says the same as the directory, found another "
        "one");
  member = k_storage;
  member.header = 1'000'000;
  CHECK(archive_error({member}).find("zip archive: member \"m/data/0\", expected a header before byte ") == 0);
  const ArchiveMember first = {"m/data.pkl", k_good_pickle};
  CHECK(error_of(archive_of({k_storage})) == "zip archive, expected one member */data.pkl, found 0");
  CHECK(error_of(archive_of({first, {"n/data.pkl", k_good_pickle}})) ==
        "zip archive, expected one member */data.pkl, found 2");
  CHECK(archive_error({k_storage, {"m/byteorder", "big"}}) ==
        "m/byteorder: order of bytes, expected little, found \"big\"");
  CHECK(archive_error({}) == "tensor \"w\": storage, expected a member m/data/0, found none");
}

TEST_CASE("torch: members that overlap are refused") {
  // A member whose data holds the next one's header and data.
  const std::string inner = archive_of({k_storage});
  ArchiveMember outer = {"m/x", inner.substr(0, inner.find("PK\x01\x02"))};
  const ArchiveMember pickle = {"m/data.pkl", k_good_pickle};
  const std::string before = archive_of({pickle, {"m/x", ""}});
  ArchiveMember nested = {"m/data/0", ""};
  std::string file = archive_of({pickle, outer, nested});
  // The directory's entry of the nested member points into the outer one.
  const auto header_of = static_cast<std::uint32_t>(before.find("PK\x01\x02"));
  const std::size_t entry = file.rfind("PK\x01\x02");
  file.replace(entry + 42, 4, little_endian(header_of));
  file.replace(entry + 16, 12,
               little_endian(k_storage.crc) + little_endian<std::uint32_t>(24) + little_endian<std::uint32_t>(24));
  CHECK(error_of(file).find("zip archive: members overlap, expected a header at byte ") == 0);
}

TEST_CASE("torch: end records that lie") {
  CHECK(archive_error({k_storage}, {.members = 1}) == "zip archive: central directory, expected 1 members, found more");
  CHECK(archive_error({k_storage}, {.members = 3}).find("ends early at byte ") == 0);
  CHECK(archive_error({k_storage}, {.size = 1}).find("zip archive: central directory, expected 1 bytes that end at") ==
        0);
  CHECK(archive_error({k_storage}, {.offset = 0}).find("zip archive: central directory, expected ") == 0);
  CHECK(archive_error({k_storage}, {.disk = 1}) == "zip archive: parts, expected one, found several");
  CHECK(archive_error({k_storage}, {.comment = 2}) == "zip archive: comment, expected none, found 2 bytes");
  CHECK(archive_error({k_storage}, {.zip64 = true, .members64 = 1}) ==
        "zip archive: zip64 number of members, expected 2 as in the end record, found 1");
  CHECK(archive_error({k_storage}, {.zip64 = true, .size64 = 1LL << 60})
            .find("zip archive: zip64 size of the directory") == 0);
  CHECK(archive_error({k_storage}, {.zip64 = true, .offset64 = 5}).find("zip archive: zip64 place of the directory") ==
        0);
  CHECK(archive_error({k_storage}, {.zip64 = true, .record64 = 1LL << 60}) ==
        "zip archive: zip64 end record, expected just before its locator, found at byte 1152921504606846976");
  // All ones in the end record: the zip64 record alone says it, and is checked against the file all the same.
  ArchiveEnd wide{.members = 0xFFFF, .size = 0xFFFFFFFF, .offset = 0xFFFFFFFF, .zip64 = true};
  CHECK(archive_error({k_storage}, wide) == "");
  wide.members64 = 1LL << 40;
  CHECK(archive_error({k_storage}, wide) ==
        "zip archive: too many members, expected at most 100000, found 1099511627776");
  wide = {.members = 0xFFFF, .size = 0xFFFFFFFF, .offset = 0xFFFFFFFF, .zip64 = true, .size64 = 1LL << 60};
  CHECK(archive_error({k_storage}, wide).find("zip archive: central directory, expected 1152921504606846976 bytes") ==
        0);
  // Sizes of a member in its zip64 field.
  ArchiveMember member = k_storage;
  member.size = member.packed_size = 0xFFFFFFFF;
  CHECK(archive_error({member}) ==
        "zip archive: member \"m/data/0\", expected a zip64 field with its sizes, found none");
  const auto field = [](std::uint64_t size) {
    return little_endian<std::uint16_t>(1) + little_endian<std::uint16_t>(16) + little_endian(size) +
           little_endian(size);
  };
  member.central_extra = field(24);
  CHECK(archive_error({member}) == "");
  member.central_extra = field(std::uint64_t{1} << 62);
  CHECK(archive_error({member}).find("zip archive: member \"m/data/0\", expected at most 24 bytes") == 0);
  member.central_extra = field(24).substr(0, 12);
  CHECK(archive_error({member}).find("ends early") == 0);
  // Something in front of the archive.
  CHECK(error_of("PK\x03\x04" + torch_file_of(k_good_pickle)) != "");
}

TEST_CASE("torch: tensors stay inside their storage") {
  const std::int64_t huge = std::int64_t{1} << 62;
  CHECK(tensor_error(0, {2, 3}, {3, 1}) == "");
  CHECK(tensor_error(0, {3, 2}, {1, 3}) == "");
  CHECK(tensor_error(5, {}, {}) == "");
  CHECK(tensor_error(6, {0, 7}, {7, 1}) == "");
  CHECK(tensor_error(1, {2, 3}, {3, 1}) ==
        "tensor \"w\": elements beyond its storage, expected at most 6, found an offset of 1 and a last element 5 "
        "behind it");
  CHECK(tensor_error(6, {1}, {1}).find("tensor \"w\": elements beyond its storage") == 0);
  CHECK(tensor_error(0, {2, 3}, {4, 1}).find("tensor \"w\": elements beyond its storage") == 0);
  CHECK(tensor_error(0, {7}, {0}) == "tensor \"w\": elements, expected at most 6 of its storage, found 7");
  CHECK(tensor_error(0, {huge, 4}, {0, 0}) ==
        "tensor \"w\": shape, expected fewer than 2^64 elements, found an overflow");
  CHECK(tensor_error(0, {5}, {huge}) == "tensor \"w\": shape, expected fewer than 2^64 elements, found an overflow");
  CHECK(tensor_error(huge, {1}, {1}).find("tensor \"w\": elements beyond its storage") == 0);
  const auto storage_error = [](const std::string& type, const std::string& key, std::int64_t count) {
    return error_of(torch_file_of(pickled_dict(pickled_tensor(pickled_storage(type, key, count), 0, {1}, {1}))));
  };
  CHECK(storage_error("FloatStorage", "0", 7) ==
        "tensor \"w\": bytes of its storage, expected 7 elements of 4, found 24");
  CHECK(storage_error("DoubleStorage", "0", 6) ==
        "tensor \"w\": bytes of its storage, expected 6 elements of 8, found 24");
  CHECK(storage_error("FloatStorage", "0", huge) != "");
  CHECK(storage_error("FloatStorage", "../../etc/passwd", 6) ==
        "tensor \"w\": storage, expected a member m/data/../../etc/passwd, found none");
}

TEST_CASE("torch: a small file cannot ask for much reading by tensors whose elements lie far apart") {
  std::string items;
  for (int i = 0; i < 40; ++i)
    items += pickled_text("w" + std::to_string(i)) +
             pickled_tensor(pickled_storage("FloatStorage", "0", 65536), 0, {2}, {65535});
  CHECK(error_of(torch_file_of("\x80\x02}(" + items + "u.", std::string(262144, '\0')))
            .find("windows on storages are too large, expected at most 16 times the file") != std::string::npos);
}

TEST_CASE("torch: a small file cannot ask for much memory by sharing one storage") {
  std::string items;
  for (int i = 0; i < 100; ++i)
    items += pickled_text("w" + std::to_string(i)) +
             pickled_tensor(pickled_storage("FloatStorage", "0", 65536), 0, {65536}, {1});
  CHECK(error_of(torch_file_of("\x80\x02}(" + items + "u.", std::string(262144, '\0')))
            .find("storages are shared by too many tensors, expected at most 4 times the file") != std::string::npos);
}
