#include "text/vocabulary_map.hpp"

#include <algorithm>
#include <functional>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// How many taken slots a search may meet. At a load of at most one half a run of this length does not happen by chance
/// (2^-40); a file whose pieces are made to collide would turn loading quadratic.
constexpr std::size_t k_max_probes = 256;

std::string quoted(std::string_view piece) { return "\"" + std::string(piece.substr(0, 100)) + "\""; }

}  // namespace

std::size_t VocabularyMap::hash(std::string_view piece) noexcept { return std::hash<std::string_view>{}(piece); }

std::size_t VocabularyMap::slot_of(std::string_view piece) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash(piece) & mask;
  while (slots_[slot] != 0 && text_of(entries_[slots_[slot] - 1]) != piece) slot = (slot + 1) & mask;
  return slot;
}

void VocabularyMap::insert_slot(std::uint32_t entry) {
  const std::string_view piece = text_of(entries_[entry]);
  const std::size_t mask = slots_.size() - 1, home = hash(piece) & mask, slot = slot_of(piece);
  if (((slot - home) & mask) > k_max_probes)
    fail(ErrorCode::bad_format, where_, "pieces are made to collide in a hash table, at " + quoted(piece));
  slots_[slot] = entry + 1;
}

void VocabularyMap::reserve(std::size_t pieces) {
  std::size_t slots = 16;
  while (slots < 2 * (pieces + 1)) slots *= 2;
  if (slots <= slots_.size()) return;
  slots_.assign(slots, 0);
  for (std::uint32_t i = 0; i < entries_.size(); ++i) insert_slot(i);
}

void VocabularyMap::add(std::string_view piece, std::int64_t id) {
  if (piece.size() > k_max_piece_bytes)
    fail(ErrorCode::bad_format, where_, "length of piece " + quoted(piece),
         "at most " + std::to_string(k_max_piece_bytes) + " bytes", std::to_string(piece.size()));
  if (pool_.size() + piece.size() > k_max_vocabulary_bytes)
    fail(ErrorCode::bad_format, where_, "text of all pieces",
         "at most " + std::to_string(k_max_vocabulary_bytes) + " bytes", "more");
  if (id < 0 || id > INT32_MAX)
    fail(ErrorCode::bad_format, where_, "id of " + quoted(piece), "0 .. 2^31 - 1", std::to_string(id));
  reserve(entries_.size() + 1);
  if (slots_[slot_of(piece)] != 0) fail(ErrorCode::bad_format, where_, "piece " + quoted(piece) + " appears twice");
  entries_.push_back({static_cast<std::uint32_t>(pool_.size()), static_cast<std::uint32_t>(piece.size()),
                      static_cast<std::int32_t>(id)});
  pool_ += piece;
  insert_slot(static_cast<std::uint32_t>(entries_.size() - 1));
}

void VocabularyMap::finish() {
  const std::size_t limit = 2 * entries_.size() + 1'000;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const auto id = static_cast<std::size_t>(entries_[i].id);
    if (id >= limit)
      fail(ErrorCode::bad_format, where_, "id of " + quoted(text_of(entries_[i])),
           "below " + std::to_string(limit) + " for " + std::to_string(entries_.size()) + " pieces",
           std::to_string(id));
    if (id >= by_id_.size()) by_id_.resize(id + 1, 0);
    if (by_id_[id] != 0)
      fail(ErrorCode::bad_format, where_,
           "id " + std::to_string(id) + " belongs to both " + quoted(text_of(entries_[by_id_[id] - 1])) + " and " +
               quoted(text_of(entries_[i])));
    by_id_[id] = i + 1;
  }
}

void VocabularyMap::add_late(std::string_view piece, std::int32_t id) {
  add(piece, id);
  if (static_cast<std::size_t>(id) >= by_id_.size()) by_id_.resize(static_cast<std::size_t>(id) + 1, 0);
  by_id_[static_cast<std::size_t>(id)] = static_cast<std::uint32_t>(entries_.size());
}

std::optional<std::int32_t> VocabularyMap::find(std::string_view piece) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t entry = slots_[slot_of(piece)];
  if (entry == 0) return std::nullopt;
  return entries_[entry - 1].id;
}

std::string_view VocabularyMap::piece(std::int32_t id) const noexcept {
  if (id < 0 || static_cast<std::size_t>(id) >= by_id_.size()) return {};
  const std::uint32_t entry = by_id_[static_cast<std::size_t>(id)];
  return entry == 0 ? std::string_view() : text_of(entries_[entry - 1]);
}

}  // namespace v0
}  // namespace seqguard
