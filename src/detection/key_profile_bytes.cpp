#include "detection/key_profile_bytes.hpp"

#include <bit>
#include <limits>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::uint64_t k_most_types = std::numeric_limits<TypeId>::max();

std::size_t varint_size(std::uint64_t number) {
  return number == 0 ? 1 : (static_cast<std::size_t>(std::bit_width(number)) + 6) / 7;
}

/// What is written of entry i: two differences and its count.
struct Step {
  std::uint64_t before, after, count;
};
Step step_of(std::span<const BigramCounts::Entry> entries, std::size_t i) {
  const auto [bigram, count] = entries[i];
  const std::uint64_t former = i > 0 ? entries[i - 1].first : 0;
  const bool same = i > 0 && former >> 32 == bigram >> 32;
  const std::uint64_t after = bigram & k_most_types;
  return {(bigram >> 32) - (former >> 32), same ? after - (former & k_most_types) : after, count};
}

}  // namespace

void put_varint(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<char>(number | 0x80));
  bytes.push_back(static_cast<char>(number));
}

void put_entries(std::string& bytes, std::span<const BigramCounts::Entry> entries) {
  put_varint(bytes, entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Step step = step_of(entries, i);
    put_varint(bytes, step.before);
    put_varint(bytes, step.after);
    put_varint(bytes, step.count);
  }
}

void put_sequence(std::string& bytes, const KeySequence& sequence) {
  for (const std::uint64_t number : {sequence.hash, std::uint64_t{sequence.copies}}) put_varint(bytes, number);
  put_entries(bytes, sequence.bigrams);
}

std::size_t encoded_size(std::span<const BigramCounts::Entry> entries) {
  std::size_t size = varint_size(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Step step = step_of(entries, i);
    size += varint_size(step.before) + varint_size(step.after) + varint_size(step.count);
  }
  return size;
}

std::size_t encoded_size(const KeySequence& sequence) {
  return varint_size(sequence.hash) + varint_size(sequence.copies) + encoded_size(sequence.bigrams);
}

std::uint64_t VarintReader::next() {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    require(at_ < bytes_.size(), "ends within a number");
    const auto byte = static_cast<unsigned char>(bytes_[at_++]);
    require(shift < 63 || byte <= 1, "a number of more than 64 bits");
    number |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return number;
  }
  require(false, "a number of more than 64 bits");
  return 0;
}

void VarintReader::entries(std::vector<BigramCounts::Entry>& out) {
  const std::uint64_t size = next();
  require(size <= (bytes_.size() - at_) / 3, "more bigrams than bytes");
  out.clear();
  out.reserve(size);
  std::uint64_t before = 0, after = 0;
  for (std::uint64_t i = 0; i < size; ++i) {
    const std::uint64_t of_before = next(), of_after = next(), count = next();
    const bool same = i > 0 && of_before == 0;
    require(of_before <= k_most_types - before && of_after <= k_most_types - (same ? after : 0), "no bigram");
    require(!same || of_after > 0, "bigrams are not ascending");
    require(count >= 1 && count <= std::numeric_limits<std::uint32_t>::max(), "a count outside 1 .. 2^32 - 1");
    before += of_before;
    after = same ? after + of_after : of_after;
    out.emplace_back(before << 32 | after, static_cast<std::uint32_t>(count));
  }
}

void VarintReader::sequence(KeySequence& out) {
  out.hash = next();
  const std::uint64_t copies = next();
  require(copies >= 1 && copies <= std::numeric_limits<std::uint32_t>::max(), "copies outside 1 .. 2^32 - 1");
  out.copies = static_cast<std::uint32_t>(copies);
  entries(out.bigrams);
  std::uint64_t total = 0;
  for (const auto& [bigram, count] : out.bigrams) total += count;
  require(total >= 2 && total <= std::numeric_limits<std::uint32_t>::max(), "a sequence without events");
  out.events = static_cast<std::uint32_t>(total - 1);  // its bigrams are one more
}

void VarintReader::require(bool holds, std::string_view what) const {
  if (!holds) fail(ErrorCode::bad_checkpoint, std::string(where_), std::string(what) + ", byte " + std::to_string(at_));
}

}  // namespace v0
}  // namespace seqguard
