#include "seqguard/detection/detail/nearest_normals.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

bool content_less(std::span<const SparseItem> a, std::span<const SparseItem> b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](SparseItem x, SparseItem y) {
    return std::pair(x.key, x.value) < std::pair(y.key, y.value);
  });
}

float sum_of(std::span<const SparseItem> vector) {
  float sum = 0;
  for (const SparseItem& item : vector) sum += item.value;
  return sum;
}

}  // namespace

void NearestNormals::begin() {
  pending_.clear();
  pending_offsets_.assign(1, 0);
  pending_copies_.clear();
}

void NearestNormals::add(std::span<const SparseItem> vector, std::uint32_t copies) {
  pending_.insert(pending_.end(), vector.begin(), vector.end());
  pending_offsets_.push_back(pending_.size());
  pending_copies_.push_back(copies);
}

void NearestNormals::finish() {
  const auto vector = [&](std::uint32_t i) {
    return std::span<const SparseItem>(pending_).subspan(pending_offsets_[i],
                                                         pending_offsets_[i + 1] - pending_offsets_[i]);
  };
  std::vector<std::uint32_t> order(pending_copies_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return content_less(vector(a), vector(b)); });
  sums_.clear();
  copies_.clear();
  std::vector<std::pair<std::uint64_t, Posting>> coordinates;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool repeated = i > 0 && !content_less(vector(order[i - 1]), vector(order[i]));
    if (repeated) {
      copies_.back() += pending_copies_[order[i]];
      continue;
    }
    const auto normal = static_cast<std::uint32_t>(copies_.size());
    for (const SparseItem& item : vector(order[i])) coordinates.push_back({mix64(item.key), {normal, item.value}});
    sums_.push_back(sum_of(vector(order[i])));
    copies_.push_back(pending_copies_[order[i]]);
  }
  std::sort(coordinates.begin(), coordinates.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second.normal) < std::pair(b.first, b.second.normal);
  });
  std::vector<std::uint64_t> keys;
  std::vector<std::uint32_t> starts;
  std::vector<Posting> postings;
  postings.reserve(coordinates.size());
  for (const auto& [key, posting] : coordinates) {
    if (keys.empty() || keys.back() != key) {
      keys.push_back(key);
      starts.push_back(static_cast<std::uint32_t>(postings.size()));
    }
    postings.push_back(posting);
  }
  starts.push_back(static_cast<std::uint32_t>(postings.size()));
  build(std::move(keys), starts, postings);
  pending_ = {};
  pending_offsets_ = {};
  pending_copies_ = {};
}

void NearestNormals::build(std::vector<std::uint64_t> keys, std::span<const std::uint32_t> starts,
                           std::span<const Posting> postings) {
  items_ = KeyIndex(std::move(keys));
  places_.clear();
  postings_.clear();
  columns_.clear();
  set_columns_.clear();
  // Dense columns are added sixteen bytes or four floats at a time, postings one by one: about where the costs meet.
  const std::size_t dense_from = sets() ? 8 : 4;
  std::uint32_t columns = 0;
  total_ = std::accumulate(copies_.begin(), copies_.end(), std::size_t{0});
  const std::size_t n = size();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const auto list = postings.subspan(starts[i], starts[i + 1] - starts[i]);
    if (list.size() * dense_from >= n) {
      places_.push_back({columns++, k_dense});
      add_column(list);
    } else {
      const auto first = static_cast<std::uint32_t>(postings_.size());
      postings_.insert(postings_.end(), list.begin(), list.end());
      places_.push_back({first, static_cast<std::uint32_t>(postings_.size())});
    }
  }
  postings_.shrink_to_fit();
  columns_.shrink_to_fit();
  set_columns_.shrink_to_fit();
}

void NearestNormals::add_column(std::span<const Posting> postings) {
  if (sets()) {
    const std::size_t first = set_columns_.size();
    set_columns_.resize(first + size(), 0);
    for (const Posting& posting : postings) set_columns_[first + posting.normal] = 1;
  } else {
    const std::size_t first = columns_.size();
    columns_.resize(first + size(), 0.0f);
    for (const Posting& posting : postings) columns_[first + posting.normal] = posting.value;
  }
}

