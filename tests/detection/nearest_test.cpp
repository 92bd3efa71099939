#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "detection/ngram_model.hpp"
#include "detection/sequences.hpp"
#include "seqguard/core/detail/key_index.hpp"
#include "seqguard/detection/detail/nearest_normals.hpp"

using namespace seqguard;

namespace {

using Vector = std::vector<SparseItem>;

Vector random_vector(Random& random, bool sets) {
  std::map<std::uint64_t, float> items;
  for (std::size_t i = 0, n = 1 + random.below(8); i < n; ++i) {
    // Keys below 4 are held by most vectors (dense columns), the others by few (posting lists).
    const std::uint64_t key = random.uniform() < 0.5 ? random.below(4) : random.below(100);
    items[key] = sets ? 1.0f : static_cast<float>(0.1 + random.uniform());
  }
  Vector result;
  for (const auto& [key, value] : items) result.push_back({key, value});
  return result;
}

double brute_distance(const Vector& a, const Vector& b, Similarity similarity) {
  std::map<std::uint64_t, std::pair<double, double>> both;
  for (const SparseItem& item : a) both[item.key].first = item.value;
  for (const SparseItem& item : b) both[item.key].second = item.value;
  double low = 0, high = 0, product = 0, a2 = 0, b2 = 0;
  for (const auto& [key, pair] : both) {
    low += std::min(pair.first, pair.second);
    high += std::max(pair.first, pair.second);
    product += pair.first * pair.second;
    a2 += pair.first * pair.first;
    b2 += pair.second * pair.second;
  }
  return similarity == Similarity::cosine ? 1 - product / std::sqrt(a2 * b2) : 1 - low / high;
}

/// The formula of the reference, context by context.
double brute_surprise(const Sequences& normals, const std::vector<TypeId>& events, std::size_t order, double alphabet) {
  using Gram = std::vector<std::int64_t>;
  const auto padded = [&](const std::vector<TypeId>& sequence) {
    Gram result(order, -1);
    result.insert(result.end(), sequence.begin(), sequence.end());
    result.push_back(-2);
    return result;
  };
  std::map<Gram, std::map<std::int64_t, double>> counts;
  for (const auto& normal : normals) {
    const Gram gram = padded(normal);
    for (std::size_t t = order; t < gram.size(); ++t) {
      for (std::size_t k = 1; k <= order; ++k) ++counts[Gram(gram.begin() + t - (k - 1), gram.begin() + t)][gram[t]];
    }
  }
  const Gram gram = padded(events);
  double sum = 0;
  for (std::size_t t = order; t < gram.size(); ++t) {
    double p = 1 / (alphabet + 2);
    for (std::size_t k = 1; k <= order; ++k) {
      const auto found = counts.find(Gram(gram.begin() + t - (k - 1), gram.begin() + t));
      if (found == counts.end()) continue;
      double total = 0;
      for (const auto& [next, count] : found->second) total += count;
      const double distinct = static_cast<double>(found->second.size());
      const auto next = found->second.find(gram[t]);
      p = ((next != found->second.end() ? next->second : 0) + distinct * p) / (total + distinct);
    }
    sum -= std::log(p);
  }
  return sum / static_cast<double>(events.size() + 1);
}

}  // namespace

TEST_CASE("key index finds what a linear search finds, also with badly mixed keys") {
  for (const std::size_t n : {0, 1, 2, 3, 100, 1000}) {
    for (const bool mixed : {true, false}) {
      std::vector<std::uint64_t> keys;
      for (std::size_t i = 0; i < n; ++i) keys.push_back(mixed ? mix64(i) : 3 * i);
      std::sort(keys.begin(), keys.end());
      const KeyIndex index(keys);
      for (std::size_t i = 0; i < n; ++i) REQUIRE(index.find(keys[i]) == i);
      for (std::uint64_t i = 0; i < 200; ++i) {
        if (!std::binary_search(keys.begin(), keys.end(), mix64(i + n) ^ 1)) {
          REQUIRE(index.find(mix64(i + n) ^ 1) == KeyIndex::k_absent);
        }
      }
      REQUIRE(index.find(~std::uint64_t{0}) == KeyIndex::k_absent);
    }
  }
}

