#include "model/zip_directory.hpp"

#include <zlib.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "model/byte_reader.hpp"
#include "seqguard/core/error.hpp"

// The layout is APPNOTE.TXT of PKWARE, version 6.3: local headers with data, central directory, end records.
namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::uint32_t k_local_header = 0x04034b50, k_central_header = 0x02014b50, k_end = 0x06054b50,
                        k_end64 = 0x06064b50, k_locator64 = 0x07064b50;
constexpr std::size_t k_local_bytes = 30, k_central_bytes = 46, k_end_bytes = 22, k_end64_bytes = 56,
                      k_locator64_bytes = 20;
constexpr std::uint32_t k_in_zip64 = 0xFFFFFFFF;  // a field that is in the zip64 record instead
constexpr std::uint16_t k_in_zip64_count = 0xFFFF;

[[noreturn]] void refuse(const WeightsFile& file, std::string_view what, std::string_view expected,
                         const std::string& found) {
  fail(ErrorCode::bad_checkpoint, file.path(), "zip archive: " + std::string(what), expected, found);
}

std::string read_text(const WeightsFile& file, std::size_t offset, std::size_t size) {
  std::string text(size, '\0');
  file.read(offset, std::as_writable_bytes(std::span<char>(text)));
  return text;
}

/// The central directory's place.
struct Central {
  std::uint64_t members = 0, size = 0, offset = 0;
};

/// A field of the end record, or the one of the zip64 record that replaces it.
std::uint64_t either(const WeightsFile& file, std::string_view what, std::uint64_t narrow, std::uint64_t marker,
                     std::uint64_t wide) {
  if (narrow != marker && narrow != wide)
    refuse(file, std::string("zip64 ").append(what), std::to_string(narrow) + " as in the end record",
           std::to_string(wide));
  return wide;
}

Central read_end64(const WeightsFile& file, std::size_t end, const Central& narrow) {
  const std::string locator_text = read_text(file, end - k_locator64_bytes, k_locator64_bytes);
  ByteReader locator(locator_text, file.path());
  locator.take(8);  // signature, disk
  const auto offset = locator.number<std::uint64_t>();
  if (end - k_locator64_bytes < k_end64_bytes || offset != end - k_locator64_bytes - k_end64_bytes)
    refuse(file, "zip64 end record", "just before its locator", "at byte " + std::to_string(offset));
  const std::string text = read_text(file, offset, k_end64_bytes);
  ByteReader record(text, file.path());
  const bool known = record.number<std::uint32_t>() == k_end64 &&
                     record.number<std::uint64_t>() == k_end64_bytes - 12;  // size of what follows
  if (!known) refuse(file, "zip64 end record", "a record of 56 bytes", "another one");
  record.take(4);  // versions
  const auto disk = record.number<std::uint32_t>(), first_disk = record.number<std::uint32_t>();
  const auto here = record.number<std::uint64_t>(), members = record.number<std::uint64_t>();
  if (disk != 0 || first_disk != 0 || here != members) refuse(file, "parts", "one", "several");
  const auto size = record.number<std::uint64_t>(), start = record.number<std::uint64_t>();
  return {either(file, "number of members", narrow.members, k_in_zip64_count, members),
          either(file, "size of the directory", narrow.size, k_in_zip64, size),
          either(file, "place of the directory", narrow.offset, k_in_zip64, start)};
}

Central find_central_directory(const WeightsFile& file, const TensorLimits& limits) {
  if (file.size() < k_end_bytes)
    refuse(file, "size", "at least " + std::to_string(k_end_bytes) + " bytes", std::to_string(file.size()));
  std::size_t end = file.size() - k_end_bytes;
  const std::string text = read_text(file, end, k_end_bytes);
  ByteReader record(text, file.path());
  if (record.number<std::uint32_t>() != k_end)
    refuse(file, "last 22 bytes", "the end record of an archive without comment", "something else");
  const auto disk = record.number<std::uint16_t>(), first_disk = record.number<std::uint16_t>();
  const auto here = record.number<std::uint16_t>(), members = record.number<std::uint16_t>();
  if (disk != 0 || first_disk != 0 || here != members) refuse(file, "parts", "one", "several");
  const auto size = record.number<std::uint32_t>(), offset = record.number<std::uint32_t>();
  if (const auto comment = record.number<std::uint16_t>(); comment != 0)
    refuse(file, "comment", "none", std::to_string(comment) + " bytes");
  Central central{members, size, offset};
  if (end >= k_locator64_bytes) {
    const std::string locator = read_text(file, end - k_locator64_bytes, 4);
    if (ByteReader(locator, file.path()).number<std::uint32_t>() == k_locator64) {
      central = read_end64(file, end, central);
      end -= k_locator64_bytes + k_end64_bytes;
    }
  }
  if (central.size > end || central.offset != end - central.size)
    refuse(file, "central directory", std::to_string(central.size) + " bytes that end at byte " + std::to_string(end),
           "a begin at " + std::to_string(central.offset));
  if (central.size > limits.max_header_bytes)
    refuse(file, "central directory too large", "at most " + std::to_string(limits.max_header_bytes) + " bytes",
           std::to_string(central.size));
  if (central.members > limits.max_tensors)
    refuse(file, "too many members", "at most " + std::to_string(limits.max_tensors), std::to_string(central.members));
  return central;
}

/// One member as the central directory has it; its data is behind the local header.
struct Entry {
  std::string name;
  std::uint64_t size, packed_size, header;
  std::uint32_t crc;
};

