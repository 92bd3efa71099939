// The pieces of a vocabulary by text and by id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Limits of a vocabulary that comes from a file. The largest in use (250,000 pieces) have 5 MB of text; the longest
/// piece in use is 1,024 spaces of a byte-level model, 2 bytes each.
constexpr std::size_t k_max_piece_bytes = 4'096;
constexpr std::size_t k_max_vocabulary_bytes = std::size_t{8} << 20;

/// Pieces and ids. An id may be absent (a hole), a piece may not: ids below twice the number of pieces and 1,000, each
/// used once.
class VocabularyMap {
 public:
  /// `where` names the file and place in messages.
  explicit VocabularyMap(std::string where) : where_(std::move(where)) {}

  void reserve(std::size_t pieces);
  /// @throws Error bad_format: a piece that is there already, that is too long, or a negative id.
  void add(std::string_view piece, std::int64_t id);
  /// To be called once after the last piece. @throws Error bad_format: an id used twice, or far beyond the others.
  void finish();
  /// A piece whose id is known to be free, after finish(): an added token.
  void add_late(std::string_view piece, std::int32_t id);

  std::size_t size() const noexcept { return entries_.size(); }
  /// One more than the highest id.
  std::size_t id_count() const noexcept { return by_id_.size(); }
  const std::string& where() const noexcept { return where_; }

  std::optional<std::int32_t> find(std::string_view piece) const noexcept;
  /// The text of an id; empty where there is none.
  std::string_view piece(std::int32_t id) const noexcept;

  /// Calls visit(piece, id) in the order of add().
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const Entry& entry : entries_) visit(text_of(entry), entry.id);
  }

 private:
  struct Entry {
    std::uint32_t begin, size;
    std::int32_t id;
  };
  static std::size_t hash(std::string_view piece) noexcept;
  std::string_view text_of(const Entry& entry) const noexcept {
    return std::string_view(pool_).substr(entry.begin, entry.size);
  }
  /// The slot that holds the piece, or the free one where it belongs.
  std::size_t slot_of(std::string_view piece) const noexcept;
  void insert_slot(std::uint32_t entry);

  std::string where_, pool_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // open addressing: number of the entry + 1, or 0
  std::vector<std::uint32_t> by_id_;  // number of the entry + 1, or 0
};

}  // namespace v0
}  // namespace seqguard
