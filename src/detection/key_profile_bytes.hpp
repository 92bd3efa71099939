// Profiles of keys as bytes: numbers in groups of seven bits, the lowest first, bigrams as differences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/detection/key_profile.hpp"

namespace seqguard {
inline namespace v0 {

void put_varint(std::string& bytes, std::uint64_t number);
/// Ascending bigrams: their number; of each the difference to the event before it, the event behind it (as a difference
/// where the event before is the same), and its count.
void put_entries(std::string& bytes, std::span<const BigramCounts::Entry> entries);
void put_sequence(std::string& bytes, const KeySequence& sequence);

/// Bytes that put_entries() and put_sequence() would write.
std::size_t encoded_size(std::span<const BigramCounts::Entry> entries);
std::size_t encoded_size(const KeySequence& sequence);

/// Reads them back. @throws Error bad_checkpoint naming `where` and the byte.
class VarintReader {
 public:
  VarintReader(std::string_view bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  std::uint64_t next();
  void entries(std::vector<BigramCounts::Entry>& out);
  void sequence(KeySequence& out);  ///< all but its types
  bool at_end() const noexcept { return at_ == bytes_.size(); }
  void require(bool holds, std::string_view what) const;

 private:
  std::string_view bytes_, where_;
  std::size_t at_ = 0;
};

}  // namespace v0
}  // namespace seqguard
