// Archives and pickles as torch.save writes them, put together byte by byte so that a test can damage any of them.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace seqguard {

template <class T>
std::string little_endian(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A member; the fields can be made to lie.
struct ArchiveMember {
  std::string name, bytes;
  std::uint16_t flags = 0x808, method = 0;
  std::string central_extra = {};
  std::uint32_t size = static_cast<std::uint32_t>(bytes.size()), packed_size = size;
  std::uint32_t crc = static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
  std::int64_t header = -1;  // place of the local header in the directory, if not the true one
  std::string local_name = name;
};

struct ArchiveEnd {
  std::int64_t members = -1, size = -1, offset = -1;  // of the directory, if not the true ones
  std::uint16_t disk = 0, comment = 0;
  bool zip64 = false;
  std::int64_t members64 = -1, size64 = -1, offset64 = -1, record64 = -1;
};

inline std::string archive_of(const std::vector<ArchiveMember>& members, const ArchiveEnd& end = {}) {
  std::string file, directory;
  const auto either = [](std::int64_t lie, std::uint64_t truth) {
    return lie >= 0 ? static_cast<std::uint64_t>(lie) : truth;
  };
  for (const ArchiveMember& m : members) {
    const std::uint64_t header = either(m.header, file.size());
    file += "PK\x03\x04" + std::string(2, '\0') + little_endian(m.flags) + little_endian(m.method) +
            std::string(16, '\0') + little_endian(static_cast<std::uint16_t>(m.local_name.size())) +
            little_endian<std::uint16_t>(6) + m.local_name + "FB" + little_endian<std::uint16_t>(2) + "ZZ" + m.bytes;
    directory += "PK\x01\x02" + std::string(4, '\0') + little_endian(m.flags) + little_endian(m.method) +
                 std::string(4, '\0') + little_endian(m.crc) + little_endian(m.packed_size) + little_endian(m.size) +
                 little_endian(static_cast<std::uint16_t>(m.name.size())) +
                 little_endian(static_cast<std::uint16_t>(m.central_extra.size())) + std::string(10, '\0') +
                 little_endian(static_cast<std::uint32_t>(header)) + m.name + m.central_extra;
  }
  const std::size_t offset = file.size();
  file += directory;
  if (end.zip64) {
    const std::size_t record = file.size();
    const std::uint64_t count = either(end.members64, members.size());
    file += "PK\x06\x06" + little_endian<std::uint64_t>(44) + std::string(12, '\0') + little_endian(count) +
            little_endian(count) + little_endian(either(end.size64, directory.size())) +
            little_endian(either(end.offset64, offset)) + "PK\x06\x07" + std::string(4, '\0') +
            little_endian(either(end.record64, record)) + little_endian<std::uint32_t>(1);
  }
  const auto count = static_cast<std::uint16_t>(either(end.members, members.size()));
  return file + "PK\x05\x06" + little_endian(end.disk) + std::string(2, '\0') + little_endian(count) +
         little_endian(count) + little_endian(static_cast<std::uint32_t>(either(end.size, directory.size()))) +
         little_endian(static_cast<std::uint32_t>(either(end.offset, offset))) + little_endian(end.comment);
}

// --- pickles: each function gives the opcodes that leave one value on the stack ---

inline std::string pickled_text(const std::string& text) {
  return "X" + little_endian(static_cast<std::uint32_t>(text.size())) + text;
}
inline std::string pickled_number(std::int64_t value) { return "\x8a\x08" + little_endian(value); }
inline std::string pickled_tuple(const std::vector<std::int64_t>& values) {
  std::string items;
  for (const std::int64_t value : values) items += pickled_number(value);
  return "(" + items + "t";
}
inline std::string pickled_global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string pickled_storage(const std::string& type, const std::string& key, std::int64_t count) {
  return "(" + pickled_text("storage") + pickled_global("torch", type) + pickled_text(key) + pickled_text("cpu") +
         pickled_number(count) + "tQ";
}
inline std::string pickled_tensor(const std::string& storage, std::int64_t offset,
                                  const std::vector<std::int64_t>& size, const std::vector<std::int64_t>& stride) {
  return pickled_global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + pickled_number(offset) +
         pickled_tuple(size) + pickled_tuple(stride) + "\x89" + pickled_global("collections", "OrderedDict") + ")RtR";
}
/// A whole pickle: {"w": value}.
inline std::string pickled_dict(const std::string& value) { return "\x80\x02}" + pickled_text("w") + value + "s."; }

/// A file whose only storage, "0", has these bytes.
inline std::string torch_file_of(const std::string& pickle, const std::string& storage = std::string(24, '\0')) {
  return archive_of({{"m/data.pkl", pickle}, {"m/data/0", storage}, {"m/version", "3\n"}});
}

}  // namespace seqguard
