#include "seqguard/events/vocabulary.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "core/utf8.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Most frequent first; ties by bytes, so that the numbering depends on the counts alone.
bool precedes(const ValueCount& a, const ValueCount& b) {
  return a.count != b.count ? a.count > b.count : a.value < b.value;
}

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return mix64(hash);
}

std::uint64_t automatic_min_count(std::size_t distinct) noexcept {
  return distinct <= 1'000 ? 1 : distinct <= 5'000 ? 5 : 10;
}

Vocabulary Vocabulary::from_counts(std::span<const ValueCount> counts, const VocabularyLimits& limits) {
  std::vector<ValueCount> values(counts.begin(), counts.end());
  std::sort(values.begin(), values.end(), precedes);
  const auto cut = std::partition_point(values.begin(), values.end(),
                                        [&](const ValueCount& v) { return v.count >= limits.min_count; });
  const std::size_t kept = std::min(static_cast<std::size_t>(cut - values.begin()), limits.max_values);
  if (!limits.keep_rare) values.resize(kept);
  return from_ordered(values, kept);
}

Vocabulary Vocabulary::from_ordered(std::span<const ValueCount> values, std::size_t kept) {
  if (kept > values.size())
    fail(ErrorCode::bad_format, "vocabulary", "more values kept than there are", std::to_string(values.size()),
         std::to_string(kept));
  if (values.size() >= k_unseen_type) fail(ErrorCode::bad_format, "vocabulary", "more than 2^31 values");
  Vocabulary result;
  result.kept_ = kept;
  result.offsets_.push_back(0);
  result.slots_.assign(std::bit_ceil(2 * values.size() + 1), 0);
  const std::size_t mask = result.slots_.size() - 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const ValueCount& entry = values[i];
    if (!is_valid_utf8(entry.value)) fail(ErrorCode::bad_format, "vocabulary", "a value is not valid UTF-8");
    if (i > 0 && precedes(entry, values[i - 1]))
      fail(ErrorCode::bad_format, "vocabulary", "value \"" + entry.value + "\" is out of order (count, then bytes)");
    result.bytes_ += entry.value;
    result.offsets_.push_back(result.bytes_.size());
    result.counts_.push_back(entry.count);
    std::size_t slot = hash_bytes(entry.value) & mask;
    while (result.slots_[slot] != 0) {
      if (result.value(result.slots_[slot] - 1) == entry.value)
        fail(ErrorCode::bad_format, "vocabulary", "value \"" + entry.value + "\" stands twice");
      slot = (slot + 1) & mask;
    }
    result.slots_[slot] = static_cast<std::uint32_t>(i) + 1;
  }
  return result;
}

TypeId Vocabulary::type(std::string_view text) const noexcept {
  const std::uint64_t hash = hash_bytes(text);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask; !slots_.empty() && slots_[slot] != 0; slot = (slot + 1) & mask)
    if (value(slots_[slot] - 1) == text) return slots_[slot] - 1;
  return k_unseen_type | static_cast<TypeId>(hash & 0x7FFFFFFFu);
}

double Vocabulary::unseen_share() const noexcept {
  double once = 0, events = 0;
  for (const std::uint64_t count : counts_) {
    once += count == 1 ? 1 : 0;
    events += static_cast<double>(count);
  }
  return events > 0 ? once / events : 1;
}

std::string_view Vocabulary::token(std::int32_t id) const noexcept {
  constexpr std::string_view reserved[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  return id < k_reserved_ids ? reserved[id] : value(static_cast<TypeId>(id - k_reserved_ids));
}

}  // namespace v0
}  // namespace seqguard
