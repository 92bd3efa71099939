// Distance of a sparse vector to the nearest of the training normals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/detail/key_index.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// One coordinate of a sparse vector.
struct SparseItem {
  std::uint64_t key;
  float value;  ///< > 0
};

enum class Similarity {
  cosine,   ///< of sets (every value 1): d = 1 - |a and b| / sqrt(|a| |b|)
  jaccard,  ///< of sets: d = 1 - |a and b| / |a or b|
  min_max,  ///< d = 1 - sum min(a, b) / sum max(a, b)
};

/// Buffers of a search; grown on first use, then reused. One per thread.
struct NearestScratch {
  struct Candidate {
    float similarity;
    std::uint32_t normal;
  };
  std::vector<float> overlap, similarity;
  std::vector<std::uint8_t> counts;
  std::vector<Candidate> best;
};

/// Inverted index over distinct vectors with the number of their copies.
///
/// Overlaps with all normals are summed item by item, in the order of the query: an item that many of the normals hold
/// is a dense column (of bytes for sets), the others are posting lists. Items that no normal holds count in the sums
/// only, as if each had an axis of its own.
class NearestNormals {
 public:
  explicit NearestNormals(Similarity similarity) : similarity_(similarity) {}

  /// Collects vectors, each in one fixed order of keys; finish() builds the index. Equal vectors become one with more
  /// copies.
  void begin();
  void add(std::span<const SparseItem> vector, std::uint32_t copies);
  void finish();

  /// Mean of the `count` smallest distances, an identical normal counting once per copy; with fewer normals all of
  /// them; 1 without any. `query` has the order of the vectors; `extra` is added to its sum (items that are not
  /// listed). Thread-safe.
  double mean_distance(std::span<const SparseItem> query, double extra, std::size_t count,
                       NearestScratch& scratch) const;

  /// Who of the normals, copies included, holds an item, and the largest value that one has there.
  struct Holders {
    std::size_t normals = 0;
    float largest = 0;
  };
  Holders holders_of(std::uint64_t key) const;

  std::size_t size() const noexcept { return sums_.size(); }  ///< distinct vectors
  std::size_t total() const noexcept { return total_; }       ///< copies included
  std::size_t bytes() const noexcept;
  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint for arrays that are not sorted, out of range or do not fit each other.
  void load(const ProfileReader& reader);

 private:
  struct Posting {
    std::uint32_t normal;
    float value;
  };
  /// Where the coordinates of one item lie: postings_[first, last), or column `first` if last == k_dense.
  struct Place {
    std::uint32_t first, last;
  };
  static constexpr std::uint32_t k_dense = 0xFFFF'FFFFu;

  void build(std::vector<std::uint64_t> keys, std::span<const std::uint32_t> starts, std::span<const Posting> postings);
  void add_column(std::span<const Posting> postings);
  void add_overlaps(std::span<const SparseItem> query, std::span<float> overlap) const;
  void add_set_overlaps(std::span<const SparseItem> query, NearestScratch& scratch) const;
  void add_postings(Place place, float value, std::span<float> overlap) const;
  bool sets() const noexcept { return similarity_ != Similarity::min_max; }
  double distance(float overlap, float query_sum, float normal_sum) const noexcept;

  Similarity similarity_;
  KeyIndex items_;
  std::vector<Place> places_;
  std::vector<Posting> postings_;
  std::vector<float> columns_;             ///< [dense items, size()], unless sets
  std::vector<std::uint8_t> set_columns_;  ///< [dense items, size()], if sets
  std::vector<float> sums_;                ///< sum of the values of each vector, in the order of its keys
  std::vector<std::uint32_t> copies_;
  std::size_t total_ = 0;

  // Between begin() and finish().
  std::vector<SparseItem> pending_;
  std::vector<std::size_t> pending_offsets_;
  std::vector<std::uint32_t> pending_copies_;
};

}  // namespace v0
}  // namespace seqguard
