#include "events/byte_source.hpp"
#include "fuzz/targets.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {

/// The input as an archive, and as what an archive holds.
void fuzz_archive(std::string_view input) {
  const auto unpacked = [](std::string_view bytes) {
    constexpr UnpackLimits k_limits{.ratio = 250, .bytes = std::uint64_t{1} << 20};
    const UnpackedBytes source = unpack(open_bytes_from_text(bytes), "fuzz", k_limits);
    std::string text;
    char buffer[1000];
    while (const std::size_t count = source.bytes->read(buffer, sizeof buffer)) text.append(buffer, count);
    keep(text.size() <= k_limits.bytes, "an archive stays within its limit");
    return text;
  };
  try {
    unpacked(input);
  } catch (const Error&) {  // refused by name
  }
  for (const Compression kind : {Compression::gzip, Compression::zstd}) try {
      keep(unpacked(pack(input, kind)) == input, "an archive holds what was packed");
    } catch (const Error&) {  // no text
    }
}

}  // namespace seqguard
