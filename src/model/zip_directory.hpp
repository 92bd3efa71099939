// The members of a zip archive that holds its files as they are, as torch.save writes it; private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "model/weights_file.hpp"

namespace seqguard {
inline namespace v0 {

struct ZipMember {
  std::size_t offset = 0, size = 0;  ///< its bytes in the archive
  std::uint32_t crc = 0;
};

using ZipDirectory = std::map<std::string, ZipMember, std::less<>>;

/// Reads the central directory and checks every member against it and against the file: sizes (32 and 64 bits), local
/// headers, no overlap, no two of one name. Refused: compression, encryption, archives in parts, a comment, anything
/// before or after. @throws Error bad_checkpoint.
ZipDirectory read_zip_directory(const WeightsFile& file, const TensorLimits& limits);

/// Compares a member's bytes with its checksum. @throws Error bad_checkpoint.
void check_crc(const WeightsFile& file, const std::string& name, const ZipMember& member);

}  // namespace v0
}  // namespace seqguard