void NearestNormals::add_overlaps(std::span<const SparseItem> query, std::span<float> overlap) const {
  const std::size_t n = size();
  for (const SparseItem& item : query) {
    const std::size_t at = items_.find(mix64(item.key));
    if (at == KeyIndex::k_absent) continue;
    const Place place = places_[at];
    const float value = item.value;
    if (place.last == k_dense) {
      const float* column = columns_.data() + std::size_t{place.first} * n;
      float* sum = overlap.data();
      for (std::size_t j = 0; j < n; ++j) sum[j] += column[j] < value ? column[j] : value;
    } else {
      add_postings(place, value, overlap);
    }
  }
}

void NearestNormals::add_postings(Place place, float value, std::span<float> overlap) const {
  for (std::uint32_t p = place.first; p < place.last; ++p) {
    overlap[postings_[p].normal] += std::min(postings_[p].value, value);
  }
}

void NearestNormals::add_set_overlaps(std::span<const SparseItem> query, NearestScratch& scratch) const {
  const std::size_t n = size();
  scratch.counts.assign(n, 0);
  std::uint8_t* counts = scratch.counts.data();
  float* overlap = scratch.overlap.data();
  const auto flush = [&] {
    for (std::size_t j = 0; j < n; ++j) overlap[j] += static_cast<float>(counts[j]);
  };
  std::size_t columns = 0;
  for (const SparseItem& item : query) {
    const std::size_t at = items_.find(mix64(item.key));
    if (at == KeyIndex::k_absent) continue;
    const Place place = places_[at];
    if (place.last != k_dense) {
      add_postings(place, item.value, scratch.overlap);
      continue;
    }
    if (columns == 255) {  // a byte holds no more
      flush();
      std::fill_n(counts, n, std::uint8_t{0});
      columns = 0;
    }
    const std::uint8_t* column = set_columns_.data() + std::size_t{place.first} * n;
    for (std::size_t j = 0; j < n; ++j) counts[j] = static_cast<std::uint8_t>(counts[j] + column[j]);
    ++columns;
  }
  flush();
}

double NearestNormals::distance(float overlap, float query_sum, float normal_sum) const noexcept {
  const double whole = similarity_ == Similarity::cosine ? std::sqrt(double{query_sum} * double{normal_sum})
                                                         : double{query_sum} + double{normal_sum} - double{overlap};
  return whole > 0 ? 1.0 - double{overlap} / whole : 0.0;
}

double NearestNormals::mean_distance(std::span<const SparseItem> query, double extra, std::size_t count,
                                     NearestScratch& scratch) const {
  const std::size_t n = size();
  if (n == 0 || count == 0) return 1.0;
  const float query_sum = sum_of(query) + static_cast<float>(extra);
  scratch.overlap.assign(n, 0.0f);
  scratch.similarity.resize(n);
  if (sets()) {
    add_set_overlaps(query, scratch);
  } else {
    add_overlaps(query, scratch.overlap);
  }

  // Something that grows as the distance falls, cheap for four normals at a time: a^2 / (A B), or a / (A + B).
  const float* overlap = scratch.overlap.data();
  const float* sums = sums_.data();
  float* similarity = scratch.similarity.data();
  constexpr float k_tiny = 1e-30f;  // two empty vectors: 0 / 0
  if (similarity_ == Similarity::cosine) {
    for (std::size_t j = 0; j < n; ++j) similarity[j] = overlap[j] * overlap[j] / (query_sum * sums[j] + k_tiny);
  } else {
    for (std::size_t j = 0; j < n; ++j) similarity[j] = overlap[j] / (query_sum + sums[j] + k_tiny);
  }

  using Candidate = NearestScratch::Candidate;
  const auto nearer = [](const Candidate& a, const Candidate& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.normal < b.normal;
  };
  std::vector<Candidate>& best = scratch.best;  // heap with the farthest in front
  best.clear();
  const std::size_t wanted = std::min(count, n);
  for (std::size_t j = 0; j < n; ++j) {
    if (best.size() == wanted) {
      if (!(similarity[j] > best.front().similarity)) continue;
      std::pop_heap(best.begin(), best.end(), nearer);
      best.pop_back();
    }
    best.push_back({similarity[j], static_cast<std::uint32_t>(j)});
    std::push_heap(best.begin(), best.end(), nearer);
  }
  std::sort_heap(best.begin(), best.end(), nearer);

  double sum = 0;
  std::size_t taken = 0;
  for (const Candidate& candidate : best) {
    const std::size_t times = std::min<std::size_t>(copies_[candidate.normal], count - taken);
    sum += static_cast<double>(times) * distance(overlap[candidate.normal], query_sum, sums[candidate.normal]);
    taken += times;
    if (taken == count) break;
  }
  return sum / static_cast<double>(taken);
}