TEST_CASE("indexed nearest normals agree with a linear scan") {
  for (const Similarity similarity : {Similarity::cosine, Similarity::jaccard, Similarity::min_max}) {
    const bool sets = similarity != Similarity::min_max;
    Random random(5, sets ? 1 : 2);
    std::vector<Vector> normals;
    std::vector<std::uint32_t> copies;
    NearestNormals index(similarity);
    index.begin();
    for (int i = 0; i < 300; ++i) {
      normals.push_back(i % 10 == 9 ? normals[random.below(normals.size())] : random_vector(random, sets));
      copies.push_back(static_cast<std::uint32_t>(1 + random.below(3)));
      index.add(normals.back(), copies.back());
    }
    index.finish();
    CHECK(index.size() < 300);
    NearestScratch scratch;
    for (int q = 0; q < 200; ++q) {
      const Vector query = q % 4 == 0 ? normals[random.below(normals.size())] : random_vector(random, sets);
      std::vector<double> distances;
      for (std::size_t i = 0; i < normals.size(); ++i) {
        distances.insert(distances.end(), copies[i], brute_distance(query, normals[i], similarity));
      }
      std::sort(distances.begin(), distances.end());
      for (const std::size_t count : {std::size_t{1}, std::size_t{5}, std::size_t{37}, distances.size() + 5}) {
        double expected = 0;
        const std::size_t used = std::min(count, distances.size());
        for (std::size_t i = 0; i < used; ++i) expected += distances[i] / static_cast<double>(used);
        // Sums of at most 16 floats around 1: 16 roundings of 6e-8, and as much for the order of near ties.
        REQUIRE(index.mean_distance(query, 0, count, scratch) == doctest::Approx(expected).epsilon(2e-6));
      }
      if (q % 4 == 0) REQUIRE(index.mean_distance(query, 0, 1, scratch) == 0);  // exactly: rounding must not decide
    }
  }
}

TEST_CASE("sets with more common items than a byte counts") {
  Vector all, half;
  for (std::uint64_t key = 0; key < 600; ++key) {
    all.push_back({key, 1});
    if (key % 2 == 0) half.push_back({key, 1});
  }
  NearestNormals index(Similarity::jaccard);
  index.begin();
  index.add(all, 1);
  index.finish();
  NearestScratch scratch;
  CHECK(index.mean_distance(all, 0, 1, scratch) == 0);
  CHECK(index.mean_distance(half, 0, 1, scratch) == 0.5);
}

TEST_CASE("n-gram surprise: one normal by hand") {
  // Normal: 0. Order 1: c(0) = c($) = 1, total 2, distinct 2, V = 3: p_1 = (1 + 2/3) / 4 = 5/12 for 0 and $.
  // Order 2: after ^ only 0, after 0 only $: p_2 = (1 + 5/12) / 2 = 17/24 for both.
  const Sequences normal{{0}};
  NgramModel model;
  model.fit(Normals(views_of(normal)), 2);
  const std::vector<TypeId> seen{0}, unseen{k_unseen_type | 4};
  CHECK(model.probability(seen, 0) == doctest::Approx(17.0 / 24));
  CHECK(model.surprise(seen) == doctest::Approx(-std::log(17.0 / 24)));
  // Unseen: p_1 = (0 + 2/3) / 4 = 1/6, p_2 = (0 + 1/6) / 2; then $ after an unknown context: p_1.
  CHECK(model.probability(unseen, 0) == doctest::Approx(1.0 / 12));
  CHECK(model.probability(unseen, 1) == doctest::Approx(5.0 / 12));
}

TEST_CASE("n-gram surprise agrees with the formula, context by context") {
  const Sequences normals = random_walks(30, 6, 5, 3), others = random_walks(30, 9, 4, 4);
  const Normals collected(views_of(normals));
  for (const std::size_t order : {1, 3, 7}) {
    NgramModel model;
    model.fit(collected, order);
    for (const auto& events : others) {
      REQUIRE(model.surprise(events) == doctest::Approx(brute_surprise(normals, events, order, 6)).epsilon(1e-12));
    }
    REQUIRE(model.surprise({}) == doctest::Approx(brute_surprise(normals, {}, order, 6)).epsilon(1e-12));
  }
}