/// Replaces fields that are all ones by those of the zip64 extra field (id 1), in their fixed order.
void read_zip64_extra(const WeightsFile& file, std::string_view extra, Entry& entry) {
  std::uint64_t* const fields[] = {&entry.size, &entry.packed_size, &entry.header};
  if (std::none_of(std::begin(fields), std::end(fields), [](const auto* field) { return *field == k_in_zip64; }))
    return;
  ByteReader parts(extra, file.path());
  while (parts.left() > 0) {
    const auto id = parts.number<std::uint16_t>();
    const std::string_view content = parts.take(parts.number<std::uint16_t>());
    if (id != 1) continue;
    ByteReader values(content, file.path());
    for (std::uint64_t* const field : fields)
      if (*field == k_in_zip64) *field = values.number<std::uint64_t>();
    return;
  }
  refuse(file, "member \"" + entry.name + "\"", "a zip64 field with its sizes", "none");
}

Entry read_entry(const WeightsFile& file, ByteReader& directory) {
  if (directory.number<std::uint32_t>() != k_central_header)
    refuse(file, "central directory", "the header of a member", "something else");
  directory.take(4);  // versions
  const auto flags = directory.number<std::uint16_t>(), method = directory.number<std::uint16_t>();
  directory.take(4);  // time
  Entry entry;
  entry.crc = directory.number<std::uint32_t>();
  entry.packed_size = directory.number<std::uint32_t>();
  entry.size = directory.number<std::uint32_t>();
  const auto name_bytes = directory.number<std::uint16_t>(), extra_bytes = directory.number<std::uint16_t>(),
             comment_bytes = directory.number<std::uint16_t>(), disk = directory.number<std::uint16_t>();
  directory.take(6);  // attributes
  entry.header = directory.number<std::uint32_t>();
  entry.name = directory.take(name_bytes);
  const std::string_view extra = directory.take(extra_bytes);
  directory.take(comment_bytes);
  const std::string member = "member \"" + entry.name.substr(0, 100) + "\"";
  if (disk != 0) refuse(file, member, "one part", "several");
  if ((flags & 1u) != 0) refuse(file, member, "no encryption", "some");
  if (method != 0) refuse(file, member, "no compression, as torch.save writes it", "method " + std::to_string(method));
  read_zip64_extra(file, extra, entry);
  if (entry.size != entry.packed_size)
    refuse(file, member, std::to_string(entry.size) + " bytes stored", std::to_string(entry.packed_size));
  return entry;
}

/// Where the member's data begins, and that its local header says the same as the directory.
std::size_t data_offset(const WeightsFile& file, const Entry& entry, std::size_t end) {
  const std::string where = "member \"" + entry.name.substr(0, 100) + "\"";
  if (entry.header > end || end - entry.header < k_local_bytes)
    refuse(file, where, "a header before byte " + std::to_string(end), "one at " + std::to_string(entry.header));
  const std::string text = read_text(file, entry.header, k_local_bytes);
  ByteReader header(text, file.path());
  const bool is_header = header.number<std::uint32_t>() == k_local_header;
  header.take(4);  // version, flags
  const auto method = header.number<std::uint16_t>();
  header.take(16);  // time, checksum, sizes: in the directory (torch writes zeros here)
  const auto name_bytes = header.number<std::uint16_t>(), extra_bytes = header.number<std::uint16_t>();
  const std::size_t left = end - entry.header - k_local_bytes;
  const bool fits = is_header && method == 0 && name_bytes == entry.name.size() &&
                    std::size_t{name_bytes} + extra_bytes <= left &&
                    read_text(file, entry.header + k_local_bytes, name_bytes) == entry.name;
  if (!fits) refuse(file, where, "a local header that says the same as the directory", "another one");
  const std::size_t offset = entry.header + k_local_bytes + name_bytes + extra_bytes;
  if (entry.size > end - offset)
    refuse(file, where, "at most " + std::to_string(end - offset) + " bytes", std::to_string(entry.size));
  return offset;
}

}  // namespace

ZipDirectory read_zip_directory(const WeightsFile& file, const TensorLimits& limits) {
  const Central central = find_central_directory(file, limits);
  const std::string text = read_text(file, central.offset, central.size);
  ByteReader directory(text, file.path());
  ZipDirectory members;
  std::vector<std::pair<std::size_t, std::size_t>> extents;  // of header and data
  for (std::uint64_t i = 0; i < central.members; ++i) {
    const Entry entry = read_entry(file, directory);
    const std::size_t offset = data_offset(file, entry, central.offset);
    if (!members.emplace(entry.name, ZipMember{offset, entry.size, entry.crc}).second)
      refuse(file, "member \"" + entry.name.substr(0, 100) + "\"", "one of this name", "two");
    extents.emplace_back(entry.header, offset + entry.size);
  }
  if (directory.left() > 0) refuse(file, "central directory", std::to_string(central.members) + " members", "more");
  std::sort(extents.begin(), extents.end());
  std::size_t end = 0;
  for (const auto& extent : extents) {
    if (extent.first < end)
      refuse(file, "members overlap", "a header at byte " + std::to_string(end) + " or later",
             std::to_string(extent.first));
    end = extent.second;
  }
  if (!extents.empty() && extents.front().first != 0)
    refuse(file, "first member", "a header at byte 0", std::to_string(extents.front().first));
  return members;
}

void check_crc(const WeightsFile& file, const std::string& name, const ZipMember& member) {
  std::vector<std::byte> block(std::min<std::size_t>(member.size, std::size_t{64} << 10));
  uLong crc = ::crc32(0, nullptr, 0);
  for (std::size_t done = 0; done < member.size; done += block.size()) {
    const auto part = std::span(block).first(std::min(block.size(), member.size - done));
    file.read(member.offset + done, part);
    crc = ::crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size()));
  }
  if (crc != member.crc)
    refuse(file, "member \"" + name + "\"", "bytes with the checksum " + std::to_string(member.crc),
           std::to_string(crc));
}

}  // namespace v0
}  // namespace seqguard