NearestNormals::Holders NearestNormals::holders_of(std::uint64_t key) const {
  Holders holders;
  const auto add = [&](std::size_t normal, float value) {
    if (value <= 0) return;
    holders.normals += copies_[normal];
    holders.largest = std::max(holders.largest, value);
  };
  const std::size_t at = items_.find(mix64(key));
  if (at == KeyIndex::k_absent) return holders;
  const Place place = places_[at];
  if (place.last != k_dense) {
    for (std::uint32_t p = place.first; p < place.last; ++p) add(postings_[p].normal, postings_[p].value);
    return holders;
  }
  for (std::size_t j = 0; j < size(); ++j) {
    const std::size_t i = std::size_t{place.first} * size() + j;
    add(j, sets() ? static_cast<float>(set_columns_[i]) : columns_[i]);
  }
  return holders;
}

std::size_t NearestNormals::bytes() const noexcept {
  return items_.bytes() + places_.size() * sizeof(Place) + postings_.size() * sizeof(Posting) +
         columns_.size() * sizeof(float) + set_columns_.size() + sums_.size() * (sizeof(float) + sizeof(std::uint32_t));
}

void NearestNormals::save(ProfileWriter& writer) const {
  std::vector<std::uint32_t> starts{0}, normals;
  std::vector<float> values;
  for (const Place& place : places_) {
    if (place.last == k_dense) {
      for (std::size_t j = 0; j < size(); ++j) {
        const std::size_t at = std::size_t{place.first} * size() + j;
        const float value = sets() ? static_cast<float>(set_columns_[at]) : columns_[at];
        if (value == 0) continue;
        normals.push_back(static_cast<std::uint32_t>(j));
        values.push_back(value);
      }
    } else {
      for (std::uint32_t p = place.first; p < place.last; ++p) {
        normals.push_back(postings_[p].normal);
        values.push_back(postings_[p].value);
      }
    }
    starts.push_back(static_cast<std::uint32_t>(normals.size()));
  }
  writer.write("items", items_.keys());
  writer.write("starts", starts);
  writer.write("normals", normals);
  writer.write("values", values);
  writer.write("sums", sums_);
  writer.write("copies", copies_);
}

void NearestNormals::load(const ProfileReader& reader) {
  auto keys = reader.u64("items");
  const auto starts = reader.u32("starts"), normals = reader.u32("normals");
  const auto values = reader.f32("values");
  auto sums = reader.f32("sums");
  auto copies = reader.u32("copies");
  reader.require_strictly_ascending("items", keys);
  reader.require_size("starts", starts.size(), keys.size() + 1);
  reader.require_size("values", values.size(), normals.size());
  reader.require_size("copies", copies.size(), sums.size());
  reader.require(starts.front() == 0 && starts.back() == normals.size(), "starts", "does not span the values");
  std::vector<double> recomputed(sums.size(), 0.0);
  std::vector<Posting> postings(normals.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    reader.require(starts[i] < starts[i + 1] && starts[i + 1] <= normals.size(), "starts", "not ascending");
    for (std::size_t p = starts[i]; p < starts[i + 1]; ++p) {
      reader.require(normals[p] < sums.size(), "normals", "an index is out of range");
      reader.require(p == starts[i] || normals[p - 1] < normals[p], "normals", "a list is not strictly ascending");
      reader.require(sets() ? values[p] == 1 : values[p] > 0, "values", sets() ? "not 1 in a set" : "not positive");
      postings[p] = {normals[p], values[p]};
      recomputed[normals[p]] += values[p];
    }
  }
  for (std::size_t j = 0; j < sums.size(); ++j) {
    reader.require(copies[j] > 0, "copies", "a number is zero");
    // Float sums of up to some 10^4 positive values: relative error below 1e-3.
    reader.require(std::abs(sums[j] - recomputed[j]) <= 1e-3 * recomputed[j], "sums", "differ from the values");
  }
  sums_ = std::move(sums);
  copies_ = std::move(copies);
  build(std::move(keys), starts, postings);
}

}  // namespace v0
}  // namespace seqguard
